"""Samples of invented texts: their gold levels follow from their numbers, the rest is noise."""

import numpy as np

from cefrbench.results.parts import Explained
from cefrbench.statistics.resampling import TextWeights
from cefrbench.statistics.sample import Part, Refits, Sample, Scored


def make_part(corpus, texts, *place, noise=1.0, seeds=(None,), refits=0, flat=False, score=True):
    """Predictions of one corpus's texts; ``place`` names what the noise is drawn by."""
    codes = np.array(sorted(texts), dtype=np.uint64)
    gold = (codes % 5).astype(np.int64) * (not flat)
    scored = {}
    for seed in seeds:
        rng = np.random.default_rng([*repr((corpus, place, seed)).encode()])
        values = gold + rng.normal(0.3, noise, (1 + refits, len(codes)))
        again = Refits(values[1:], values[1:] if score else None) if refits else None
        scored[seed] = Scored(codes, gold, gold, values[0], values[0] if score else None, again)
    return Part.of("1", corpus, scored, 5)


def make_sample(probe, protocol, corpora, **options):
    """A probe under a protocol, over texts by corpus; ``flat`` names corpora of one level."""
    flat = options.pop("flat", ())
    parts = [
        make_part(name, texts, probe, protocol, flat=name in flat, **options)
        for name, texts in corpora.items()
    ]
    return Sample("0", probe, protocol, tuple(parts))


def explained(result, *raw, levels=()):
    """A result with samples in the place of its predictions."""
    made = [{(one.protocol, one.probe): one for one in some} for some in (raw, levels)]
    return Explained(result, None, *made, TextWeights(60))
