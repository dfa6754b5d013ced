"""`recalibrate`: k labels of an unseen corpus refit location and scale of the predictions alone."""

from __future__ import annotations

import numpy as np

from cefrbench.analyses.chosen import choices_of
from cefrbench.analyses.curves import Curve
from cefrbench.analyses.price import PROTOCOL, before, draw_all, recalibrated_qwk, records
from cefrbench.analyses.studied import Studied, Yielded
from cefrbench.results.model import AnalysisNote

NAME = "recalibrate"


def recalibrate(studied: Studied) -> Yielded:
    """Move every probe's predictions with the corpus's family left out; nothing is fitted anew.

    Recut and Spearman stand at k = 0 alone: they read an order, which no line changes.

    Parameters
    ----------
    studied : Studied
    """
    labels = draw_all(studied, NAME)
    yield from labels.notes
    table = studied.table
    for probe in studied.probes:
        curve = Curve()
        chosen = choices_of(studied, PROTOCOL, probe)
        if chosen and all(np.isnan(one.scores).all() for one in chosen):
            cause = f"Probe {probe.name!r} has no continuous scores, so there is nothing to move."
            yield AnalysisNote(analysis=NAME, protocol=PROTOCOL, cause=cause)
            continue
        for one in chosen:
            for corpus in one.fold.scored:
                for draw in labels.drawn[corpus].draws:
                    base = before(table, one, draw)
                    curve.add(corpus, 0, len(draw.rest), base)
                    for k in labels.drawn[corpus].sizes:
                        value = recalibrated_qwk(table, one, draw, k)
                        gain = value - base["qwk"]
                        curve.add(corpus, k, len(draw.rest), {"qwk": value, "qwk_gain": gain})
        yield from records(NAME, PROTOCOL, probe.name, curve, labels.whole)
