"""How a figure is called, on both sides of each line."""

import pytest
from explanation_factory import figure

from cefrbench.results.explanation import PARTS, Figure, LevelResidual
from cefrbench.results.wording import (
    HEADINGS,
    PART_WORDS,
    amount,
    is_nothing,
    residual_words,
    rounded,
    unless,
)


@pytest.mark.parametrize(
    ("one", "plain", "signed"),
    [
        (Figure(value=None), "undefined", "undefined"),
        (Figure(value=0.25), "0.250 (no interval)", "+0.250 (no interval)"),
        (Figure(value=-0.25, low=-0.5), "-0.250 (no interval)", "-0.250 (no interval)"),
        (Figure(value=0.25, high=0.5), "0.250 (no interval)", "+0.250 (no interval)"),
        (figure(0.25, 0.5), "0.250 (-0.250 to 0.750)", "+0.250 (-0.250 to +0.750)"),
    ],
)
def test_an_amount_is_a_value_with_its_interval(one, plain, signed):
    assert (amount(one), amount(one, sign=True)) == (plain, signed)


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (figure(0.2), True),
        (figure(-0.2), True),
        (figure(0.05), False),
        (Figure(value=0.2, low=0.0, high=0.4), False),
        (Figure(value=-0.2, low=-0.4, high=0.0), False),
        (Figure(value=0.2, low=0.1), False),
        (Figure(value=-0.2, high=-0.1), False),
        (Figure(value=0.2), False),
    ],
)
def test_a_figure_is_shown_where_its_interval_leaves_out_0(one, shown):
    assert one.shown is shown
    assert unless(one) == ("" if shown else ", not shown to differ from 0")


@pytest.mark.parametrize(
    ("one", "nothing"),
    [
        (Figure(value=None), True),
        (figure(0.0), True),
        (figure(0.00049), True),
        (figure(-0.00049), True),
        (figure(0.0005), False),
        (figure(-0.0006), False),
        (figure(0.00049, 0.0001), False),
        (figure(0.2), False),
    ],
)
def test_nothing_is_what_rounds_to_0_and_is_not_shown_to_be_more(one, nothing):
    assert is_nothing(one) is nothing
    assert (unless(one) == "") is (nothing or one.shown)


def test_a_figure_holds_the_fits_fixed_if_nothing_else_is_said():
    one = Figure(value=0.25)
    assert (one.low, one.high, one.error, one.refits) == (None, None, None, 0)


def test_scores_and_residuals_have_three_digits_and_two():
    assert (rounded(0.12345), rounded(None)) == ("0.123", "undefined")
    one = LevelResidual(
        probe="ridge", protocol="iid", corpus=None, level="A1", n=3, mean=0.126, sd=0.6049
    )
    assert residual_words(one) == "+0.13 (0.60)"
    assert residual_words(one.model_copy(update={"mean": -0.126})) == "-0.13 (0.60)"


def test_each_part_has_words_and_the_page_its_headings_in_order():
    assert tuple(PART_WORDS) == PARTS
    assert len({*PART_WORDS.values()}) == 7
    assert list(HEADINGS) == [
        "claim", "decomposition", "layers", "drift", "label shift", "shifts", "readings", "limits"
    ]  # fmt: skip
