"""Why scores fall out of distribution, worked through: the tables of docs/studies/why.md.

    python benchmarks/why.py --data-dir DIR --output OUT --write

Runs cefrbench as a user does (what is there already is not run again), explains the results, and
writes figures and generated sentences between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ablation import CORPORA, ROOT, replaced

from cefrbench.cli import main as cefrbench
from cefrbench.results.checked import read_checked
from cefrbench.results.explain import explain_result
from cefrbench.results.explanation import Explanation, Figure
from cefrbench.results.model import AnalysisRecord

PAGE = ROOT / "docs" / "studies" / "why.md"
MERLIN = CORPORA[:3]
#: Two of the probes that choose for themselves.
LINEAR = tuple(w for name in ("ridge", "ordinal") for w in ("--probe", name))
#: Folder, encoders, corpora, options: what is run.
RUNS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("five", ("complexity", "minilm"), CORPORA, ()),
    ("merlin", ("complexity", "ud", "minilm"), MERLIN, LINEAR),
)
FIVE = ("length", "surface", "complexity", "random-qwen3-tiny", "minilm")
THREE = ("length", "surface", "complexity", "ud", "random-qwen3-tiny", "minilm")
LADDER = ("majority", "untrained", "layer 0", "length", "surface", "complexity", "ud")
SCORES = ("qwk", "recut", "spearman", "balanced_accuracy")
PARTS = ("gap", "direction", "thresholds", "location", "scale", "spacing")


def run(asked: argparse.Namespace) -> None:
    """Run what isn't there yet."""
    for folder, encoders, corpora, options in RUNS:
        out = asked.output / folder
        missing = [name for name in encoders if not (out / name / "cefr-v1.json").is_file()]
        if not missing:
            continue
        words = ["run", "--data-dir", str(asked.data_dir), "--output", str(out), "--device", "cpu"]
        words += [word for name in missing for word in ("--encoder", name)]
        words += [word for name in corpora for word in ("--corpus", name)]
        if asked.cache_dir is not None:
            words += ["--cache-dir", str(asked.cache_dir)]
        if cefrbench([*words, *options]):
            raise SystemExit(f"The run of {', '.join(missing)} failed: see above.")


def explained(path: Path, probe: str | None = None) -> Explanation:
    """Explain one result."""
    return explain_result(*read_checked(path), path, probe=probe)


# -- tables --------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(figure: Figure | None, digits: int = 3) -> str:
    """A figure with its interval."""
    if figure is None or figure.value is None:
        return "–"
    text = f"{figure.value:.{digits}f}"
    if figure.low is None or figure.high is None:
        return text
    return f"{text} [{figure.low:.2f}, {figure.high:.2f}]"


def number(value: float | None) -> str:
    """A number with three digits."""
    return "–" if value is None else f"{value:.3f}"


def gaps(found: Sequence[Explanation]) -> str:
    """Scores, the parts of the gap and how far each encoder comes."""
    rows = []
    for one in found:
        whole = next(d for d in one.decompositions if d.probe == one.probe and d.corpus is None)
        claim = one.claim
        rows.append(
            [
                one.encoder,
                one.probe,
                number(whole.inside.qwk),
                number(whole.outside.qwk),
                number(whole.inside.recut),
                number(whole.outside.recut),
                *(shown(whole.parts.get(name)) for name in PARTS),
                "–" if claim is None else f"{claim.height} of {len(claim.rungs)}",
            ]
        )
    head = ["encoder", "probe", "QWK in", "out", "recut in", "out", *PARTS, "rungs"]
    return table(head, rows)


