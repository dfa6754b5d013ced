"""Forged results, each made the way a forger would, and the level of trust that catches it.

Forgers have the code: what they change is changed in the run itself, so every figure of a forged
result agrees with every other. The table in docs/security.md is held to what is found here.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cefrbench import run as run_module
from cefrbench import sources, workload
from cefrbench.cli import main
from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder
from cefrbench.errors import ResultError
from cefrbench.plan import Job
from cefrbench.plugins import PluginHost
from cefrbench.probing import sweep as sweep_module
from cefrbench.progress import Silent
from cefrbench.results.checked import check_file, read_checked
from cefrbench.results.gold import check_agreement, gold_digests, prediction_digest
from cefrbench.results.io import write_result
from cefrbench.verification import sampled as sampled_module
from cefrbench.verification.again import Here
from cefrbench.verification.openings import openings_path
from cefrbench.verification.reproduced import reproduce_result
from cefrbench.verification.sampled import open_features, verify_sample

DOCS = Path(__file__).parents[2] / "docs" / "security.md"
CORPORA = ("elle", "cople2")
LEVELS = ("checked", "sampled", "reproduced")
HOST = PluginHost()
HERE = Here(device="cpu", offline=True)


def run(folder, encoder="surface"):
    """Run an encoder on the samples, in the forger's own cache."""
    words = ["run", "--suite", "quickstart", "--encoder", encoder, "--probe", "ridge", "--quiet"]
    words += ["--protocol", "iid"]
    words += ["--no-references", "--no-analyses", "--refits", "0", "--device", "cpu", "--offline"]
    words += [word for name in CORPORA for word in ("--corpus", name)]
    words += ["--cache-dir", str(folder / "cache"), "--output", str(folder / "out")]
    assert main(words) == 0
    return folder / "out" / encoder / "quickstart.json"


# -- forgeries -------------------------------------------------------------------------------------


def predicting(patch, change):
    """Let every fit predict what `change` makes of it: `change(rows, y, predictions)`."""
    honest = sweep_module.fit_paths

    def forged(spec, options, X, y, folds, **more):
        paths = honest(spec, options, X, y, folds, **more)
        return [
            [
                [type(fit)(change(rows, y, fit.predictions), scores=fit.scores) for fit in seeds]
                for seeds in path
            ]
            for rows, path in zip(folds, paths, strict=True)
        ]

    patch.setattr(sweep_module, "fit_paths", forged)


def gold_copied(patch, folder):
    predicting(patch, lambda rows, y, found: y[rows.predict].astype(np.float64))
    return run(folder)


def noise_added(patch, folder):
    """The gold levels, with noise so that it looks like a model's work."""
    draws = np.random.default_rng(7)
    predicting(patch, lambda rows, y, found: y[rows.predict] + draws.normal(0, 0.5, len(found)))
    return run(folder)


def gold_altered(patch, folder):
    """Scored by levels that no corpus has, under the fingerprint of those that it has."""
    honest = workload.pool

    def forged(essays, scale, form, **more):
        table = honest(essays, scale, form, **more)
        for row in range(0, len(table), 5):
            table.low[row] = table.high[row] = 2
        return table

    patch.setattr(workload, "pool", forged)
    return run(folder)


class Impostor(Encoder):
    """Says that it is one encoder, and gives the features of another."""

    def __init__(self, said):
        self.said, self.identity = said, said.identity
        self.batch_overhead = said.batch_overhead

    def encode(self, batch):
        honest = self.said.encode(batch)
        draws = np.random.default_rng(abs(int(honest.sum() * 1e3)) % 2**31)
        return draws.normal(size=honest.shape).astype(np.float32)


def another_model(patch, folder):
    honest = run_module.load_encoder
    for module in (run_module, sampled_module):
        patch.setattr(module, "load_encoder", lambda *given: Impostor(honest(*given)))
    return run(folder)


def better_labels(patch, folder):
    """The right features, fitted on the texts that are scored, too."""
    honest = sweep_module.fit_paths

    def forged(spec, options, X, y, folds, **more):
        every = np.arange(len(y))
        leaking = [type(rows)(every, rows.predict) for rows in folds]
        return honest(spec, options, X, y, leaking, **more)

    patch.setattr(sweep_module, "fit_paths", forged)
    return run(folder)


def one_cell(patch, folder):
    """One prediction of one text moved by a level and a half, and all that follows from it."""

    def change(rows, y, found):
        moved = found.copy()
        moved[rows.predict == 3] += 1.5
        return moved

    predicting(patch, change)
    return run(folder)


