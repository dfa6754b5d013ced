"""A sweep among other processes: what nobody is at is fitted ahead, in any order."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from essay_factory import random_essays

from cefrbench.claims import ClaimedError, Company
from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import FoldFit, ProbeSpec
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost
from cefrbench.probing.ensemble import LayerStack
from cefrbench.probing.fit import FitFailure
from cefrbench.probing.jobs import Jobs, PlannedFold, rows_digest
from cefrbench.probing.store import FitStore, fit_key
from cefrbench.probing.sweep import Sweep
from cefrbench.probing.wrapped import find_probe
from cefrbench.sources import source_digest

HOST = PluginHost(load="")
RIDGE = HOST.get_probe("ridge")
TABLE = pool([random_essays("one", 60, 1)], FIVE, "corrected")


class Backwards(Company):
    """Company whose work begins at the end; counts its calls."""

    calls = given = 0

    def call(self) -> None:
        self.calls += 1

    def turned(self, work: Any) -> list[Any]:
        self.given = len(work)
        return list(work)[::-1]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    folds = [
        PlannedFold("iid", fold, fold.manifest("iid", TABLE.key))
        for fold in make_folds(HOST.get_protocol("iid"), TABLE, 42)
        if isinstance(fold, Fold)
    ]
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=(len(TABLE.label), 4)).astype(np.float32) for _ in range(4)]
    read: list[int] = []

    def layer(k: int) -> Any:
        read.append(k)
        return layers[k]

    features: Any = SimpleNamespace(layer=layer, read=read)
    return Sweep(
        features, "data", TABLE, Jobs(folds, TABLE), (0,), FitStore(tmp_path), layers=(0, 1, 3)
    )


def test_what_nobody_is_at_is_fitted_ahead_in_the_order_of_the_process(sweep: Sweep) -> None:
    units = [unit for layer in (1, 2, 3) for unit in sweep.units(layer, RIDGE)]
    empty = units[0]._replace(rows=())
    sweep.fit(*units[2])
    sweep.features.read.clear()  # type: ignore[attr-defined]
    company = Backwards()
    with sweep.store.claims.at_once(sweep._key(units[1])):
        sweep.ahead([empty, *units], company)
        with pytest.raises(ClaimedError):
            sweep.impatient(company).fit(*units[1])
    # Layer 3 was there, another process is at layer 2.
    assert sweep.features.read == [1]  # type: ignore[attr-defined]
    assert [sweep.has(unit) for unit in units] == [True, False, True]
    assert (company.calls, company.given) == (1, 2)
    sweep.ahead(units, company)
    assert sweep.features.read == [1, 2]  # type: ignore[attr-defined]
    assert (company.calls, sweep.patient) == (2, True)


def test_work_begins_where_the_company_says(sweep: Sweep) -> None:
    units = [unit for layer in (1, 2, 3) for unit in sweep.units(layer, RIDGE)]
    sweep.ahead(units, Backwards())
    assert sweep.features.read == [3, 2, 1]  # type: ignore[attr-defined]


def test_no_rows_are_no_fits(sweep: Sweep) -> None:
    (unit,) = sweep.units(1, RIDGE)
    assert sweep.fit(*unit._replace(rows=())) == []
    assert sweep.features.read == []  # type: ignore[attr-defined]


def test_what_another_process_fitted_before_the_claim_is_read_back(sweep: Sweep) -> None:
    (unit,) = sweep.units(1, RIDGE)
    theirs = sweep.fit(*unit)
    sweep.features.read.clear()  # type: ignore[attr-defined]
    sweep._loaded.clear()
    load, first = sweep.store.load, iter([None])
    company = Backwards()
    late = sweep.impatient(company)
    # It was not there yet at the first look.
    sweep.store.load = lambda key: next(first, load(key))  # type: ignore[method-assign]
    again = late.fit(*unit)
    assert (company.calls, sweep.features.read) == (0, [])  # type: ignore[attr-defined]
    for own, other in zip(again, theirs, strict=True):
        for (fit,), (expected,) in zip(own, other, strict=True):
            np.testing.assert_array_equal(fit.predictions, expected.predictions)


def test_a_method_of_layers_reads_those_up_to_its_own_and_is_keyed_by_all_code(
    sweep: Sweep,
) -> None:
    probe = find_probe(HOST, "layers+ridge")
    stack = sweep._read(3, probe)
    assert isinstance(stack, LayerStack)
    assert stack.layers == (1, 3)
    estimator = probe.make(sweep._options())
    assert sweep._source(probe) == source_digest(*estimator.sources()) + estimator.versions()  # type: ignore[attr-defined]
    plain = RIDGE.make(sweep._options())
    assert sweep._source(RIDGE) == source_digest(RIDGE.make, plain)


# -- what a sweep fits, counts and keeps -----------------------------------------------------------


class Told:
    """Progress that is kept."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def start(self, phase: str, total: int, unit: str) -> None:
        self.said.append((phase, total, unit))

    def advance(self, n: int, total: int | None = None) -> None:
        self.said.append(n)

    def finish(self) -> None:
        self.said.append("finished")


