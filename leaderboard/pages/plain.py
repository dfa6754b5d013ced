"""Pages about the site as a whole: coverage, reported figures, about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cefrbench.config import RunConfig, get_suite
from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Entry, FailureCount
from cefrbench_leaderboard.finding import reported_finding
from cefrbench_leaderboard.load import LeftOut
from cefrbench_leaderboard.page import Page, Rendered, Shown
from cefrbench_leaderboard.pictures import picture_files, reported_dumbbells
from cefrbench_leaderboard.published import Published
from cefrbench_leaderboard.render import render
from cefrbench_leaderboard.sharing.words import scores
from cefrbench_leaderboard.trust import WORDS


def coverage_page(suites: Sequence[SuiteResults], left_out: Sequence[LeftOut]) -> Rendered:
    """Render the page of what was run and what is missing."""
    path = "coverage.html"
    encoders = len({one.entry.slug for suite in suites for one in suite.made})
    results = sum(len(suite.made) for suite in suites)
    about = (
        f"{results} results of {encoders} encoders, {len(left_out)} files left out: which cells "
        "were run, which are missing, what failed."
    )
    page = Page(path, "Coverage", path, about)
    entries = [one.entry for suite in suites for one in suite.made]
    failures = _failures(failure for entry in entries for failure in entry.failures)
    covered = list(map(_coverage, suites))
    return render(path, page, suites=covered, failures=failures, left_out=left_out)


def _coverage(suite: SuiteResults) -> dict[str, Any]:
    """Set what was run against what the suite asks for.

    ``asked`` is the number of pairs of probe and protocol that it asks for on each corpus; the
    ``cells`` of an encoder are those with a score, corpus by corpus.
    """
    entries = sorted((one.entry for one in suite.made), key=lambda entry: entry.slug)
    asked = RunConfig.model_validate(get_suite(suite.name).config)
    corpora = dict.fromkeys([*asked.corpora, *(name for e in entries for name in e.covered)])
    wanted = (*asked.probes, *asked.protocols)
    return {
        "name": suite.name,
        "slug": suite.slug,
        "corpora": corpora,
        "asked": len(asked.probes) * len(asked.protocols),
        "rows": [
            {
                "entry": entry,
                "cells": [_scored(entry, corpus) for corpus in corpora],
                "missing": [name for name in wanted if name not in _run(entry)],
                "failed": sum(failure.count for failure in entry.failures),
            }
            for entry in entries
        ],
    }


def _scored(entry: Entry, corpus: str) -> int:
    return sum(any(part.corpus == corpus for part in cell.corpora) for cell in entry.cells)


def _run(entry: Entry) -> set[str]:
    return {probe.name for probe in entry.probes} | {card.name for card in entry.protocols}


def _failures(failures: Iterable[FailureCount]) -> list[tuple[FailureCount, int]]:
    """Failures over all results by cause, the most frequent first, and in how many results."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for one in failures:
        found.setdefault((one.stage, one.name, one.cause), []).append(one.count)
    lines = [
        (FailureCount(stage=stage, name=name, cause=cause, count=sum(counts)), len(counts))
        for (stage, name, cause), counts in sorted(found.items())
    ]
    return sorted(lines, key=lambda line: -line[0].count)


def reported_page(published: Published) -> Rendered:
    """Render the reported table in full.

    The cells of a row are the best layer and the mean over layers, a score each.
    """
    best = max(published.rows, key=lambda row: row.ood)
    title = "Reported by the authors"
    told = Shown(f"{best.encoder}, {best.probe}", best.ood, best.iid)
    about = f"At the most, {told.name}: {scores(told)}. Figures of the study, not verified here."
    page = Page(
        "reported.html",
        title,
        "index.html",
        about,
        f"{title}: {scores(told)} at the most",
        tuple(Shown(f"{row.encoder}, {row.probe}", row.ood, row.iid) for row in published.rows),
    )
    names = [name.removesuffix("_best_layer") for name, _ in published.rows[0].others[::2]]
    rows = [
        (row, [(row.iid, row.iid_mean), (row.ood, row.ood_mean), *_pairs(row.others)])
        for row in published.rows
    ]
    own = published.with_probe(None)
    finding = reported_finding(published, own)
    picture = reported_dumbbells(own, finding) if finding else None
    columns = ("Seen QWK", "Unseen QWK", *map(_heading, names))
    front = {"finding": finding, "picture": picture}
    rendered = render(
        "reported.html", page, published=published, columns=columns, rows=rows, **front
    )
    return replace(rendered, files=picture_files([picture] if picture else []))


def _pairs(others: Sequence[tuple[str, float | None]]) -> list[tuple[float | None, float | None]]:
    values = [value for _, value in others]
    return list(zip(values[::2], values[1::2], strict=True))


#: What pages call the two, by the names of the columns of the reported table.
_SIDES = {"iid": "Seen", "ood": "Unseen"}


def _heading(name: str) -> str:
    side, _, score = name.partition("_")
    words = {"macro_f1": "macro F1", "mae": "MAE", "r2": "R²"}
    return f"{_SIDES[side]} {words.get(score, score)}"


#: The study's figures, as its abstract gives them.
_ABOUT = (
    "Probes on embedding models read the level of learners’ texts at QWK near 0.7 on corpora they "
    "have seen and near 0.37 on one they have not (Lyngbaek and Kristensen-McLachlan, 2026). The "
    "question, the protocol, how to submit, how to cite."
)


def about_page(cited: str) -> Rendered:
    """Render the page about the question, the protocol, how to submit and what to cite."""
    path = "about.html"
    page = Page(path, "About", path, _ABOUT)
    return render(path, page, cited=cited, trust=WORDS.items())
