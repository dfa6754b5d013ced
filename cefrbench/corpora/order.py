"""What is asked of the order of levels: whether they grow with length, and what gives them away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from cefrbench.corpora.answers import Answer
from cefrbench.essays import Essays
from cefrbench.levels import FIVE, Level

#: Fewer texts tell nothing of how levels go with length.
_LEAST, _LEAST_OF_TASK = 50, 20
#: Standard errors of a rank correlation from 0: from the first on levels grow with length; from
#: the second on they surely do, or surely fall. MERLIN, COWS-L2H and the Estonian
#: examinations have 15.7 to 27.3 as a whole, and 2.2 or more in each task.
_SHOWN, _SURE = 2.0, 3.0
#: Share of rows whose level must be told for it to be given away.
_TOLD = 0.9

_LEVEL = re.compile(r"(?<![A-Za-z0-9])([ABC][12])(?![A-Za-z0-9])", re.IGNORECASE)


def levels_without_length(essays: Essays) -> Iterator[Answer]:
    """Find a corpus whose levels don't grow with the length of its texts."""
    if len(essays) < _LEAST or len(set(essays.levels)) < 2:
        return
    rho, shown = _with_length(essays, range(len(essays)))
    if shown < _SHOWN:
        yield Answer(
            "levels-without-length",
            len(essays),
            f"levels don't grow with length: their rank correlation is {rho:+.2f} over "
            f"{len(essays)} texts",
            "who knows more writes more, in nearly all corpora: where they don't, levels may stand "
            "beside the wrong texts, or texts may have been cut",
            "compare some texts with their levels at the source; nothing to mend when all were "
            "asked for the same length",
        )


def swapped_levels(essays: Essays) -> Iterator[Answer]:
    """Find tasks (titles, where no row has a task) whose levels go against all others' length."""
    for name, rows in _by_name(essays.tasks if any(essays.tasks) else essays.titles).items():
        if len(rows) < _LEAST_OF_TASK or len({essays.levels[row] for row in rows}) < 2:
            continue
        rho, shown = _with_length(essays, rows)
        if shown > -_SURE:
            continue
        others = sorted(set(range(len(essays))).difference(rows))
        if _with_length(essays, others)[1] >= _SURE:
            yield Answer(
                "swapped-levels",
                len(rows),
                f"the levels of {name!r} fall with length (rank correlation {rho:+.2f} over "
                f"{len(rows)} texts), those of all others grow with it",
                "its levels may be swapped, and a probe learns the scale upside down there",
                "compare some of its texts with their levels at the source; nothing to mend when "
                "they are right",
            )


def told_levels(essays: Essays) -> Iterator[Answer]:
    """Find titles and tasks that name the level, or go with one level each."""
    for what, names in (("titles", essays.titles), ("tasks", essays.tasks)):
        if len(names) != len(essays):
            continue
        named = [(_named(name), level) for name, level in zip(names, essays.levels, strict=True)]
        right = sum(name is level for name, level in named)
        if len(set(essays.levels)) > 1 and right > _TOLD * len(essays):
            example = next(n for n, (told, _) in zip(names, named, strict=True) if told is not None)
            yield Answer(
                "level-in-titles",
                right,
                f"{what} name the level of {right} of {len(essays)} rows: {example!r}",
                "whatever reads them beside the text has read the answer",
                f"keep levels out of {what}",
            )
    yield from _told_by_task(essays)


def _told_by_task(essays: Essays) -> Iterator[Answer]:
    tasks = _by_name(essays.tasks)
    rows = sum(map(len, tasks.values()))
    if len(tasks) < 2 or rows < max(_LEAST, 2 * len(tasks)):
        return
    most = sum(max(_classes(essays, each).values()) for each in tasks.values())
    alone = max(_classes(essays, [row for each in tasks.values() for row in each]).values())
    if most >= _TOLD * rows and alone < _TOLD * rows:
        yield Answer(
            "level-by-task",
            most,
            f"{len(tasks)} tasks tell the levels of {most} of {rows} rows",
            "a probe can read what was asked for instead of how well it was answered: compare "
            "scores by task (protocol `by-task`, analysis `level-within-task`)",
        )


def _classes(essays: Essays, rows: Sequence[int]) -> Counter[int]:
    return Counter(FIVE.index(essays.levels[row]) for row in rows)


def _named(name: str | None) -> Level | None:
    """The one level that stands in a name."""
    found = {match.upper() for match in _LEVEL.findall(name or "")}
    return Level[found.pop()] if len(found) == 1 else None


def _by_name(names: Sequence[str | None]) -> Mapping[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        if name is not None:
            rows[name].append(row)
    return rows


def _with_length(essays: Essays, rows: Sequence[int]) -> tuple[float, float]:
    """Spearman's rank correlation of level and length in words, and in standard errors from 0."""
    from scipy.stats import spearmanr

    levels = [FIVE.index(essays.levels[row]) for row in rows]
    lengths = [len(essays.texts[row].split()) for row in rows]
    if len(set(levels)) < 2 or len(set(lengths)) < 2:
        return 0.0, 0.0
    rho = float(spearmanr(levels, lengths).statistic)
    return rho, rho * float(np.sqrt(len(levels) - 1))
