"""Penalties that a user fixes: read, put in order, or refused in one sentence."""

from __future__ import annotations

import pytest

from cefrbench.contracts.cards import Penalty, ProbeCard
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.errors import UserError
from cefrbench.plugins import PluginHost
from cefrbench.probing.penalties import read_penalties

PROBES = [PluginHost(load="").get_probe(name) for name in ("ridge", "logistic", "ordinal")]
PLAIN = ProbeSpec(ProbeCard(name="plain", description=".", kind="regressor"), lambda options: None)


def test_nothing_given_is_nothing_fixed() -> None:
    assert read_penalties([], PROBES) == {}


def test_values_stand_from_the_strongest_to_the_weakest_once_each() -> None:
    """The largest α is strong, the largest C is weak."""
    given = ["ridge=1", "logistic=10", "ridge=1e4", "logistic=0.01", "ridge=100", "ridge=1.0"]
    assert read_penalties(given, PROBES) == {
        "ridge": (10000.0, 100.0, 1.0),
        "logistic": (0.01, 10.0),
    }


def test_a_card_that_says_so_turns_the_order() -> None:
    for strongest, order in (("largest", (5.0, 2.0)), ("smallest", (2.0, 5.0))):
        values = (2.0, 1.0) if strongest == "largest" else (1.0, 2.0)
        penalty = Penalty(name="p", values=values, strongest=strongest)
        card = ProbeCard(name="own", description=".", kind="regressor", params={"p": 1.0})
        spec = ProbeSpec(card.model_copy(update={"penalty": penalty}), lambda options: None)
        assert read_penalties(["own=5", "own=2"], [spec]) == {"own": order}


@pytest.mark.parametrize(
    "bad",
    [
        *("ridge=", "ridge", "ridge=strong", "ridge=0", "ridge=-1", "ridge=nan", "ridge=inf"),
        *("ridge=1,2", "ridge=1=2", "ridge==1"),
    ],
)
def test_what_is_no_penalty_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(UserError) as caught:
        read_penalties(["ridge=1", bad], PROBES)
    assert str(caught.value) == (
        f"--penalty {bad!r} can't be read: write PROBE=VALUE with a number above zero, "
        "for instance ridge=100."
    )


def test_a_probe_that_is_not_run_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match=r"rigde.*ridge"):
        read_penalties(["rigde=1"], PROBES)
    with pytest.raises(UserError, match="probe"):
        read_penalties(["=1"], PROBES)


def test_a_probe_without_a_penalty_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        read_penalties(["plain=1"], [*PROBES, PLAIN])
    assert str(caught.value) == (
        "Probe 'plain' has no penalty that could be set: leave --penalty plain=1 out."
    )
