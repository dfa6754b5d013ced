"""Means over the candidates of a cohort: what the front page's headline says, and how sure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cefrbench.statistics.draws import mean_of
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench_leaderboard.entry import Estimate, estimate
from cefrbench_leaderboard.figures import GAP_NAME, as_draws, read_moves
from cefrbench_leaderboard.standing import Contestant, Match


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean QWK of candidates, each with its own probe, all on the same texts.

    Attributes
    ----------
    slugs : tuple of str
        Of the candidates, best first.
    inside, outside, gap : Estimate
        Intervals say what the means would be with other texts, not with other encoders.
    """

    slugs: tuple[str, ...]
    inside: Estimate
    outside: Estimate
    gap: Estimate


def average(values: Iterable[float]) -> float:
    """Plain mean of what several encoders have; it has no interval."""
    found = list(values)
    return sum(found) / len(found)


def make_mean(found: Mapping[str, Match], pair: tuple[str, str] | None) -> Mean | None:
    """Take the mean of the candidates that have a score in and out of distribution."""
    if pair is None or any(name not in found for name in (*pair, GAP_NAME)):
        return None
    inside, outside, gap = (_candidates(found[name]) for name in (*pair, GAP_NAME))
    slugs = [slug for slug in outside if slug in inside and slug in gap]
    if not slugs:
        return None
    return Mean(
        tuple(slugs),
        _mean([inside[slug] for slug in slugs], pair[0], "qwk"),
        _mean([outside[slug] for slug in slugs], pair[1], "qwk"),
        _mean([gap[slug] for slug in slugs], GAP_NAME, ""),
    )


def _candidates(match: Match) -> dict[str, Contestant]:
    return {
        one.made.entry.slug: one for one in match.contestants if one.made.entry.reference is None
    }


def _mean(contestants: Sequence[Contestant], protocol: str, statistic: str) -> Estimate:
    drawn = [
        as_draws(read_moves(one.made.folder, protocol, one.probe), one.qwk.value)
        for one in contestants
        if one.qwk.value is not None
    ]
    return estimate(from_draws(mean_of(drawn), get_statistic(statistic) if statistic else None))
