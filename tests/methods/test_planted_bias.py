"""Each method recovers what its paper says it should, and fails where what it assumes is broken."""

import re
from dataclasses import replace

import pytest
from planted_bias import BREAKS, RECOVERS, STRENGTHS, Bias, cell, planted, recovered, specs
from planted_table import PAGE, three

from cefrbench.engines.methods import adversary

ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.read_text("utf-8").split("generated: planted")[1].splitlines()
    if line.startswith("| ")
    for cells in [[cell.strip() for cell in line.strip("| ").split(" | ")]]
}
#: What a network's rounding on another machine may come to.
ROUGH = {"dann", "dann-sources"}


def numbers(text):
    return [float(value) for value in re.findall(r"-?\d*\.\d+", text)]


def test_every_method_has_a_row_a_promise_and_a_limit():
    methods = set(specs()) - {"unweighted"}
    assert (
        set(RECOVERS)
        == set(BREAKS)
        == methods
        == set(ROWS) - {"---", "", "nothing", "ceiling", "plain"}
    )


@pytest.mark.parametrize("row", sorted(RECOVERS))
def test_it_recovers_what_its_paper_says_and_the_table_says_how_much(row):
    name, least = RECOVERS[row]
    assert recovered(row, name) > least
    check_table(row, name)


@pytest.mark.parametrize("row", sorted(BREAKS))
def test_it_recovers_nothing_where_its_assumption_is_broken(row):
    name = BREAKS[row]
    bias = planted(name, STRENGTHS[name][0][-1])
    assert cell(row, bias) < cell("plain", bias) + 0.05
    check_table(row, name)


def test_what_sees_no_level_of_the_unseen_corpus_takes_a_shift_for_thresholds():
    # No method that sees features alone can tell the two apart; labels can.
    bias = planted("shift", 1.5)
    for row, spec in specs().items():
        if spec.card.sees == "unlabelled" and row not in ROUGH:
            assert cell(row, bias) < cell("plain", bias) - 0.3
    assert cell("recalibrate", bias) > cell("plain", bias) - 0.05


def check_table(row, name):
    """The strongest bias stands in the table as it is computed here."""
    written = ROWS[row][1 + list(STRENGTHS).index(name)]
    assert written[0] == "*"
    strongest = cell(row, planted(name, STRENGTHS[name][0][-1]))
    assert numbers(written)[-1] == pytest.approx(strongest, abs=0.05 if row in ROUGH else 0.006)


def test_the_plain_probe_falls_to_every_bias_that_a_method_recovers():
    for name in {name for name, _ in RECOVERS.values()}:
        bias = planted(name, STRENGTHS[name][0][-1])
        assert cell("plain", bias) < cell("ceiling", bias) - 0.25
        assert three("plain", name) == ROWS["plain"][1 + list(STRENGTHS).index(name)]


def test_the_standards_weights_do_what_mixing_at_equal_levels_does():
    uneven = planted("imbalance", 0.9)
    weighted, mixed = cell("plain", replace(uneven, even=False)), cell("lisa", uneven)
    assert f"gets {weighted:.2f}".replace("0.", ".") in PAGE.read_text("utf-8")
    assert weighted == pytest.approx(mixed, abs=0.03)
    assert cell("plain", uneven) < weighted - 0.15


def test_where_nothing_is_planted_no_method_costs_much():
    for row in sorted(set(RECOVERS) - ROUGH):
        assert cell(row, Bias()) > cell("plain", Bias()) - 0.05


def test_it_is_the_adversary_that_recovers_and_not_the_network(monkeypatch):
    def without(texts, strength, seed, device, train=adversary.train):
        return train(texts, 0.0, seed, device)

    with_it = recovered("dann", "signature")
    cell.cache_clear()
    monkeypatch.setattr(adversary, "train", without)
    assert recovered("dann", "signature") < with_it - 0.05
    cell.cache_clear()
