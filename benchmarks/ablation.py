"""What each rule of `cefr-v1` does to an encoder's figures: the table of docs/studies/standard.md.

    python benchmarks/ablation.py --data-dir DIR --write

Starts from the rules of the first version (unscaled features, one penalty, one 80/20 cut, layers
chosen on a fifth of the training part, leave one corpus out), and adds one rule of the standard
after the other. Features are computed once; all fits are those of the probes that ship.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from cefrbench import EncoderOptions, Fold, by_corpus, stratified_cut
from cefrbench.config import merge
from cefrbench.contracts.probe import FoldRows, ProbeOptions, ProbeSpec
from cefrbench.contracts.protocol import Inner
from cefrbench.essays import EssayTable, Ints, pool
from cefrbench.features.compute import FeatureSet, compute_features
from cefrbench.features.store import FeatureStore
from cefrbench.folds import make_folds, parts_by_group
from cefrbench.levels import FIVE
from cefrbench.plan import Job, load_corpora
from cefrbench.plugins import PluginHost
from cefrbench.probing.fit import fit_paths
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.sweep import Fitted
from cefrbench.progress import Silent
from cefrbench.results.build import Collector, split_records
from cefrbench.results.corpus_scores import corpus_scores
from cefrbench.results.model import SummaryRecord
from cefrbench.results.selection import choose
from cefrbench.results.summary import summarise

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "studies" / "standard.md"
CORPORA = (
    "merlin-cs",
    "merlin-it",
    "merlin-de",
    "universalcefr:et-exams",
    "universalcefr:cows-l2h",
)
SEED = 42
#: One a protocol.
Summaries = dict[str, SummaryRecord]


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules of the standard hold; those of the first version hold in place of the others."""

    title: str
    standardised: bool = False
    balanced: bool = False
    families: bool = False
    five: bool = False
    grid: bool = False
    inner: bool = False


def steps() -> list[Rules]:
    """From the first version's rules to the standard's, each step with one rule more."""
    added = {
        "standardised": "features standardised",
        "balanced": "balanced weights",
        "families": "families left out, not corpora",
        "five": "five folds in distribution",
        "grid": "penalty from a grid",
        "inner": "choice by leaving families out (by folds in distribution)",
    }
    found = [Rules("the first version")]
    for name, title in added.items():
        found.append(replace(found[-1], title=f"+ {title}", **{name: True}))
    return found


# -- folds -----------------------------------------------------------------------------------------


def planned(rules: Rules, table: EssayTable, seed: int) -> list[PlannedFold]:
    """Folds of one step, in and out of distribution."""
    if rules.inner:
        host = PluginHost()
        return [
            PlannedFold(name, fold, "")
            for name in ("iid", "lofo")
            for fold in make_folds(host.get_protocol(name), table, seed)
            if isinstance(fold, Fold)
        ]
    found = [PlannedFold("iid", fold, "") for fold in _inside(rules, table, seed)]
    groups = table.families.values() if rules.families else [(i,) for i in range(len(table.names))]
    name = "lofo" if rules.families else "loco"
    for number, members in enumerate(groups, start=1):
        scored = table.rows_of(*members)
        rest = np.setdiff1d(np.arange(len(table)), scored)
        fold = _validated(table, str(number), table.without_units_of(rest, scored), scored, seed)
        found.append(PlannedFold(name, fold, ""))
    return found


def _inside(rules: Rules, table: EssayTable, seed: int) -> Iterator[Fold]:
    rows = np.arange(len(table), dtype=np.int64)
    if rules.five:
        parts = parts_by_group(table, rows, table.group, seed)
        for number, part in enumerate(parts, start=1):
            yield _validated(table, str(number), np.setdiff1d(rows, part), part, seed)
    else:
        cut = stratified_cut(table, rows, 0.2, seed)
        yield _validated(table, "all", cut.first, cut.second, seed)


def _validated(table: EssayTable, name: str, train: Ints, scored: Ints, seed: int) -> Fold:
    """Hold a fifth of a training part back, on all of which layer and penalty are chosen."""
    cut = stratified_cut(table, train, 0.2, seed)
    held = {"validation": table.once(cut.second)}
    return Fold(name, cut.first, by_corpus(table, scored), (Inner(cut.first, held),))


def weighted(rules: Rules, rows: FoldRows) -> FoldRows:
    """Training rows with the weights and the unit of a step; else each text weighs the same."""
    return replace(
        rows,
        weight=rows.weight if rules.balanced else rows.count,
        count=rows.count if rules.standardised else None,
    )


