"""A sweep among other processes: what nobody is at is fitted ahead, in any order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from essay_factory import random_essays

from cefrbench.claims import ClaimedError, Company
from cefrbench.contracts.protocol import Fold
from cefrbench.essays import pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost
from cefrbench.probing.ensemble import LayerStack
from cefrbench.probing.jobs import Jobs, PlannedFold
from cefrbench.probing.store import FitStore
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
