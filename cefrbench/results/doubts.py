"""What in a result should make a reader doubt it, before any figure is believed."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench.results.model import RunResult
from cefrbench.results.selection import sides

#: QWK by which a score out of distribution may pass the one in it. Of the published runs no probe
#: passes it at all; one that had kept all texts that it saw did by far more.
MARGIN = 0.1


def doubts(result: RunResult) -> Iterator[str]:
    """Say, a sentence each, which probes do better on corpora never seen than on seen ones."""
    found = sides(result.protocols, {record.protocol for record in result.summary})
    if len(found) < 2:
        return
    inside, outside = found["in"], found["out"]
    scores = {(one.protocol, one.probe): one.chosen or one.oracle for one in result.summary}
    for probe in dict.fromkeys(record.probe for record in result.summary):
        seen, unseen = scores.get((inside, probe)), scores.get((outside, probe))
        if seen is None or unseen is None or seen.qwk is None or unseen.qwk is None:
            continue
        if unseen.qwk > seen.qwk + MARGIN:
            yield (
                f"{probe} has a QWK of {unseen.qwk:.3f} on corpora that it was not trained on "
                f"({outside}), and of {seen.qwk:.3f} on those that it was ({inside}): that is what "
                "a probe or an encoder gives that has seen the scored texts"
            )
