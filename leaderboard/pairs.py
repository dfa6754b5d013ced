"""Paired tests between entries of one cohort, for the page that compares them.

The tests are those of `cefrbench compare`: the same functions on the same resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cefrbench.statistics import verdict
from cefrbench.statistics.bootstrap import GAP
from cefrbench.statistics.compare import Comparison, Comparisons
from cefrbench.statistics.pairs import beyond_corpora, corrected, these_corpora
from cefrbench.statistics.resampling import REPLICATES
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Estimate
from cefrbench_leaderboard.figures import GAP_NAME, read_moves
from cefrbench_leaderboard.standing import Made

#: Entries of a cohort, best first, whose paired errors are worked out for every pair.
MOST = 200

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One entry of a comparison: its scores by protocol (and the gap), in all and by corpus."""

    made: Made
    probe: str
    scores: dict[str, Estimate]
    corpora: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """All contestants of one cohort under one probe, best first, with their paired errors.

    Attributes
    ----------
    suite, probe : str
    full : bool
        Whether these are full results.
    protocols : tuple of str
        With ``gap`` where both of its protocols are there.
    corpora : tuple of str
    contestants : tuple of Contestant
    errors : dict of str to ndarray of float64, shape (n, n)
        Standard error of each difference, by protocol; NaN where the texts are not the same.
    """

    suite: str
    probe: str
    full: bool
    protocols: tuple[str, ...]
    corpora: tuple[str, ...]
    contestants: tuple[Contestant, ...]
    errors: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Pair:
    """One tested pair with its sentence."""

    comparison: Comparison
    sentence: str


def fields(suite: SuiteResults, probe: str) -> list[Field]:
    """One field a cohort: the full one first."""
    cohorts = [(suite.full, True)] if suite.full else []
    cohorts += [(cohort, False) for cohort in suite.partial]
    found = [_field(suite, cohort, probe, full) for cohort, full in cohorts]
    return [field for field in found if len(field.contestants) > 1]


def _field(suite: SuiteResults, cohort: Sequence[Made], probe: str, full: bool) -> Field:
    protocols = suite.protocols + ((GAP_NAME,) if set(GAP) <= set(suite.protocols) else ())
    contestants = [_contestant(one, probe, suite.protocols) for one in cohort]
    contestants = [one for one in contestants if one.scores]
    contestants.sort(key=lambda one: (-_value(one, suite.main), one.made.entry.slug))
    first = contestants[:MOST]
    return Field(
        suite=suite.name,
        probe=probe,
        full=full,
        protocols=protocols,
        corpora=cohort[0].entry.covered,
        contestants=tuple(contestants),
        errors={protocol: _errors(first, protocol) for protocol in protocols},
    )


def _contestant(made: Made, probe: str, protocols: Sequence[str]) -> Contestant:
    """One entry; a reference that lacks the probe stands with its own."""
    entry = made.entry
    name = entry.probe(probe)
    if entry.reference and not any(cell.probe == name for cell in entry.cells):
        name = entry.validated
    scores: dict[str, Estimate] = {}
    corpora: dict[str, dict[str, float]] = {}
    for protocol in protocols:
        cell = entry.cell(protocol, name)
        if cell is not None and cell.qwk.value is not None:
            scores[protocol] = cell.qwk
            corpora[protocol] = {
                part.corpus: part.qwk.value
                for part in cell.corpora
                if part.corpus in entry.covered and part.qwk.value is not None
            }
    if name in entry.gaps and set(GAP) <= scores.keys():
        inside, outside = (corpora[protocol] for protocol in GAP)
        scores[GAP_NAME] = entry.gaps[name]
        corpora[GAP_NAME] = {c: inside[c] - outside[c] for c in inside if c in outside}
    return Contestant(made, name, scores, corpora)


def _value(one: Contestant, protocol: str) -> float:
    score = one.scores.get(protocol)
    return -2.0 if score is None or score.value is None else score.value


