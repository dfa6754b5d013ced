"""A method is handed what its card says that it sees, and nothing more."""

import hashlib
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cefrbench import (
    FoldRows,
    MethodCard,
    MethodOptions,
    MethodSpec,
    Origin,
    PluginError,
    Prepared,
    ProbeCard,
    ProbeError,
    ProbeOptions,
    ProbeSpec,
    UserError,
)
from cefrbench.contracts.cards import Penalty
from cefrbench.plugins import PluginHost
from cefrbench.probing import method_fits, method_probe
from cefrbench.probing.ensemble import LayerStack, stacked_layers
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.settings import MethodSettings
from cefrbench.probing.withheld import Training, checked
from cefrbench.probing.wrapped import MOST, find_probe, spelt_probe, wrap, wrapped_card

HOST = PluginHost(load="")
RIDGE = HOST.get_probe("ridge")
RNG = np.random.default_rng(3)
#: Four corpora of two families each; the last two corpora are scored.
CORPUS = np.repeat(np.arange(4), [50, 40, 30, 20])
FAMILY = np.array([0, 0, 1, 2])
LABEL = RNG.integers(0, 5, len(CORPUS))
X = RNG.normal(size=(len(CORPUS), 6)).astype(np.float32) * 3 + 7
X[:, 0] += LABEL
X += RNG.normal(size=(4, 6)).astype(np.float32)[CORPUS] * 4
TRAIN, PREDICT = np.flatnonzero(CORPUS < 2), np.flatnonzero(CORPUS > 1)
WEIGHT = RNG.uniform(0.5, 1.5, len(TRAIN))
LENGTH = np.linspace(5, 8, len(CORPUS))


def rows(train=TRAIN, predict=PREDICT, drawn=None):
    """Rows of one fold, as a resample drew them."""
    weight = WEIGHT if len(train) == len(TRAIN) else np.ones(len(train))
    times = np.ones(len(CORPUS)) if drawn is None else drawn
    origin = Origin(
        CORPUS[train],
        FAMILY[CORPUS[train]],
        CORPUS[predict],
        None if drawn is None else drawn[train],
        length=LENGTH[train],
        scored_length=LENGTH[predict],
    )
    return FoldRows(
        *(train, predict, weight * times[train], times[train], np.arange(len(train))), origin=origin
    )


def method(prepare, sees="source", moves="features", strengths=(), *, length=False):
    """A method of one function; it is called with the options too."""
    card = MethodCard(
        name="planted", title="Planted", description="A planted method.", sees=sees, moves=moves,
        strengths=strengths, length=length, paper="none",
    )  # fmt: skip

    class Planted:
        def __init__(self, options):
            self.options = options

        def prepare(self, source, unlabelled):
            return prepare(source, unlabelled, self.options)

    return MethodSpec(card, Planted)


def fitted(spec, fold=None, penalties=(10.0,), **options):
    (path,) = fit_paths(
        wrap(spec, RIDGE), ProbeOptions(**options), X, LABEL, [fold or rows()], penalties=penalties
    )
    return [fit for (fit,) in path]


def untouched(source, unlabelled, options):
    return Prepared(source.X, source.y, source.weight)


def copied(source, unlabelled, options):
    """The same, in arrays of its own and with a transform: the long way."""
    return Prepared(
        source.X.copy(), source.y.copy(), source.weight.copy(),
        lambda values: values * 1, lambda known, scored: scored * 1,
    )  # fmt: skip


DRAWN = RNG.poisson(1.0, len(CORPUS)).astype(float)


@pytest.mark.parametrize("prepare", [untouched, copied])
@pytest.mark.parametrize("sees", ["source", "unlabelled", "labels"])
@pytest.mark.parametrize("fold", [rows(), rows(drawn=DRAWN)])
def test_a_method_that_changes_nothing_is_the_probe_itself(prepare, sees, fold):
    found = fitted(method(prepare, sees), fold, penalties=(100.0, 1.0))
    (path,) = fit_paths(RIDGE, ProbeOptions(), X, LABEL, [fold], penalties=(100.0, 1.0))
    for ours, (plain,) in zip(found, path, strict=True):
        np.testing.assert_allclose(ours.predictions, plain.predictions, atol=2e-5)
        np.testing.assert_allclose(ours.scores, plain.scores, atol=2e-5)


@pytest.mark.parametrize("sees", ["source", "unlabelled"])
@pytest.mark.parametrize("part", ["weight", "y", "X"])
def test_a_method_that_changes_one_thing_alone_is_the_probe_fitted_on_that(part, sees):
    """Texts that are scored are left as they are, so nothing but the fit tells of the change."""
    y, weight = LABEL.copy(), WEIGHT**3
    y[TRAIN] = 4 - LABEL[TRAIN]

    def prepare(source, unlabelled, options):
        changed = {"weight": weight, "y": y[TRAIN], "X": source.X * 2}
        return replace(untouched(source, unlabelled, options), **{part: changed[part]})

    (ours,), (before,) = (fitted(method(one, sees)) for one in (prepare, untouched))
    assert np.abs(ours.predictions - before.predictions).max() > 0.02
    if part != "X":
        fold = replace(rows(), weight=weight if part == "weight" else WEIGHT)
        labels = y if part == "y" else LABEL
        (((expected,),),) = fit_paths(RIDGE, ProbeOptions(), X, labels, [fold], penalties=(10.0,))
        np.testing.assert_allclose(ours.predictions, expected.predictions, atol=2e-5)


def test_a_corpus_is_predicted_by_the_fit_on_its_own_weights():
    """The method weighs by what it sees of the scored corpus, and changes nothing else."""

    def prepare(source, unlabelled, options):
        return Prepared(source.X, source.y, WEIGHT ** (len(unlabelled) / 10))

    (ours,) = fitted(method(prepare, "unlabelled"))
    for corpus, power in ((2, 3), (3, 2)):
        fold = replace(rows(), weight=WEIGHT**power)
        (((expected,),),) = fit_paths(RIDGE, ProbeOptions(), X, LABEL, [fold], penalties=(10.0,))
        own = CORPUS[PREDICT] == corpus
        np.testing.assert_allclose(ours.predictions[own], expected.predictions[own], atol=2e-5)


@pytest.mark.parametrize("sees", ["source", "unlabelled"])
def test_a_fit_behind_a_method_that_does_not_converge_says_so(sees):
    card = ProbeCard(name="invented", description="For tests.", kind="classifier")
    spec = ProbeSpec(card, lambda options: LogisticRegression(max_iter=2))
    (((fit,),),) = fit_paths(
        wrap(method(untouched, sees), spec), ProbeOptions(), X, LABEL, [rows()], penalties=(None,)
    )
    assert not fit.converged
    assert "failed to converge" in fit.message
    assert fit.iterations == 2


