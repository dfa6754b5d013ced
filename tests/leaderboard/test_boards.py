"""Who stands where: partial results apart, references unranked, ranks those of the statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from result_factory import make_result, write_made
from site_factory import CORPORA, Site, write_changed, write_full
from site_factory import SMALL as FULL

from cefrbench.config import get_suite
from cefrbench.results.compare import compare_results
from cefrbench.results.corpus_scores import corpus_scores
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.io import read_predictions_of, read_result, write_result
from cefrbench.results.model import FailureRecord, RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.summary import is_complete, summarise
from cefrbench_leaderboard.boards import (
    BYTES_A_PAIR,
    PAIR_BYTES,
    Board,
    Line,
    SuiteResults,
    by_suite,
    make_board,
    most_kept,
)
from cefrbench_leaderboard.entry import FAVOURED, Entry, Estimate
from cefrbench_leaderboard.load import find_files
from cefrbench_leaderboard.pairs import compared_pairs
from cefrbench_leaderboard.process import Task, process, read_entry
from cefrbench_leaderboard.standing import Made, match
from cefrbench_leaderboard.store import Store

QUICKSTART = get_suite("quickstart").config
QUICKSTART_KINDS = {k: QUICKSTART[k] for k in ("corpora", "probes", "protocols", "seeds")}
SMALL = {"texts": 20, "layers": (1, 2), "probes": ("ridge", "mlp-classifier"), "seeds": (0, 1)}


def made_from(results: Path, store: Path) -> list[Made]:
    made = []
    for file in find_files(results):
        key = Store(store).key(file)
        assert process(Task(file, key, store)).cause == ""
        made.append(Made(read_entry(store / key), store / key))
    return made


def entries_of(results: Path) -> list[tuple[RunResult, PredictionTable]]:
    found = []
    for path in sorted(results.glob("*/*.json")):
        result = read_result(path)
        found.append((result, read_predictions_of(result, path)))
    return found


def suite_of(made: Sequence[Made], name: str = "cefr-v1") -> SuiteResults:
    return next(suite for suite in by_suite(made) if suite.name == name)


def lines_of(board: Board) -> dict[str, Line]:
    return {line.entry.encoder: line for section in board.sections for line in section.lines}


@pytest.fixture(scope="module")
def partial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Made]]:
    """Four results on the same three corpora."""
    folder = tmp_path_factory.mktemp("partial")
    for name, skill in (("good", 0.9), ("fair", 0.6), ("poor", 0.4)):
        write_made(folder / "results", name, skill=skill, **SMALL)
    write_made(folder / "results", "surface", skill=0.2, role="reference", **SMALL)
    return folder / "results", made_from(folder / "results", folder / "store")


@pytest.fixture(scope="module")
def full(site: Site) -> SuiteResults:
    made = []
    for file in find_files(site.results):
        folder = Store(site.out.with_name(".site.store")).find(
            Store(site.out.with_name(".site.store")).key(file)
        )
        if folder is not None and file.name != "again/cefr-v1.json":
            made.append(Made(read_entry(folder), folder))
    return suite_of(made)


def test_a_partial_result_never_ranks_among_full_ones(full: SuiteResults) -> None:
    board = make_board(full, FAVOURED)
    assert [section.ranked for section in board.sections] == [True, False, False]
    ranked, *others = board.sections
    assert "half" not in {line.entry.encoder for line in ranked.lines}
    assert all(line.standings == {} for section in others for line in section.lines)
    scored = [line for line in lines_of(board).values() if "lofo" in line.scores]
    best = max(scored, key=lambda line: line.scores["lofo"].value or 0)
    assert best.entry.encoder == "half", "the partial one is best, and still not ranked"


def test_partial_results_are_labelled_with_what_they_cover(site: Site, full: SuiteResults) -> None:
    covered = [section.corpora for section in make_board(full, FAVOURED).sections]
    assert covered[0] == CORPORA
    assert CORPORA[2:5] in covered[1:]
    assert "Cover merlin-cs, merlin-it, merlin-de only" in site.read("index.html")


def test_references_stand_on_the_board_without_a_rank(full: SuiteResults) -> None:
    lines = lines_of(make_board(full, "ridge"))
    kinds = {"surface": "reference", "random-qwen3-tiny": "untrained control"}
    for name, kind in kinds.items():
        assert lines[name].entry.reference == kind
        assert lines[name].standings == {}


def test_no_name_says_what_an_encoder_is(tmp_path: Path) -> None:
    for name, role in (("random-indexing-v2", "candidate"), ("mine", "control")):
        write_made(tmp_path / "results", name, role=role, **SMALL)
    found = {one.entry.encoder: one.entry for one in made_from(tmp_path / "results", tmp_path)}
    assert found["random-indexing-v2"].reference is None
    assert found["mine"].reference == "untrained control"


def write_fitting(folder: Path, encoder: str, skill: float, **change: Any) -> None:
    """Write a result that is complete but for what is changed."""
    result, table = make_result(
        encoder, suite="quickstart", skill=skill, texts=10, layers=(1, 2), **QUICKSTART_KINDS
    )
    result = result.model_copy(update=change)
    result = result.model_copy(update={"complete": is_complete(result)})
    write_result(result, table, folder)


def test_a_result_in_which_something_failed_ranks_nowhere_though_it_be_the_best(
    tmp_path: Path,
) -> None:
    failure = FailureRecord(stage="probe", name="ridge", cause="It broke.")
    write_fitting(tmp_path / "results", "whole", 0.5)
    write_fitting(tmp_path / "results", "broken", 0.9, failures=(failure,))
    write_fitting(tmp_path / "results", "broken-too", 0.9, failures=(failure,))
    suite = suite_of(made_from(tmp_path / "results", tmp_path / "store"), "quickstart")
    ranked, other = make_board(suite, "ridge").sections
    assert (ranked.ranked, other.ranked) == (True, False)
    assert [line.entry.encoder for line in ranked.lines] == ["whole"]
    assert {line.entry.encoder for line in other.lines} == {"broken", "broken-too"}


def test_results_of_other_splits_are_not_ranked_together(tmp_path: Path) -> None:
    splits = make_result(texts=10, suite="quickstart", **QUICKSTART_KINDS)[0].splits
    moved = splits[-1].model_copy(update={"manifest": "f" * 64})
    write_fitting(tmp_path / "results", "one", 0.5)
    write_fitting(tmp_path / "results", "two", 0.6)
    write_fitting(tmp_path / "results", "elsewhere", 0.9, splits=(*splits[:-1], moved))
    suite = suite_of(made_from(tmp_path / "results", tmp_path / "store"), "quickstart")
    sections = make_board(suite, "ridge").sections
    found = [{line.entry.encoder for line in section.lines} for section in sections]
    assert found == [{"one", "two"}, {"elsewhere"}]
    assert [section.ranked for section in sections] == [True, False]


def test_an_entry_that_lacks_a_fold_is_compared_with_none_that_has_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_made(tmp_path / "results", name, **SMALL)
    result, table = make_result("lacking", skill=1.0, **SMALL)
    update = {
        part: tuple(record for record in getattr(result, part) if record.fold != "gamma")
        for part in ("fits", "units", "choices")
    }
    names = [corpus.card.name for corpus in result.corpora]
    kept = table.take(np.flatnonzero(table.fold != "gamma"))
    size = len(result.scale)
    update["scores"] = corpus_scores(update["units"], update["choices"], kept, size)
    update["summary"] = summarise(update["scores"], result.splits, update["choices"], names)
    write_result(result.model_copy(update=update), kept, tmp_path / "results")
    made = made_from(tmp_path / "results", tmp_path / "store")
    found = {
        protocol: {one.made.entry.encoder for one in of.contestants}
        for protocol in ("iid", "loco")
        if (of := match(made, "ridge", protocol)) is not None
    }
    assert found == {"iid": {"one", "two", "lacking"}, "loco": {"one", "two"}}
    assert lines_of(make_board(suite_of(made), "ridge")).keys() == {"one", "two", "lacking"}


def test_ranks_follow_from_the_tests_of_compare(site: Site, full: SuiteResults) -> None:
    """The same family: all pairs of the board under the protocol, references included."""
    board = make_board(full, "ridge")
    (section,) = (section for section in board.sections if section.ranked)
    entries = []
    for line in section.lines:
        path = site.results / line.entry.file
        result = read_result(path)
        entries.append((result, read_predictions_of(result, path)))
    report = compare_results(entries, probe="ridge", protocols=["lofo"])
    candidates = [line for line in section.lines if line.entry.reference is None]
    names = [line.entry.encoder for line in candidates]
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for pair in report.pairs:
        assert pair.these is not None
        if {pair.first, pair.second} <= set(names) and pair.these.significant:
            ahead = (pair.difference or 0) > 0
            better[pair.second if ahead else pair.first] += 1
            worse[pair.first if ahead else pair.second] += 1
    for line in candidates:
        standing = line.standings["lofo"]
        name = line.entry.encoder
        assert standing.rank == standing.low == 1 + better[name]
        assert standing.high == len(names) - worse[name]
    lines = lines_of(board)
    assert lines["strong"].standings["lofo"].tied == 2
    assert lines["hf:org/weak"].standings["lofo"].rank == 3


def test_numbers_and_intervals_are_those_of_the_result(
    partial: tuple[Path, list[Made]],
) -> None:
    results, made = partial
    lines = lines_of(make_board(suite_of(made), "ridge"))
    for result, predictions in entries_of(results):
        intervals = summary_intervals(result, predictions, scores=("qwk",))
        line = lines[result.encoder.name]
        for record in result.summary:
            if record.probe == "ridge":
                assert record.chosen is not None
                assert line.scores[record.protocol].value == pytest.approx(record.chosen.qwk)
                mean = intervals.means[record.protocol, "ridge"]["qwk"]
                assert line.scores[record.protocol].low == pytest.approx(mean.low)
                assert line.scores[record.protocol].high == pytest.approx(mean.high)
        gap = intervals.gaps["ridge"]["qwk"]
        assert (line.gap.value, line.gap.low) == pytest.approx((gap.estimate, gap.low))


def test_the_difference_from_a_reference_is_paired(partial: tuple[Path, list[Made]]) -> None:
    results, made = partial
    lines = lines_of(make_board(suite_of(made), "ridge"))
    entries = {result.encoder.name: (result, table) for result, table in entries_of(results)}
    for name in ("good", "fair", "poor"):
        report = compare_results(
            [entries[name], entries["surface"]], probe="ridge", protocols=("loco",)
        )
        (pair,) = report.pairs
        above = lines[name].above["surface"]
        assert pair.these is not None
        assert above.value == pytest.approx(pair.difference)
        assert (above.low, above.high) == pytest.approx((pair.these.low, pair.these.high), abs=1e-5)


def test_compared_pairs_are_those_of_compare(partial: tuple[Path, list[Made]]) -> None:
    results, made = partial
    board = make_board(suite_of(made), "ridge")
    (section,) = board.sections
    names = [line.entry.encoder for line in section.lines]
    entries = {result.encoder.name: (result, table) for result, table in entries_of(results)}
    # A board corrects over the pairs of one protocol at a time.
    reports = [
        compare_results([entries[name] for name in names], probe="ridge", protocols=[protocol])
        for protocol in ("iid", "loco", "gap")
    ]
    expected = {(p.first, p.second, p.protocol): p for report in reports for p in report.pairs}
    pairs = compared_pairs(board, section, len(names))
    assert len(pairs) == len(expected)
    for pair, _ in pairs:
        theirs = expected[pair.first, pair.second, pair.protocol]
        assert pair.difference == pytest.approx(theirs.difference)
        for ours, scope in ((pair.these, theirs.these), (pair.beyond, theirs.beyond)):
            assert ours is not None
            assert scope is not None
            assert (ours.low, ours.high) == pytest.approx((scope.low, scope.high), abs=1e-5)
            assert ours.p_holm == pytest.approx(scope.p_holm, abs=1e-4)
            assert ours.low_holm == pytest.approx(scope.low_holm, rel=1e-5, abs=1e-5)
            assert ours.high_holm == pytest.approx(scope.high_holm, rel=1e-5, abs=1e-5)


def test_results_on_other_rows_of_a_corpus_stand_apart(tmp_path: Path) -> None:
    write_full(tmp_path / "results", "one", 0.5)
    write_full(tmp_path / "results", "two", 0.5)
    result, _ = make_result("newer", **FULL)
    other = result.corpora[0].model_copy(update={"fingerprint": "f" * 64})
    changed = {"corpora": (other, *result.corpora[1:])}
    write_changed(tmp_path / "results", "newer", changed, **FULL)
    suite = suite_of(made_from(tmp_path / "results", tmp_path / "store"))
    assert [one.entry.encoder for one in suite.full] == ["one", "two"]
    assert [[one.entry.encoder for one in cohort] for cohort in suite.partial] == [["newer"]]


def test_an_undefined_score_stands_below_a_negative_one(
    partial: tuple[Path, list[Made]],
) -> None:
    values = {"good": -0.9, "fair": None, "poor": 0.1}
    made = []
    for one in partial[1]:
        if one.entry.encoder in values:
            score = Estimate(value=values[one.entry.encoder])
            cells = tuple(cell.model_copy(update={"qwk": score}) for cell in one.entry.cells)
            entry = Entry.model_validate(one.entry.model_dump() | {"cells": cells})
            made.append(Made(entry, one.folder))
    (section,) = make_board(suite_of(made), "ridge").sections
    assert [line.entry.encoder for line in section.lines] == ["poor", "good", "fair"]


@pytest.mark.parametrize("protocols", [1, 3, 9])
def test_the_pairs_that_are_kept_fit_their_bytes(protocols: int) -> None:
    n = most_kept(protocols)
    assert n * (n - 1) / 2 * protocols * BYTES_A_PAIR <= PAIR_BYTES
    assert (n + 1) * n / 2 * protocols * BYTES_A_PAIR > PAIR_BYTES
