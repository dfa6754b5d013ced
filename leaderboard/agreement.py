"""Results that can't stand on one site: they contradict each other, or one repeats another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cefrbench.results.gold import contradiction
from cefrbench_leaderboard.entry import Entry


def disagreements(entries: Sequence[Entry]) -> dict[str, str]:
    """Causes to leave results out, by file.

    Where gold levels of one split differ, what most results say stays; where as many say either,
    none does. Of results with the same predictions to the last bit the first stays.

    Parameters
    ----------
    entries : sequence of Entry
        Those to be trusted most first.
    """
    return dict(_replayed(entries)) | dict(_contradicting(entries))


def _contradicting(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    said: dict[str, Counter[str]] = {}
    for entry in entries:
        for split, gold in entry.gold.items():
            said.setdefault(split, Counter())[gold] += 1
    for entry in entries:
        for split, gold in entry.gold.items():
            (usual, most), *others = said[split].most_common(2)
            tied = bool(others) and others[0][1] == most
            if tied or gold != usual:
                other = next(one for one in entries if one.gold.get(split, gold) != gold)
                yield entry.file, contradiction(entry.file, other.file)
                break


def _replayed(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.predicted, entry)
        if other is not entry and entry.predicted:
            yield (
                entry.file,
                f"Its predictions are those of {other.file!r} to the last bit: keep one of them.",
            )
