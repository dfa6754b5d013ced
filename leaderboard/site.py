"""Build the site: results in, pages out, swapped in whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from filelock import FileLock

from cefrbench.cores import usable_cores
from cefrbench_leaderboard.boards import SuiteResults, boards, by_suite, empty_board
from cefrbench_leaderboard.charts.chart import Table
from cefrbench_leaderboard.collect import collect
from cefrbench_leaderboard.descriptions import (
    Described,
    description_files,
    not_audited,
    read_descriptions,
)
from cefrbench_leaderboard.load import LeftOut, find_files
from cefrbench_leaderboard.output import Output, replacing
from cefrbench_leaderboard.pages.board import board_page
from cefrbench_leaderboard.pages.catalogue import catalogue_pages
from cefrbench_leaderboard.pages.compare import compare_pages
from cefrbench_leaderboard.pages.encoder import claim_told, trust_told
from cefrbench_leaderboard.pages.plain import about_page, coverage_page, reported_page
from cefrbench_leaderboard.pages.ways import ways_pages
from cefrbench_leaderboard.process import Task, collector_held, process_all
from cefrbench_leaderboard.published import Published, read_published
from cefrbench_leaderboard.sharing.cite import bibtex
from cefrbench_leaderboard.sharing.data import LINES, LINES_GZ, RESULT_GZ, write_data
from cefrbench_leaderboard.sharing.feed import PATH as FEED
from cefrbench_leaderboard.sharing.feed import feed
from cefrbench_leaderboard.sharing.publish import KEPT, Publisher
from cefrbench_leaderboard.sharing.stamp import check_base_url, make_stamp
from cefrbench_leaderboard.standing import Made
from cefrbench_leaderboard.store import Store
from cefrbench_leaderboard.tidy import leaderboard_table
from cefrbench_leaderboard.trust import read_records

#: Files of the store that pages don't link to.
_PRIVATE = ("entry.json", "manifest.json", LINES, LINES_GZ, RESULT_GZ)


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did.

    Attributes
    ----------
    index : Path
        The front page.
    results : int
        Results on the site.
    made : int
        Of those, how many were not in the store.
    left_out : tuple of LeftOut
    not_audited : tuple of str
        Corpora with rows that no audit was read of; none where no folder of audits was named.
    """

    index: Path
    results: int
    made: int
    left_out: tuple[LeftOut, ...]
    not_audited: tuple[str, ...]


Tell = Callable[[int, int], None]


def build(
    results: Path,
    out: Path,
    *,
    corpora: Path | None = None,
    verified: Path | None = None,
    base_url: str = "",
    workers: int | None = None,
    tell: Tell = lambda done, of: None,
) -> Report:
    """Build the site of a results folder.

    Parameters
    ----------
    results : Path
        Folder of ``<encoder>/<suite>.json``.
    out : Path
        Folder of the site; what a former build wrote there is replaced. The store lies beside it.
    corpora : Path, optional
        Folder of descriptions and audits of the corpora.
    verified : Path, optional
        Folder of the records of what maintainers made again.
    base_url : str
        Address at which the site will stand; empty when it is not known.
    workers : int, optional
        Processes; as many as there are cores, if none is given.
    tell : callable, optional
        Told of progress: results done, of how many.

    Raises
    ------
    UserError
        When the folder of results can't be read or that of the site not be written, or the
        address is none. A result that is wrong is left out and reported.
    """
    base_url = check_base_url(base_url)
    out = Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow a link
    store_folder = out.with_name(f".{out.name}.store")
    files = find_files(results)
    published = read_published(results)
    described = read_descriptions(corpora) if corpora else {}
    store = Store(store_folder)
    with FileLock(store_folder / "lock"), collector_held():
        keyed = {file: store.key(file) for file in files}
        kept = {file: store.find(key) for file, key in keyed.items()}
        tasks = [Task(file, keyed[file], store_folder) for file in files if kept[file] is None]
        causes = _process(tasks, workers or usable_cores(), tell)
        kept |= {task.file: store.find(task.key) for task in tasks}
        recorded, unread = read_records(verified) if verified else ([], [])
        made, left_out = collect(kept, causes, recorded)
        left_out += unread
        stamp = make_stamp(results, base_url, (one.entry.started for one in made))
        with replacing(out) as output:
            publisher = Publisher(output, stamp, store_folder)
            files_described = description_files(corpora) if corpora else []
            _write_site(publisher, made, left_out, published, described, files_described)
        store.finish([*KEPT, *(one.folder.name for one in made)], files)
    records = [record for one in made for record in one.entry.corpora] if corpora else []
    return Report(
        index=out / "index.html",
        results=len(made),
        made=len(tasks) - len(causes),
        left_out=tuple(left_out),
        not_audited=tuple(not_audited(records, described)),
    )