# -- what is handed over -------------------------------------------------------------------------


def test_source_alone_is_training_texts_and_one_scored_text_at_a_time():
    shown = []

    def prepare(source, unlabelled, options):
        assert unlabelled is None
        assert len(source.X) == len(TRAIN)
        assert set(source.corpus) == {0, 1}
        assert set(source.family) == {0}
        assert not source.few.any()
        np.testing.assert_array_equal(source.y, LABEL[TRAIN])
        np.testing.assert_array_equal(source.weight, WEIGHT)
        np.testing.assert_allclose(source.X.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(source.X.std(0), 1, atol=1e-5)

        def transform(values):
            shown.append(("transform", values.shape))
            return values

        def finish(known, scored):
            shown.append(("finish", scored.shape))
            return scored

        return Prepared(source.X, source.y, source.weight, transform, finish)

    assert not isinstance(fitted(method(prepare))[0], FitFailure)
    sizes = [shape for what, shape in shown if what == "transform" and shape[0] != len(TRAIN)]
    assert set(sizes) == {(1, 6)}
    assert len(sizes) == len(PREDICT) + 2 * 4
    assert {shape for what, shape in shown if what == "finish"} == {(1,)}


def test_unlabelled_is_the_scored_corpus_alone_and_labels_are_the_few_of_it():
    train = np.concatenate([TRAIN, PREDICT[:6]])
    fold = rows(train, PREDICT[6:])
    seen = {}
    for sees in ("unlabelled", "labels"):
        sizes = seen[sees] = []

        def prepare(source, unlabelled, options, sizes=sizes):
            sizes.append((len(unlabelled), int(source.few.sum())))
            assert set(source.corpus[source.few]) <= {2}
            return Prepared(source.X, source.y, source.weight)

        fitted(method(prepare, sees), fold)
    # One corpus of 30 texts, of which six are in training, and one of 20.
    assert seen == {"unlabelled": [(24, 0), (20, 0)], "labels": [(24, 6), (20, 0)]}


def test_a_resample_shows_each_training_text_as_often_as_it_drew_it():
    sizes = []

    def prepare(source, unlabelled, options):
        sizes.append((len(source.X), len(unlabelled)))
        return Prepared(source.X, source.y, source.weight, finish=lambda known, scored: scored)

    fitted(method(prepare, "unlabelled"), rows(drawn=DRAWN))
    # Refits are scored on all texts: those that are scored stay as they are.
    expected = [(DRAWN[TRAIN].sum(), np.sum(corpus == CORPUS)) for corpus in (2, 3)]
    assert sizes == expected


@pytest.mark.parametrize("sees", ["source", "unlabelled"])
def test_lengths_are_handed_to_who_asks_for_them_and_go_with_the_texts(sees):
    shown = []

    def prepare(source, unlabelled, options):
        np.testing.assert_array_equal(
            source.length, np.repeat(LENGTH[TRAIN], DRAWN[TRAIN].astype(int))
        )
        assert not source.length.flags.writeable

        def transform(values, length):
            assert not length.flags.writeable
            shown.extend(zip(map(tuple, values), length, strict=True))
            return values

        return Prepared(source.X, source.y, source.weight, transform)

    assert not isinstance(
        fitted(method(prepare, sees, length=True), rows(drawn=DRAWN))[0], FitFailure
    )
    told = dict(shown)
    assert sorted(told.values()) == pytest.approx(LENGTH[PREDICT])
    # The unit of features keeps their order, so each text has its own length.
    order = sorted(told, key=lambda values: values[0])
    assert [told[values] for values in order] == pytest.approx(
        LENGTH[PREDICT][np.argsort(X[PREDICT, 0])]
    )


def test_lengths_are_kept_from_who_does_not_ask_and_missed_by_who_does():
    def prepare(source, unlabelled, options):
        assert source.length is None
        return Prepared(source.X, source.y, source.weight, lambda values: values)

    assert not isinstance(fitted(method(prepare))[0], FitFailure)
    bare = rows()
    bare = replace(bare, origin=replace(bare.origin, length=None))
    (failure,) = fitted(method(untouched, length=True), bare)
    assert "'planted' needs to know how long each text is" in failure.message


# -- several layers ------------------------------------------------------------------------------

LAYERS = [X, (X[:, ::-1] + RNG.normal(size=X.shape)).astype(np.float32), X * X]


def ensemble(weigh, strengths=(), probe=RIDGE, **card):
    """A method that puts layers together."""
    card = MethodCard(
        name="planted", title="Planted", description="A planted method.", sees="source",
        moves="layers", strengths=strengths, paper="none",
    ).model_copy(update=card)  # fmt: skip

    class Planted:
        def __init__(self, options):
            self.options = options

        def weigh(self, layers):
            return weigh(layers, self.options)

    return wrap(MethodSpec(card, Planted), probe)


def of_layers(spec, layers=LAYERS, penalties=(10.0,)):
    (path,) = fit_paths(spec, ProbeOptions(), layers, LABEL, [rows()], penalties=penalties)
    return [fit for (fit,) in path]


@pytest.mark.parametrize("probe", ["ridge", "ordinal", "logistic"])
def test_an_ensemble_is_the_weighted_mean_of_what_layers_say(probe):
    probe = HOST.get_probe(probe)
    spec = ensemble(lambda layers, options: np.arange(layers), probe=probe)
    assert spec.reads == "layers"
    assert spec.card.kind == "regressor"
    value = probe.card.penalty.values[2]
    (fit,) = of_layers(spec, penalties=(value,))
    alone = [
        fit_paths(probe, ProbeOptions(), layer, LABEL, [rows()], penalties=(value,))[0][0][0]
        for layer in LAYERS
    ]
    said = [one.predictions if one.scores is None else one.scores for one in alone]
    np.testing.assert_allclose(fit.predictions, (said[1] + 2 * said[2]) / 3, atol=1e-9)
    np.testing.assert_array_equal(fit.predictions, fit.scores)


def test_layers_without_weight_are_not_read_and_strengths_share_fits():
    places = []

    class Read(list):
        def __getitem__(self, place):
            places.append(place)
            return super().__getitem__(place)

    def weigh(layers, options):
        return np.eye(layers)[-1] if options.strength == 2.0 else [0.0, 1.0, 1.0]

    layers = Read(LAYERS)
    spec = ensemble(weigh, strengths=(1.0, 2.0))
    both = of_layers(spec, layers, penalties=spec.card.penalty.values[:4])
    assert places == [1, 2]
    plain = of_layers(RIDGE, LAYERS[2], penalties=(1e5, 1e4))
    for fit, own in zip(both[1::2], plain, strict=True):
        np.testing.assert_array_equal(fit.scores, own.scores)
    assert np.abs(both[2].predictions - both[3].predictions).max() > 1e-3


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0], "gave weights of shape (1,), expected (3,), all finite"),
        ([np.nan, 1, 1], "all finite"),
        ([-1, 1, 1], "a weight below zero"),
        ([0, 0, 0], "nothing but zeros"),
        (None, "gave weights of shape ()"),
    ],
)
def test_weights_of_layers_that_cannot_be_are_a_failure_with_a_sentence(weights, said):
    (failure,) = of_layers(ensemble(lambda layers, options: weights))
    assert said in failure.message


