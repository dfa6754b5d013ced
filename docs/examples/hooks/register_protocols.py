from cefrbench import hookimpl
from cefrbench.cards import ProtocolCard
from cefrbench.protocol import Fold, Protocol, by_corpus, stratified_cut

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
