"""Planted explanations: figures as a test wants them, all else empty."""

from cefrbench.results.explanation import (
    Claim,
    ClaimRung,
    Decomposition,
    Drift,
    Explanation,
    Figure,
    LabelShift,
    LayerDecomposition,
    ShiftScore,
    SideScores,
)


def figure(value, half=0.1, **fields):
    """A value with as much on either side of it."""
    return Figure(value=value, low=value - half, high=value + half, **fields)


def make_explanation(**fields):
    """One of the encoder ``planted`` with the probe ``ridge``, whose figures are ``fields``."""
    empty = ("sentences", "decompositions", "layers", "residuals", "drifts", "label_shifts")
    rest = dict.fromkeys((*empty, "shifts", "analyses", "notes"), ())
    told = {"suite": "cefr-v1", "checksum": "0" * 64, "claim": None, "replicates": 200, "seed": 0}
    sides = {"inside": "iid", "outside": "lofo"}
    return Explanation(**{"encoder": "planted", "probe": "ridge", **rest, **told, **sides} | fields)


def sides(qwk=(0.8, 0.5)):
    """Scores of a protocol in distribution and of one out of it."""
    rest = dict.fromkeys(("levelled", "located", "scaled", "recut"))
    return {
        name: SideScores(protocol=protocol, qwk=one, **rest)
        for name, protocol, one in zip(("inside", "outside"), ("iid", "lofo"), qwk, strict=True)
    }


def decomposition(corpus=None, probe="ridge", corpora=("alpha", "beta"), qwk=(0.8, 0.5), **parts):
    """Of 1,234 texts, in the parts that are named."""
    own = {"probe": probe, "corpus": corpus, "corpora": corpora, "texts": 1234}
    return Decomposition(**own, parts=parts, **sides(qwk))


def layer(number, probe="ridge", **parts):
    """The parts of one layer."""
    return LayerDecomposition(probe=probe, layer=number, corpora=("alpha",), parts=parts, **sides())


def drift(measure, change, probe="ridge", corpus=None):
    """What one measure of predicted levels does."""
    ends = {"inside": figure(0.9), "outside": figure(0.7)}
    return Drift(probe=probe, corpus=corpus, measure=measure, change=change, **ends)


def label_shift(corpus, method, *, probe="ridge", misfit=0.1, distance=0.2, gain=None, cut=None):
    """One correction; ``gain`` and ``cut`` are what it gains of either."""
    return LabelShift(
        probe=probe,
        corpus=corpus,
        method=method,
        texts=40,
        prior=(0.5, 0.5),
        truth=(0.5, 0.5),
        distance=distance,
        misfit=misfit,
        qwk=figure(0.5),
        gain=gain or figure(0.0),
        cut=cut and figure(0.5),
        cut_gain=cut,
    )


def shift(protocol, words, *, probe="ridge", score="qwk", before=None, step=None):
    """One rung of the ladder of shifts."""
    return ShiftScore(
        probe=probe,
        protocol=protocol,
        words=words,
        score=score,
        corpora=("alpha",),
        texts=40,
        figure=figure(0.5),
        before=before,
        shared=("alpha",),
        shared_texts=40,
        step=step,
    )


def rung(name, status, reason=""):
    """One rung of the ladder of claims."""
    return ClaimRung(name=name, reference=None, probe=None, status=status, reason=reason)


def claim(*rungs, height, refits=0):
    """A claim with these rungs, of a QWK of 0.5."""
    return Claim(
        probe="ridge",
        protocol="lofo",
        qwk=figure(0.5, refits=refits),
        rungs=rungs,
        height=height,
        top=None,
        verdict="Planted verdict.",
    )
