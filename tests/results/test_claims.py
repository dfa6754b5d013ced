"""The claim ladder: what stands on each rung, each test by itself, and the words of a verdict."""

import numpy as np
import pytest
from explanation_factory import claim, rung
from result_factory import make_result, write_made

from cefrbench.results.claims import (
    LADDER,
    NAMED,
    Beside,
    Rival,
    climb,
    find_references,
    make_claim,
    verdict,
)
from cefrbench.results.parts import Explained
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates
from cefrbench.statistics.pairs import these_corpora
from cefrbench.statistics.resampling import TextWeights

# -- the tests -------------------------------------------------------------------------------------


def drawn(estimate, sd=0.02, refits=0, seed=0):
    """A score that varies by ``sd`` over texts, and over refits by half of that."""
    rng = np.random.default_rng(seed)
    return Replicates(
        estimate=estimate,
        values=estimate + rng.normal(0, sd, 200),
        luck=rng.normal(0, sd / 3, 200),
        spread=sd**2 / 9,
        doubt=sd**4 / 81,
        refits=estimate + rng.normal(0, sd / 2, refits),
        texts=np.arange(10, dtype=np.uint64),
        influence=rng.normal(0, sd / 9, 10),
        corpora={"alpha": estimate},
    )


def constant(value, like):
    """A score that never varies."""
    none = {"values": np.full(200, value), "luck": np.zeros(200), "influence": np.zeros(10)}
    rest = {"texts": like.texts, "refits": np.zeros(0), "corpora": {}}
    return Replicates(estimate=value, spread=0.0, doubt=0.0, **none, **rest)


def holm(p):
    found, worst = {}, 0.0
    for place, (name, one) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, one * (len(p) - place)))
        found[name] = worst
    return found


@pytest.mark.parametrize(("own", "refits"), [(0, 4), (4, 0), (0, 0), (4, 4)])
def test_each_rung_is_tested_against_its_own_rival_and_corrected_over_all(own, refits):
    best = drawn(0.5, refits=own)
    rivals = {
        "untrained": drawn(0.1, seed=1, refits=refits),
        "layer 0": None,
        "length": drawn(0.49, seed=2, refits=refits),
        "surface": drawn(0.3, seed=3, refits=refits),
        "complexity": drawn(0.9, seed=4, refits=refits),
        "ud": drawn(float("nan"), seed=5, refits=refits),
    }
    found = climb(
        "good",
        "lofo",
        "ridge",
        best,
        [Rival(name, f"r-{name}", f"p-{name}", one, "gone" * (one is None))
         for name, one in rivals.items()],
    )  # fmt: skip
    assert [
        (one.name, one.status, one.reason, one.reference, one.probe) for one in found.rungs
    ] == [
        ("majority", "passed", "", None, None),
        ("untrained", "passed", "", "r-untrained", "p-untrained"),
        ("layer 0", "untested", "gone", "r-layer 0", "p-layer 0"),
        ("length", "not shown", "", "r-length", "p-length"),
        ("surface", "passed", "", "r-surface", "p-surface"),
        ("complexity", "worse", "", "r-complexity", "p-complexity"),
        ("ud", "untested", "the texts are too few, or have one level only", "r-ud", "p-ud"),
    ]
    able = {"majority": constant(0.0, best), **rivals}
    tests = {}
    for name in ("majority", "untrained", "length", "surface", "complexity"):
        errors = errors_of([best, able[name]])
        tests[name] = these_corpora(0.5 - able[name].estimate, errors), errors.error[0, 1]
    corrected = holm({name: float(test.p[0, 1]) for name, (test, _) in tests.items()})
    for one in found.rungs:
        if one.name not in tests:
            empty = (one.p, one.p_holm, one.qwk, one.difference and one.difference.value)
            assert empty == (None,) * 4
            continue
        test, error = tests[one.name]
        assert one.qwk == able[one.name].estimate
        assert one.difference.model_dump() == pytest.approx(
            {
                "value": 0.5 - able[one.name].estimate,
                "low": test.low[0, 1],
                "high": test.high[0, 1],
                "error": error,
                "refits": own if one.name == "majority" else max(own, refits),
            }
        )
        assert one.p == pytest.approx(test.p[0, 1])
        assert one.p_holm == pytest.approx(corrected[one.name])
    assert (found.height, found.top, found.probe, found.protocol) == (
        2,
        "untrained",
        "ridge",
        "lofo",
    )
    assert (found.qwk.value, found.qwk.refits) == (0.5, own)
    assert found.verdict == verdict("good", found)


