"""The whole study on one GPU: three Qwen3 shapes with random weights, all layers, five probes.

    python benchmarks/study.py corpora --data-dir DIR --output DIR   # nine corpora of its sizes
    python benchmarks/study.py run --data-dir DIR --device cuda      # measures, phase by phase
    python benchmarks/study.py estimate --tflops 166 355 426  # arithmetic, from measured rates
    python benchmarks/study.py costs                        # the same as a table of docs/scaling.md

Random weights of the same shape cost the same time as trained ones. The corpora are drawn from real
texts with their levels, so that there is something to learn and probes stop when they would. Their
tokens are bytes: a text is cut to as many bytes as it has tokens of a real model.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cefrbench.layers import parse_layers

SIZES = ("random-qwen3-0.6b", "random-qwen3-4b", "random-qwen3-8b")
#: Layers, width, weights outside the embedding table, of Qwen3-Embedding (model cards).
SHAPES = {
    "random-qwen3-0.6b": (28, 1024, 0.44e9),
    "random-qwen3-4b": (36, 2560, 3.6e9),
    "random-qwen3-8b": (36, 4096, 7.0e9),
}
#: Texts of each corpus on the hub (Imperial et al. 2025, arXiv 2506.01419), and whose stand for it.
CORPORA_DRAWN = {
    "elle": (1697, "et-exams"),
    "icle500": (500, "cows-l2h"),
    "merlin-cs": (441, "merlin-cs"),
    "merlin-it": (813, "merlin-it"),
    "merlin-de": (1033, "merlin-de"),
    "cefr-asag": (299, "merlin-it"),
    "cople2": (942, "cows-l2h"),
    "peapl2": (481, "cows-l2h"),
    "zaebuc-ar": (215, "merlin-cs"),
}
#: Its texts; tokens of a text with the instruction, epochs of an MLP, both on average, and seeds.
TOKENS, EPOCHS, SEEDS = 394, 245, 5
#: Folds of `paper` on nine corpora: in distribution, each corpus left out, and MERLIN together.
FOLDS = 11
#: Nets of `paper`, texts of a step, and which share of the texts a fold trains on.
MLPS, BATCH, TRAINED = 2, 200, 0.70
PAGE = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
STUDY_TEXTS = sum(size for size, _ in CORPORA_DRAWN.values())


def draw_corpora(args: argparse.Namespace) -> None:
    """Write nine corpora of the study's sizes, or a share of them, as asked for."""
    draw(args.data_dir, args.output, round(args.share * STUDY_TEXTS), args.tokenizer)


def draw(data_dir: Path, output: Path, texts: int, tokenizer: Path | None = None) -> None:
    """Draw nine corpora from real ones, in the study's proportions; no two texts are equal.

    Parameters
    ----------
    data_dir : Path
        Holds the real ones.
    output : Path
        Gets a file a corpus.
    texts : int
        In all.
    tokenizer : Path, optional
        See :func:`as_tokens`.
    """
    chance = random.Random(42)
    output.mkdir(parents=True, exist_ok=True)
    before = end = 0
    for name, (size, origin) in CORPORA_DRAWN.items():
        rows = json.loads((data_dir / f"{origin}.json").read_text("utf-8"))
        begin, before = end, before + size
        end = round(texts * before / STUDY_TEXTS)
        total = end - begin
        drawn = [rows[i % len(rows)] for i in chance.sample(range(max(len(rows), total)), total)]
        # The numbers go on from corpus to corpus, for some are drawn from the same real one.
        numbered = [f"{i} {row['text']}" for i, row in enumerate(drawn, start=begin)]
        if tokenizer:
            numbered = as_tokens(numbered, tokenizer)
        kept = ("title", "lang", "source_name", "format", "category", "cefr_level", "license")
        written = [
            {key: row[key] for key in kept} | {"text": text}
            for row, text in zip(drawn, numbered, strict=True)
        ]
        (output / f"{name}.json").write_text(json.dumps(written), "utf-8")


def as_tokens(texts: list[str], tokenizer: Path) -> list[str]:
    """Cut each text to as many ASCII bytes as it has tokens: its length in a model of bytes."""
    from tokenizers import Tokenizer

    counter = Tokenizer.from_file(str(tokenizer))
    counter.no_truncation()
    counter.no_padding()
    plain = [text.encode("ascii", "replace").decode() for text in texts]
    encoded = counter.encode_batch(texts, add_special_tokens=False)
    return [text[: len(one.ids)] for text, one in zip(plain, encoded, strict=True)]


