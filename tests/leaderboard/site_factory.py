"""Results to build sites from: full, partial, hostile and broken ones."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from result_factory import make_result, write_made

from cefrbench.results.io import dump, read_result, slug, write_result
from cefrbench_leaderboard.load import LeftOut

CORPORA = (
    "elle",
    "icle500",
    "merlin-cs",
    "merlin-it",
    "merlin-de",
    "cefr-asag",
    "cople2",
    "peapl2",
    "zaebuc-ar",
)
PROBES = ("ridge", "logistic", "ordinal", "mlp-regressor-early", "mlp-classifier-early")
PROTOCOLS = ("iid", "by-task", "lofo", "loco", "lolo")
#: Name that is markup; it stands in every table and in the data of the comparison.
MARKUP = "<img src=x onerror=alert(1)>"
#: Name that is a way out of the folder.
WAY_OUT = "../../etc/passwd"
LONG = "x" * 5000
PUBLISHED = Path(__file__).parents[2] / "leaderboard" / "results" / "published.csv"
#: What all full results have in common, as small as it can be.
SMALL: dict[str, Any] = {
    "corpora": CORPORA,
    "probes": PROBES,
    "protocols": PROTOCOLS,
    "seeds": (0, 1, 2),
    "texts": 20,
    "layers": (1, 2),
}


def write_full(folder: Path, encoder: str, skill: float, **options: Any) -> Path:
    """Write a result that covers all of cefr-v1."""
    return write_made(folder, encoder, **(SMALL | {"skill": skill} | options))


def write_changed(folder: Path, encoder: str, change: dict[str, Any], **options: Any) -> Path:
    """Write a result some of whose records are others than the factory's."""
    result, predictions = make_result(encoder, **options)
    return write_result(result.model_copy(update=change), predictions, folder)


@dataclass(frozen=True)
class Site:
    """A built site."""

    results: Path
    out: Path
    left_out: tuple[LeftOut, ...]

    def read(self, name: str) -> str:
        return (self.out / name).read_text("utf-8")

    @property
    def pages(self) -> list[str]:
        return sorted(path.relative_to(self.out).as_posix() for path in self.out.rglob("*.html"))


def write_broken(folder: Path) -> None:
    """Write files that can't be shown, and a second copy of one that can."""
    (folder / "broken").mkdir()
    (folder / "broken" / "truncated.json").write_text('{"kind": "cefrbench-res', "utf-8")
    (folder / "broken" / "other.json").write_text("[]", "utf-8")
    result, predictions = make_result("cheat", texts=20, layers=(1,), probes=("ridge",))
    path = write_result(result, predictions, folder)
    better = [unit.model_copy(update={"n": unit.n + 1}) for unit in result.units]
    changed = read_result(path).model_copy(update={"units": tuple(better)})
    path.write_text(dump(changed), "utf-8")
    again = folder / "again" / "cefr-v1.json"
    again.parent.mkdir()
    shutil.copy(folder / "strong" / "cefr-v1.json", again)
    shutil.copy(
        folder / "strong" / "cefr-v1.predictions.parquet",
        again.with_name("cefr-v1.predictions.parquet"),
    )


def page_of(encoder: str, suite: str = "cefr-v1") -> str:
    """Path of an encoder's page."""
    return f"encoders/{slug(encoder)}/{suite}.html"
