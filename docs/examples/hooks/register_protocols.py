from cefrbench import Fold, Protocol, ProtocolCard, by_corpus, hookimpl, stratified_cut

CARD = ProtocolCard(
    name="half",
    title="Half and half",
    description="One cut in two halves, stratified by level; scored per corpus.",
    distribution="in",
)


def folds(table, seed):
    cut = stratified_cut(table, table.rows_of(*range(len(table.names))), 0.5, seed)
    nothing = cut.first[:0]
    yield Fold("all", cut.first, nothing, by_corpus(table, cut.second), tuple(cut.notes))


@hookimpl
def register_protocols(register):
    register(Protocol(CARD, folds))
