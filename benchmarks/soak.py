"""100,000 texts through a run: is time linear in them, and memory flat? The curve of the docs.

    nice python benchmarks/soak.py run --data-dir DIR --output OUT --texts 25000 50000 100000
    python benchmarks/soak.py write --output OUT

Nine corpora in the study's proportions are drawn from real ones, no two texts equal. `run` runs
cefrbench on them as a user does and looks at it from outside, once a second: memory and processor
time of the process and its children, and how many shards of features lie in the cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil
from ablation import ROOT, replaced
from study import draw
from why import table

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "soak.svg"
ENCODER = "random-qwen3-tiny"
OPTIONS = ["--encoder", ENCODER, "--probe", "ridge", "--probe", "ordinal", "--device", "cpu"]
OPTIONS += ["--protocol", "iid", "--protocol", "lofo", "--refits", "0"]
OPTIONS += ["--no-references", "--no-analyses", "--layers", "last", "--quiet"]
#: Texts of one shard; the last of a corpus holds fewer.
SHARD = 256
EVERY = 1.0
#: Texts of one row of the table within a run.
STEP = 10_000
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a run from outside.

    Attributes
    ----------
    seconds, cpu : float
        Since it began: by the clock, and of all cores together.
    rss : int
        Bytes in memory, of it and its children.
    texts : int
        Whose features are in the cache, about.
    """

    seconds: float
    cpu: float
    rss: int
    texts: int


def soak(texts: int, asked: argparse.Namespace) -> None:
    """Run once, and write what was seen."""
    folder = asked.output / str(texts)
    draw(asked.data_dir, folder / "corpora", texts)
    command = [sys.executable, "-m", "cefrbench", "run", *OPTIONS]
    command += ["--data-dir", str(folder / "corpora"), "--cache-dir", str(folder / "cache")]
    command += ["--output", str(folder / "out"), "--log-file", str(folder / "log")]
    command += ["--max-length", str(asked.max_length)]
    looks = list(watch(subprocess.Popen(command), folder / "cache", texts))
    (path,) = (folder / "out" / ENCODER).glob("cefr-v1-*.json")
    result = json.loads(path.read_text("utf-8"))
    seen = {
        "texts": sum(corpus["texts"] for corpus in result["corpora"]),
        "tokens": result["provenance"]["features"]["tokens"],
        "timings": {one["phase"]: one["seconds"] for one in result["provenance"]["timings"]},
        "peak": result["provenance"]["peak_memory_bytes"],
        "looks": [asdict(one) for one in looks],
    }
    (asked.output / f"{texts}.json").write_text(json.dumps(seen), "utf-8")


def watch(process: subprocess.Popen[bytes], cache: Path, most: int) -> Iterator[Look]:
    """Look at a process once a second until it ends."""
    begun = time.monotonic()
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            alive = [seen, *seen.children(recursive=True)]
            rss = sum(one.memory_info().rss for one in alive)
            cpu = sum(sum(one.cpu_times()[:2]) for one in alive)
        except psutil.NoSuchProcess:
            continue  # one of them ended between two questions
        shards = len(list(cache.glob("features/*/*/shard-*.safetensors")))
        yield Look(time.monotonic() - begun, cpu, rss, min(most, shards * SHARD))
        time.sleep(EVERY)
    if process.returncode:
        raise SystemExit(f"The run ended with status {process.returncode}: see above.")


# -- what is made of it --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Soaked:
    """What one run took.

    Attributes
    ----------
    texts, tokens : int
    before, features, rest : float
        Processor seconds until the first features were there, until the last were, and after.
    first, last, peak : int
        Bytes in memory: means over the first and the last tenth of encoding, and the most
        after that.
    looks : list of Look
    """

    texts: int
    tokens: int
    before: float
    features: float
    rest: float
    first: int
    last: int
    peak: int
    looks: list[Look]