def test_who_puts_layers_together_is_shown_no_text_and_says_so():
    with pytest.raises(PluginError, match='say sees="source"'):
        ensemble(lambda layers, options: np.ones(layers), sees="unlabelled")


# -- a method that claims less than it looks at --------------------------------------------------


def centred(source, values):
    X = source.X.copy()
    for corpus in set(source.corpus):
        X[source.corpus == corpus] -= X[source.corpus == corpus].mean(0)
    return X


def honest(source, unlabelled, options):
    mean = unlabelled.mean(0)
    return Prepared(centred(source, None), source.y, source.weight, lambda values: values - mean)


def in_the_batch(source, unlabelled, options):
    """Takes the mean of whatever it is shown."""
    return Prepared(
        centred(source, None), source.y, source.weight, lambda values: values - values.mean(0)
    )


def running(source, unlabelled, options):
    """Remembers what it was shown."""
    shown = []

    def transform(values):
        shown.extend(values)
        return values - np.mean(shown, axis=0)

    return Prepared(centred(source, None), source.y, source.weight, transform)


def collecting(source, unlabelled, options):
    """Shows nothing of what it remembers until predictions come."""
    shown = []

    def transform(values):
        shown.extend(values)
        return values * 1

    def finish(known, scored):
        return scored - np.mean(shown)

    return Prepared(source.X.copy(), source.y, source.weight, transform, finish)


GLOBAL: list[float] = []


def across_calls(source, unlabelled, options):
    def finish(known, scored):
        GLOBAL.extend(scored)
        return scored - np.mean(GLOBAL)

    return Prepared(source.X, source.y, source.weight, finish=finish)


def test_who_says_source_cannot_centre_on_the_scored_corpus():
    level = LABEL[PREDICT]
    gained = fitted(method(honest, "unlabelled"))[0].predictions
    (tried,) = fitted(method(in_the_batch))
    assert np.corrcoef(gained, level)[0, 1] > 0.3
    # A text by itself is its own mean: nothing is left of it, and all get one prediction.
    assert np.ptp(tried.predictions) < 1e-6


@pytest.mark.parametrize("cheat", [running, collecting, across_calls])
def test_who_remembers_what_was_shown_is_refused(cheat):
    (failure,) = fitted(method(cheat))
    assert isinstance(failure, FitFailure)
    assert "'planted' says that it sees the source alone" in failure.message
    assert 'sees="unlabelled"' in failure.message


def test_what_is_handed_over_cannot_be_changed():
    def prepare(source, unlabelled, options):
        source.y[:] = 0
        return Prepared(source.X, source.y, source.weight)

    (failure,) = fitted(method(prepare))
    assert "read-only" in failure.message


# -- what no probe can be fitted on --------------------------------------------------------------


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda s, u, o: None, "gave NoneType, expected Prepared"),
        (lambda s, u, o: Prepared(s.X, s.y[1:], s.weight), "expected (m, width), (m,) and (m,)"),
        (lambda s, u, o: Prepared(s.X * np.nan, s.y, s.weight), "aren't finite"),
        (lambda s, u, o: Prepared(s.X, s.y, -s.weight), "below zero"),
        (lambda s, u, o: Prepared(s.X, s.y + 4, s.weight), "whole numbers from 0 to 4"),
        (lambda s, u, o: Prepared(s.X, s.y, s.weight, lambda v: v[:, 1:]), "expected (1, 6)"),
        (
            lambda s, u, o: Prepared(s.X, s.y, s.weight, finish=lambda k, v: v / 0),
            "gave a value that isn't finite",
        ),
        (lambda s, u, o: s.nothing, "'planted' failed (AttributeError"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_cannot_be_fitted_is_a_failure_with_a_sentence(prepare, said):
    (failure,) = fitted(method(prepare))
    assert said in failure.message


def test_rows_without_an_origin_are_refused():
    (failure,) = fitted(method(untouched), FoldRows(TRAIN, PREDICT))
    assert "which corpus each row is of" in failure.message


def test_a_wrapped_probe_is_not_fitted_by_itself():
    with pytest.raises(ProbeError, match="fitted over folds"):
        wrap(method(untouched), RIDGE).make(ProbeOptions()).fit(X, LABEL)


# -- strengths and names -------------------------------------------------------------------------


def test_strengths_are_chosen_with_penalties_by_number():
    asked = []

    def prepare(source, unlabelled, options):
        asked.append(options)
        times = 1 + options.strength
        return Prepared(source.X * times, source.y, source.weight, lambda values: values * times)

    spec = method(prepare, strengths=(2.0, 0.5))
    card = wrap(spec, RIDGE).card
    assert card.penalty.values == tuple(map(float, range(1, 15)))
    assert card.params["strengths"] == "2 0.5"
    assert card.params["alphas"] == "100000 10000 1000 100 10 1 0.1"
    settings = MethodSettings(RIDGE.card.penalty, (2.0, 0.5))
    assert [settings.pair(n) for n in (1.0, 2.0, 3.0)] == [(1e5, 2.0), (1e5, 0.5), (1e4, 2.0)]
    one, other = fitted(spec, penalties=(9.0, 10.0))
    (plain,) = fitted(method(untouched), penalties=(10.0 / 1.5**2,))
    assert not np.allclose(one.predictions, other.predictions)
    np.testing.assert_allclose(other.predictions, plain.predictions, atol=1e-4)
    assert {options.strength for options in asked} == {2.0, 0.5}
    assert asked[0] == MethodOptions(strength=asked[0].strength)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such+ridge", "no method named 'no-such'"),
        ("centre+rigde", "no probe named 'rigde'"),
        ("centre+moments+ridge", "more than one method"),
        ("centre+ngrams", "reads texts"),
    ],
)
def test_a_name_that_makes_no_probe_is_a_sentence(name, said):
    with pytest.raises(UserError, match=said):
        find_probe(HOST, name)


