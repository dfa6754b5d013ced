"""Check the results that a pull request adds, and tell what changes in the ranking."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from changes import base_of, changed, tell

from cefrbench.errors import UserError
from cefrbench.results.checked import check_file
from cefrbench.results.io import read_result
from cefrbench.results.model import RunResult
from cefrbench.results.question import Question, difference, other_texts, question_of
from cefrbench_leaderboard.site import build
from cefrbench_leaderboard.trust import verified_beside

RESULTS = Path("leaderboard/results")
#: Figures that are named, of one result.
MOST = 10
#: A line of the leaderboard: suite, encoder, probe, protocol.
Line = tuple[str, str, str, str]


def main(base: str) -> int:
    """Report on each result, then on the ranking; the status is 3 when one is not taken."""
    files = [path for path in changed(base, str(RESULTS)) if path.suffix == ".json"]
    refusals = list(refused(base, files))
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        _unpack(base, before)
        known = _questions(before / RESULTS)
        problems = {path: list(faults(path, known)) for path in files}
        old = Built.of(before / RESULTS, Path(folder) / "site-before")
        new = Built.of(RESULTS, Path(folder) / "site-after")
        refusals += pushed_out(old, new)
        _tell_refusals(refusals)
        _tell_results(problems)
        _tell_ranking(old, new)
    return 3 if refusals or any(problems.values()) else 0


def refused(base: str, files: Sequence[Path]) -> Iterator[str]:
    """What no pull request that brings results may do, whatever the results are.

    Parameters
    ----------
    base : str
        Commit to compare with.
    files : sequence of Path
        Result files that it adds or changes.
    """
    if not files:
        yield "no result is added or changed"
    others = [
        path
        for path in changed(base, ".", kinds="ACDMRT")
        if not path.is_relative_to(RESULTS) and path.suffix != ".md"
    ]
    if others:
        yield (
            f"results and code change together ({', '.join(map(str, others[:3]))}): put them into "
            "two pull requests"
        )
    for path in changed(base, str(RESULTS), kinds="DMRT"):
        if path.suffix != ".json":
            yield f"{path} is replaced or removed: what is published stays, add a new result"
    for path in changed(base, str(RESULTS), kinds="D"):
        if path.suffix == ".json":
            yield f"{path} is removed: say so in an issue, and a maintainer takes it down"


def faults(path: Path, known: Mapping[str, Sequence[Question]]) -> Iterator[str]:
    """What is wrong with one result file.

    Parameters
    ----------
    path : Path
    known : mapping
        What the results that are there already were asked, by suite.
    """
    checked = check_file(path)
    for one in checked.findings[:MOST]:
        yield f"{one.where or 'the file'}: found {one.found}, expected {one.expected}"
    result = checked.result
    if result is None:
        return
    if path.parent.parent != RESULTS:
        yield f"it lies in {path.parent}, not in a folder of {RESULTS} named for its encoder"
    beside = _results(other for other in _files(path.parent) if other != path)
    others = {other.encoder.name for other in beside} - {result.encoder.name}
    if others:
        yield f"its folder also holds results of {', '.join(sorted(others))}"
    if result.encoder.revision is None and "/" in result.encoder.model:
        yield f"the revision of {result.encoder.model} is not pinned"
    reasons = (_apart(question_of(result), other) for other in known.get(result.suite, ()))
    reason = next(filter(None, reasons), None)
    if reason is not None:
        yield f"it can't be compared with results that are there: {reason}"


def _apart(mine: Question, other: Question) -> str | None:
    """Why two results can't stand together; a partial one may cover fewer corpora."""
    if mine.corpora.keys() == other.corpora.keys():
        return difference(mine, other)
    return other_texts(mine, other)


@dataclass(frozen=True)
class Built:
    """The leaderboard of a folder of results.

    Attributes
    ----------
    ranking : dict
        Rank and score of every line, as text.
    left_out : dict of str to str
        Causes by file.
    """

    ranking: dict[Line, str]
    left_out: dict[str, str]

    @classmethod
    def of(cls, results: Path, out: Path) -> Built:
        """Build it, with the records of the base branch, which no pull request may touch."""
        if not results.is_dir():
            return cls({}, {})
        report = build(results, out, verified=verified_beside(RESULTS))
        table = report.index.with_name("leaderboard.csv")
        with table.open(encoding="utf-8", newline="") as file:
            ranking = {
                (row["suite"], row["encoder"], row["probe"], row["protocol"]): _standing(row)
                for row in csv.DictReader(file)
            }
        return cls(ranking, {one.file: one.cause for one in report.left_out})


def pushed_out(before: Built, after: Built) -> list[str]:
    """What could not be shown any more: a result that contradicts or repeats one that is there."""
    return [
        f"{name} would be left out: {cause}"
        for name, cause in after.left_out.items()
        if name not in before.left_out
    ]


def moves(before: Mapping[Line, str], after: Mapping[Line, str]) -> list[str]:
    """Rows of a table: the lines that are new, gone, or stand elsewhere."""
    rows = []
    for line in sorted(before.keys() | after.keys()):
        old, new = before.get(line, "not there"), after.get(line, "gone")
        if old != new:
            rows.append("| " + " | ".join(_escape(cell) for cell in (*line, old, new)) + " |")
    return rows


def _standing(row: Mapping[str, str]) -> str:
    qwk = f"QWK {float(row['qwk']):.3f}" if row["qwk"] else "no score"
    return f"rank {row['rank']}, {qwk}" if row["rank"] else f"not ranked, {qwk}"


def _tell_refusals(refusals: Sequence[str]) -> None:
    if refusals:
        tell("### The pull request\n")
        for refusal in refusals:
            tell(f"- not taken: {_escape(refusal)}")
        tell("")


def _tell_results(problems: Mapping[Path, list[str]]) -> None:
    tell("### Results\n")
    for path, found in problems.items():
        tell(f"- {_escape(str(path))}: " + ("not taken" if found else "every figure agrees"))
        for fault in found:
            tell(f"  - {_escape(fault)}")
    if not problems:
        tell("No result is added or changed.")


def _tell_ranking(before: Built, after: Built) -> None:
    rows = moves(before.ranking, after.ranking)
    head = "| suite | encoder | probe | protocol | before | after |\n|---|---|---|---|---|---|\n"
    tell("\n### What changes in the ranking\n")
    tell(head + "\n".join(rows) if rows else "Nothing.")


def _unpack(commit: str, folder: Path) -> None:
    """Lay out the results as they were at a commit."""
    folder.mkdir()
    archive = folder / "results.tar"
    git = ["git", "archive", "--format=tar", f"--output={archive}", commit, str(RESULTS)]
    if subprocess.run(git, capture_output=True, check=False).returncode == 0:
        subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def _results(paths: Iterable[Path]) -> Iterator[RunResult]:
    for path in paths:
        try:
            yield read_result(path)
        except UserError:
            # Files that are no results are reported where they are checked.
            continue


def _questions(folder: Path) -> dict[str, list[Question]]:
    """What the results of a folder were asked, by suite."""
    known: dict[str, list[Question]] = {}
    for result in _results(_files(folder)):
        known.setdefault(result.suite, []).append(question_of(result))
    return known


def _escape(text: str) -> str:
    """Text from a pull request may not change the page that it stands on."""
    for mark in "\\`*_[]|":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("<", "&lt;").replace("@", "&#64;").replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main(base_of(sys.argv[1:])))