def one_figure(patch, folder):
    """One cell of one matrix, in the file."""
    path = run(folder)
    result, predictions = read_checked(path)
    matrix = [list(row) for row in result.units[0].confusion]
    row = next(i for i, cells in enumerate(matrix) if any(cells))
    column = next(i for i, cell in enumerate(matrix[row]) if cell)
    matrix[row][column] += 1
    unit = result.units[0].model_copy(update={"confusion": tuple(map(tuple, matrix))})
    changed = result.model_copy(update={"units": (unit, *result.units[1:])})
    return write_result(changed, predictions, folder / "out")


def replayed(patch, folder):
    """Somebody else's result, under another model's name."""
    result, predictions = read_checked(run(folder))
    encoder = EncoderIdentity(**(result.encoder.model_dump() | {"name": "length", "model": "mine"}))
    config = result.config.model_copy(update={"encoders": ("length",)})
    changed = result.model_copy(update={"encoder": encoder, "config": config})
    return write_result(changed, predictions, folder / "replayed")


FORGERIES = {
    "gold copied": gold_copied,
    "gold altered": gold_altered,
    "noise added to gold": noise_added,
    "another model's features": another_model,
    "the right features, better labels": better_labels,
    "one prediction": one_cell,
    "one figure": one_figure,
    "a replayed result under another name": replayed,
}


# -- levels ----------------------------------------------------------------------------------------


def is_checked(path, honest):
    """What everybody sees, and boards: figures that agree, with themselves and with others."""
    checked = check_file(path)
    if checked.findings:
        return False
    entries = [(checked.result, checked.predictions), read_checked(honest)]
    try:
        check_agreement(("this", "another"), [gold_digests(*entry) for entry in entries])
    except ResultError:
        return False
    mine, theirs = (prediction_digest(table) for _, table in entries)
    return mine != theirs or checked.result.encoder == entries[1][0].encoder


def is_sampled(path, openings, folder):
    result, predictions = read_checked(path)
    job = Job(cache_dir=folder / "ours", progress=Silent())
    record = verify_sample(
        *(result, predictions, openings),
        **{"nonce": "later", "sample": 30, "by": "a test", "host": HOST},
        **{"here": HERE, "job": job},
    )
    return record.agrees


def is_reproduced(path, folder):
    result, predictions = read_checked(path)
    job = Job(cache_dir=folder / "ours", progress=Silent())
    record = reproduce_result(result, predictions, by="a test", host=HOST, here=HERE, job=job)
    return record.agrees


def opened(path, folder):
    """What the forger opens when the nonce is known, by the code that made the result."""
    result, _ = read_checked(path)
    output = openings_path(path)
    job = Job(cache_dir=folder / "cache", progress=Silent())
    open_features(result, "later", output, HOST, HERE, job)
    return output


@pytest.fixture(scope="module", autouse=True)
def sources_read_once():
    """The code of probes and encoders is the same all along."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "_imports", cache(sources._imports))
        yield


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    return run(folder), folder


@pytest.fixture(scope="module")
def caught(honest, tmp_path_factory):
    """Which level catches which forgery."""
    found = {}
    for name, forge in FORGERIES.items():
        folder = tmp_path_factory.mktemp("forged")
        with pytest.MonkeyPatch.context() as patch:
            path = forge(patch, folder)
            if check_file(path).findings:
                # No other level takes what doesn't hold by itself.
                found[name] = list(LEVELS)
                continue
            openings = openings_path(path)
            if forge is replayed:
                openings = opened_as(path, folder)
            else:
                opened(path, folder)
        levels = {
            "checked": is_checked(path, honest[0]),
            "sampled": is_sampled(path, openings, folder),
            "reproduced": is_reproduced(path, folder),
        }
        assert tuple(levels) == LEVELS
        found[name] = [level for level, agrees in levels.items() if not agrees]
    return found


def opened_as(path, folder):
    """Openings of a replayed result: those of the original, made out to the other name."""
    honest = sampled_module.plan_again
    result, _ = read_checked(path)
    with pytest.MonkeyPatch.context() as patch:
        original = result.config.model_copy(update={"encoders": ("surface",)})
        patch.setattr(
            sampled_module,
            "plan_again",
            lambda one, host, here: honest(one.model_copy(update={"config": original}), host, here),
        )
        return opened(path, folder)


def test_an_honest_result_passes_every_level(honest, tmp_path):
    path, folder = honest
    assert is_checked(path, path)
    assert is_sampled(path, opened(path, folder), tmp_path)
    assert is_reproduced(path, tmp_path)


def test_each_forgery_is_caught_by_the_level_that_promises_it(caught):
    text = DOCS.read_text("utf-8").split("<!-- forgeries -->")[1]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    promised = {
        name.strip(): [
            level for level, cell in zip(LEVELS, cells, strict=True) if cell.strip() == "caught"
        ]
        for name, *cells in rows
        if name.strip() in FORGERIES
    }
    assert promised == caught
    assert all(caught.values())
