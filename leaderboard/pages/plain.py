"""Pages about the site as a whole: coverage, reported figures, about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cefrbench.config import RunConfig, get_suite
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.load import LeftOut
from cefrbench_leaderboard.page import Page
from cefrbench_leaderboard.published import Published
from cefrbench_leaderboard.render import render


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One encoder.

    Attributes
    ----------
    entry : Entry
    cells : tuple of int
        Pairs of probe and protocol with a score, parallel to the suite's corpora.
    missing : tuple of str
        Probes and protocols of the suite that were not run.
    failed : int
    """

    entry: Entry
    cells: tuple[int, ...]
    missing: tuple[str, ...]
    failed: int


@dataclass(frozen=True, slots=True)
class CoverageSuite:
    """One suite; ``asked`` is the number of pairs of probe and protocol that it holds."""

    name: str
    slug: str
    corpora: tuple[str, ...]
    asked: int
    rows: tuple[CoverageRow, ...]


@dataclass(frozen=True, slots=True)
class FailureLine:
    """One cause of failure over all results."""

    stage: str
    name: str
    cause: str
    count: int
    results: int


@dataclass(frozen=True, slots=True)
class CoverageContext:
    """All that the template ``coverage.html`` shows."""

    suites: tuple[CoverageSuite, ...]
    failures: tuple[FailureLine, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class ReportedLine:
    """One reported row; cells are the best layer and the mean over layers, a score each."""

    encoder: str
    probe: str
    cells: tuple[tuple[float | None, float | None], ...]


@dataclass(frozen=True, slots=True)
class ReportedContext:
    """All that the template ``reported.html`` shows."""

    published: Published
    columns: tuple[str, ...]
    rows: tuple[ReportedLine, ...]


def coverage_page(suites: Sequence[SuiteResults], left_out: Sequence[LeftOut]) -> str:
    """Render the page of what was run and what is missing."""
    path = "coverage.html"
    page = Page(path, "Coverage", path, "Which cells were run, which are missing, what failed.")
    context = CoverageContext(
        suites=tuple(map(_coverage, suites)),
        failures=_failures(suites),
        left_out=tuple(left_out),
    )
    return render("coverage.html", {"it": context, "page": page})


def _coverage(suite: SuiteResults) -> CoverageSuite:
    """Set what was run against what the suite asks for."""
    entries = sorted((one.entry for one in suite.made), key=lambda entry: entry.slug)
    asked = RunConfig.model_validate(get_suite(suite.name).config)
    corpora = dict.fromkeys([*asked.corpora, *(name for e in entries for name in e.covered)])
    wanted = (*asked.probes, *asked.protocols)
    rows = [
        CoverageRow(
            entry,
            tuple(_scored(entry, corpus) for corpus in corpora),
            tuple(name for name in wanted if name not in _run(entry)),
            sum(failure.count for failure in entry.failures),
        )
        for entry in entries
    ]
    pairs = len(asked.probes) * len(asked.protocols)
    return CoverageSuite(suite.name, suite.slug, tuple(corpora), pairs, tuple(rows))


def _scored(entry: Entry, corpus: str) -> int:
    return sum(any(part.corpus == corpus for part in cell.corpora) for cell in entry.cells)


def _run(entry: Entry) -> set[str]:
    return {probe.name for probe in entry.probes} | {card.name for card in entry.protocols}


def _failures(suites: Sequence[SuiteResults]) -> tuple[FailureLine, ...]:
    found: dict[tuple[str, str, str], list[int]] = {}
    for suite in suites:
        for one in suite.made:
            for failure in one.entry.failures:
                key = failure.stage, failure.name, failure.cause
                found.setdefault(key, []).append(failure.count)
    lines = [FailureLine(*key, sum(counts), len(counts)) for key, counts in found.items()]
    return tuple(sorted(lines, key=lambda line: (-line.count, line.stage, line.name, line.cause)))


def reported_page(published: Published) -> str:
    """Render the reported table in full."""
    page = Page("reported.html", "Reported by the authors", "index.html", "Not verified here.")
    names = [name.removesuffix("_best_layer") for name, _ in published.rows[0].others[::2]]
    context = ReportedContext(
        published=published,
        columns=("IID QWK", "OOD QWK", *(_heading(name) for name in names)),
        rows=tuple(
            ReportedLine(
                row.encoder,
                row.probe,
                (
                    (row.iid, row.iid_mean),
                    (row.ood, row.ood_mean),
                    *zip(
                        [value for _, value in row.others[::2]],
                        [value for _, value in row.others[1::2]],
                        strict=True,
                    ),
                ),
            )
            for row in published.rows
        ),
    )
    return render("reported.html", {"it": context, "page": page})


def _heading(name: str) -> str:
    side, _, score = name.partition("_")
    words = {"macro_f1": "macro F1", "mae": "MAE", "r2": "R²"}
    return f"{side.upper()} {words.get(score, score)}"


def about_page() -> str:
    """Render the page about the question, the protocol and how to submit."""
    path = "about.html"
    page = Page(path, "About", path, "The question, the protocol, how to submit, how to cite.")
    return render("about.html", {"page": page})