def test_what_is_shown_by_itself_may_not_be_after_holm():
    """2.1 errors are at .036: shown as the last of all tests, not as one of two that are left."""
    best = drawn(0.5)
    error = errors_of([best, drawn(0.4, seed=1)]).error[0, 1]
    near = [Rival("untrained", "r", "ridge", drawn(0.5 - 2.1 * error, seed=1))]
    shown = climb("good", "lofo", "ridge", best, near)
    assert [one.status for one in shown.rungs] == ["passed", "passed"]
    near *= 2
    shown = climb("good", "lofo", "ridge", best, near)
    assert [one.status for one in shown.rungs] == ["passed", "not shown", "not shown"]


def test_who_passes_nothing_has_no_top():
    found = climb("weak", "lofo", "ridge", drawn(0.001), [])
    assert [one.status for one in found.rungs] == ["not shown"]
    assert (found.height, found.top) == (0, None)
    assert found.verdict == (
        "weak is not shown to read more than the humblest reference out of distribution; there it "
        "stops: it is not shown to be better than one level for all texts."
    )


# -- in words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rungs", "height", "said"),
    [
        (
            [("majority", "worse", "")],
            0,
            "good is not shown to read more than the humblest reference out of distribution; there "
            "it stops: it is worse than one level for all texts.",
        ),
        (
            [("majority", "passed", ""), ("untrained", "untested", "It is gone.")],
            1,
            "good reads more than one level for all texts out of distribution; there it stops: an "
            "untrained model is untested (It is gone).",
        ),
        (
            [
                ("majority", "passed", ""),
                ("untrained", "passed", ""),
                ("layer 0", "not shown", ""),
                ("length", "passed", ""),
                ("surface", "worse", ""),
            ],
            2,
            "good reads more than one level for all texts and an untrained model out of "
            "distribution; there it stops: it is not shown to be better than its own layer 0, "
            "subwords without context (higher up it is better than length).",
        ),
        (
            [
                ("majority", "passed", ""),
                ("untrained", "passed", ""),
                ("length", "passed", ""),
                ("surface", "worse", ""),
                ("complexity", "passed", ""),
                ("ud", "passed", ""),
            ],
            3,
            "good reads more than one level for all texts, an untrained model and the length of "
            "the text out of distribution; there it stops: it is worse than surface features "
            "(higher up it is better than complexity and ud).",
        ),
        (
            [("majority", "passed", ""), ("untrained", "passed", "")],
            2,
            "good reads more than one level for all texts and an untrained model out of "
            "distribution: it comes to the top of the ladder.",
        ),
    ],
)
def test_a_verdict_says_how_far_it_comes_and_why_no_farther(rungs, height, said):
    assert verdict("good", claim(*(rung(*one) for one in rungs), height=height)) == said


# -- what stands on the rungs ----------------------------------------------------------------------

OPTIONS = {
    "corpora": ("alpha", "beta"),
    "texts": 20,
    "layers": (1, 2),
    "probes": ("ridge", "ordinal"),
    "protocols": ("iid", "loco"),
    "refits": 0,
}
WEAK = make_result("weak", skill=0.1, role="control", **OPTIONS)
STRONG = make_result("strong", skill=0.7, role="control", **OPTIONS)
LOST = make_result("lost", role="control", **OPTIONS | {"protocols": ("iid",)})
BEST = make_result("best", skill=1.0, **OPTIONS)
LENGTH = make_result("length", skill=0.3, role="reference", **OPTIONS)
SURFACE = make_result("surface", role="reference", **OPTIONS | {"texts": 25})
OWN = make_result("own", skill=0.9, references=(WEAK[0], LENGTH[0], BEST[0]), **OPTIONS)


def made(found, entry=OWN, probe=None):
    source = Explained.of(*entry, TextWeights(50))
    return make_claim(source, "loco", probe or favoured_probe(entry[0]).probe, found)


def standing(claimed):
    return {one.name: (one.reference, one.probe, one.qwk, one.reason) for one in claimed.rungs}


def qwk(entry, probe, kind="chosen"):
    (record,) = (r for r in entry[0].summary if (r.protocol, r.probe) == ("loco", probe))
    return pytest.approx(getattr(record, kind).qwk)


