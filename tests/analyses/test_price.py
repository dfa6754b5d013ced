"""What k labels buy: found where it was planted, nothing where nothing was, and by other code."""

from collections import Counter

import numpy as np
import pytest
from planted_study import Planted, study
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score

from cefrbench.analyses.chosen import choices_of
from cefrbench.analyses.few_shot import few_shot
from cefrbench.analyses.labels import draw_labels
from cefrbench.analyses.recalibrate import recalibrate
from cefrbench.engines.methods.recalibration import expected_loss
from cefrbench.results.model import AnalysisNote

HOME = (Planted("home", 400), Planted("house", 400))
#: Just enough texts to label 128.
SMALL = (Planted("home", 180), Planted("house", 180))


def figures(found):
    """Records by probe, corpus, amount and measure."""
    records = [one for one in found if not isinstance(one, AnalysisNote)]
    named = {(r.probe, r.corpus, r.amount, r.measure): r for r in records}
    assert len(named) == len(records)
    return named


def notes(found):
    return [one for one in found if isinstance(one, AnalysisNote)]


def kappa(gold, prediction):
    """QWK by scikit-learn, of predictions cut by hand."""
    cut = [min(4, max(0, round(float(value)))) for value in prediction]
    return cohen_kappa_score(gold, cut, weights="quadratic", labels=range(5))


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A corpus whose scores lie elsewhere, and one whose levels the features say otherwise."""
    corpora = (
        *HOME,
        Planted("moved", 600, shift=1.0, scale=0.6, noise=0.4),
        Planted("turned", 400, turned=1),
    )
    return study(tmp_path_factory.mktemp("moved"), corpora)


@pytest.fixture(scope="module")
def shots(moved):
    return list(few_shot(moved))


@pytest.fixture(scope="module")
def lines(moved):
    return list(recalibrate(moved))


def by_hand(moved, corpus):
    """Draws of a corpus, and what was predicted with its family left out."""
    (one,) = [c for c in choices_of(moved, "lofo", moved.probes[0]) if c.fold.name == corpus]
    return one, draw_labels(moved.table, one.fold.scored[corpus], seed=42)


def test_two_numbers_come_near_the_best_line_as_theory_says(moved, lines):
    found, table = figures(lines), moved.table
    one, drawn = by_hand(moved, "moved")
    rows = one.fold.scored["moved"]
    score, gold = one.scores[rows], table.label[rows]
    scale = gold.std() / score.std()
    best = np.mean(
        [
            kappa(table.label[d.rest], gold.mean() + scale * (one.scores[d.rest] - score.mean()))
            for d in drawn.draws
        ]
    )
    before = found["ridge", "moved", 0, "qwk"].value
    assert best - before > 0.2
    for k in (8, 32, 128):
        record = found["ridge", "moved", k, "qwk"]
        loss = expected_loss(np.corrcoef(score, gold)[0, 1], k)
        error = record.sd / np.sqrt(record.draws)
        assert abs(best - record.value - loss) < 3 / k * loss + 3 * error
        gain = found["ridge", "moved", k, "qwk_gain"]
        assert gain.value == pytest.approx(record.value - before)
        assert gain.low > 0


def test_two_numbers_give_no_order_where_there_is_another_direction(lines):
    found = figures(lines)
    known = found["ridge", "home", 0, "recut"].value
    for k in (8, 32, 128):
        assert found["ridge", "turned", k, "qwk"].value < known - 0.5


def test_where_nothing_is_planted_labels_cost_what_theory_says(tmp_path):
    corpora = [Planted(name, 400, noise=0.3) for name in ("one", "two", "three")]
    same = study(tmp_path, corpora)
    lines, shots = figures(recalibrate(same)), figures(few_shot(same))
    (fold, *_) = choices_of(same, "lofo", same.probes[0])
    rows = fold.fold.scored["one"]
    r = np.corrcoef(fold.scores[rows], same.table.label[rows])[0, 1]
    for k in (8, 32, 128):
        gain, shot = (found["ridge", None, k, "qwk_gain"] for found in (lines, shots))
        error = gain.sd / np.sqrt(gain.draws)
        # Rounding hides a small move, so the cost is theory's or less.
        assert -1.5 * expected_loss(r, k) - 3 * error < gain.value < 0.002 + 3 * error
        assert abs(shot.value) < 0.005


def test_figures_of_two_numbers_by_other_code(moved, lines):
    found, table = figures(lines), moved.table
    one, drawn = by_hand(moved, "moved")
    values = []
    for draw in drawn.draws:
        seen, gold = one.scores[draw.labelled[:32]], table.label[draw.labelled[:32]]
        scale = np.sqrt((31 * np.var(gold) / np.var(seen) + 1) / 32)
        moved_to = gold.mean() + scale * (one.scores[draw.rest] - seen.mean())
        values.append(kappa(table.label[draw.rest], moved_to))
    record = found["ridge", "moved", 32, "qwk"]
    assert record.value == pytest.approx(np.mean(values), abs=1e-12)
    assert record.sd == pytest.approx(np.std(values, ddof=1))
    assert (record.low, record.high) == pytest.approx(np.percentile(values, [10, 90]))
    assert (record.draws, record.n) == (20, 600 - 128)
    before = [kappa(table.label[d.rest], one.values[d.rest]) for d in drawn.draws]
    assert found["ridge", "moved", 0, "qwk"].value == pytest.approx(np.mean(before), abs=1e-12)


def test_few_shots_by_other_code(moved, shots):
    """scikit-learn's ridge on features that are standardised and weighted here."""
    found, table = figures(shots), moved.table
    one, drawn = by_hand(moved, "turned")
    X, corpus, label = moved.features.layer(1).astype(float), table.corpus, table.label
    values = []
    for draw in drawn.draws:
        train = [*np.flatnonzero(corpus != 3), *draw.labelled[:32]]
        cells = Counter(zip(corpus[train], label[train], strict=True))
        weight = np.array([1 / (cells[corpus[i], label[i]] + 10) for i in train])
        for c in range(4):
            weight[corpus[train] == c] /= weight[corpus[train] == c].sum()
        mean, spread = X[train].mean(0), X[train].std(0)
        model = Ridge(alpha=one.penalty).fit(
            (X[train] - mean) / spread, label[train], sample_weight=weight / weight.mean()
        )
        values.append(kappa(label[draw.rest], model.predict((X[draw.rest] - mean) / spread)))
    record = found["ridge", "turned", 32, "qwk"]
    assert record.value == pytest.approx(np.mean(values), abs=1e-9)
    assert record.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)