def plain(name: str = "plain", *, seeded: bool = False, penalty: bool = False) -> ProbeSpec:
    """A probe that predicts its seed and penalty, all folds at once."""

    class Says:
        def __init__(self, options: Any) -> None:
            self.penalty = options.penalty or 0.0

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            raise AssertionError("folds are fitted together")

        predict = fit

        def fit_folds(self, X: Any, y: Any, folds: Any, *, seeds: Any, **rest: Any) -> Any:
            values = [10 * (seed or 0) + self.penalty for seed in seeds]
            return [[FoldFit(np.full(len(fold.predict), v)) for v in values] for fold in folds]

    own = Penalty(name="a", values=(4.0, 1.0), strongest="largest") if penalty else None
    card = ProbeCard(name=name, description=".", kind="regressor", seeded=seeded, penalty=own)
    return ProbeSpec(card, Says)


def test_a_sweep_goes_layer_by_layer_and_counts_each_fit(sweep: Sweep) -> None:
    sweep = replace(sweep, seeds=(5, 7))
    probes = [plain("one"), plain("two", seeded=True, penalty=True)]
    progress = Told()
    found = list(sweep.run((3, 1), probes, progress))
    jobs = sweep.jobs
    scoring, inner = jobs.scoring, len(jobs.rows) - jobs.scoring
    counts = [scoring + inner, (2 * scoring + inner) * 2]
    assert (scoring, inner) == (5, 10)
    assert progress.said == [("fits", 2 * sum(counts), "fits"), *counts, *counts, "finished"]
    assert [(one.layer, one.probe.name, one.seeds, one.penalties) for one in found] == [
        (3, "one", (None,), (None,)),
        (3, "two", (5, 7), (4.0, 1.0)),
        (1, "one", (None,), (None,)),
        (1, "two", (5, 7), (4.0, 1.0)),
    ]
    for one in found:
        assert len(one.fits) == len(jobs.rows)
        for number, path in enumerate(one.fits):
            # What is only chosen by has the first seed alone.
            seeds = one.seeds if number < scoring else one.seeds[:1]
            values = [[fit.predictions[0] for fit in fits] for fits in path]
            assert values == [[10 * (seed or 0) + (penalty or 0) for seed in seeds]
                              for penalty in one.penalties]  # fmt: skip
            assert all(
                len(fit.predictions) == len(jobs.rows[number].predict)
                for fits in path
                for fit in fits
            )


def test_units_are_one_where_one_seed_serves_all_and_else_two(sweep: Sweep) -> None:
    rows, scoring = sweep.jobs.rows, sweep.jobs.scoring
    one, two = plain("one"), plain("two", seeded=True, penalty=True)
    assert sweep.units(2, one) == [(2, one, rows, (None,), (None,))]
    assert sweep.units(2, two) == [(2, two, rows, (4.0, 1.0), (0,))]
    several = replace(sweep, seeds=(5, 7, 9))
    assert several.units(2, two) == [
        (2, two, rows[:scoring], (4.0, 1.0), (5, 7, 9)),
        (2, two, rows[scoring:], (4.0, 1.0), (5,)),
    ]
    assert several.units(2, one) == sweep.units(2, one)


def test_penalties_are_fixed_or_the_cards_or_none(sweep: Sweep) -> None:
    own = plain("own", penalty=True)
    assert sweep.penalties_of(own) == (4.0, 1.0)
    assert sweep.penalties_of(plain()) == (None,)
    study = replace(sweep, table=pool([random_essays("one", 60, 1)], FIVE, "study"))
    assert study.penalties_of(own) == (None,)
    for some in (sweep, study):
        fixed = replace(some, fixed={"own": (7.0,), "plain": (3.0,)})
        assert fixed.penalties_of(own) == (7.0,)
        assert fixed.penalties_of(plain()) == (3.0,)


def test_what_is_kept_is_read_back_unless_it_is_forced(sweep: Sweep) -> None:
    (unit,) = sweep.units(1, RIDGE)
    assert not sweep.has(unit)
    first = sweep.fit(*unit)
    assert sweep.has(unit)
    assert not replace(sweep, force=True).has(unit)
    fresh = replace(sweep, _loaded={})
    again = fresh.fit(*unit)
    assert sweep.features.read == [1]  # type: ignore[attr-defined]
    assert [len(path) for path in again] == [len(path) for path in first]
    for own, other in zip(again, first, strict=True):
        assert [len(fits) for fits in own] == [1] * len(RIDGE.card.penalty.values)  # type: ignore[union-attr]
        for (fit,), (expected,) in zip(own, other, strict=True):
            np.testing.assert_array_equal(fit.predictions, expected.predictions)
    replace(sweep, force=True, _loaded={}).fit(*unit)
    assert sweep.features.read == [1, 1]  # type: ignore[attr-defined]


