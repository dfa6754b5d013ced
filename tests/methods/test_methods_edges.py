"""Training sets as they come: one corpus, two texts, levels that lack, more features than texts."""

import importlib
import pkgutil

import numpy as np
import pytest
from planted_bias import CLASSES, Bias, balanced, draw, specs
from sklearn.linear_model import Ridge

import cefrbench_plugins.methods
from cefrbench.contracts.method import MethodOptions, Source
from cefrbench.engines.methods import adversary
from cefrbench.engines.methods.equating import equipercentile
from cefrbench.engines.methods.mixing import partners

#: Not the baseline that takes the weights away, and what is handed no text.
METHODS = {
    name: spec
    for name, spec in specs().items()
    if name != "unweighted" and spec.card.moves != "layers"
}
ROWS = np.arange(40)


def source(X, y, corpus, weight=None, few=None):
    weight = balanced(y, corpus) if weight is None else weight
    few = np.zeros(len(y), bool) if few is None else few
    length = 6 + 0.2 * y + np.random.default_rng(len(y)).normal(size=len(y))
    made = Source(X.astype(np.float32), y, corpus, corpus, weight, few, length)
    for values in (made.X, made.y, made.corpus, made.family, made.weight, made.few, length):
        values.flags.writeable = False
    return made


def some(n=90, dim=12, corpora=3, levels=CLASSES, seed=0):
    rng = np.random.default_rng(seed)
    y, corpus = rng.integers(0, levels, n), rng.integers(0, corpora, n)
    X = rng.normal(size=(n, dim)) + y[:, None] * rng.normal(size=dim) / 3 + corpus[:, None]
    return X, y, corpus


def unseen(dim=12, n=40, seed=9):
    X = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    X.flags.writeable = False
    return X


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """The adversary takes as many steps as are seen to change something."""
    monkeypatch.setattr(adversary, "STEPS", 10)


def run(name, made, scored, seed=0):
    """Predictions of a probe on scored texts."""
    spec = METHODS[name]
    method = spec.make(MethodOptions(n_classes=CLASSES, seed=seed))
    prepared = method.prepare(made, scored if spec.card.sees == "unlabelled" else None)
    assert prepared.X.dtype == np.float32
    assert prepared.y.dtype == np.int64
    assert len(prepared.X) == len(prepared.y) == len(prepared.weight)
    assert np.isfinite(prepared.X).all()
    assert np.isin(prepared.y, range(CLASSES)).all()
    assert (prepared.weight >= 0).all()
    assert prepared.weight.sum() == pytest.approx(made.weight.sum(), rel=0.5)
    probe = Ridge(5.0).fit(prepared.X, prepared.y, prepared.weight)

    def predict(X, length=None):
        handed = (length,) if spec.card.length else ()
        moved = prepared.transform(X, *handed)
        assert moved.shape == (len(X), prepared.X.shape[1])
        return probe.predict(moved).astype(np.float64)

    training = predict(made.X, made.length)
    long = 6 + np.arange(len(scored)) % 3 / 3

    def ask(X, length):
        return prepared.finish(training, predict(X, length))

    scores = ask(scored, long)
    assert scores.shape == (len(scored),)
    assert np.isfinite(scores).all()
    if spec.card.sees == "source":
        # Texts come one at a time, and say what they say together.
        alone = [ask(scored[i : i + 1], long[i : i + 1])[0] for i in ROWS[:5]]
        assert alone == pytest.approx(scores[:5], abs=1e-4)
    return scores


EVERY = pytest.mark.parametrize("name", sorted(METHODS))


@EVERY
def test_it_is_the_same_every_time_and_another_with_another_seed(name):
    made, scored = source(*some()), unseen()
    first = run(name, made, scored)
    assert (run(name, made, scored) == first).all()
    assert (run(name, made, scored, seed=1) != first).any() == METHODS[name].card.seeded


@EVERY
def test_a_text_without_weight_says_nothing(name):
    X, y, corpus = some()
    weight = balanced(y, corpus)
    weight[:30] = 0
    one = run(name, source(X, y, corpus, weight), unseen())
    changed = X.copy()
    changed[:30] += 50
    # In the unit of the others: a unit is the harness's own.
    two = run(name, source(changed, y, corpus, weight), unseen())
    assert two == pytest.approx(one, abs=1e-4)


def test_kept_fits_are_keyed_by_the_file_that_registers_the_method():
    # Their key reads the file of what makes a method, and all that it imports.
    package = cefrbench_plugins.methods
    found = []
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        if hasattr(module, "register_methods"):
            module.register_methods(lambda spec, name=info.name: found.append((name, spec.make)))
    assert len(found) > 15
    for name, make in found:
        assert getattr(make, "func", make).__module__ == name


@EVERY
def test_more_features_than_texts(name):
    run(name, source(*some(n=30, dim=70)), unseen(70))