# -- one step --------------------------------------------------------------------------------------


def run_step(
    rules: Rules, table: EssayTable, layers: Sequence[np.ndarray], spec: ProbeSpec, seed: int
) -> Summaries:
    """Fit, choose and score by the rules of one step; in distribution first.

    Parameters
    ----------
    rules : Rules
    table : EssayTable
    layers : sequence of ndarray of float32, shape (n, dim)
        From layer 1.
    spec : ProbeSpec
        A probe with a penalty.
    seed : int
        Of the cuts.
    """
    assert spec.card.penalty is not None
    folds = planned(rules, table, seed)
    jobs = Jobs(folds, table)
    jobs.rows = tuple(weighted(rules, rows) for rows in jobs.rows)
    penalties = spec.card.penalty.values if rules.grid else (1.0,)
    collector = Collector(folds, jobs, table)
    options = ProbeOptions(n_classes=len(table.scale))
    for number, X in enumerate(layers, start=1):
        fits = fit_paths(spec, options, X, table.label, jobs.rows, penalties=penalties)
        collector.take(Fitted(number, spec, (None,), penalties, fits))
    records, kept = collector.records, collector.kept.predictions(0)
    choices = choose(records.fits, [spec.card])
    scores = corpus_scores(records.units, choices, kept, len(table.scale))
    summary = summarise(scores, split_records(folds, [], table), choices, table.names)
    found = {record.protocol: record for record in summary}
    return {name: found[name] for name in dict.fromkeys(one.protocol for one in folds)}


def load(data_dir: Path, cache_dir: Path, encoder: str) -> tuple[EssayTable, FeatureSet]:
    """Read the corpora and compute what the cache lacks of the encoder's features."""
    host = PluginHost()
    given = {"encoders": (encoder,), "corpora": CORPORA, "data_dir": str(data_dir)}
    job = Job(cache_dir, Silent())
    essays = load_corpora(merge(given, {}), host, job).essays
    model = host.get_encoder(encoder).load(encoder, EncoderOptions(max_length=512, device="cpu"))
    features = compute_features(model, essays, FeatureStore(cache_dir), progress=job.progress)
    model.close()
    return pool(essays, FIVE, "corrected"), features


# -- the table -------------------------------------------------------------------------------------


HEAD = (
    "| {probe} | IID QWK | recut | Spearman | other seeds | OOD QWK | recut | Spearman "
    "| other seeds | layers | penalties |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
)


def line(rules: Rules, found: Summaries, others: Sequence[Summaries]) -> str:
    """One line of the table; ± is the standard deviation over other seeds of the cuts."""
    cells = [rules.title]
    for protocol, record in found.items():
        chosen = record.chosen
        cells += [f"{value:.3f}" for value in (chosen.qwk, chosen.recut, chosen.spearman)]
        values = [one[protocol].chosen.qwk for one in others]
        cells.append(f"{fmean(values):.3f} ± {stdev(values):.3f}" if len(values) > 1 else "")
    out = found["lofo" if rules.families else "loco"]
    cells.append(", ".join(map(str, out.chosen_layers)))
    cells.append(", ".join(f"{value:g}" for value in out.chosen_penalties))
    return f"| {' | '.join(cells)} |\n"


def replaced(page: str, name: str, table: str) -> str:
    """Put a table between its marks in a page."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, rest = page.split(begin, 1)
    return before + begin + table + end + rest.split(end, 1)[1]


def main() -> None:
    """Print the tables, and write them into the page where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path, default=None)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--probe", nargs="+", default=["ridge"])
    parser.add_argument("--seeds", type=int, default=10, help="other seeds of the cuts")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)}")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        table, features = load(asked.data_dir, asked.cache_dir or Path(temporary), asked.encoder)
        layers = [features.layer(k) for k in features.layers if k > 0]
    for name in asked.probe:
        spec = PluginHost().get_probe(name)
        text = HEAD.format(probe=name)
        print(text, end="", flush=True)
        for rules in steps():
            found = run_step(rules, table, layers, spec, SEED)
            others = [
                run_step(rules, table, layers, spec, seed) for seed in range(1, asked.seeds + 1)
            ]
            text += line(rules, found, others)
            print(text.splitlines()[-1], flush=True)
        if asked.write:
            PAGE.write_text(replaced(PAGE.read_text("utf-8"), name, text), "utf-8")


if __name__ == "__main__":
    main()