def test_each_rung_has_its_reference_with_the_probe_that_it_favours():
    beside = Beside((LOST, BEST, WEAK, STRONG, LENGTH, SURFACE), {"ud": "It is broken."})
    claimed = made(beside)
    own, strong, length, surface = (
        favoured_probe(one[0]).probe for one in (OWN, STRONG, LENGTH, SURFACE)
    )
    found = standing(claimed)
    assert list(found) == ["majority", "untrained", "layer 0", *NAMED] == list(LADDER)
    other = found.pop("surface")
    assert found == {
        "majority": (None, None, 0.0, ""),
        "untrained": ("strong", strong, qwk(STRONG, strong), ""),
        "layer 0": ("own", own, qwk(OWN, own, "embedding"), ""),
        "length": ("length", length, qwk(LENGTH, length), ""),
        "complexity": (None, None, None, "no result of complexity lies beside it"),
        "ud": (None, None, None, "It is broken."),
    }
    assert other[:3] == ("surface", surface, None)
    assert other[3].startswith("The predictions of own and surface on ")
    assert claimed.qwk.value == qwk(OWN, own)
    assert claimed.probe == own


def test_of_untrained_models_the_strongest_is_taken_whatever_their_order():
    for order in ((WEAK, STRONG), (STRONG, WEAK), (LOST, STRONG), (STRONG, LOST)):
        assert standing(made(Beside(order, {})))["untrained"][0] == "strong"
    assert standing(made(Beside((WEAK,), {})))["untrained"][0] == "weak"
    below = standing(made(Beside((LENGTH,), {})))["untrained"]
    assert below == (None, None, None, "no untrained model lies beside it")


def test_why_no_untrained_model_is_there_is_said_of_the_first_reason():
    probe = favoured_probe(LOST[0]).probe
    reason = f"lost has no predictions of {probe} under loco"
    found = [
        (Beside((LOST,), {"weak": "It is broken."}), reason),
        (Beside((), {"weak": "It is broken."}), "It is broken."),
        (Beside((), {"best": "?", "length": "It is broken."}), "no untrained model lies beside it"),
    ]
    for beside, said in found:
        assert standing(made(beside))["untrained"] == (None, None, None, said)


def test_a_reference_stands_on_no_rung_of_its_own():
    claimed = made(Beside((SURFACE,), {}), LENGTH)
    assert list(standing(claimed)) == [name for name in LADDER if name != "length"]


def test_without_predictions_there_no_claim_is_made():
    source = Explained.of(*LOST, TextWeights(50))
    assert make_claim(source, "loco", "ridge", Beside((), {})) is None
    assert made(Beside((), {}), probe="knn") is None


def test_in_the_studys_form_no_layer_0_stands_beside():
    entry = make_result("own", form="study", **OPTIONS)
    found = standing(made(Beside((), {}), entry))["layer 0"]
    assert found == (None, None, None, "no layer 0 stands beside the layers chosen from")


# -- where references lie --------------------------------------------------------------------------

TINY = {
    "corpora": ("alpha", "beta"),
    "texts": 10,
    "layers": (1,),
    "probes": ("ridge",),
    "seeds": (0,),
    "protocols": ("iid",),
    "refits": 0,
}


def test_references_are_read_from_the_first_place_that_has_them(tmp_path):
    control, _ = make_result("my control", role="control", **TINY)
    path = write_made(tmp_path / "mine", "own", references=(control,), **TINY)
    path = path.rename(path.with_name("other.json"))
    result, _ = make_result("own", references=(control,), **TINY)
    write_made(tmp_path / "far", "length", skill=0.1, role="reference", **TINY)
    near = write_made(tmp_path / "near", "length", skill=0.2, role="reference", **TINY)
    write_made(tmp_path / "far", "my control", role="control", **TINY)
    write_made(
        tmp_path / "far",
        "surface",
        role="reference",
        **TINY | {"protocols": ("loco",), "texts": 12},
    )
    folders = [tmp_path / "near", tmp_path / "far"]
    found = find_references(result, path, folders)
    assert [one.encoder.name for one, _ in found.results] == ["length", "my control"]
    assert (
        found.results[0][0].summary
        == make_result("length", skill=0.2, role="reference", **TINY)[0].summary
    )
    assert "surface can't be compared: " in found.reasons.pop("surface")
    assert found.reasons == {
        name: f"no result of {name} lies beside it"
        for name in ("complexity", "ud", "random-qwen3-tiny")
    }
    (first, _), *_ = find_references(result, path, folders[::-1]).results
    assert first.summary == make_result("length", skill=0.1, role="reference", **TINY)[0].summary
    # Of two files in one folder it is the one of the same name.
    near.with_name("other.json").write_text("{}", "utf-8")
    found = find_references(result, path, folders)
    assert "length" in found.reasons
    assert [one.encoder.name for one, _ in found.results] == ["my control"]