def test_fits_of_several_seeds_come_back_each_at_its_place(sweep: Sweep) -> None:
    several = replace(sweep, seeds=(5, 7, 9))
    unit, inner = several.units(1, plain("two", seeded=True, penalty=True))
    for one, seeds in ((unit, (5, 7, 9)), (inner, (5,))):
        for _ in range(2):
            found = several.fit(*one)
            values = [[[fit.predictions[0] for fit in fits] for fits in path] for path in found]
            expected = [[10.0 * seed + penalty for seed in seeds] for penalty in (4, 1)]
            assert values == [expected] * len(one.rows)


def test_fits_of_which_one_failed_are_not_kept(sweep: Sweep) -> None:
    (unit,) = sweep.units(1, RIDGE)
    first = sweep.fit(*unit)
    last = [path[:] for path in first]
    last[-1][-1] = [FitFailure("It broke.")]
    sweep.store._path(sweep._key(unit)).unlink()
    sweep._keep(sweep._key(unit), last)
    assert not sweep.has(unit)
    sweep._keep(sweep._key(unit), first)
    assert sweep.has(unit)


def key_of(sweep: Sweep, unit: Any, layer: Any, rows: list[str]) -> str:
    """The key of a unit whose layer and rows read so."""
    return fit_key(
        {
            "data": "data",
            "layer": layer,
            "probe": unit.probe.card.model_dump(mode="json"),
            "source": sweep._source(unit.probe),
            "rows": rows,
            "penalties": unit.penalties,
            "seeds": unit.seeds,
            "device": "cpu",
        }
    )


def test_a_key_is_of_all_that_fits_depend_on(sweep: Sweep) -> None:
    (unit,) = sweep.units(1, RIDGE)
    key = sweep._key(unit)
    assert key == key_of(sweep, unit, 1, [rows_digest(rows) for rows in unit.rows])
    assert replace(sweep, device="cpu:1")._key(unit) == key, "which of them makes no difference"
    assert replace(sweep, device="cuda:1")._key(unit) == replace(sweep, device="cuda")._key(unit)
    others = [
        replace(sweep, data_key="other")._key(unit),
        replace(sweep, device="cuda")._key(unit),
        *(
            sweep._key(unit._replace(**change))
            for change in (
                {"layer": 2}, {"penalties": (1.0,)}, {"seeds": (0,)}, {"rows": unit.rows[1:]},
                {"rows": unit.rows[::-1]},
            )
        ),
    ]  # fmt: skip
    assert len({key, *others}) == len(others) + 1


def test_a_method_is_keyed_by_where_rows_are_from_and_by_all_layers_that_it_reads(
    sweep: Sweep,
) -> None:
    (unit,) = sweep.units(1, RIDGE)
    asked = [rows_digest(rows, origin=True) for rows in unit.rows[:1]]
    assert asked != [rows_digest(rows) for rows in unit.rows[:1]]
    one = unit._replace(rows=unit.rows[:1])
    method = one._replace(probe=find_probe(HOST, "centre+ridge"))
    assert sweep._key(method) == key_of(sweep, method, 1, asked)
    for layer, stack in ((3, (1, 3)), (1, (1,)), (0, (0,))):
        own = one._replace(probe=find_probe(HOST, "layers+ridge"), layer=layer)
        assert sweep._key(own) == key_of(sweep, own, stack, asked)


def test_digests_of_the_runs_own_rows_are_held_and_of_others_not(sweep: Sweep) -> None:
    own, other = sweep.jobs.rows[0], copy(sweep.jobs.rows[1])
    for rows, held in ((own, True), (other, False)):
        for origin in (False, True):
            digest = sweep._digest(rows, origin=origin)
            assert digest == rows_digest(rows, origin=origin)
            assert ((id(rows), origin) in sweep._digests) == held
            assert sweep._digest(rows, origin=origin) == digest


def test_a_probe_of_texts_reads_them_all_in_order(sweep: Sweep) -> None:
    reads = replace(sweep, texts=(("a", "b"), (), ("c",)))
    assert reads.all_texts().tolist() == ["a", "b", "c"]
    assert reads.all_texts().dtype == object
    ngrams = ProbeSpec(plain().card, plain().make, reads="texts")
    assert reads._read(1, ngrams).tolist() == ["a", "b", "c"]
    assert sweep.features.read == []  # type: ignore[attr-defined]
    for layer in (1, 1, 2, 1):
        assert reads._read(layer, plain()) is reads._loaded[layer]
        assert list(reads._loaded) == [layer]
    assert sweep.features.read == [1, 2, 1]  # type: ignore[attr-defined]


def test_a_probe_is_told_the_device_and_the_scale(sweep: Sweep) -> None:
    asked: list[Any] = []

    def make(options: Any) -> Any:
        asked.append(options)
        return plain().make(options)

    probe = ProbeSpec(plain().card, make)
    for device in ("cpu", "mps"):
        (unit,) = replace(sweep, device=device).units(1, probe)
        replace(sweep, device=device).fit(*unit)
    assert {(one.device, one.n_classes) for one in asked} == {("cpu", 5), ("mps", 5)}
