from cefrbench import (
    Protocol,
    ProtocolCard,
    Skipped,
    hookimpl,
    in_turn,
    parts_by_group,
    study_cut,
)

CARD = ProtocolCard(
    name="thirds",
    title="Three folds",
    description="Three folds, stratified by corpus and level, score every text once, per corpus.",
    distribution="in",
)


def folds(table, seed):
    rows = table.rows_of(*range(len(table.names)))
    if table.form == "study":
        yield study_cut(table, "all", rows, seed)
        return
    try:
        parts = parts_by_group(table, rows, table.group, seed, count=3)
    except ValueError as error:
        yield Skipped("all", f"its texts can't be cut into three folds: {error}")
        return
    yield from in_turn(table, parts)


@hookimpl
def register_protocols(register):
    register(Protocol(CARD, folds))
