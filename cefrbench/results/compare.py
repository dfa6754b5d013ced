"""Compare results on the same texts: every pair, in distribution, out of it, and their gap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from cefrbench.errors import ResultError
from cefrbench.results.comparable import (
    check_comparable,
    check_same_texts,
    common_probe,
    labels_of,
    probe_of,
)
from cefrbench.results.gold import check_agreement, gold_digests
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.samples import samples
from cefrbench.results.selection import gap_of, protocol_words
from cefrbench.statistics.differences import errors_of
from cefrbench.statistics.draws import Replicates, gap, resample
from cefrbench.statistics.errors import Errors
from cefrbench.statistics.intervals import Interval, from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.pairs import PairedTest, beyond_corpora, corrected, these_corpora
from cefrbench.statistics.resampling import REPLICATES, TextWeights
from cefrbench.statistics.sample import Sample

ResultAndTable = tuple[RunResult, PredictionTable]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair under one protocol, or in its gap.

    Attributes
    ----------
    first, second : str
        Labels of the results.
    protocol : str
        Name of the protocol, or ``gap``.
    score : str
    difference : float or None
        First less second; None where the score is undefined.
    these : PairedTest or None
        On these corpora; None where too few resamples have a score.
    beyond : PairedTest or None
        On corpora beyond these; None too with fewer than three corpora.
    corpora, texts : int
        How many the difference is over.
    """

    first: str
    second: str
    protocol: str
    score: str
    difference: float | None
    these: PairedTest | None
    beyond: PairedTest | None
    corpora: int
    texts: int


@dataclass(frozen=True, slots=True)
class Comparisons:
    """All comparisons of some results under one probe and score.

    Attributes
    ----------
    labels : tuple of str
    suite, probe, score : str
    protocols : dict of str to str
        What was compared, with words for it: ``{"loco": "out of distribution", …}``.
    corpora : tuple of str
    intervals : dict
        By label and protocol: each result's own score.
    pairs : tuple of Comparison
    replicates, seed : int
    own : dict of str to str
        By label: the probe of a reference that lacks the one compared under.
    """

    labels: tuple[str, ...]
    suite: str
    probe: str
    score: str
    protocols: dict[str, str]
    corpora: tuple[str, ...]
    intervals: dict[tuple[str, str], Interval]
    pairs: tuple[Comparison, ...]
    replicates: int
    seed: int
    own: dict[str, str] = field(default_factory=dict)