def test_what_moves_predictions_makes_numbers_of_classes():
    assert find_probe(HOST, "moments+logistic").card.kind == "regressor"
    assert find_probe(HOST, "centre+logistic").card.kind == "classifier"


# -- what all of them have in common -------------------------------------------------------------


def test_rows_alone_are_refused_to_fit_and_to_predict():
    made = wrap(method(untouched), RIDGE).make(ProbeOptions())
    for call in (lambda: made.fit(X, LABEL), lambda: made.predict(X)):
        with pytest.raises(ProbeError) as raised:
            call()
        assert str(raised.value) == (
            "planted+ridge is fitted over folds, which say which corpus each row is of: run it "
            "with --probe, or call fit_paths."
        )


def test_its_code_is_the_methods_the_probes_and_what_hands_things_over():
    spec = method(untouched)
    made = wrap(spec, RIDGE).make(ProbeOptions())
    makes, planted, probe, inner = made.sources()
    assert (makes, probe) == (spec.make, RIDGE.make)
    assert type(planted) is spec.make
    assert type(inner) is type(RIDGE.make(ProbeOptions()))
    folder = Path(method_probe.__file__).parent
    names = ("ensemble", "method_fits", "method_probe", "settings", "withheld")
    code = b"".join((folder / f"{name}.py").read_bytes() for name in names)
    for library, version in (
        ("numpy", metadata.version("numpy")), ("no-such-library", ""), ("", ""),
    ):  # fmt: skip
        card = spec.card.model_copy(update={"library": library})
        made = wrap(MethodSpec(card, spec.make), RIDGE).make(ProbeOptions())
        assert made.versions() == f"{hashlib.sha256(code).hexdigest()} {library} {version}"


def test_a_methods_own_sentence_and_want_of_memory_are_left_as_they_are():
    made = wrap(method(untouched), RIDGE).make(ProbeOptions())

    class OutOfMemoryError(RuntimeError):
        """As an accelerator's library raises it."""

    for error in (UserError("Its own."), MemoryError("all"), OutOfMemoryError("device")):

        def breaks(error=error):
            raise error

        with pytest.raises(type(error)) as raised:
            made.of_method(breaks)
        assert raised.value is error
    assert made.of_method(lambda: 7) == 7

    def odd():
        raise RuntimeError("odd")

    with pytest.raises(ProbeError) as raised:
        made.of_method(odd)
    assert str(raised.value) == "Method 'planted' failed (RuntimeError: odd)."


def test_a_stack_reads_a_layer_when_it_is_asked_for_and_layer_0_stands_alone():
    class Read:
        asked: ClassVar = []

        def layer(self, k):
            self.asked.append(k)
            return f"layer {k}"

    stack = LayerStack(Read(), (2, 5, 7))
    assert (len(stack), Read.asked) == (3, [])
    assert (stack[0], stack[2], Read.asked) == ("layer 2", "layer 7", [2, 7])
    assert stacked_layers((0, 1, 3, 6), 3) == (1, 3)
    assert stacked_layers((0, 1, 3, 6), 2) == (1,)
    assert stacked_layers((0, 1, 3), 0) == (0,)
    assert stacked_layers((4,), 2) == (2,)


class Nowhere:
    """Predicts nothing that is a number."""

    def __init__(self, options):
        pass

    def fit(self, X, y, sample_weight=None):
        return self

    def predict(self, X):
        return np.full(len(X), np.nan)


def test_a_probe_that_fails_behind_a_method_fails_with_its_own_sentence():
    probe = ProbeSpec(RIDGE.card.model_copy(update={"name": "nowhere", "penalty": None}), Nowhere)
    said = "The probe predicted a value that is not finite."
    (failure,) = of_layers(
        ensemble(lambda layers, options: np.ones(layers), probe=probe), penalties=(None,)
    )
    assert failure == FitFailure(said)
    ((failure,),) = fit_paths(
        wrap(method(untouched), probe), ProbeOptions(), X, LABEL, [rows()], penalties=(None,)
    )[0]
    assert failure == FitFailure(said)


def test_a_probe_without_penalty_has_the_settings_of_the_methods_strengths():
    assert MethodSettings(None, (0.5,)).axis is None
    assert MethodSettings(RIDGE.card.penalty, ()).axis == RIDGE.card.penalty
    two = MethodSettings(None, (0.5, 2.0))
    assert two.axis == Penalty(name="setting", values=(1.0, 2.0), strongest="smallest")
    assert [two.pair(value) for value in (None, 1.0, 2.0)] == [
        (None, 0.5), (None, 0.5), (None, 2.0),
    ]  # fmt: skip
    assert MethodSettings(None, ()).pair(7.0) == (7.0, None)
    for value, said in ((0.0, "0"), (3.0, "3"), (1.5, "1.5"), (-1.0, "-1")):
        with pytest.raises(ProbeError) as raised:
            two.pair(value)
        assert str(raised.value) == (f"There is no setting {said}: settings are numbered 1 to 2.")


def test_names_are_spelt_as_they_were_registered():
    assert spelt_probe(HOST, "CENTRE+Ridge") == "centre+ridge"
    assert spelt_probe(HOST, "RIDGE") == "ridge"


def test_a_method_has_so_many_strengths_at_most():
    strengths = tuple(map(float, range(1, MOST + 1)))
    spec = method(untouched, strengths=strengths)
    assert wrap(spec, RIDGE).card.params["strengths"].count(" ") == MOST - 1
    card = spec.card.model_copy(update={"strengths": (*strengths, 99.0)})
    with pytest.raises(PluginError) as raised:
        wrap(MethodSpec(card, spec.make), RIDGE)
    assert str(raised.value) == (
        f"Method 'planted' has {MOST + 1} strengths: {MOST} at most, each costs a sweep."
    )


# -- one cause at a time ---------------------------------------------------------------------------

CARD = method(untouched).card
GOOD = {
    "X": np.arange(12, dtype=np.float32).reshape(4, 3),
    "y": np.array([0, 4, 2, 1]),
    "weight": np.array([0.0, 1.0, 2.0, 0.5]),
}
SHAPES = "Method 'planted' prepared X, y and weight of shapes"
VALUES = "Method 'planted' prepared features or weights that aren't finite, or a weight below zero."
CLASSES = "Method 'planted' prepared classes that are no whole numbers from 0 to 4."


