"""The front page's pictures: encoders from seen to unseen corpora, and the ladder of shifts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cefrbench.results.selection import gap_of
from cefrbench.results.shifts import RUNGS
from cefrbench_leaderboard.boards import Board, Line, Section
from cefrbench_leaderboard.charts.dumbbells import DumbbellRow, Kind, Plot, ReferenceLine, plot
from cefrbench_leaderboard.charts.plot_file import plot_csv, plot_svg
from cefrbench_leaderboard.entry import Estimate
from cefrbench_leaderboard.finding import Finding, Sentence, counted, ladder_title, plain
from cefrbench_leaderboard.means import average
from cefrbench_leaderboard.published import Reported
from cefrbench_leaderboard.render import number, short

#: Longest name of a reference above its line.
_NAME = 22


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with what has to be said of it.

    Attributes
    ----------
    key : str
        Anchor on the page.
    title : Sentence
        What it shows, as a finding.
    caption : str
        Units, n, what whiskers are, and the date.
    plot : Plot
    """

    key: str
    title: Sentence
    caption: str
    plot: Plot

    @property
    def words(self) -> str:
        """The title as text."""
        return plain(self.title)


def picture_files(pictures: Iterable[Picture]) -> dict[str, str]:
    """Write each picture as SVG and CSV, by name of the file."""
    files = {}
    for one in pictures:
        files[f"{one.key}.svg"] = plot_svg(one.plot, one.words)
        files[f"{one.key}.csv"] = plot_csv(one.plot)
    return files


def dumbbells(board: Board, section: Section, finding: Finding) -> Picture | None:
    """Draw each candidate of a section from unseen to seen; None without both scores."""
    pair = gap_of(board.protocols)
    if pair is None:
        return None
    inside, outside = pair
    rows, references = [], []
    for line in section.lines:
        seen, unseen = (line.cells[p].qwk if p in line.cells else None for p in pair)
        if unseen is None or unseen.value is None:
            continue
        if line.entry.reference is not None:
            label = f"{short(line.entry.encoder, _NAME)} {number(unseen.value, 2)}"
            references.append(ReferenceLine(label, unseen.value))
        elif seen is not None:
            rows.append(
                DumbbellRow(line.entry.encoder, line.entry.page, (("in", seen), ("out", unseen)))
            )
    if not rows:
        return None
    caption = (
        f"QWK, mean over {counted(len(section.corpora), 'corpus', 'corpora')}; "
        f"{counted(len(rows), 'model')}, each with the probe that its own training texts favour; "
        f"{_texts(section)} texts. Whiskers: 95 % intervals, over texts scored and trained on, "
        f"not over corpora. Seen: {inside}; unseen: {outside}. Lines: references, unseen. "
        f"{_date(section.lines)}"
    )
    return Picture(f"seen-{section.key}", finding.title, caption, plot(rows, references))


def reported_dumbbells(rows: Sequence[Reported], finding: Finding) -> Picture:
    """Draw what the study's authors report."""
    models = sorted((row for row in rows if row.role == "candidate"), key=lambda row: -row.ood)
    references = [
        ReferenceLine(f"{row.encoder} {number(row.ood, 2)}", row.ood)
        for row in rows
        if row.role == "reference"
    ]
    drawn = [
        DumbbellRow(
            row.encoder,
            "",
            (("in", Estimate(value=row.iid)), ("out", Estimate(value=row.ood))),
            row.probe,
        )
        for row in models
    ]  # fmt: skip
    caption = (
        f"QWK, mean over nine corpora; {counted(len(models), 'model')}, each with the probe and "
        "the layer that do best on the scored texts (an oracle). No intervals are reported. "
        "Unseen: one corpus left out. Line: the reference, unseen. Reported by the study’s "
        "authors, not run here."
    )
    return Picture("seen-reported", finding.title, caption, plot(drawn, references))


def _texts(section: Section) -> str:
    corpora = section.lines[0].entry.corpora
    return f"{sum(record.units for record in corpora):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _date(lines: Sequence[Line]) -> str:
    days = sorted(line.entry.started[:10] for line in lines)
    return f"Run {days[0]}." if days[0] == days[-1] else f"Run {days[0]} to {days[-1]}."


def ladder(section: Section) -> Picture | None:
    """Draw the candidates' favoured probes from rung to rung; None with fewer than two rungs.

    Each rung holds those that were scored on the most usual corpora there.
    """
    candidates = [line for line in section.lines if line.entry.reference is None]
    rows: list[DumbbellRow] = []
    means: list[tuple[float, str]] = []
    for rung in RUNGS:
        found = [one for line in candidates for one in line.entry.shifts
                 if one.protocol == rung.protocol and one.qwk.value is not None]  # fmt: skip
        sets = [one.corpora for one in found]
        usual = max(sorted(set(sets)), key=sets.count, default=())
        own = [one.qwk for one in found if one.corpora == usual]
        values = [one.value for one in own if one.value is not None]
        if not values:
            continue
        mean = Estimate(value=average(values)) if len(own) > 1 else own[0]
        note = f"{rung.protocol}, {counted(len(usual), 'corpus', 'corpora')}"
        each: list[tuple[Kind, Estimate]] = []
        if len(own) > 1:
            each = [("one", Estimate(value=value)) for value in values]
        each.append(("out" if means else "in", mean))
        rows.append(DumbbellRow(rung.words, "", tuple(each), note))
        means.append((mean.value or 0.0, rung.words))
    if len(rows) < 2 or means[0][0] <= 0:
        return None
    most = max(len(row.estimates) for row in rows)
    who = f"the mean of {most - 1} models (rings)" if most > 1 else candidates[0].entry.encoder
    caption = (
        f"QWK of {who}, on the corpora that allow each rung, so heights of two rungs are of "
        "different texts; steps on the same texts stand on each model’s page. "
        + ("Whiskers: 95 % intervals. " if most == 1 else "")
        + _date(candidates)
    )
    title = ladder_title(means[0][0], means[-1][0], means[-1][1])
    return Picture(f"shifts-{section.key}", title, caption, plot(rows))
