"""What methods against corpus bias do: the tables of docs/studies/methods.md.

    python benchmarks/track.py --data-dir DIR --output OUT --write

Runs cefrbench as a user does, each method by itself (what is there already is not run again), so
that the time of each stands in its result; then reads the results and writes the page's tables.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablation import CORPORA, ROOT, replaced
from why import table

from cefrbench.cli import main as cefrbench
from cefrbench.plugins import PluginHost
from cefrbench.results.checked import read_checked
from cefrbench.results.method_effects import MEAN, STUDY, MethodEffects, tell_methods
from cefrbench.results.method_tables import effect_cells, shown_effect
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable

PAGE = ROOT / "docs" / "studies" / "methods.md"
#: Three encoders and two references; of MiniLM's six layers every third.
ENCODERS = ("random-qwen3-tiny", "complexity", "minilm")
REFERENCES = ("length", "surface")
LAYERS = {"minilm": "3,6"}
REFITS = "8"
RESAMPLES = 200
PROBE = "ridge"
#: Where a method is given labels, and how the probe's own training on them compares.
SHOTS = ("few-shot-8", "few-shot-32", "few-shot-128")

Entry = tuple[RunResult, PredictionTable]


def names() -> list[str]:
    """Methods of the study, cheap ones first; the probe itself before all."""
    first = [PROBE, STUDY, "moments", "centre", "prior", "adabn", "leace", "lisa", "rank-labels"]
    every = PluginHost(load="").methods.items
    return [*first, *(name for name in every if name not in first)]


def path_of(output: Path, name: str, encoder: str) -> Path:
    """Where the result of one method on one encoder lies."""
    return output / name / encoder / "cefr-v1.json"


def run(asked: argparse.Namespace) -> None:
    """Run what isn't there yet."""
    begun = time.perf_counter()
    for encoders in ((*REFERENCES, *ENCODERS[:2]), ENCODERS[2:]):
        wanted = [e for e in encoders if not asked.only or e in asked.only]
        for name in names():
            missing = [e for e in wanted if not path_of(asked.output, name, e).is_file()]
            if missing:
                _run_one(asked, name, missing)
    print(f"all runs: {(time.perf_counter() - begun) / 60:.1f} minutes", flush=True)


def _run_one(asked: argparse.Namespace, name: str, encoders: Sequence[str]) -> None:
    probe = name if name == PROBE else f"{name}+{PROBE}"
    words = ["run", "--data-dir", str(asked.data_dir), "--output", str(asked.output / name)]
    words += ["--device", "cpu", "--quiet", "--seed", "0", "--refits", REFITS]
    words += ["--no-references", "--no-analyses", "--probe", probe]
    if name == STUDY:
        words += ["--penalty", f"{probe}=1"]
    protocols = ("iid", "lofo", *(SHOTS if name in (PROBE, "recalibrate") else ()))
    words += [word for protocol in protocols for word in ("--protocol", protocol)]
    words += [word for corpus in CORPORA for word in ("--corpus", corpus)]
    words += [word for encoder in encoders for word in ("--encoder", encoder)]
    words += ["--layers", LAYERS[encoders[0]]] if encoders[0] in LAYERS else []
    if asked.cache_dir is not None:
        words += ["--cache-dir", str(asked.cache_dir)]
    if cefrbench(words):
        raise SystemExit(f"The run of {probe} on {', '.join(encoders)} failed: see above.")


# -- tables --------------------------------------------------------------------------------------


def entries(output: Path) -> list[Entry]:
    """All results that are there, the encoders' first."""
    paths = [
        path_of(output, name, encoder)
        for encoder in (*ENCODERS, *REFERENCES)
        for name in names()
        if path_of(output, name, encoder).is_file()
    ]
    return [read_checked(path) for path in paths]


def effects(told: MethodEffects, encoder: str) -> str:
    """The table of one encoder, or of their mean."""
    titles = {MEAN: f"mean over {', '.join(told.averaged)}"}
    cells = effect_cells(told).get(titles.get(encoder, encoder))
    return table(*cells) if cells else "\n"


def costs(found: Iterable[Entry]) -> str:
    """Seconds of the fits of each method, by encoder."""
    seconds: dict[str, dict[str, float]] = {}
    for result, _ in found:
        own = seconds.setdefault(result.probes[0].name.removesuffix(f"+{PROBE}"), {})
        times = {one.phase: one.seconds for one in result.provenance.timings}
        own[result.encoder.name] = times.get("probes", 0.0)
    shown = [*ENCODERS, *REFERENCES]
    rows = [
        [name, *(f"{own[e]:.0f}" if e in own else "–" for e in shown)]
        for name, own in seconds.items()
    ]
    return table(["method", *(f"{e}, s" for e in shown)], rows)


def labelled(found: Sequence[Entry]) -> str:
    """What k labels buy with and without recalibration."""
    rows = []
    own = [e for e in found if e[0].probes[0].name in (PROBE, f"recalibrate+{PROBE}")]
    if len({e[0].probes[0].name for e in own}) < 2:
        return "\n"
    for protocol in SHOTS:
        told = tell_methods(
            own, scores=("qwk",), averaged=ENCODERS, outside=protocol, replicates=RESAMPLES
        )
        for encoder in (*((MEAN,) if told.averaged else ()), *told.encoders):
            effect = told.find(encoder, "recalibrate", "out")
            if effect is None or effect.baseline is None or effect.value is None:
                continue
            rows.append(
                [
                    protocol.removeprefix("few-shot-"),
                    encoder,
                    f"{effect.baseline:.3f}",
                    f"{effect.value:.3f}",
                    shown_effect(effect),
                ]
            )
    head = ["k", "encoder", "trained on them", "recalibrated by them", "difference"]
    return table(head, rows)


def main() -> None:
    """Run, read, and write the page's tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, default=None)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=(), help="encoders to run; else all")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--read", action="store_true", help="run nothing, read what is there")
    asked = parser.parse_args()
    if not asked.read:
        run(asked)
    found = entries(asked.output)
    told = tell_methods(found, averaged=ENCODERS, replicates=RESAMPLES)
    blocks = {name: effects(told, name) for name in (MEAN, *told.encoders)}
    blocks |= {"labels": labelled(found), "costs": costs(found)}
    for name, text in blocks.items():
        print(f"## {name}\n\n{text}")
    if asked.write:
        page = PAGE.read_text("utf-8")
        for name, text in blocks.items():
            page = replaced(page, name, text)
        PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