def of_good(name, place, value):
    changed = GOOD[name].copy()
    changed[place] = value
    return {name: changed}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"X": np.zeros(4)}, f"{SHAPES} (4,), (4,) and (4,)"),
        ({"X": np.zeros((4, 3, 1))}, f"{SHAPES} (4, 3, 1), (4,) and (4,)"),
        ({"X": np.zeros((5, 3))}, f"{SHAPES} (5, 3), (4,) and (4,)"),
        ({"y": GOOD["y"][:3]}, f"{SHAPES} (4, 3), (3,) and (4,)"),
        ({"y": GOOD["y"][:, None]}, f"{SHAPES} (4, 3), (4, 1) and (4,)"),
        ({"weight": GOOD["weight"][:3]}, f"{SHAPES} (4, 3), (4,) and (3,)"),
        ({name: values[:0] for name, values in GOOD.items()}, f"{SHAPES} (0, 3), (0,) and (0,)"),
        (of_good("X", (3, 2), np.nan), VALUES),
        (of_good("X", (0, 0), -np.inf), VALUES),
        (of_good("weight", 3, np.nan), VALUES),
        (of_good("weight", 0, np.inf), VALUES),
        (of_good("weight", 2, -0.001), VALUES),
        ({"y": GOOD["y"].astype(float)}, CLASSES),
        (of_good("y", 0, -1), CLASSES),
        (of_good("y", 3, 5), CLASSES),
    ],
)
def test_each_thing_that_a_probe_cannot_be_fitted_on_is_refused_by_itself(changed, said):
    assert checked(Prepared(**GOOD), CARD, 5).X is GOOD["X"]
    with pytest.raises(ProbeError) as raised:
        checked(Prepared(**GOOD | changed), CARD, 5)
    more = ", expected (m, width), (m,) and (m,)." if said.startswith(SHAPES) else ""
    assert str(raised.value) == said + more


def test_one_text_and_unsigned_classes_are_enough():
    one = Prepared(np.ones((1, 1)), np.array([4], dtype=np.uint8), np.zeros(1))
    assert checked(one, CARD, 5) is one
    with pytest.raises(ProbeError) as raised:
        checked(one, CARD, 4)
    assert str(raised.value) == (
        "Method 'planted' prepared classes that are no whole numbers from 0 to 3."
    )


def part_of(sees="source", *, length=False, fold=None):
    training = Training.of(X, LABEL, fold or rows(), None)
    return next(training.parts(method(untouched, sees, length=length).card))


def test_source_texts_are_read_by_the_probe_where_their_predictions_count():
    part = part_of()
    source, wide = part.source, np.ones((3, 4), dtype=np.float32)

    def finish(known, scored):
        return scored

    def doubled(values):
        return np.concatenate([values, values[:, :2]], axis=1)

    def shape(**own):
        prepared = Prepared(**{"X": source.X, "y": source.y, "weight": source.weight} | own)
        return part.source_rows(prepared).shape

    n = len(TRAIN)
    assert shape() == (0, 6)
    assert shape(X=wide, transform=lambda values: values[:, :4]) == (0, 4)
    assert shape(finish=finish) == (n, 6)
    moved = {"X": np.ones((2, 8), dtype=np.float32), "transform": doubled, "finish": finish}
    assert shape(**moved) == (n, 8)
    prepared = Prepared(y=source.y, weight=source.weight, **moved)
    np.testing.assert_array_equal(part.source_rows(prepared), doubled(source.X))


@pytest.mark.parametrize("missing", ["length", "scored_length"])
def test_lengths_of_training_and_of_scored_texts_are_both_needed(missing):
    fold = rows()
    bare = replace(fold, origin=replace(fold.origin, **{missing: None}))
    with pytest.raises(ProbeError) as raised:
        part_of(length=True, fold=bare)
    assert str(raised.value) == (
        "Method 'planted' needs to know how long each text is: fit it through a run, or give the "
        "FoldRows an origin with lengths."
    )
    assert part_of(fold=bare).source.length is None


def test_what_a_resample_drew_twice_stands_twice_at_half_its_weight():
    drawn = np.ones(len(CORPUS))
    drawn[TRAIN[:3]] = 0, 2, 3
    fold = rows(drawn=drawn)
    weight = np.where(np.arange(len(TRAIN)) == 4, 0.0, fold.weight)
    training = Training.of(X, LABEL, fold, weight)
    places = [1, 1, 2, 2, 2, 3, *range(5, len(TRAIN))]
    np.testing.assert_array_equal(training.source.y, LABEL[TRAIN[places]])
    np.testing.assert_array_equal(training.groups, places)
    np.testing.assert_allclose(training.source.weight[:6], np.repeat(WEIGHT[1:4], [2, 3, 1]))
    assert training.source.few.sum() == 0
    assert training.source.X.dtype == training.predict.dtype == np.float32
    for name in ("X", "y", "corpus", "family", "weight", "few", "length"):
        assert not getattr(training.source, name).flags.writeable
    assert not training.predict.flags.writeable
    assert not training.length.flags.writeable


def test_rows_that_nobody_weighs_or_counts_weigh_one_and_stand_once():
    fold = replace(rows(), weight=None, count=None, groups=None)
    training = Training.of(X, LABEL, fold, None)
    assert set(training.source.weight) == {1.0}
    assert training.groups is None
    mean, spread = X[TRAIN].mean(0), X[TRAIN].std(0)
    np.testing.assert_allclose(training.source.X, (X[TRAIN] - mean) / spread, atol=1e-4)
    np.testing.assert_allclose(training.predict, (X[PREDICT] - mean) / spread, atol=1e-4)


def test_each_scored_corpus_is_a_part_and_the_source_is_one_for_all():
    training = Training.of(X, LABEL, rows(), None)
    (whole,) = training.parts(method(untouched).card)
    assert whole.places.tolist() == list(range(len(PREDICT)))
    assert whole.unlabelled is None
    parts = list(training.parts(method(untouched, "unlabelled").card))
    assert [part.places.tolist() for part in parts] == [list(range(30)), list(range(30, 50))]
    for part in parts:
        np.testing.assert_array_equal(part.unlabelled, training.predict[part.places])
        assert not part.unlabelled.flags.writeable
        assert part.source.few.sum() == 0


def test_what_is_finished_is_what_the_method_says_of_each_text_or_of_all():
    def finish(known, scored):
        assert not known.flags.writeable
        assert not scored.flags.writeable
        return (scored + known.sum() + len(scored)).astype(np.float32)

    scored = np.array([0.25, 4.0, 2.0])
    for sees, count in (("source", 1), ("unlabelled", 3)):
        part, known = part_of(sees), np.array([1.0, 2.5])
        prepared = Prepared(part.source.X, part.source.y, part.source.weight, finish=finish)
        found = part.finished(prepared, known, scored)
        assert found.tolist() == (scored + 3.5 + count).tolist()
        assert found.dtype == np.float64
        assert part.finished(prepared, known, scored[:0]).tolist() == []
        known.flags.writeable = False
        assert part.finished_alone(prepared, known, scored).tolist() == (scored + 4.5).tolist()


