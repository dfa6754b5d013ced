"""How far each encoder comes up the claim ladder, beside all references of its cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cefrbench.results.claims import NAMED, Rival, climb
from cefrbench.results.explanation import Claim
from cefrbench.statistics.draws import Replicates
from cefrbench_leaderboard.figures import EMBEDDING_NAME, as_draws, read_moves
from cefrbench_leaderboard.standing import Made

#: Rungs on the ladder, the lowest among them.
HEIGHT = 3 + len(NAMED)


def claims(cohort: Sequence[Made], protocol: str) -> dict[str, Claim]:
    """Test the favoured probe of each candidate against each rung, by the candidates' slugs.

    References are those of the cohort; what it lacks is untested, and not passed.
    """
    beside = {
        one.entry.slug: (one, _draws(one, protocol))
        for one in cohort
        if one.entry.reference is not None
    }
    known = {slug: (one, found) for slug, (one, found) in beside.items() if found is not None}
    return {
        one.entry.slug: climb(
            one.entry.encoder, protocol, one.entry.favoured, own[0], _rivals(one, own[1], known)
        )
        for one in cohort
        if one.entry.reference is None and (own := _draws(one, protocol)) is not None
    }


ClaimDraws = tuple[Replicates, str]


def _rivals(one: Made, texts: str, beside: Mapping[str, tuple[Made, ClaimDraws]]) -> list[Rival]:
    controls = [
        _rival("untrained", other, drawn, texts)
        for other, drawn in beside.values()
        if other.entry.role == "control"
    ]
    tested = [rival for rival in controls if rival.draws is not None]
    none = Rival("untrained", None, None, None, "no untrained model was run on these corpora")
    strongest = max(
        tested or controls or [none], key=lambda r: r.draws.estimate if r.draws else 0.0
    )
    rivals = [strongest, _embedding(one, texts)]
    by_name = {other.entry.encoder: (other, drawn) for other, drawn in beside.values()}
    for name in NAMED:
        if name in by_name:
            rivals.append(_rival(name, *by_name[name], texts))
        else:
            rivals.append(Rival(name, None, None, None, f"{name} was not run on these corpora"))
    return rivals


def _rival(rung: str, other: Made, drawn: ClaimDraws, texts: str) -> Rival:
    name, probe = other.entry.encoder, other.entry.favoured
    if drawn[1] != texts:
        return Rival(rung, name, probe, None, f"{name} was scored on other texts")
    return Rival(rung, name, probe, drawn[0])


def _embedding(one: Made, texts: str) -> Rival:
    drawn = _draws(one, EMBEDDING_NAME)
    rung = Rival("layer 0", one.entry.encoder, one.entry.favoured, None)
    if drawn is None:
        return replace(rung, reason="no layer 0 stands beside the layers chosen from")
    if drawn[1] != texts:
        return replace(rung, reason="its layer 0 was scored on other texts")
    return replace(rung, draws=drawn[0])


def _draws(one: Made, protocol: str) -> ClaimDraws | None:
    """The favoured probe's QWK with all that it moves by, and a hash of its texts."""
    entry = one.entry
    value, texts = None, ""
    if protocol == EMBEDDING_NAME and entry.embedding is not None:
        value, texts = entry.embedding.qwk, entry.embedding.texts
    elif (cell := entry.cell(protocol, entry.favoured)) is not None:
        value, texts = cell.qwk.value, cell.texts
    if value is None or not texts:
        return None
    return as_draws(read_moves(one.folder, protocol, entry.favoured), value), texts
