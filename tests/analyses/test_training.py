"""Learning curves by texts and by families: by other code, and what was planted."""

from collections import Counter

import numpy as np
import pytest
from planted_study import Planted, study
from sklearn.linear_model import Ridge
from sklearn.metrics import cohen_kappa_score

from cefrbench.analyses.chosen import choices_of
from cefrbench.analyses.learning_curve import DRAWS, first_texts, learning_curve, orders, texts_in
from cefrbench.analyses.mixed import SETS, mixed, sets_of_families
from cefrbench.folds import five_folds
from cefrbench.results.model import AnalysisNote

#: From the strongest, so that of equals it is the one.
ALPHAS = (1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 0.1)


def figures(found):
    """Records by protocol, corpus, target, amount and measure."""
    records = [one for one in found if not isinstance(one, AnalysisNote)]
    named = {(r.protocol, r.corpus, r.target, r.amount, r.measure): r for r in records}
    assert len(named) == len(records)
    return named


def notes(found):
    return [one for one in found if isinstance(one, AnalysisNote)]


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Three families, one of two corpora; what is unlike in "odd" is its direction."""
    corpora = (
        Planted("twin-a", 150, group="twins"),
        Planted("twin-b", 120, group="twins"),
        Planted("like", 300),
        Planted("odd", 160, turned=1.0),
    )
    return study(tmp_path_factory.mktemp("four"), corpora)


@pytest.fixture(scope="module")
def curve(four):
    return list(learning_curve(four))


@pytest.fixture(scope="module")
def families(four):
    return list(mixed(four))


def predict(four, train, scored, alpha):
    """scikit-learn's ridge on features that are standardised and weighted here."""
    table, X = four.table, four.features.layer(1).astype(float)
    corpus, label = table.corpus, table.label
    cells = Counter(zip(corpus[train], label[train], strict=True))
    weight = np.array([1 / (cells[corpus[i], label[i]] + 10) for i in train])
    for c in set(corpus[train]):
        weight[corpus[train] == c] /= weight[corpus[train] == c].sum()
    mean, spread = X[train].mean(0), X[train].std(0)
    model = Ridge(alpha=alpha).fit(
        (X[train] - mean) / spread, label[train], sample_weight=weight / weight.mean()
    )
    predicted = model.predict((X[scored] - mean) / spread)
    return [min(4, max(0, round(float(value)))) for value in predicted]


def kappa_of(four, train, scored, alpha):
    """QWK of what is predicted, by scikit-learn too."""
    gold, cut = four.table.label[scored], predict(four, train, scored, alpha)
    return cohen_kappa_score(gold, cut, weights="quadratic", labels=range(5))


def alpha_of(four, train, parts):
    """The penalty that is best where each part is left out in turn; parts are lists of corpora."""
    corpus = four.table.corpus[train]
    values = {}
    for alpha in ALPHAS:
        values[alpha] = np.mean(
            [
                kappa_of(four, train[~np.isin(corpus, part)], train[corpus == c], alpha)
                for part in parts
                for c in part
            ]
        )
    return max(ALPHAS, key=values.get)


def alpha_of_one(four, train):
    """The penalty that is best over five folds of one corpus, taken together."""
    cuts = five_folds(four.table, "all", train, 42)
    values = {}
    for alpha in ALPHAS:
        gold, cut = [], []
        for fold in cuts:
            held = np.concatenate(list(fold.scored.values()))
            gold += four.table.label[held].tolist()
            cut += predict(four, fold.train, held, alpha)
        values[alpha] = cohen_kappa_score(gold, cut, weights="quadratic", labels=range(5))
    return max(ALPHAS, key=values.get)


def test_fewer_training_texts_by_other_code(four, curve):
    found = figures(curve)
    (one,) = [c for c in choices_of(four, "lofo", four.probes[0]) if c.fold.name == "twins"]
    scored = one.fold.scored["twin-b"]
    for size in (100, 200):
        values = []
        for order in orders(four.table, one.fold.train, 42):
            train = first_texts(four.table, one.fold.train, order, size)
            alpha = alpha_of(four, train, [[2], [3]])
            values.append(kappa_of(four, train, scored, alpha))
        record = found["lofo", "twin-b", None, size, "qwk"]
        assert record.value == pytest.approx(np.mean(values), abs=1e-9)
        assert record.sd == pytest.approx(np.std(values, ddof=1), abs=1e-9)
        assert (record.draws, record.n) == (DRAWS, 120)


def test_larger_draws_hold_the_smaller_ones(four):
    (one, *_) = choices_of(four, "lofo", four.probes[0])
    table, train = four.table, one.fold.train
    drawn = orders(table, train, 42)
    for order in drawn:
        few, many = (set(first_texts(table, train, order, size)) for size in (100, 200))
        assert few < many <= set(train)
        assert texts_in(table, np.array(sorted(few))) == 100
    assert len({tuple(order) for order in drawn}) == DRAWS


