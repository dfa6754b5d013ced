"""Make everything that depends on one result alone; the slow part, done once a result."""

from __future__ import annotations

import gc
import shutil
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cefrbench.errors import UserError
from cefrbench.results.bands import layer_bands
from cefrbench.results.explain import tell_gap
from cefrbench.results.export import to_csv
from cefrbench.results.samples import samples
from cefrbench_leaderboard.entry import Entry, make_entry
from cefrbench_leaderboard.figures import figures, shared_weights, write_moves
from cefrbench_leaderboard.load import ResultFile, load
from cefrbench_leaderboard.pages.encoder import encoder_page
from cefrbench_leaderboard.sharing.badge import badge
from cefrbench_leaderboard.sharing.data import write_shared
from cefrbench_leaderboard.sharing.picture import draw_png, picture_svg
from cefrbench_leaderboard.store import Store


@dataclass(frozen=True, slots=True)
class Task:
    """One result that is not in the store."""

    file: ResultFile
    key: str
    store: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task; an empty cause means that the entry is in the store."""

    task: Task
    cause: str


def process_all(tasks: Sequence[Task], workers: int) -> Iterator[Outcome]:
    """Work tasks off, over processes when there are several; outcomes as they come.

    A result that kills its process (by its size, say) doesn't take the others with it.
    """
    if workers < 2 or len(tasks) < 4:
        yield from map(process, tasks)
        return
    done = 0
    try:
        with _pool(workers) as pool:
            for outcome in pool.map(process, tasks, chunksize=1):
                done += 1
                yield outcome
    except BrokenProcessPool:
        yield from map(_process_alone, tasks[done:])


def _process_alone(task: Task) -> Outcome:
    try:
        with _pool(1) as pool:
            return pool.submit(process, task).result()
    except BrokenProcessPool:
        return Outcome(task, "The process that drew it died: it is too large, or worse.")


def _pool(workers: int) -> ProcessPoolExecutor:
    # Threads of the parent (drawing library, BLAS) don't survive a fork.
    context = get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread)


def _one_thread() -> None:
    """Small matrices: threads of each worker would only wait for each other."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def process(task: Task) -> Outcome:
    """Make one entry. What is wrong with a result must not stop the others."""
    try:
        with Store(task.store).making(task.key) as folder, collector_held():
            _make(task.file, folder)
    except UserError as error:
        return Outcome(task, str(error))
    except Exception as error:  # noqa: BLE001 - a result nobody thought of breaks alone
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Outcome(task, f"It can't be shown: {type(error).__name__} in {where}: {error}")
    return Outcome(task, "")


@contextmanager
def collector_held() -> Iterator[None]:
    """Hold the collector of reference cycles: a quarter of the time, for next to nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _make(file: ResultFile, folder: Path) -> None:
    result, predictions = load(file)
    taken = samples(result, predictions)
    found = figures(result, predictions, taken)
    bands = layer_bands(result.units, [corpus.card.name for corpus in result.corpora])
    entry = make_entry(result, predictions, found, file.name)
    story = tell_gap(result, predictions, shared_weights(), taken)
    rendered, beside = encoder_page(result, entry, bands, story)
    _write(folder / "page.html", rendered.html)
    (folder / "picture.png").write_bytes(draw_png(picture_svg(rendered.page)))
    _write(folder / "entry.json", entry.model_dump_json())
    _write(folder / "units.csv", to_csv([result]))
    _write(folder / "badge.svg", badge(entry))
    for name, text in beside.items():
        _write(folder / name, text)
    write_moves(found.moves, folder)
    shutil.copyfile(file.path, folder / "result.json")
    write_shared(entry, file, folder)
    shutil.copyfile(file.predictions, folder / "predictions.parquet")


def _write(path: Path, text: str) -> None:
    # The whole folder takes its name at once, so each file needs no care of its own.
    path.write_bytes(text.encode("utf-8", "xmlcharrefreplace"))


def read_entry(folder: Path) -> Entry:
    """Read what :func:`process` wrote."""
    return Entry.model_validate_json((folder / "entry.json").read_bytes())
