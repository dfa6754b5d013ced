"""What a corpus's page says of encoders: who does well on it, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cefrbench.contracts.cards import CorpusCard
from cefrbench.results.agreement import share_of_agreement
from cefrbench.results.selection import Side
from cefrbench.statistics.decomposition import split_gap
from cefrbench.statistics.scores import Scores
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.charts.span import span_row
from cefrbench_leaderboard.entry import CorpusCell, Entry
from cefrbench_leaderboard.pages.encoder import anchor
from cefrbench_leaderboard.render import number, short

#: What a template reads of one table or line, by name.
CorpusView = dict[str, Any]


def part_of(entry: Entry, protocol: str, corpus: str) -> CorpusCell | None:
    """Find the favoured probe's score of one corpus."""
    cell = entry.cell(protocol, entry.favoured)
    parts = cell.corpora if cell else ()
    return next((part for part in parts if part.corpus == corpus), None)


def standings(suites: Sequence[SuiteResults], card: CorpusCard) -> Iterator[CorpusView]:
    """Each cohort's encoders, seen and unseen, the best unseen first; with a finding as title.

    What is lost is split as in an explanation, from scores alone: the order of texts, and the
    thresholds.
    """
    for suite in suites:
        for index, cohort in enumerate((suite.full, *suite.partial)):
            lines = [line for one in cohort if (line := _line(one.entry, card))]
            lines.sort(key=lambda line: (-line["unseen"].value, line["entry"].slug))
            if lines:
                yield {
                    "suite": suite.name,
                    "full": index == 0,
                    "lines": lines,
                    "title": _title(lines),
                    "agreement": any(line["share"] is not None for line in lines),
                }


def _line(entry: Entry, card: CorpusCard) -> CorpusView | None:
    """One encoder; None without a score on the corpus, unseen."""
    if entry.gap_protocols is None:
        return None
    inside, outside = (part_of(entry, name, card.name) for name in entry.gap_protocols)
    if outside is None or outside.qwk.value is None:
        return None
    parts: dict[Side, CorpusCell] = {"out": outside} if inside is None else {
        "in": inside, "out": outside}  # fmt: skip
    drawn = {side: part.qwk for side, part in parts.items() if part.qwk.value is not None}
    steps = [{} if part is None else {"qwk": part.qwk.value, "recut": part.recut}
             for part in (inside, outside)]  # fmt: skip
    scores = Scores.undefined().model_copy(update={"qwk": outside.qwk.value})
    return {
        "entry": entry,
        "href": f"{entry.page}#{anchor(entry.gap_protocols[1], entry.favoured)}",
        "picture": span_row(drawn),
        "seen": inside.qwk if inside else None,
        "unseen": outside.qwk,
        "order": outside.spearman,
        "lost": split_gap(steps[0], steps[1]),
        "share": share_of_agreement(card.agreement, scores),
    }


def _title(lines: Sequence[CorpusView]) -> str:
    """Who does best on the corpus unseen, and what the best reference does."""
    first = lines[0]
    name, value = short(first["entry"].encoder), number(first["unseen"].value, 2)
    kind = f" ({first['entry'].reference})" if first["entry"].reference else ""
    said = f"Unseen, {name}{kind} does best: {value}"
    other = next((line for line in lines[1:] if bool(line["entry"].reference) != bool(kind)), None)
    if other is None:
        return said
    role = other["entry"].reference or "model"
    return (
        f"{said}; the best {role}, {short(other['entry'].encoder)}, has "
        f"{number(other['unseen'].value, 2)}"
    )


def retained(suites: Sequence[SuiteResults], corpus: str) -> Iterator[CorpusView]:
    """Mean over candidates of the corpus's QWK, trained on it and not, in each cohort."""
    for suite in suites:
        for index, cohort in enumerate((suite.full, *suite.partial)):
            pairs = []
            for one in cohort:
                if one.entry.reference is None and one.entry.gap_protocols:
                    names = one.entry.gap_protocols
                    inside, outside = (part_of(one.entry, p, corpus) for p in names)
                    if inside and outside and None not in (inside.qwk.value, outside.qwk.value):
                        pairs.append((inside.qwk.value or 0.0, outside.qwk.value or 0.0))
            if pairs:
                means = [sum(side) / len(pairs) for side in zip(*pairs, strict=True)]
                place = {"suite": suite.name, "full": index == 0, "results": len(pairs)}
                yield {**place, "inside": means[0], "outside": means[1]}