def _errors(contestants: Sequence[Contestant], protocol: str) -> NDArray[np.float64]:
    """Standard errors of all differences: the larger of the bootstrap's and the jackknife's."""
    errors = np.full((len(contestants), len(contestants)), np.nan)
    groups: dict[str, list[int]] = {}
    for i, one in enumerate(contestants):
        if protocol in one.scores:
            groups.setdefault(_texts(one, protocol), []).append(i)
    for members in groups.values():
        moves = [
            read_moves(contestants[i].made.folder, protocol, contestants[i].probe) for i in members
        ]
        influence = np.stack([one for _, one in moves]).astype(np.float64)
        variance = np.maximum(
            _replicate_variance(np.stack([one for one, _ in moves]).astype(np.float64)),
            _of_differences(influence @ influence.T),
        )
        errors[np.ix_(members, members)] = np.sqrt(variance)
    return errors


def _texts(one: Contestant, protocol: str) -> str:
    cells = [
        one.made.entry.cell(p, one.probe) for p in (GAP if protocol == GAP_NAME else (protocol,))
    ]
    return " ".join(cell.texts for cell in cells if cell is not None)


def _replicate_variance(replicates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of every difference over the replicates that both have; NaN with less than half."""
    there = ~np.isnan(replicates)
    values = np.where(there, replicates - np.nanmean(replicates, axis=1, keepdims=True), 0.0)
    here = there.astype(np.float64)
    n = here @ here.T
    total = values @ here.T - here @ values.T
    squares = values**2 @ here.T + here @ (values**2).T - 2 * values @ values.T
    enough = 2 * n >= replicates.shape[1]
    variance = (squares - total**2 / np.maximum(n, 1)) / np.maximum(n - 1, 1)
    return np.where(enough, np.maximum(variance, 0.0), np.nan)


def _of_differences(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """``var(a - b) = var a + var b - 2 cov(a, b)``."""
    own = np.diag(covariance)
    variance: NDArray[np.float64] = np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0)
    return variance


def compared_pairs(field: Field, most: int) -> list[Pair]:
    """Test the first few of a field in pairs, with Holm's correction over all of these tests."""
    chosen = range(min(most, len(field.contestants)))
    pairs = [
        _compare(field, protocol, i, j)
        for i, j in combinations(chosen, 2)
        for protocol in field.protocols
        if protocol in field.contestants[i].scores and protocol in field.contestants[j].scores
    ]
    these = corrected([pair.these for pair in pairs])
    beyond = corrected([pair.beyond for pair in pairs])
    pairs = [
        replace(pair, these=a, beyond=b) for pair, a, b in zip(pairs, these, beyond, strict=True)
    ]
    report = Comparisons(
        labels=tuple(field.contestants[i].made.entry.encoder for i in chosen),
        suite=field.suite,
        probe=field.probe,
        score="qwk",
        protocols={name: _WORDS.get(name, f"under {name}") for name in field.protocols},
        corpora=field.corpora,
        intervals={},
        pairs=tuple(pairs),
        replicates=REPLICATES,
        seed=0,
    )
    return [Pair(pair, verdict(pair, report)) for pair in pairs]


_WORDS: Mapping[str, str] = {
    "iid": "in distribution",
    "loco": "out of distribution",
    "gap": "between in and out of distribution",
}


def _compare(field: Field, protocol: str, i: int, j: int) -> Comparison:
    first, second = field.contestants[i], field.contestants[j]
    a, b = first.corpora[protocol], second.corpora[protocol]
    shared = {name: a[name] - b[name] for name in a if name in b}
    difference = (first.scores[protocol].value or 0.0) - (second.scores[protocol].value or 0.0)
    error = float(field.errors[protocol][i, j])
    known = not np.isnan(error)
    return Comparison(
        first=first.made.entry.encoder,
        second=second.made.entry.encoder,
        protocol=protocol,
        score="qwk",
        difference=difference,
        these=these_corpora(difference, error) if known else None,
        beyond=beyond_corpora(difference, error, list(shared.values())) if known else None,
        corpora=len(shared),
        texts=0,
    )
