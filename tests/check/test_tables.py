"""The tables of checks: names are unique, and what a check needs stands before it."""

from importlib import import_module

import pytest

KINDS = ("plugin", "corpus", "encoder", "probe", "method", "protocol")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_check_needs_was_run_before_it(kind):
    before = set()
    for check in import_module(f"cefrbench.check.{kind}").CHECKS.checks:
        assert set(check.needs) <= before, check.id
        assert check.id not in before
        assert check.id.startswith(f"{kind}-")
        before.add(check.id)