@pytest.mark.parametrize(
    ("prepared", "said"),
    [
        (
            {"transform": lambda values: values[0]},
            "transform of method 'planted' gave shape (6,), expected (1, 6).",
        ),
        (
            {"transform": lambda values: values * np.inf},
            "transform of method 'planted' gave a value that isn't finite.",
        ),
        (
            {"finish": lambda known, scored: scored[:0]},
            "finish of method 'planted' gave shape (0,), expected (1,).",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_a_method_says_of_a_text_has_a_shape_and_is_finite(prepared, said):
    part = part_of()
    source = part.source
    ready = Prepared(source.X, source.y, source.weight, **prepared)
    with pytest.raises(ProbeError) as raised:
        part.first_answers(ready)
    assert str(raised.value) == said


def test_a_method_is_asked_again_of_its_first_four_texts_and_of_four_predictions():
    part = part_of()
    shown = []

    def transform(values):
        shown.append(values[0])
        return values

    source = part.source
    ready = Prepared(source.X, source.y, source.weight, transform, lambda known, scored: scored)
    features, finished = part.first_answers(ready)
    np.testing.assert_array_equal(shown, part.training.predict[:4])
    np.testing.assert_array_equal(features, part.training.predict[:4])
    assert finished.tolist() == [0, 1, 2, 3]
    again = part.watching(ready)
    assert len(shown) == 8
    again()
    assert len(shown) == 12
    assert part_of("unlabelled").watching(ready)() is None
    assert len(shown) == 12


@pytest.mark.parametrize("which", ["transform", "finish"])
@pytest.mark.parametrize(
    ("before", "change", "told"),
    [(1.0, 0.0, False), (1.0, 5e-5, False), (1.0, 2e-4, True), (0, 5e-7, False), (0, 5e-6, True)],
)
def test_an_answer_may_differ_by_a_rounding_and_no_more(which, before, change, told):
    """By one in ten thousand, or by a millionth."""
    part, now = part_of(), [before]
    source = part.source
    own = {
        "transform": lambda values: np.full((1, 6), now[0], dtype=np.float64),
        "finish": lambda known, scored: np.full(1, now[0]),
    }
    again = part.watching(Prepared(source.X, source.y, source.weight, **{which: own[which]}))
    now[0] += change
    if not told:
        again()
        return
    with pytest.raises(ProbeError) as raised:
        again()
    assert str(raised.value) == (
        "Method 'planted' says that it sees the source alone, but what it makes of a text depends "
        "on the texts that it was shown before: keep nothing in transform and finish, or say "
        'sees="unlabelled" on its card.'
    )


def test_the_first_and_the_last_setting_have_a_number():
    settings = MethodSettings(Penalty(name="a", values=(9.0, 3.0), strongest="largest"), (2.0, 1.0))
    pairs = [(9.0, 2.0), (9.0, 1.0), (3.0, 2.0), (3.0, 1.0)]
    assert [settings.pair(float(n)) for n in range(1, 5)] == pairs
    assert settings.axis.values == (1.0, 2.0, 3.0, 4.0)
    for value in (0.0, 5.0, 4.5, 0.5, -1.0):
        with pytest.raises(ProbeError, match=f"There is no setting {value:g}: .* 1 to 4"):
            settings.pair(value)


# -- how many fits, and what they are put together from --------------------------------------------


@pytest.fixture
def counted(monkeypatch):
    """Sizes of what the probe is fitted on, a fit each: rows, penalties, groups or none."""
    seen = []

    def counting(spec, options, features, y, folds, *, penalties, seeds):
        (fold,) = folds
        seen.append((len(fold.train), penalties, fold.groups is not None))
        return fit_paths(spec, options, features, y, folds, penalties=penalties, seeds=seeds)

    monkeypatch.setattr(method_fits, "fit_paths", counting)
    return seen


N = len(TRAIN)


def test_what_is_fitted_alike_is_fitted_once_for_all_scored_corpora(counted):
    def same_for_all(source, unlabelled, options):
        return Prepared(source.X * 1, source.y, source.weight)

    def by_corpus(source, unlabelled, options):
        return Prepared(source.X, source.y, source.weight * len(unlabelled))

    def of_labels(source, unlabelled, options):
        y = source.y.copy()
        y[: len(unlabelled)] = 4
        return Prepared(source.X, y, source.weight)

    for prepare, count in ((untouched, 1), (same_for_all, 1), (by_corpus, 2), (of_labels, 2)):
        del counted[:]
        assert not isinstance(fitted(method(prepare, "unlabelled"))[0], FitFailure)
        assert counted == [(N, (10.0,), True)] * count, prepare.__name__


def test_features_of_another_type_or_shape_are_other_features(counted):
    def of_type(source, unlabelled, options):
        kind = np.float64 if len(unlabelled) == 30 else np.float32
        return Prepared(source.X.astype(kind), source.y, source.weight)

    fitted(method(of_type, "unlabelled"))
    assert len(counted) == 2


def test_strengths_that_change_predictions_alone_share_the_fits(counted):
    def finishing(source, unlabelled, options):
        return Prepared(
            source.X, source.y, source.weight,
            finish=lambda known, scored: scored * options.strength + known[:1],
        )  # fmt: skip

    spec = method(finishing, moves="predictions", strengths=(2.0, 0.5))
    values = wrap(spec, RIDGE).card.penalty.values
    found = fitted(spec, penalties=values[4:8])
    assert counted == [(N, (1e3, 1e2), True)]
    (path,) = fit_paths(
        *(RIDGE, ProbeOptions(), X, LABEL),
        [replace(rows(), predict=np.concatenate([PREDICT, TRAIN]))],
        penalties=(1e3, 1e2),
    )
    for i, (plain,) in enumerate(path):
        scored, known = plain.predictions[: len(PREDICT)], plain.predictions[len(PREDICT)]
        for k, strength in enumerate((2.0, 0.5)):
            fit = found[2 * i + k]
            np.testing.assert_allclose(fit.predictions, scored * strength + known, atol=1e-4)
            np.testing.assert_array_equal(fit.predictions, fit.scores)


def test_settings_stand_in_the_order_in_which_they_are_asked_for(counted):
    def scaled(source, unlabelled, options):
        return Prepared(source.X, source.y, source.weight * options.strength)

    spec = method(scaled, strengths=(2.0, 0.5))
    order = (4.0, 1.0, 3.0, 2.0)
    found = fitted(spec, penalties=order)
    # Settings 4, 1, 3, 2 are 1e4 at 0.5, 1e5 at 2, 1e4 at 2 and 1e5 at 0.5.
    assert counted == [(N, (1e4, 1e5), True), (N, (1e5, 1e4), True)]
    for number, fit in zip(order, found, strict=True):
        (alone,) = fitted(spec, penalties=(number,))
        np.testing.assert_allclose(fit.predictions, alone.predictions, atol=1e-9)


@pytest.mark.parametrize("part", ["X", "y", "weight", "transform"])
def test_whatever_a_method_makes_anew_is_no_longer_the_plain_probe(counted, part):
    """Rows of all parts are then read by its own fit."""

    def prepare(source, unlabelled, options):
        new = {
            "X": source.X.copy(), "y": source.y.copy(), "weight": source.weight.copy(),
            "transform": lambda values: values + 0,
        }  # fmt: skip
        return replace(untouched(source, unlabelled, options), **{part: new[part]})

    spec = method(prepare, strengths=(2.0, 0.5))
    fitted(spec, penalties=(1.0, 2.0))
    assert len(counted) == 2, "one a strength"
    del counted[:]
    fitted(method(untouched, strengths=(2.0, 0.5)), penalties=(1.0, 2.0))
    assert len(counted) == 1


def test_groups_of_texts_are_kept_where_there_are_as_many(counted):
    def fewer(source, unlabelled, options):
        return Prepared(source.X[:-1], source.y[:-1], source.weight[:-1])

    def turned(source, unlabelled, options):
        return Prepared(source.X[::-1], source.y[::-1], source.weight[::-1])

    fitted(method(fewer))
    fitted(method(turned))
    assert counted == [(N - 1, (10.0,), False), (N, (10.0,), True)]


def test_a_fit_that_does_not_converge_for_one_corpus_says_so_for_all():
    steps = {30: 2, 20: 5000}

    class Steps(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            self.max_iter = int(sample_weight.max())
            return super().fit(X, y)

    def prepare(source, unlabelled, options):
        return Prepared(source.X, source.y, np.full(len(source.y), float(steps[len(unlabelled)])))

    spec = ProbeSpec(ProbeCard(name="invented", description=".", kind="classifier"),
                     lambda options: Steps())  # fmt: skip
    for first, second in ((2, 5000), (5000, 2)):
        steps.update({30: first, 20: second})
        (((fit,),),) = fit_paths(
            wrap(method(prepare, "unlabelled"), spec), ProbeOptions(), X, LABEL, [rows()],
            penalties=(None,),
        )  # fmt: skip
        assert not fit.converged
        assert "failed to converge" in fit.message
        assert (fit.iterations == 2) == (second == 2), "that of the last corpus"
        assert np.isfinite(fit.predictions).all()


def test_a_classifier_without_continuous_scores_has_none_behind_a_method():
    class Bare:
        def fit(self, X, y, sample_weight=None):
            return self

        def predict(self, X):
            return np.ones(len(X))

    card = ProbeCard(name="bare", description=".", kind="classifier")
    spec = ProbeSpec(card, lambda options: Bare())

    def finishing(source, unlabelled, options):
        return Prepared(source.X, source.y, source.weight, finish=lambda known, scored: scored + 1)

    for prepare, value, scores in ((untouched, 1.0, None), (finishing, 2.0, 2.0)):
        for sees in ("source", "unlabelled"):
            (((fit,),),) = fit_paths(
                wrap(method(prepare, sees), spec), ProbeOptions(), X, LABEL, [rows()],
                penalties=(None,),
            )  # fmt: skip
            assert set(fit.predictions) == {value}
            assert (None if fit.scores is None else set(fit.scores)) == (scores and {scores})


@pytest.mark.parametrize(
    ("device", "probe", "folds", "workers"),
    [
        ("cpu", "ridge", 2, 2),
        ("cpu", "ridge", 5, 3),
        ("cuda", "ridge", 2, 1),
        ("cpu", "plain", 2, 1),
    ],
)
def test_folds_are_spread_over_cores_where_the_probe_computes_by_itself(
    monkeypatch, device, probe, folds, workers
):
    asked = []

    def over(function, items, count):
        asked.append((len(items), count))
        return []

    monkeypatch.setattr(method_fits, "over_cores", over)
    monkeypatch.setattr(method_fits, "usable_cores", lambda: 3)
    plain = ProbeSpec(ProbeCard(name="plain", description=".", kind="regressor"), Nowhere)
    inner = RIDGE if probe == "ridge" else plain
    made = wrap(method(untouched), inner).make(ProbeOptions())
    made.options = ProbeOptions(device=device)
    made.fit_paths(X, LABEL, [rows()] * folds, penalties=(1.0,))
    assert asked == [(folds, workers)]


def test_each_seed_makes_a_method_of_its_own_and_is_told_to_it():
    seen = []

    def prepare(source, unlabelled, options):
        seen.append(options)
        return Prepared(source.X, source.y, source.weight * (1 + options.seed))

    card = method(prepare).card.model_copy(update={"seeded": True})
    spec = wrap(MethodSpec(card, method(prepare).make), RIDGE)
    options = ProbeOptions(n_classes=6)
    made = spec.make(options)
    ((fits,),) = made.fit_paths(X, LABEL, [rows()], penalties=(10.0,), seeds=(4, None))
    assert seen == [MethodOptions(4, "cpu", 6, None), MethodOptions(0, "cpu", 6, None)]
    assert np.abs(fits[0].predictions - fits[1].predictions).max() > 1e-4
    ((alone,),) = made.fit_folds(X, LABEL, [rows()], seeds=(None,))
    assert alone.predictions.shape == fits[1].predictions.shape


# -- layers put together ---------------------------------------------------------------------------


def test_weights_of_layers_are_shares_of_their_sum():
    (fit,) = of_layers(ensemble(lambda layers, options: [2.0, 0.0, 6.0]))
    first, last = (of_layers(RIDGE, LAYERS[k])[0].predictions for k in (0, 2))
    np.testing.assert_allclose(fit.predictions, first / 4 + last * 3 / 4, atol=1e-9)
    assert not np.shares_memory(fit.predictions, fit.scores)
    assert fit.iterations is None


def test_a_layer_whose_fit_does_not_converge_says_so_for_all():
    class Steps(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            hard = abs(float(X[0, 0])) > 1e3
            self.max_iter, self.tol = (2, 1e-9) if hard else (50, 1e3)
            return super().fit(X, y)

    probe = ProbeSpec(
        ProbeCard(name="invented", description=".", kind="classifier"), lambda options: Steps()
    )
    spec = ensemble(lambda layers, options: np.ones(layers), probe=probe)
    fold = replace(rows(), count=None, weight=np.ones(len(TRAIN)))
    easy, hard = X, X * 1e4
    for layers, converged in (((easy, easy), True), ((hard, easy), False), ((easy, hard), False)):
        (((fit,),),) = fit_paths(spec, ProbeOptions(), layers, LABEL, [fold], penalties=(None,))
        assert fit.converged == converged
        assert ("failed to converge" in fit.message) == (not converged)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([[1.0, 1.0, 1.0]], "gave weights of shape (1, 3), expected (3,), all finite."),
        ([1.0, 1.0, np.inf], "gave weights of shape (3,), expected (3,), all finite."),
        ([0.5, 0.5, -0.001], "gave a weight below zero, or nothing but zeros."),
        ([0, 0, 0], "gave a weight below zero, or nothing but zeros."),
    ],
)
def test_each_thing_that_is_wrong_with_weights_is_told_in_full(weights, said):
    (failure,) = of_layers(ensemble(lambda layers, options: weights))
    assert failure == FitFailure(f"weigh of method 'planted' {said}")


def test_seeds_and_weights_of_rows_reach_the_fits_of_each_layer():
    class Noisy(Nowhere):
        def __init__(self, options):
            self.seed = options.seed

        def fit(self, X, y, sample_weight=None):
            self.mean = np.average(y, weights=sample_weight)
            return self

        def predict(self, X):
            return np.full(len(X), self.mean + 10 * self.seed)

    card = ProbeCard(name="noisy", description=".", kind="regressor", seeded=True)
    spec = ensemble(lambda layers, options: np.ones(layers), probe=ProbeSpec(card, Noisy))
    bare = replace(rows(), weight=None, count=None)
    heavy = np.where(LABEL == 4, 5.0, 1.0)
    ((fits,),) = fit_paths(
        spec, ProbeOptions(), LAYERS, LABEL, [bare], penalties=(None,), sample_weight=heavy,
        seeds=(1, 3),
    )  # fmt: skip
    mean = np.average(LABEL[TRAIN], weights=heavy[TRAIN])
    assert [fit.predictions[0] for fit in fits] == pytest.approx([mean + 10, mean + 30])


# -- names and cards -------------------------------------------------------------------------------


def test_the_card_of_a_wrapped_probe_is_that_of_both():
    base = method(untouched).card.model_copy(
        update={"description": "It does.", "paper": "Doe (2020)", "strengths": (2.0, 0.25)}
    )
    penalty = Penalty(name="C", values=(0.5, 10.0), strongest="smallest")
    probe = ProbeCard(
        name="lead", description="A probe.", kind="classifier", params={"a": 1, "strengths": "x"},
        penalty=penalty, source="Roe (2021)", extra="mlp",
    )  # fmt: skip
    assert wrapped_card(base, probe) == ProbeCard(
        name="planted+lead",
        description="It does; then lead: A probe.",
        kind="classifier",
        params={
            "a": 1, "strengths": "2 0.25", "method": "planted", "sees": "source", "Cs": "0.5 10",
        },
        penalty=Penalty(name="setting", values=(1.0, 2.0, 3.0, 4.0), strongest="smallest"),
        source="Doe (2020); Roe (2021)",
        extra="mlp",
    )  # fmt: skip
    plain = probe.model_copy(update={"penalty": None, "source": "", "layer_from": "ridge"})
    for seeded in ((True, False), (False, True), (False, False), (True, True)):
        own = base.model_copy(update={"seeded": seeded[0], "strengths": (), "moves": "predictions"})
        card = wrapped_card(own, plain.model_copy(update={"seeded": seeded[1]}))
        assert card.seeded == any(seeded)
        assert card.kind == "regressor"
        assert card.params == {"a": 1, "strengths": "x", "method": "planted", "sees": "source"}
        assert (card.layer_from, card.penalty) == ("planted+ridge", None)
        assert card.source == "Doe (2020)"
    follows = probe.model_copy(update={"layer_from": "ridge"})
    assert wrapped_card(base, follows).penalty is None
    kinds = {
        moves: wrapped_card(base.model_copy(update={"moves": moves}), probe).kind
        for moves in ("features", "weights", "labels", "predictions", "layers")
    }
    assert [kind == "regressor" for kind in kinds.values()] == [False, False, False, True, True]


def test_names_that_make_no_probe_are_told_in_full():
    for name, said in (
        (
            "centre+moments+ridge",
            "The probe 'centre+moments+ridge' has more than one method before it: write "
            "METHOD+PROBE, with one.",
        ),
        (
            "centre+ngrams",
            "Probe 'ngrams' reads texts, and method 'centre' changes features: wrap a probe of "
            "features, ridge say.",
        ),
    ):
        with pytest.raises(UserError) as raised:
            find_probe(HOST, name)
        assert str(raised.value) == said
    for sees in ("unlabelled", "labels"):
        with pytest.raises(PluginError) as raised:
            ensemble(lambda layers, options: np.ones(layers), sees=sees)
        assert str(raised.value) == (
            f"Method 'planted' puts layers together and says that it sees {sees}: it is shown no "
            'text, so say sees="source".'
        )
    assert find_probe(HOST, "ridge").card == RIDGE.card
    assert wrap(method(untouched), RIDGE).reads == "features"


def test_a_wrapped_probe_is_made_at_the_setting_of_its_options():
    spec = wrap(method(untouched, strengths=(2.0, 0.5)), RIDGE)
    for penalty, strength in ((None, 2.0), (1.0, 2.0), (2.0, 0.5), (3.0, 2.0)):
        options = ProbeOptions(seed=3, penalty=penalty, n_classes=6)
        _, planted, _, inner = spec.make(options).sources()
        assert planted.options == MethodOptions(3, "cpu", 6, strength)
        assert inner.alpha == RIDGE.make(ProbeOptions()).alpha
    asked = []

    def weighing(source, unlabelled, options):
        asked.append(options.strength)
        return Prepared(source.X, source.y, source.weight * options.strength)

    weighs = wrap(method(weighing, strengths=(2.0, 0.5)), RIDGE)
    made = weighs.make(ProbeOptions(penalty=4.0))
    ((alone,),) = made.fit_folds(X, LABEL, [rows()])
    (((fit,),),) = made.fit_paths(X, LABEL, [rows()], penalties=(4.0,))
    np.testing.assert_array_equal(alone.predictions, fit.predictions)
    assert asked == [0.5, 0.5]
