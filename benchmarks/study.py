"""The whole study on one GPU: three Qwen3 shapes with random weights, all layers, five probes.

    python benchmarks/study.py run --device cuda          # measures, phase by phase
    python benchmarks/study.py estimate --tflops 400      # the arithmetic, from measured rates

Random weights of the same shape cost the same time as trained ones. Texts are drawn with their
lengths from `--data-dir` (UniversalCEFR files) or, without it, from the sample corpora, repeated
with a number in front so that no two are equal.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cefrbench.config import get_suite

SIZES = ("random-qwen3-0.6b", "random-qwen3-4b", "random-qwen3-8b")
#: Layers, width, weights outside the embedding table, of Qwen3-Embedding (model cards).
SHAPES = {
    "random-qwen3-0.6b": (28, 1024, 0.44e9),
    "random-qwen3-4b": (36, 2560, 3.6e9),
    "random-qwen3-8b": (36, 4096, 7.0e9),
}
CORPORA = tuple(get_suite("cefr-v1").config["corpora"])
LEVELS = ("A1", "A2", "B1", "B2", "C1")


def source_texts(data_dir: Path | None) -> list[str]:
    """Texts whose lengths are those of real ones where `data_dir` holds some."""
    if data_dir is not None:
        files = sorted(data_dir.glob("*.json"))
        return [row["text"] for file in files for row in json.loads(file.read_text("utf-8"))]
    from cefrbench.plugins import PluginHost

    host = PluginHost()
    samples = (host.get_corpus(name).sample() for name in CORPORA)
    return [str(row["text"]) for sample in samples if sample for row in sample.rows]


def write_corpora(folder: Path, texts: list[str], total: int) -> None:
    """Write nine corpora of `total` texts together, levels at random."""
    chance = random.Random(42)
    for index, name in enumerate(CORPORA):
        rows = [
            {
                "title": f"{i}",
                "lang": "de",
                "source_name": "benchmark",
                "format": "document-level",
                "category": "learner",
                "cefr_level": chance.choice(LEVELS),
                "license": "none",
                "text": f"{index} {i} {chance.choice(texts)}",
            }
            for i in range(total // len(CORPORA) + (index < total % len(CORPORA)))
        ]
        (folder / f"{name}.json").write_text(json.dumps(rows), "utf-8")


def measure(args: argparse.Namespace) -> None:
    """Run the suite `paper` for each size, as a user would, and print the phases."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_corpora(folder, source_texts(args.data_dir), args.texts)
        for size in args.sizes:
            command = [sys.executable, "-m", "cefrbench", "run", "--suite", "paper"]
            command += ["--encoder", size, "--device", args.device, "--data-dir", str(folder)]
            command += ["--seed", "0", "--cache-dir", str(folder / "cache")]
            command += ["--output", str(folder / "out"), "--quiet"]
            subprocess.run(command, check=True)
            result = json.loads((folder / "out" / size / "paper.json").read_text())
            provenance = result["provenance"]
            print(f"{size}: peak {provenance['peak_memory_bytes'] / 2**30:.2f} GiB of host memory")
            for timing in provenance["timings"]:
                print(f"  {timing['phase']:<14}{timing['seconds']:>9.1f} s")
    print(f"all: {(time.perf_counter() - begun) / 60:.1f} minutes for {args.texts} texts")


def estimate(args: argparse.Namespace) -> None:
    """Print operations and bytes over rates: what the phases should take at least.

    A step of an MLP takes two products for its hidden layer, forward and for the gradient, and
    moves the weights nine times: read for the product, gradient written, and Adam's four reads
    and three writes. The linear probes are an eigendecomposition a layer and little else.
    """
    folds, mlps, batch, trained = 11, 2, 200, 0.7
    seconds = dict.fromkeys(("forward pass", "MLPs' products", "MLPs' memory", "linear"), 0.0)
    for size in args.sizes:
        layers, width, weights = SHAPES[size]
        steps = trained * args.texts / batch * args.epochs * folds * mlps * layers
        taken = {
            "forward pass": 2 * weights * args.texts * args.tokens / (args.tflops * 1e12),
            "MLPs' products": steps * 4 * batch * width**2 / (args.mlp_tflops * 1e12),
            "MLPs' memory": steps * 9 * 4 * width**2 / (args.terabytes * 1e12),
            "linear": layers * args.eigh * (width / 4096) ** 3,
        }
        print(f"{size}: " + ", ".join(f"{name} {value:.0f} s" for name, value in taken.items()))
        seconds = {name: seconds[name] + value for name, value in taken.items()}
    print("all: " + ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
    print(f"{sum(seconds.values()) / 60:.1f} minutes at least, at the rates given")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("run", "estimate"))
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--texts", type=int, default=6400)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--tokens", type=int, default=280, help="mean tokens a text")
    parser.add_argument("--epochs", type=int, default=60, help="mean epochs of an MLP")
    parser.add_argument("--tflops", type=float, default=400.0, help="bfloat16, achieved")
    parser.add_argument("--mlp-tflops", type=float, default=200.0, help="TF32, achieved")
    parser.add_argument("--terabytes", type=float, default=2.5, help="a second, achieved")
    parser.add_argument("--eigh", type=float, default=2.0, help="seconds at 4,096, float64")
    args = parser.parse_args()
    {"run": measure, "estimate": estimate}[args.job](args)


if __name__ == "__main__":
    main()