def test_all_texts_are_what_the_run_has_fitted(four, curve):
    found = figures(curve)
    for protocol in ("iid", "lofo"):
        chosen = choices_of(four, protocol, four.probes[0])
        for number, corpus in enumerate(four.table.names):
            rows = four.table.rows_of(number)
            values = np.nansum([c.values * np.isfinite(c.values) for c in chosen], axis=0)[rows]
            cut = np.rint(np.clip(values, 0, 4)).astype(int)
            expected = cohen_kappa_score(four.table.label[rows], cut, weights="quadratic")
            (record,) = [
                r for key, r in found.items() if key[:3] == (protocol, corpus, "all")
                and key[4] == "qwk"
            ]  # fmt: skip
            assert record.value == pytest.approx(expected)
            assert (record.n, record.draws, record.sd) == (len(rows), 1, None)


def test_more_texts_help_in_distribution_and_not_where_the_direction_is_another(curve):
    found = figures(curve)
    mean = [found["iid", None, None, size, "qwk"].value for size in (100, 200, 400)]
    assert mean == sorted(mean)
    iid, lofo = (
        [found[protocol, "odd", None, size, "qwk"].value for size in (100, 200, 400)]
        for protocol in ("iid", "lofo")
    )
    assert max(lofo) < min(iid) - 0.3


def test_sizes_that_a_training_set_has_not_are_said(four, curve):
    (iid, lofo) = notes(curve)
    assert (iid.protocol, lofo.protocol) == ("iid", "lofo")
    # Without the largest family 430 texts are left.
    assert lofo.cause == "800 can't be drawn: one training set has 430 texts."
    assert {key[3] for key in figures(curve) if key[0] == "lofo"} == {100, 200, 400, 487}


def test_sets_of_families_by_other_code(four, families):
    found, table = figures(families), four.table
    (one,) = [c for c in choices_of(four, "lofo", four.probes[0]) if c.fold.name == "like"]
    scored = one.fold.scored["like"]
    twins, odd = (np.flatnonzero(np.isin(table.corpus, c)) for c in ([0, 1], [3]))
    # Of one family the corpora are left out in turn, and of one corpus five folds.
    values = [
        kappa_of(four, twins, scored, alpha_of(four, twins, [[0], [1]])),
        kappa_of(four, odd, scored, alpha_of_one(four, odd)),
    ]
    record = found["lofo", "like", None, 1, "qwk"]
    assert record.value == pytest.approx(np.mean(values), abs=1e-9)
    assert record.draws == 2
    assert found["lofo", "like", None, 1, "train_texts"].value == (270 + 160) / 2
    whole = found["lofo", "like", None, 2, "qwk"]
    assert whole.value == pytest.approx(kappa_of(four, one.fold.train, scored, one.penalty))
    # The family that is like it teaches more than the one that is not.
    assert values[0] > values[1] + 0.3


def test_the_mean_over_corpora_is_one_of_means(families):
    found = figures(families)
    own = [found["lofo", c, None, 1, "qwk"] for c in ("twin-a", "twin-b", "like", "odd")]
    mean = found["lofo", None, None, 1, "qwk"]
    assert mean.value == pytest.approx(np.mean([one.value for one in own]))
    assert (mean.sd, mean.low, mean.high) == (None, None, None)
    assert mean.draws == sum(one.draws for one in own) == 8


def test_of_many_sets_some_are_drawn_the_same_in_any_order(tmp_path):
    names = "abcdefg"
    one, other = (
        study(tmp_path / kind, [Planted(n, 40) for n in order], protocols=("lofo",))
        for kind, order in (("there", names), ("back", names[::-1]))
    )
    found = []
    for made in (one, other):
        (fold,) = [c for c in choices_of(made, "lofo", made.probes[0]) if c.fold.name == "a"]
        named = np.array(made.table.names)[made.table.corpus]
        sets = [(k, tuple(sorted(set(named[t])))) for k, t in sets_of_families(made.table, fold, 1)]
        assert Counter(k for k, _ in sets) == {1: 6, 2: SETS, 3: SETS, 4: SETS, 5: 6}
        assert all(len(members) == k and "a" not in members for k, members in sets)
        assert len(set(sets)) == len(sets)
        found.append(set(sets))
    assert found[0] == found[1]


def test_one_family_has_no_curve_out_of_distribution(tmp_path):
    alone = study(tmp_path, [Planted("alone", 300)])
    found = list(learning_curve(alone))
    assert {key[0] for key in figures(found)} == {"iid"}
    assert [n.cause for n in notes(found) if n.protocol == "lofo"] == ["No fold of lofo was run."]
    (note,) = mixed(alone)
    assert note.cause == "No fold of lofo was run, so no family is unseen."


def test_a_family_of_one_level_teaches_nothing_and_is_said(tmp_path):
    corpora = [Planted("flat", 120, levels=("B1",)), *(Planted(n, 120) for n in "abc")]
    found = list(mixed(study(tmp_path, corpora)))
    assert [note.corpus for note in notes(found)] == ["a", "b", "c"]
    assert "All 120 training texts are of one level" in notes(found)[0].cause
    assert figures(found)["lofo", "a", None, 1, "qwk"].draws == 2
