"""What a score has to be read against: constant levels, and other encoders on the same splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cefrbench.results.model import RunResult, SummaryRecord
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class Reference:
    """One line to read a result against.

    Attributes
    ----------
    name : str
    probe : str
        Empty where nothing was fitted.
    scores : dict of str to Scores
        Mean over corpora, by protocol.
    """

    name: str
    probe: str
    scores: dict[str, Scores]


def references(result: RunResult) -> Iterator[Reference]:
    """Give what stands beside a result, from the humblest: the majority level first.

    Whoever gives every text one level agrees with raters as chance does: kappa is 0 by definition.
    """
    none = Scores.undefined().model_copy(update={"qwk": 0.0})
    yield Reference("majority level", "", {record.protocol: none for record in result.summary})
    probe = favoured_probe(result).probe
    own = [record for record in result.summary if record.probe == probe]
    embedding = {r.protocol: r.embedding for r in own if r.embedding is not None}
    for record in result.references:
        yield Reference(
            record.encoder.name, record.favoured, _chosen(record.summary, record.favoured)
        )
    if embedding:
        yield Reference("own layer 0", probe, embedding)


def _chosen(summary: Iterable[SummaryRecord], probe: str) -> dict[str, Scores]:
    found = {r.protocol: r.chosen or r.oracle for r in summary if r.probe == probe}
    return {protocol: own for protocol, own in found.items() if own is not None}