@EVERY
@pytest.mark.parametrize("dim", [1, 2])
def test_a_feature_or_two_as_length_has(name, dim):
    X, y, corpus = some(dim=dim)
    scores = run(name, source(X, y, corpus), unseen(dim))
    # A constant feature beside them says nothing more.
    beside = np.hstack([X, np.zeros((len(X), 1))])
    wider = run(name, source(beside, y, corpus), np.hstack([unseen(dim), np.zeros((40, 1), "f")]))
    if name in ("leace", "inlp"):
        # Of so few nothing is left but the mean level.
        assert np.ptp(scores) < 1e-6
        assert wider == pytest.approx(scores, abs=1e-6)
    elif "dann" not in name:
        assert np.corrcoef(scores, wider)[0, 1] > 0.9


@EVERY
def test_one_corpus_alone(name):
    scores = run(name, source(*some(corpora=1)), unseen())
    if name in ("leace", "inlp", "lisa", "c-mixup", "group-dro"):
        made = source(*some(corpora=1))
        plain = Ridge(5.0).fit(made.X, made.y, made.weight).predict(unseen())
        # Mixing evens levels a little otherwise than the weights that it is given: not here.
        assert scores == pytest.approx(plain, abs=1e-4)


@EVERY
def test_two_texts_of_a_corpus_and_one_of_another(name):
    X, y, _ = some(n=60)
    corpus = np.r_[np.zeros(57, int), [1, 1, 2]]
    run(name, source(X, y, corpus), unseen())


@EVERY
@pytest.mark.parametrize("levels", [1, 2])
def test_levels_that_no_text_has(name, levels):
    X, y, corpus = some(levels=levels)
    scores = run(name, source(X, y + 1, corpus), unseen())
    if levels == 1:
        assert scores == pytest.approx(np.ones(40), abs=0.3)


@EVERY
def test_one_text_is_scored_and_texts_that_are_all_the_same(name):
    made = source(*some())
    run(name, made, unseen(n=8)[:6])
    scores = run(name, made, np.zeros((12, 12), np.float32))
    if name != "after-length":
        # They aren't equally long.
        assert np.ptp(scores) < 1e-6


def test_a_corpus_without_weight_is_left_out():
    X, y, corpus = some()
    weight = balanced(y, corpus)
    weight[corpus == 1] = 0
    for name in METHODS:
        run(name, source(X, y, corpus, weight), unseen())


def test_a_few_labels_move_predictions_and_are_not_fitted():
    corpora = draw(Bias(thresholds=1.0), 0)
    X, y = (
        np.concatenate([corpora.source.X, corpora.few]),
        np.r_[corpora.source.y, corpora.few_gold],
    )
    corpus = np.r_[corpora.source.corpus, np.full(len(corpora.few), 4)]
    made = source(X, y, corpus, few=corpus == 4)
    scores = run("recalibrate", made, corpora.few)
    assert scores.mean() == pytest.approx(corpora.few_gold.mean())
    spec = METHODS["recalibrate"]
    prepared = spec.make(MethodOptions(n_classes=CLASSES)).prepare(made, None)
    assert (prepared.X == corpora.source.X).all()
    # Without labels, and with as many as a corpus to train on, it is the plain probe.
    for few in (np.zeros(len(y), bool), corpus >= 2):
        alone = source(X, y, corpus, few=few)
        assert spec.make(MethodOptions()).prepare(alone, None).X is alone.X


def test_partners_are_of_other_corpora_and_of_the_level():
    _, y, corpus = some(n=300)
    rng = np.random.default_rng(0)
    drawn = partners(y, corpus, np.ones(300), 0.0, rng)
    assert (corpus[drawn] != corpus).all()
    assert (y[drawn] == y).all()
    near = partners(y, corpus, np.ones(300), 0.5, rng)
    apart = np.abs(y[near] - y)
    # At equal numbers of texts, by the kernel: exp(-2) of the same level at one level's distance.
    assert 0.1 < (apart == 1).sum() / (apart == 0).sum() < 0.35
    alone = partners(y, np.where(y == 2, 0, corpus), np.ones(300), 0.0, rng)
    assert (alone == np.arange(300))[y == 2].all()


def test_equal_scores_become_the_mean_level():
    shares = np.array([0.5, 0.0, 0.0, 0.0, 0.5])
    assert equipercentile(np.full(4, 7.0), np.ones(4), shares)(np.full(2, 7.0)) == pytest.approx(2)


def test_what_a_missing_package_leaves_is_one_sentence(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ot.gaussian", None)
    from cefrbench.errors import PluginError

    with pytest.raises(PluginError, match=r"pip install 'cefrbench\[methods\]'"):
        METHODS["ot"].make(MethodOptions())


@pytest.mark.parametrize("name", ["moments", "prior"])
def test_a_strength_goes_part_of_the_way(name):
    made, scored = source(*some()), unseen()
    made_by = {s: METHODS[name].make(MethodOptions(strength=s)) for s in (1.0, 0.5)}
    said = np.linspace(-1, 3, 40)
    whole, half = (made_by[s].prepare(made, scored).finish(said, said) for s in (1.0, 0.5))
    assert half == pytest.approx((said + whole) / 2)
    assert np.abs(whole - said).max() > 0.1
