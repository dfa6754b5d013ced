"""Which results stand on a site: one a page, one an encoder, none that contradicts the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cefrbench.verification.record import LEVELS
from cefrbench_leaderboard.agreement import disagreements
from cefrbench_leaderboard.load import LeftOut, ResultFile
from cefrbench_leaderboard.process import read_entry
from cefrbench_leaderboard.standing import Made
from cefrbench_leaderboard.trust import Recorded, refuted, trust_of


def collect(
    kept: Mapping[ResultFile, Path | None],
    causes: Mapping[str, str],
    records: Sequence[Recorded] = (),
) -> tuple[list[Made], list[LeftOut]]:
    """Read all entries, by page; of two for one page, the one in its own place wins.

    Parameters
    ----------
    kept : mapping
        Folder of the store by file; None where there is none.
    causes : mapping of str to str
        Why files were left out before, by name.
    records : sequence of Recorded
        What maintainers made again.
    """
    left_out = [LeftOut(name, cause) for name, cause in causes.items()]
    found = [
        (file, _with_trust(folder, records))
        for file, folder in kept.items()
        if folder is not None and file.name not in causes
    ]
    found.sort(key=lambda pair: (-_level(pair[1]), not _in_place(*pair), pair[0].name))
    sound: list[tuple[ResultFile, Made]] = []
    for file, one in found:
        cause = refuted(one.entry, records)
        if cause is None:
            sound.append((file, one))
        else:
            left_out.append(LeftOut(file.name, cause))
    unique, repeated = _one_each(sound)
    left_out += repeated
    apart = disagreements([one.entry for one in unique])
    left_out += [LeftOut(name, cause) for name, cause in apart.items()]
    made = [one for one in unique if one.entry.file not in apart]
    made.sort(key=lambda one: one.entry.page)
    return made, sorted(left_out, key=lambda one: one.file)


def _one_each(found: Sequence[tuple[ResultFile, Made]]) -> tuple[list[Made], list[LeftOut]]:
    made: dict[str, Made] = {}
    known: dict[tuple[str, str], str] = {}
    left_out: list[LeftOut] = []
    for file, one in found:
        page, same = one.entry.page, (one.entry.suite, one.entry.identity)
        if page in made:
            other = made[page].entry.file
            left_out.append(LeftOut(file.name, f"Its page is that of {other!r}: keep one of them."))
        elif same in known:
            cause = f"It is the encoder of {known[same]!r}, weights and options: keep one of them."
            left_out.append(LeftOut(file.name, cause))
        else:
            made[page] = one
            known[same] = file.name
    return list(made.values()), left_out


def _with_trust(folder: Path, records: Sequence[Recorded]) -> Made:
    made = Made(read_entry(folder), folder)
    return replace(made, trust=trust_of(made.entry, records))


def _level(one: Made) -> int:
    return LEVELS.index(one.trust.level)


def _in_place(file: ResultFile, one: Made) -> bool:
    return file.name == f"{one.entry.slug}/{one.entry.suite_slug}.json"