def read(path: Path) -> Soaked:
    """Read what was seen of one run."""
    seen: dict[str, Any] = json.loads(path.read_text("utf-8"))
    looks = [Look(**one) for one in seen["looks"]]
    whole = max(one.texts for one in looks)
    end = next(one for one in looks if one.texts == whole)
    encoding = [one for one in looks if one.texts > 0 and one.seconds <= end.seconds]
    tenth = max(1, len(encoding) // 10)
    return Soaked(
        texts=seen["texts"],
        tokens=int(seen["tokens"]),
        before=encoding[0].cpu,
        features=end.cpu - encoding[0].cpu,
        rest=looks[-1].cpu - end.cpu,
        first=round(fmean(one.rss for one in encoding[:tenth])),
        last=round(fmean(one.rss for one in encoding[-tenth:])),
        peak=max(one.rss for one in looks if one.seconds > end.seconds),
        looks=looks,
    )


def sizes(runs: Sequence[Soaked]) -> str:
    """The table of all runs."""
    head = ["texts", "start, read, lay out: s", "features: s", "per 10,000 texts"]
    head += ["fits and scores: s", "per 10,000 texts"]
    head += ["MiB at the first tenth of features", "at the last", "most after them"]
    rows = [
        [
            f"{one.texts:,}",
            f"{one.before:.0f}",
            f"{one.features:.0f}",
            f"{one.features / one.texts * STEP:.1f}",
            f"{one.rest:.0f}",
            f"{one.rest / one.texts * STEP:.1f}",
            f"{one.first / MIB:,.0f}",
            f"{one.last / MIB:,.0f}",
            f"{one.peak / MIB:,.0f}",
        ]
        for one in runs
    ]
    return table(head, rows)


def steps(run: Soaked) -> str:
    """The table of the largest run, 10,000 texts a row."""
    looks = [one for one in run.looks if one.texts]
    looks = looks[: 1 + next(i for i, one in enumerate(looks) if one.texts == last_of(run))]
    marks = [next(o for o in looks if o.texts >= n) for n in range(0, last_of(run) + 1, STEP)]
    rows = [
        [
            f"{round(after.texts, -3):,}",
            f"{(after.cpu - before.cpu) / (after.texts - before.texts) * STEP:.1f}",
            f"{max(o.rss for o in looks if before.texts < o.texts <= after.texts) / MIB:,.0f}",
        ]
        for before, after in pairwise(marks)
    ]
    return table(["texts encoded", "s per 10,000 of the last", "MiB at most"], rows)


def last_of(run: Soaked) -> int:
    """Texts encoded in the end."""
    return max(one.texts for one in run.looks)


def picture(runs: Sequence[Soaked]) -> str:
    """Memory over the course of all runs, drawn as the board draws its charts."""
    from cefrbench_leaderboard.charts.svg import draw as drawn
    from cefrbench_leaderboard.charts.svg import nominal, quantity

    names = [f"{one.texts:,} texts" for one in runs]
    rows = [
        {"run": name, "share": look.cpu / run.looks[-1].cpu, "GiB": look.rss / 2**30}
        for name, run in zip(names, runs, strict=True)
        for look in run.looks[:: max(1, len(run.looks) // 300)]
    ]
    scale = {"domain": names, "range": ["#009e73", "#d55e01", "#0173b2"][: len(names)]}
    spec = {
        "data": {"values": rows},
        "width": 560,
        "height": 220,
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {
            "x": quantity("share", title="share of the run's processor time",
                          axis={"format": "%", "tickCount": 5, "grid": False}),
            "y": quantity("GiB", title="GiB in memory"),
            "color": nominal("run", scale=scale),
        },
    }  # fmt: skip
    return drawn(spec, "Memory over a run", "the process and its children, once a second").alone()


def main() -> None:
    """Run, or write what runs gave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", choices=("run", "show", "write"))
    parser.add_argument("--data-dir", type=Path, help="corpora to draw from")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--texts", type=int, nargs="+", default=[25_000, 50_000, 100_000])
    parser.add_argument("--max-length", type=int, default=64, help="tokens, bytes here, of a text")
    asked = parser.parse_args()
    if asked.job == "run":
        for texts in asked.texts:
            soak(texts, asked)
        return
    runs = [read(asked.output / f"{texts}.json") for texts in asked.texts]
    blocks = {"soak": sizes(runs), "soak-steps": steps(runs[-1])}
    for text in blocks.values():
        print(text)
    if asked.job == "write":
        PICTURE.write_text(picture(runs), "utf-8")
        page = PAGE.read_text("utf-8")
        for name, text in blocks.items():
            page = replaced(page, name, text)
        PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
