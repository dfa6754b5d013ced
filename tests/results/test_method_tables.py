"""Effects of methods as cells and Markdown, all of it planted."""

import pytest

from cefrbench.results.method_effects import MEAN, MethodEffect, MethodEffects
from cefrbench.results.method_tables import CAPTION, effect_cells, in_markdown, shown_effect
from cefrbench.statistics.pairs import PairedTest

SURE = PairedTest(0.0625, 0.3125, 0.01, 0.0499, 0.05, 0.35)
UNSURE = PairedTest(-1, 1, 0.04, 0.05, -2, 2)


def effect(encoder="e_1", method="m", side="out", value=0.5, baseline=0.25, test=SURE, **fields):
    own = {"probe": "ridge", "sees": "source", "against": "probe", "score": "qwk"} | fields
    return MethodEffect(
        encoder=encoder, method=method, side=side, value=value, baseline=baseline, test=test, **own
    )


@pytest.mark.parametrize(
    ("one", "cell"),
    [
        (None, "–"),
        (effect(value=None), "–"),
        (effect(baseline=None), "–"),
        (effect(test=None), "+0.250"),
        (effect(value=0.125, test=None), "-0.125"),
        (effect(), "+0.250 [+0.06, +0.31]*"),
        (effect(test=UNSURE), "+0.250 [-1.00, +1.00]"),
    ],
)
def test_an_effect_is_shown_with_its_interval_and_a_star_where_it_is_significant(one, cell):
    assert shown_effect(one) == cell


ROW = ["m", "source", "0.500", "+0.250 [+0.06, +0.31]*", "–", "–", "–", "–", "–"]


def test_tables_stand_by_encoder_their_mean_first_and_leave_out_what_has_no_row():
    effects = (
        effect(),
        effect(method="n", side="in"),
        effect(method="o", value=None, test=None),
        effect("f"),
        effect("g", side="in"),
        effect(MEAN),
    )
    told = MethodEffects(("e_1", "f", "g"), ("e_1", "f"), effects)
    cells = effect_cells(told)
    assert list(cells) == ["mean over e_1, f", "e_1", "f"]
    assert [len(rows) for _, rows in cells.values()] == [1, 2, 1]
    head, rows = cells["e_1"]
    assert rows == [ROW, ["o", "source", "undefined", *["–"] * 6]]
    assert head == [
        "method", "sees", "QWK out", "to its probe", "to the study's", "to length's", "recut QWK",
        "rank correlation", "QWK in distribution",
    ]  # fmt: skip
    assert list(effect_cells(MethodEffects(("e_1",), (), effects))) == ["e_1"]


def test_markdown_is_a_heading_and_a_table_an_encoder_and_a_caption():
    told = MethodEffects(("e_1", "f"), (), (effect(), effect("f")))
    head = "| " + " | ".join(effect_cells(told)["f"][0]) + " |"
    line = "| " + " | ".join(["---"] * 9) + " |"
    row = "| " + " | ".join(ROW).replace("[", r"\[").replace("]", r"\]").replace("*", r"\*") + " |"
    table = f"{head}\n{line}\n{row}\n"
    caption = CAPTION.replace("*", r"\*")
    assert in_markdown(told) == f"### e\\_1\n\n{table}\n### f\n\n{table}\n{caption}\n"