def test_few_shots_learn_another_direction(moved, shots, lines):
    found, beside = figures(shots), figures(lines)
    known = found["ridge", "home", 0, "recut"].value
    steps = [found["ridge", "turned", k, "recut"].value for k in (0, 8, 32, 128)]
    assert steps == sorted(steps)
    assert steps[0] < known - 0.5
    # What is learned of 128 texts is as good as what a corpus without any shift allows.
    assert steps[-1] > known - 0.05
    for k in (8, 32, 128):
        over = found["ridge", "turned", k, "qwk_over_recalibrated"]
        other = beside["ridge", "turned", k, "qwk"].value
        assert over.value == pytest.approx(found["ridge", "turned", k, "qwk"].value - other)
        assert over.low > 0


def test_both_begin_from_the_same_scores_of_the_same_texts(shots, lines):
    one, other = figures(lines), figures(shots)
    start = [key for key in one if key[2] == 0]
    assert len(start) == 15
    assert {key: one[key].model_copy(update={"analysis": ""}) for key in start} == {
        key: other[key].model_copy(update={"analysis": ""}) for key in other if key[2] == 0
    }


def test_the_mean_is_over_corpora_draw_by_draw(lines):
    found = figures(lines)
    corpora = ("home", "house", "moved", "turned")
    for k in (0, 8, 32, 128):
        own = [found["ridge", name, k, "qwk"] for name in corpora]
        mean = found["ridge", None, k, "qwk"]
        assert mean.value == pytest.approx(np.mean([one.value for one in own]))
        assert mean.n == sum(one.n for one in own)
        # Draws of four corpora have nothing to do with each other.
        assert mean.sd < max(one.sd for one in own)


def test_every_probe_is_moved_and_one_is_fitted(tmp_path):
    both = study(tmp_path, [Planted(n, 100) for n in "abc"], probes=("ridge", "logistic"))
    assert {key[0] for key in figures(recalibrate(both))} == {"ridge", "logistic"}
    assert len({key[0] for key in figures(few_shot(both))}) == 1


@pytest.mark.parametrize("analysis", [recalibrate, few_shot])
def test_a_corpus_too_small_is_left_out_of_the_mean_and_said(analysis, tmp_path):
    corpora = [*SMALL, Planted("small", 100), Planted("tiny", 40), Planted("flat", 190)]
    found = list(analysis(study(tmp_path, corpora)))
    assert [(note.corpus, note.protocol) for note in notes(found)] == [
        ("small", "lofo"),
        ("tiny", "lofo"),
    ]
    assert "100 texts are too few to label 128 of them" in notes(found)[0].cause
    named = figures(found)
    assert {key[2] for key in named if key[1] == "small"} == {0, 8, 32}
    assert not [key for key in named if key[1] == "tiny"]
    mean, own = (
        np.mean([named["ridge", name, 8, "qwk"].value for name in names])
        for names in ([None], ["home", "house", "flat"])
    )
    assert mean == pytest.approx(own)


@pytest.mark.parametrize("analysis", [recalibrate, few_shot])
def test_one_family_has_nothing_unseen(analysis, tmp_path):
    found = list(analysis(study(tmp_path, [Planted("alone", 200)])))
    (note,) = found
    assert note.cause == "No fold of lofo was run, so no corpus is unseen."


@pytest.mark.parametrize("analysis", [recalibrate, few_shot])
def test_one_level_has_no_agreement(analysis, tmp_path):
    corpora = [*SMALL, Planted("there", 190), Planted("flat", 190, levels=("B1",))]
    named = figures(analysis(study(tmp_path, corpora)))
    assert not [key for key in named if key[1] == "flat"]
    own = [named["ridge", name, 32, "qwk"] for name in ("home", "house", "there")]
    assert [one.draws for one in own] == [20, 20, 20]
    mean = np.mean([one.value for one in own])
    assert named["ridge", None, 32, "qwk"].value == pytest.approx(mean)


@pytest.mark.parametrize("analysis", [recalibrate, few_shot])
def test_a_rare_level_may_be_missing_among_the_labels(analysis, tmp_path):
    rare = Planted("rare", 190, levels=("B1",) * 30 + ("B2",))
    named = figures(analysis(study(tmp_path, [*SMALL, rare])))
    assert named["ridge", "rare", 8, "qwk"].value > -1
