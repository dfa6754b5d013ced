"""What makes a result doubtful stands beside its name on boards and on its page."""

from result_factory import make_result

from cefrbench_leaderboard.entry import make_entry
from cefrbench_leaderboard.figures import figures
from cefrbench_leaderboard.render import environment


def entry_of(lead):
    result, predictions = make_result(texts=20)
    inside = next(s for s in result.summary if (s.protocol, s.probe) == ("iid", "ridge"))
    records = tuple(
        one.model_copy(
            update={"chosen": one.chosen.model_copy(update={"qwk": inside.chosen.qwk + lead})}
        )
        if (one.protocol, one.probe) == ("loco", "ridge")
        else one
        for one in result.summary
    )
    result = result.model_copy(update={"summary": records})
    return make_entry(result, figures(result, predictions), "planted/cefr-v1.json")


def test_a_doubt_is_part_of_what_boards_know():
    (doubt,) = entry_of(0.2).doubts
    assert doubt.startswith("ridge has a QWK of ")
    assert entry_of(0.0).doubts == ()


def test_boards_and_pages_show_it():
    for name in ("board.html", "encoder.html"):
        source, _, _ = environment().loader.get_source(environment(), name)
        assert ".doubts" in source
