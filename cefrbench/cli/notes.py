"""What a reader has to know beside a result's figures, as lines in a terminal."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from cefrbench.border import console, output, plain
from cefrbench.results.doubts import doubts
from cefrbench.results.model import RunResult

if TYPE_CHECKING:
    from rich.console import Console

#: Most notes and causes of failure that are listed; the result holds all.
MOST_NOTES = 12
#: Columns where nobody's terminal says how many there are: the widest table fits.
_WIDE = 160


def notes(result: RunResult) -> list[Text]:
    """Everything a reader has to know beside the figures: one line each."""
    lines = [Text(plain(f"Doubtful: {line}."), style="red") for line in doubts(result)]
    lines += [Text(f"Failed: {line}", style="red") for line in _failures(result)]
    for split in result.splits:
        place = f"{split.protocol} {split.fold}"
        if split.skipped:
            lines.append(Text(plain(f"Skipped: {place}: {split.skipped}.")))
        lines += [Text(plain(f"Note: {place}: {note}.")) for note in split.notes]
    for corpus in result.corpora:
        lines += [Text(plain(f"Note: {corpus.card.name}: {note}.")) for note in corpus.notes]
    lines += [Text(plain(f"Undefined: {line}.")) for line in _undefined(result)]
    lines += [Text(f"Note: {line}") for line in _analysis_notes(result)]
    stopped = sum(not fit.converged for fit in result.fits)
    if stopped:
        lines.append(Text(f"Note: {stopped} of {len(result.fits)} fits did not converge."))
    if len(lines) > MOST_NOTES:
        rest = len(lines) - MOST_NOTES + 1
        lines[MOST_NOTES - 1 :] = [Text(f"… and {rest} more notes, all in the result.")]
    return lines


def _failures(result: RunResult) -> list[str]:
    """Failures of one cause in one line, with their number."""
    causes = Counter((failure.stage, failure.name, failure.cause) for failure in result.failures)
    return [
        plain(f"{stage} {name}" + (f" ({count} times)" if count > 1 else "") + f": {cause}")
        for (stage, name, cause), count in causes.items()
    ]


def _undefined(result: RunResult) -> list[str]:
    """Scored parts without a QWK, and why."""
    parts = dict.fromkeys(
        (score.protocol, score.corpus) for score in result.scores if score.scores.qwk is None
    )
    return [
        f"QWK of {corpus} under {protocol}: its scored texts have one level only, "
        "so it is in no mean"
        for protocol, corpus in parts
    ]


def _analysis_notes(result: RunResult) -> list[str]:
    """What analyses can't say of these corpora."""
    return [
        plain(" ".join(filter(None, (note.analysis, note.target, note.corpus))) + f": {note.cause}")
        for note in result.analysis_notes
    ]


def wide_console() -> Console:
    """A terminal as wide as it is; where none says how wide, as wide as the widest table."""
    told = output().isatty() or "COLUMNS" in os.environ
    return console(width=None if told else _WIDE)
