"""Make the tables of docs/statistics.md anew, by simulation: two hours on two cores.

``--only NAME`` makes one of them, ``--runs N`` takes so many runs for each cell. The table ``real``
needs corpora: ``--data-dir DIR``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import real_encoders  # noqa: E402
from generate import between  # noqa: E402
from honesty import CONDITIONS, REPLICATES, coverage, told_apart  # noqa: E402
from simulated_probes import (  # noqa: E402
    BROAD,
    STEEP,
    predict,
    sample,
    texts,
    true_score,
)

from cefrbench.features.store import default_cache_dir  # noqa: E402
from cefrbench.statistics.differences import errors_of  # noqa: E402
from cefrbench.statistics.draws import Replicates, resample  # noqa: E402
from cefrbench.statistics.intervals import from_draws  # noqa: E402
from cefrbench.statistics.listing import STATISTICS, get_statistic  # noqa: E402
from cefrbench.statistics.pairs import beyond_corpora, these_corpora  # noqa: E402
from cefrbench.statistics.resampling import TextWeights  # noqa: E402

PAGE = ROOT / "docs" / "statistics.md"
Rows = Iterable[Sequence[str]]


def table(header: Sequence[str], rows: Rows) -> str:
    """Write a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def percent(share: float) -> str:
    """Write a share with one decimal."""
    return f"{100 * share:.1f}"


# -- intervals over texts ------------------------------------------------------------------------

#: Corpora and their texts.
SHAPES = {
    "1 corpus, 40 texts": (1, 40),
    "1 × 120": (1, 120),
    "1 × 500": (1, 500),
    "mean of 9 × 40": (9, 40),
    "mean of 9 × 150": (9, 150),
}
PRIORS = {"levels 10, 25, 30, 25, 10 %": BROAD, "levels 45, 30, 15, 7, 3 %": STEEP}
RHO = 0.75


def text_cell(
    runs: int, cell: tuple[str, tuple[float, ...], tuple[int, int]]
) -> tuple[float, float]:
    """Share of intervals that hold the truth: ours, and those of percentiles."""
    score, prior, (corpora, n) = cell
    statistic, truth = STATISTICS[score], true_score(score, RHO, prior)
    rng, weights = np.random.default_rng(11), TextWeights(REPLICATES)
    ours, percentiles = [], []
    for _ in range(runs):
        seen = [texts(rng, c, n, prior) for c in range(corpora)]
        values = [[predict(rng, one, RHO, prior)] for one in seen]
        draws = resample(sample(seen, values), statistic, weights).draws()
        found = from_draws(draws, statistic)
        ours.append(
            found.low is not None and found.high is not None and found.low <= truth <= found.high
        )
        low, high = np.nanquantile(draws.values, [0.025, 0.975])
        percentiles.append(low <= truth <= high)
    return float(np.mean(ours)), float(np.mean(percentiles))


def texts_table(runs: int, each: Callable[..., Any]) -> str:
    """Coverage of intervals over texts."""
    cells = [
        (s, p, shape) for p in PRIORS.values() for s in STATISTICS for shape in SHAPES.values()
    ]
    found = dict(zip(cells, each(partial(text_cell, runs), cells), strict=True))
    rows = []
    for title, prior in PRIORS.items():
        rows.append([f"*{title}*", *[""] * len(SHAPES)])
        for score in STATISTICS:
            shares = [found[score, prior, shape] for shape in SHAPES.values()]
            cell = [f"{percent(a)} ({percent(b)})" for a, b in shares]
            rows.append([f"{score} ({true_score(score, RHO, prior):.2f})", *cell])
    return table(["score (truth)", *SHAPES], rows)


# -- power ---------------------------------------------------------------------------------------

#: Correlation of the worse probe, and what the better ones have more.
WORSE, LEADS = 0.6, (0.03, 0.06, 0.1)
SIZES = ((3, 40), (3, 150), (3, 600), (9, 40), (9, 150), (9, 600))


def power_cell(runs: int, cell: tuple[int, int, float]) -> tuple[float, float]:
    """How often a better probe is told apart, on these corpora and beyond them."""
    corpora, n, lead = cell
    rng, weights = np.random.default_rng(5), TextWeights(REPLICATES)
    here, over = [], []
    for _ in range(runs):
        seen = [texts(rng, c, n, BROAD) for c in range(corpora)]
        shared = [rng.standard_normal(n) for _ in seen]
        draws: list[Replicates] = []
        for rho in (WORSE + lead, WORSE):
            values = [
                [predict(rng, one, rho, BROAD, shared=noise)]
                for one, noise in zip(seen, shared, strict=True)
            ]
            draws.append(resample(sample(seen, values), get_statistic("qwk"), weights).draws())
        difference = draws[0].minus(draws[1])
        errors = errors_of(draws)
        at = type(errors)(errors.error[0, 1], errors.freedom[0, 1])
        by_corpus = np.array(list(difference.corpora.values()))
        here.append(these_corpora(difference.estimate, at).p < 0.05)
        over.append(beyond_corpora(difference.estimate, at, by_corpus).p < 0.05)
    return float(np.mean(here)), float(np.mean(over))