def _process(tasks: Sequence[Task], workers: int, tell: Tell) -> dict[str, str]:
    """Work tasks off; causes of those that failed, by file."""
    causes: dict[str, str] = {}
    for done, outcome in enumerate(process_all(tasks, workers), start=1):
        if outcome.cause:
            causes[outcome.task.file.name] = outcome.cause
        tell(done, len(tasks))
    return causes


def _write_site(
    publisher: Publisher,
    made: Sequence[Made],
    left_out: Sequence[LeftOut],
    published: Published | None,
    described: dict[str, Described],
    sources: Sequence[Path],
) -> None:
    suites = by_suite(made)
    output = publisher.output
    _link_results(publisher, suites)
    _copy_static(output)
    for record in (record for one in made for record in one.trust.records):
        output.write(record.page, record.record.model_dump_json(indent=1) + "\n")
    found = [board for suite in suites for board in boards(suite)]
    totals = _totals(made)
    front = found[0] if found else empty_board()
    for board in found or [front]:
        publisher.put(board_page(board, suites, front, totals, published, len(left_out)))
    publisher.put_all(catalogue_pages(suites, described))
    compared = compare_pages(found)
    publisher.put_all(compared)
    for page in ways_pages(suites):
        publisher.put(page)
    publisher.put(coverage_page(suites, left_out))
    publisher.put(about_page(bibtex(r.card for one in made for r in one.entry.corpora)))
    if published is not None:
        publisher.put(reported_page(published))
        output.write("reported.csv", published.csv)
    data = {path: text for path, text in compared.items() if isinstance(text, str)}
    write_data(publisher, made, found, published, sources, data)
    table = leaderboard_table(found)
    output.write("leaderboard.csv", table.csv())
    output.write("leaderboard.json", _json(table))
    # GitHub Pages would run the site through Jekyll, which drops some names.
    output.write(".nojekyll", "")
    output.write(FEED, feed((one.entry for one in made), publisher.stamp))
    publisher.finish()


def _link_results(publisher: Publisher, suites: Sequence[SuiteResults]) -> None:
    for suite in suites:
        for one in suite.made:
            page = one.entry.page
            told = claim_told(one.entry, suite.claims.get(one.entry.slug))
            told = trust_told(one.trust) + told
            for source in sorted(one.folder.iterdir()):
                if source.name == "page.html":
                    publisher.put_stored(page, source, told)
                elif source.name not in _PRIVATE and source.suffix != ".f32":
                    publisher.output.link(f"{page.removesuffix('.html')}/{source.name}", source)


def _copy_static(output: Output) -> None:
    folder = resources.files("cefrbench_leaderboard") / "static"
    for source in sorted(folder.iterdir(), key=lambda one: one.name):
        output.write(f"static/{source.name}", source.read_text("utf-8"))


def _totals(made: Sequence[Made]) -> dict[str, int]:
    """What the site holds, in numbers."""
    cards = [record.card for one in made for record in one.entry.corpora]
    return {
        "encoders": len({one.entry.slug for one in made}),
        "verified": len(made),
        "corpora": len({card.name for card in cards}),
        "languages": len({language for card in cards for language in card.languages}),
    }


def _json(table: Table) -> str:
    rows = (json.dumps(dict(zip(table.columns, row, strict=True))) for row in table.rows)
    return "[\n" + ",\n".join(rows) + "\n]\n"
