"""docs/hooks.md can't drift: every hook stands there as it is, with an example, and has a test."""

import ast
import inspect
import re

import pytest

from cefrbench.contracts import hookspecs
from cefrbench.plugins import HOOKS


@pytest.fixture(scope="module")
def page(pytestconfig):
    return (pytestconfig.rootpath / "docs" / "hooks.md").read_text("utf-8")


@pytest.fixture(scope="module")
def tests_of_hooks(pytestconfig):
    tree = ast.parse((pytestconfig.rootpath / "tests" / "test_hooks.py").read_text("utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def documented(page):
    """Signature and code of each hook on the page."""
    parts = re.split(r"^### (\w+)$", page, flags=re.MULTILINE)[1:]
    found = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        (shown,) = re.findall(r"^```text\n(.*)\n```$", text, flags=re.MULTILINE)
        examples = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        found[name] = (shown, examples)
    return found


def drift(page, specs):
    """What is wrong on the page, for hooks given as functions."""
    found, wrong = documented(page), []
    for spec in specs:
        name = spec.__name__
        if name not in found:
            wrong.append(f"{name} is undocumented")
            continue
        shown, examples = found[name]
        parameters = ", ".join(
            f"{p.name}: {p.annotation}" for p in inspect.signature(spec).parameters.values()
        )
        if shown != f"{name}({parameters}) -> None":
            wrong.append(f"{name} has another signature")
        if not any(f"def {name}(" in example for example in examples):
            wrong.append(f"{name} has no example")
    gone = set(found) - {spec.__name__ for spec in specs}
    return wrong + [f"{name} is no hook" for name in sorted(gone)]


def untested(names, tests):
    return [name for name in names if not any(test.startswith(f"test_{name}_") for test in tests)]


def hooks():
    return [getattr(hookspecs, name) for name in HOOKS]


def test_every_hook_is_documented_with_its_signature_and_an_example(page):
    assert drift(page, hooks()) == []


def test_every_hook_has_a_test(tests_of_hooks):
    assert untested(HOOKS, tests_of_hooks) == []


def test_what_each_hook_does_stands_on_the_page(page):
    for hook in hooks():
        what = inspect.getdoc(hook).partition(":")[0]
        assert what in page


def test_a_hook_that_is_not_documented_or_tested_would_be_noticed(page, tests_of_hooks):
    def register_scores(register: "Register") -> None:  # noqa: F821 - nobody wrote this one
        """Register scores."""

    assert drift(page, [*hooks(), register_scores]) == ["register_scores is undocumented"]
    assert untested(["register_scores"], tests_of_hooks) == ["register_scores"]


def test_a_signature_that_changed_would_be_noticed(page):
    def register_probes(register: "Register", seeds: "int") -> None:  # noqa: F821
        """Register probes."""

    others = [hook for hook in hooks() if hook.__name__ != "register_probes"]
    assert drift(page, [*others, register_probes]) == ["register_probes has another signature"]


def test_a_hook_that_went_would_be_noticed(page):
    assert drift(page, hooks()[1:]) == [f"{HOOKS[0]} is no hook"]
