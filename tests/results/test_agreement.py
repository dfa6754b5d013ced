"""Human agreement on a corpus's card, and scores as a share of it."""

import io

import pytest
from pydantic import ValidationError
from result_factory import make_result
from rich.console import Console

from cefrbench.cli.render import render_result
from cefrbench.contracts.cards import Agreement
from cefrbench.results.agreement import MEASURES, share_of_agreement
from cefrbench.results.io import write_result
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.site import build

STATED = Agreement(value=0.8, measure="qwk", compared="two raters, 50 texts", source="Doe, p. 3")
SCORES = Scores(qwk=0.6, macro_f1=0.5, mae=0.4, r2=0.3, accuracy=0.7, adjacent=0.9, spearman=0.5)


@pytest.mark.parametrize(
    ("measure", "share"),
    [("qwk", 0.75), ("spearman", 0.625), ("accuracy", 0.875), ("adjacent", 1.125)],
)
def test_a_share_is_the_score_of_the_same_measure_over_the_agreement(measure, share):
    stated = STATED.model_copy(update={"measure": measure})
    assert share_of_agreement(stated, SCORES) == pytest.approx(share)
    assert measure in MEASURES


def test_there_is_none_without_a_figure_in_another_measure_or_of_an_undefined_score():
    other = STATED.model_copy(update={"measure": "Krippendorff's alpha"})
    assert share_of_agreement(None, SCORES) is None
    assert share_of_agreement(other, SCORES) is None
    assert share_of_agreement(STATED, Scores.undefined()) is None


@pytest.mark.parametrize("change", [{"value": 0}, {"value": 1.2}, {"source": ""}, {"of": "x"}])
def test_a_figure_needs_a_source_and_lies_between_0_and_1(change):
    with pytest.raises(ValidationError):
        Agreement(**STATED.model_dump() | change)


def made(agreement, corpus="beta"):
    result, predictions = make_result(texts=20, layers=(1,))
    corpora = tuple(
        one.model_copy(update={"card": one.card.model_copy(update={"agreement": agreement})})
        if one.card.name == corpus
        else one
        for one in result.corpora
    )
    return result.model_copy(update={"corpora": corpora}), predictions


def shown(result):
    console = Console(file=io.StringIO(), width=80, color_system=None)
    render_result(result, console)
    return console.file.getvalue()


def test_show_gives_shares_where_a_card_states_an_agreement():
    result, _ = made(STATED)
    table = shown(result).partition("IID by corpus")[2].partition("OOD by corpus")[0]
    lines = {line.split()[0]: line.split() for line in table.splitlines() if line.strip()}
    assert lines["beta"][-1] == f"{float(lines['beta'][2]) / 0.8:.0%}"
    assert lines["alpha"][-1] == "–"
    assert "human" in table
    assert "human" not in shown(made(None)[0])


def test_a_corpus_page_states_it_with_its_source_and_gives_shares(tmp_path):
    result, predictions = made(STATED)
    write_result(result, predictions, tmp_path / "results")
    build(tmp_path / "results", tmp_path / "site")
    page = (tmp_path / "site" / "corpora" / "beta.html").read_text("utf-8")
    assert "qwk 0.80, two raters, 50 texts" in page
    assert "(Doe, p. 3)" in page
    assert "% of human agreement" in page
    other = (tmp_path / "site" / "corpora" / "alpha.html").read_text("utf-8")
    assert "no source states it" in other
    assert "% of human agreement" not in other