def rungs(found: Sequence[Explanation]) -> str:
    """The claim ladders, side by side: lead over each rung out of distribution."""
    names = {rung.name for one in found for rung in (one.claim.rungs if one.claim else ())}
    rows = []
    for name in sorted(names, key=LADDER.index):
        cells = []
        for one in found:
            own = one.claim.rungs if one.claim else ()
            rung = next((r for r in own if r.name == name), None)
            if rung is None:
                cells.append("–")
            elif rung.status == "untested":
                cells.append("untested")
            else:
                p = "" if rung.p_holm is None else f", p = {rung.p_holm:.3f}"
                cells.append(f"{rung.status}: {shown(rung.difference)}{p}")
        rows.append([name, *cells])
    return table(["rung", *(one.encoder for one in found)], rows)


def by_layer(one: Explanation) -> str:
    """Scores and what else is read, by layer."""
    own = [layer for layer in one.layers if layer.probe == one.probe]
    read = [r for r in one.analyses if r.analysis == "identity"]
    targets = list(dict.fromkeys((r.target, r.corpus) for r in read))
    rows = []
    for layer in own:
        cells = [
            number(
                next(
                    (r.value for r in read if (r.target, r.corpus, r.layer) == (*t, layer.layer)),
                    None,
                )
            )
            for t in targets
        ]
        scores = (layer.inside.qwk, layer.outside.qwk, layer.inside.recut, layer.outside.recut)
        rows.append([str(layer.layer), *map(number, scores), *cells])
    titles = [f"{target}{f' in {corpus}' if corpus else ''}" for target, corpus in targets]
    chance = [number(next(r.chance for r in read if (r.target, r.corpus) == t)) for t in targets]
    rows.append(["chance", "", "", "", "", *chance])
    return table(["layer", "QWK in", "out", "recut in", "out", *titles], rows)


def records(
    analysis: str, keep: Callable[[AnalysisRecord], bool] = lambda _: True
) -> Callable[[Explanation], str]:
    """Make a table of the records of one analysis."""

    def made(one: Explanation) -> str:
        own = [r for r in one.analyses if r.analysis == analysis and keep(r)]
        fields = ("protocol", "probe", "corpus", "layer", "target", "amount", "measure")
        used = [name for name in fields if len({getattr(r, name) for r in own}) > 1]
        rows = [
            [
                *(str("all" if getattr(r, name) is None else getattr(r, name)) for name in used),
                number(r.value),
                number(r.chance),
                "–" if r.low is None else f"{r.low:.3f} to {r.high:.3f}",
            ]
            for r in own
        ]
        return table([*used, "value", "chance", "10 to 90 % of draws"], rows)

    return made


def mean(record: AnalysisRecord) -> bool:
    """Whether it is a score, in the mean over corpora."""
    return record.corpus is None and record.measure in SCORES


def said(one: Explanation) -> str:
    """The sentences of an explanation, by topic."""
    found: dict[str, list[str]] = {}
    for sentence in one.sentences:
        found.setdefault(sentence.topic, []).append(sentence.text)
    return "\n\n".join("> " + " ".join(texts) for texts in found.values()) + "\n"


def main() -> None:
    """Run, explain, and write the page's tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, default=None)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)}")
    asked = parser.parse_args()
    run(asked)
    five = [explained(asked.output / "five" / name / "cefr-v1.json") for name in FIVE]
    three = [explained(asked.output / "merlin" / name / "cefr-v1.json") for name in THREE]
    minilm = five[-1]
    blocks = {
        "gaps": gaps(five),
        "rungs": rungs(five),
        "said": said(minilm),
        "layers": by_layer(minilm),
        "within": records("level-within-task", mean)(minilm),
        "recalibrate": records("recalibrate", mean)(minilm),
        "merlin": gaps(three),
        "merlin-rungs": rungs([three[-1], three[3]]),
    }
    for name, text in blocks.items():
        print(f"## {name}\n\n{text}")
    if asked.write:
        page = PAGE.read_text("utf-8")
        for name, text in blocks.items():
            page = replaced(page, name, text)
        PAGE.write_text(page, "utf-8")
    print(json.dumps([one.verdict for e in five if (one := e.claim)], indent=2))


if __name__ == "__main__":
    main()