def power_table(runs: int, each: Callable[..., Any]) -> str:
    """Power of the paired test over texts."""
    cells = [(*size, lead) for size in SIZES for lead in LEADS]
    found = dict(zip(cells, each(partial(power_cell, runs), cells), strict=True))
    worse = true_score("qwk", WORSE, BROAD)
    header = [f"+ {true_score('qwk', WORSE + lead, BROAD) - worse:.3f}" for lead in LEADS]
    rows = [
        [
            f"{c} × {n}",
            *("{:.0f} / {:.0f} %".format(*(100 * np.array(found[c, n, lead]))) for lead in LEADS),
        ]
        for c, n in SIZES
    ]
    return table(["corpora × texts", *header], rows)


# -- fits ----------------------------------------------------------------------------------------

#: With fits held fixed, as the standard has them, and with twice as many: do errors settle?
REFITS = (0, 20, 40)
PLACES = [(score, place) for score in ("qwk", "recut") for place in ("iid", "lofo", "gap")]
#: Noise of the first encoder's features; the second has 1. From which it is power.
NOISES = {"equal": 1.0, "noise 0.8": 0.8, "noise 0.6": 0.6}
#: Power is told from one in so many of the runs.
POWER = 4


def pairs_cell(runs: int, noise: float) -> dict[tuple[str, str, int], float]:
    """Share of pairs told apart."""
    return told_apart(
        runs if noise == 1.0 else runs // POWER,
        REFITS[:2] if noise == 1.0 else REFITS[1:2],
        noise=(noise, 1.0),
    )


def pairs_table(runs: int, each: Callable[..., Any]) -> str:
    """Equal encoders told apart, and power."""
    found = each(partial(pairs_cell, runs), NOISES.values())
    rows = [
        [name, str(refits), *(percent(shares[(*place, refits)]) for place in PLACES)]
        for name, shares in zip(NOISES, found, strict=True)
        for refits in sorted({count for _, _, count in shares})
    ]
    return table(["encoders", "refits", *(" ".join(place) for place in PLACES)], rows)


def fits_cell(runs: int, name: str) -> dict[tuple[str, str, int], dict[str, float]]:
    """Coverage of one condition."""
    return coverage(runs, REFITS, CONDITIONS[name])


def fits_table(runs: int, each: Callable[..., Any]) -> str:
    """Coverage over training and scored texts."""
    found = each(partial(fits_cell, runs), CONDITIONS)
    rows = [
        [name, str(refits), *(percent(cells[(*place, refits)]["held"]) for place in PLACES)]
        for name, cells in zip(CONDITIONS, found, strict=True)
        for refits in REFITS
    ]
    return table(["corpora", "refits", *(" ".join(place) for place in PLACES)], rows)


def real_pairs(
    real: real_encoders.Real, job: tuple[float, range]
) -> dict[tuple[str, str, int], list[bool]]:
    """Which pairs are told apart: a pair a seed, the first encoder's noise as given."""
    noise, seeds = job
    found = real_encoders.told_apart(real, seeds, noise=(noise, real_encoders.NOISE))
    return {place: [p < 0.05 for _, p in each] for place, each in found.items()}


def real_table(real: real_encoders.Real, runs: int, each: Callable[..., Any]) -> str:
    """A real encoder with noise of its own on every text, through the whole procedure."""
    step = 10
    jobs = [
        (noise * real_encoders.NOISE, range(start, start + step))
        for noise in NOISES.values()
        for start in range(0, runs if noise == 1.0 else runs // POWER, step)
    ]
    found: dict[tuple[float, str, str, int], list[bool]] = {}
    for (noise, _), shares in zip(jobs, each(partial(real_pairs, real), jobs), strict=True):
        for place, told in shares.items():
            found.setdefault((noise, *place), []).extend(told)
    rows = [
        [
            name,
            str(refits),
            *(
                percent(float(np.mean(found[noise * real_encoders.NOISE, *place, refits])))
                for place in PLACES
            ),
        ]
        for name, noise in NOISES.items()
        for refits in ((0, real_encoders.REFITS) if noise == 1.0 else (real_encoders.REFITS,))
    ]
    return table(["encoders", "refits", *(" ".join(place) for place in PLACES)], rows)


TABLES: dict[str, tuple[Callable[..., str], int]] = {
    "texts": (texts_table, 1000),
    "power": (power_table, 150),
    "pairs": (pairs_table, 300),
    "fits": (fits_table, 400),
}


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*TABLES, "real"], action="append")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--data-dir", type=Path, help="corpora, for the table of a real encoder")
    parser.add_argument("--cache-dir", type=Path, help="for its features")
    chosen = parser.parse_args()
    tables = dict(TABLES)
    if chosen.data_dir is not None:
        real = real_encoders.load(chosen.data_dir, chosen.cache_dir or default_cache_dir())
        tables["real"] = partial(real_table, real), 200
    elif "real" in (chosen.only or ()):
        parser.error("the table of a real encoder needs its corpora: add --data-dir DIR")
    with ProcessPoolExecutor() as workers:
        for name in chosen.only or tables:
            make, runs = tables[name]
            new = make(chosen.runs or runs, workers.map)
            page = PAGE.read_text("utf-8")
            if f"<!-- generated: {name} -->" in page:
                PAGE.write_text(between(page, name, "\n" + new + "\n"), "utf-8")
            print(f"{name}\n\n{new}")


if __name__ == "__main__":
    main()