def compare_results(
    entries: Sequence[ResultAndTable],
    *,
    probe: str | None = None,
    protocols: Sequence[str] = (),
    score: str = "qwk",
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Comparisons:
    """Compare results in pairs, with Holm's correction over all pairs and protocols.

    Parameters
    ----------
    entries : sequence of (RunResult, PredictionTable)
        Two or more.
    probe : str, optional
        The first that all have, if none is named. A reference that lacks it stands with its own.
    protocols : sequence of str
        Protocols and ``gap``; none means all that all results have.
    score : str
        Name of a score.
    replicates, seed : int

    Raises
    ------
    ResultError
        When they are not comparable, with the reason.
    """
    results = [result for result, _ in entries]
    check_comparable(results)
    labels = labels_of(results)
    probe = common_probe(results, probe)
    statistic = get_statistic(score)
    stands = [probe_of(result, probe) for result in results]
    found = [
        _of_probe(result, table, own) for (result, table), own in zip(entries, stands, strict=True)
    ]
    order = dict.fromkeys(record.protocol for record in results[0].summary)
    wanted = _wanted(order, found, protocols)
    common = [name for name in order if all(name in one for one in found)]
    sides = gap_of(common) or ()
    needed = dict.fromkeys(n for name in wanted for n in (sides if name == "gap" else (name,)))
    for protocol in needed:
        check_same_texts(labels, [one[protocol] for one in found])
    check_agreement(labels, [gold_digests(*entry) for entry in entries])
    weights = TextWeights(replicates, seed)
    draws: dict[tuple[str, str], Replicates] = {}
    for label, one in zip(labels, found, strict=True):
        resampled = {name: resample(one[name], statistic, weights) for name in needed}
        for name in wanted:
            draws[label, name] = (
                gap(*(resampled[protocol] for protocol in sides))
                if name == "gap"
                else resampled[name].draws()
            )
    return Comparisons(
        labels=tuple(labels),
        suite=results[0].suite,
        probe=probe,
        score=score,
        protocols={name: _words(results[0], name, common) for name in wanted},
        corpora=tuple(record.card.name for record in results[0].corpora),
        intervals={
            (label, name): from_draws(one, None if name == "gap" else statistic)
            for (label, name), one in draws.items()
        },
        pairs=_test_pairs(labels, wanted, score, draws),
        replicates=replicates,
        seed=seed,
        own={label: own for label, own in zip(labels, stands, strict=True) if own != probe},
    )


def better(score: str, protocol: str, difference: float) -> bool:
    """Whether a positive or negative difference speaks for the first: a gap is best small."""
    more_is_better = get_statistic(score).more_is_better != (protocol == "gap")
    return (difference > 0) == more_is_better


def _of_probe(result: RunResult, table: PredictionTable, probe: str) -> dict[str, Sample]:
    """Samples of one probe by protocol."""
    every = samples(result, table)
    return {protocol: sample for (protocol, name), sample in every.items() if name == probe}


def _wanted(
    order: Iterable[str], found: Sequence[dict[str, Sample]], asked: Sequence[str]
) -> list[str]:
    """What to compare: all that every result has, or what was asked for of that."""
    common = [name for name in order if all(name in one for one in found)]
    if gap_of(common) is not None:
        common.append("gap")
    if not common:
        raise ResultError(
            "The results have predictions under no protocol in common: run both under one."
        )
    for name in asked:
        if name not in common:
            raise ResultError(
                f"The results don't all have predictions under {name!r}: they share "
                f"{', '.join(common)}; name one of these with --protocol."
            )
    return list(dict.fromkeys(asked)) or common


def _words(result: RunResult, protocol: str, common: Sequence[str]) -> str:
    """What a protocol is called in a sentence, among those that all results have."""
    titles = {card.name: card.title for card in result.protocols}
    return protocol_words(protocol, common, titles.get(protocol, protocol))


def _test_pairs(
    labels: Sequence[str],
    protocols: Sequence[str],
    score: str,
    draws: dict[tuple[str, str], Replicates],
) -> tuple[Comparison, ...]:
    """Test all pairs under all protocols; all tests of one scope are corrected together."""
    places = [
        (protocol, i, j) for protocol in protocols for i, j in combinations(range(len(labels)), 2)
    ]
    own = {protocol: [draws[label, protocol] for label in labels] for protocol in protocols}
    errors = {protocol: errors_of(found) for protocol, found in own.items()}
    differences = [_difference(own[p][i], own[p][j]) for p, i, j in places]
    estimates = np.array([own[p][i].estimate - own[p][j].estimate for p, i, j in places])
    error = Errors(
        np.array([errors[p].error[i, j] for p, i, j in places]),
        np.array([errors[p].freedom[i, j] for p, i, j in places]),
    )
    by_corpus = np.full((len(places), max(map(len, differences))), np.nan)
    for row, difference in zip(by_corpus, differences, strict=True):
        row[: len(difference)] = difference
    these = corrected(these_corpora(estimates, error))
    beyond = corrected(beyond_corpora(estimates, error, by_corpus))
    return tuple(
        Comparison(
            first=labels[i],
            second=labels[j],
            protocol=protocol,
            score=score,
            difference=None if np.isnan(estimates[k]) else float(estimates[k]),
            these=these.one(k),
            beyond=beyond.one(k),
            corpora=len(differences[k]),
            texts=len(np.union1d(own[protocol][i].texts, own[protocol][j].texts)),
        )
        for k, (protocol, i, j) in enumerate(places)
    )


def _difference(first: Replicates, second: Replicates) -> list[float]:
    """Differences of the corpora that both have."""
    return [s - second.corpora[name] for name, s in first.corpora.items() if name in second.corpora]