def measure(args: argparse.Namespace) -> None:
    """Run a suite for each size, as a user would, and print the phases."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in args.sizes:
            command = [sys.executable, "-m", "cefrbench", "run", "--suite", args.suite]
            command += ["--encoder", size, "--device", args.device]
            command += ["--data-dir", str(args.data_dir), "--cache-dir", str(folder / "cache")]
            command += ["--output", str(folder / "out"), "--log-file", args.log, "--quiet"]
            command += args.option
            subprocess.run(command, check=True)
            result = json.loads((folder / "out" / size / f"{args.suite}.json").read_text())
            provenance = result["provenance"]
            print(f"{size}: peak {provenance['peak_memory_bytes'] / 2**30:.2f} GiB of host memory")
            for timing in provenance["timings"]:
                print(f"  {timing['phase']:<14}{timing['seconds']:>9.1f} s")
    print(f"all: {(time.perf_counter() - begun) / 60:.1f} minutes")


@dataclass(frozen=True, slots=True)
class Machine:
    """Rates that a machine reaches.

    Attributes
    ----------
    name : str
    devices : int
        Each with a worker of its own: features by shards, fits by layer and probe.
    passes : tuple of float
        TFLOP/s of the forward pass, a shape.
    products : float
        TFLOP/s of an MLP's products.
    memory : float
        Terabytes a second that the weights of MLPs move at; none where products hold that time.
    """

    name: str
    devices: int
    passes: tuple[float, float, float]
    products: float
    memory: float = math.inf


#: As measured (docs/performance.md) on one H200; an H100's memory is four fifths as fast. On two
#: cores the floor's product ran at 0.197 TFLOP/s and is two thirds of a step of an MLP.
H200 = Machine("one H200", 1, (166, 355, 426), 410.0, 4.2)
MACHINES = (
    Machine("two cores", 1, (0.197, 0.197, 0.197), 0.13),
    Machine("one H100", 1, H200.passes, H200.products, 3.36),
    Machine("8 × H100", 8, H200.passes, H200.products, 3.36),
)


def least(
    size: str, machine: Machine, texts: int, tokens: int, epochs: int, seeds: int
) -> dict[str, float]:
    """Operations and bytes over rates: seconds that `paper` takes at least, by what takes them.

    A step of an MLP takes two products for its hidden layer, forward and for the gradient, and
    moves the weights ten times: read for the product and the norm, gradient written, and Adam's
    four reads and three writes. Attention and the linear probes are left out.

    Parameters
    ----------
    size : str
        One of :data:`SHAPES`.
    machine : Machine
    texts : int
    tokens : int
        Of a text, on average.
    epochs : int
        Of an MLP, on average.
    seeds : int
    """
    depth, width, weights = SHAPES[size]
    rate = machine.passes[list(SHAPES).index(size)]
    layers = len(parse_layers("study", tuple(range(depth + 1))))
    steps = TRAINED * texts / BATCH * epochs * FOLDS * MLPS * seeds * layers / machine.devices
    return {
        "forward pass": 2 * weights * texts * tokens / (rate * 1e12) / machine.devices,
        "MLPs' products": steps * 4 * BATCH * width**2 / (machine.products * 1e12),
        "MLPs' memory": steps * 10 * 4 * width**2 / (machine.memory * 1e12),
    }


def estimate(args: argparse.Namespace) -> None:
    """Print what `paper` should take at least on one device, at rates that may be given."""
    machine = Machine("", 1, tuple(args.tflops), args.mlp_tflops, args.terabytes)
    seconds = dict.fromkeys(("forward pass", "MLPs' products", "MLPs' memory"), 0.0)
    for size in args.sizes:
        taken = least(size, machine, args.texts, args.tokens, args.epochs, args.seeds)
        print(f"{size}: " + ", ".join(f"{name} {value:.0f} s" for name, value in taken.items()))
        seconds = {name: seconds[name] + value for name, value in taken.items()}
    print("all: " + ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
    print(f"{sum(seconds.values()) / 60:.1f} minutes at least, at the rates given")


def costs() -> str:
    """Make the table of costs, from two cores to eight GPUs, from the study to 400,000 texts."""
    lines = [
        "| texts | shape | on disk | "
        + " | ".join(f"{one.name}: features | MLPs" for one in MACHINES)
        + " |",
        "| --- | --- | --- |" + " --- |" * 2 * len(MACHINES),
    ]
    for texts in (STUDY_TEXTS, 400_000):
        for size, (depth, width, _) in SHAPES.items():
            cells = [f"{texts:,}", size.rpartition("-")[2].upper()]
            cells.append(f"{2 * texts * (depth + 1) * width / 2**30:,.1f} GiB")
            for machine in MACHINES:
                taken = least(size, machine, texts, TOKENS, EPOCHS, SEEDS)
                whole = sum(taken.values())
                cells += [in_time(taken["forward pass"]), in_time(whole - taken["forward pass"])]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def in_time(seconds: float) -> str:
    """Write a time with two digits, for it is no better than that."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 1.5 * size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"


def write_costs(args: argparse.Namespace) -> None:
    """Put the table of costs into its page."""
    page = PAGE.read_text("utf-8")
    begin, end = "<!-- begin costs -->\n", "<!-- end costs -->"
    before, rest = page.split(begin, 1)
    PAGE.write_text(before + begin + costs() + end + rest.split(end, 1)[1], "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("corpora", "run", "estimate", "costs"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data-dir", type=Path, help="corpora to draw from, or drawn")
    parser.add_argument("--output", type=Path, help="where drawn corpora go")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json, to count tokens by")
    parser.add_argument("--share", type=float, default=1.0, help="of the study's texts")
    parser.add_argument("--suite", default="paper")
    parser.add_argument("--log", default="study.log", help="how far a run is")
    parser.add_argument("--option", action="append", default=[], help="of `cefrbench run`")
    parser.add_argument("--texts", type=int, default=STUDY_TEXTS, help="texts to estimate for")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--tokens", type=int, default=TOKENS, help="mean tokens a text")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="mean epochs of an MLP")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument(
        "--tflops", type=float, nargs=3, default=H200.passes, help="of each shape's pass"
    )
    parser.add_argument("--mlp-tflops", type=float, default=H200.products, help="TF32, achieved")
    parser.add_argument("--terabytes", type=float, default=H200.memory, help="a second, achieved")
    args = parser.parse_args()
    jobs = {"corpora": draw_corpora, "run": measure, "estimate": estimate, "costs": write_costs}
    jobs[args.job](args)


if __name__ == "__main__":
    main()
