"""The reference of hooks and the table of checks, from the code."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent

#: What each hook's ``register`` takes, by its name in cefrbench, where it takes something of ours.
TAKES = {
    "register_corpora": "Corpus",
    "register_encoders": "EncoderSpec",
    "register_probes": "ProbeSpec",
    "register_methods": "MethodSpec",
    "register_protocols": "Protocol",
}
#: Contracts that stand behind what is registered.
BEHIND = {
    "register_corpora": ("Rows", "Skip", "CorpusCard", "Agreement"),
    "register_encoders": (
        "Encoder",
        "EncoderOptions",
        "CorpusTexts",
        "EncoderCard",
        "EncoderIdentity",
    ),
    "register_probes": (
        "Estimator",
        "FitsFolds",
        "FitsPaths",
        "ProbeOptions",
        "ProbeCard",
        "Penalty",
    ),
    "register_methods": ("Method", "Source", "Prepared", "MethodOptions", "MethodCard"),
    "register_protocols": ("Fold", "ProtocolCard"),
}
#: A whole plugin for each hook; the tests run every one.
EXAMPLES = DOCS / "examples" / "hooks"

KINDS = ("plugin", "corpus", "encoder", "probe", "method", "protocol")


def hooks_page() -> str:
    """``docs/hooks.md`` with the reference of every hook."""
    from cefrbench.plugins import HOOKS

    return _between("hooks.md", "hooks", "\n".join(hook_reference(name) for name in HOOKS))


def checks_page() -> str:
    """``docs/checks.md`` with the table of every check."""
    new = "\n".join((*(_checks(kind) for kind in KINDS), _left_out()))
    return _between("checks.md", "checks", new)


def hook_reference(name: str) -> str:
    """Signature, meaning, contracts and an example of one hook."""
    from cefrbench.contracts import hookspecs

    hook = getattr(hookspecs, name)
    parts = [f"### {name}", f"```text\n{signature(hook)}\n```", _prose(inspect.getdoc(hook))]
    for contract in (TAKES.get(name), *BEHIND.get(name, ())):
        if contract:
            parts.append(_contract(contract))
    example = (EXAMPLES / f"{name}.py").read_text("utf-8")
    parts.append(f"```python\n{example}```\n")
    return "\n\n".join(parts)


def signature(function: Any) -> str:
    """A function's signature as it is written in the code."""
    return f"{function.__name__}{inspect.signature(function)}".replace("'", "")


def _contract(name: str) -> str:
    """A class in a line, and its parts in a list."""
    import cefrbench

    item = getattr(cefrbench, name)
    about = _prose((inspect.getdoc(item) or "").partition("\n\n")[0])
    lines = [f"**`cefrbench.{name}`**: {about}", *_parts(item)]
    return "\n".join(lines)


def _parts(item: Any) -> Iterator[str]:
    yield ""
    if hasattr(item, "model_fields"):
        for name, field in item.model_fields.items():
            about = f": {field.description}" if field.description else ""
            needed = " (needed)" if field.is_required() else ""
            yield f"- `{name}`{needed}{about}"
    elif dataclasses.is_dataclass(item):
        documented = _attributes(inspect.getdoc(item) or "")
        for one in dataclasses.fields(item):
            about = f": {documented[one.name]}" if documented.get(one.name) else ""
            yield f"- `{one.name}: {one.type}`{about}"
    else:
        for name, method in vars(item).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                needed = " (needed)" if getattr(method, "__isabstractmethod__", False) else ""
                about = _prose((inspect.getdoc(method) or "").partition("\n\n")[0])
                yield f"- `{signature(method)}`{needed}: {about}"


def _attributes(text: str) -> dict[str, str]:
    """What a numpydoc section ``Attributes`` says of each."""
    _, _, section = text.partition("Attributes\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line.startswith(" "):
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        else:
            names = [name.strip() for name in line.partition(" :")[0].split(",")]
    return {name: _prose(about) for name, about in found.items()}


def _checks(kind: str) -> str:
    module = __import__(f"cefrbench.check.{kind}", fromlist=["CHECKS"])
    rows = [f"| `{c.id}` | {c.title} | {c.why} |" for c in module.CHECKS.checks]
    title = f"{'An' if kind == 'encoder' else 'A'} {kind}"
    return "\n".join(
        [f"\n## {title}\n", "| check | asks that | because |", "|---|---|---|", *rows, ""]
    )


def _left_out() -> str:
    """Checks of scikit-learn that `probe-scikit-learn` does not ask, by reason."""
    from cefrbench.check.probe.estimator import NOT_ASKED

    by_reason: dict[str, list[str]] = {}
    for name, reason in NOT_ASKED.items():
        by_reason.setdefault(reason, []).append(f"`{name}`")
    lines = [f"- {', '.join(names)}: {reason}." for reason, names in by_reason.items()]
    about = "`probe-scikit-learn` leaves these checks of scikit-learn out:"
    return "\n".join([about, "", *lines, ""])


def _prose(text: str | None) -> str:
    """A docstring as Markdown: roles and double backticks become code."""
    plain = " ".join((text or "").split())
    plain = re.sub(r":[a-z]+:`~?([^`]+)`", r"`\1`", plain)
    return plain.replace("``", "`")


def _between(page: str, name: str, new: str) -> str:
    text = (DOCS / page).read_text("utf-8")
    begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
    head, found, rest = text.partition(begin)
    if not found:
        raise ValueError(f"The marker {begin.strip()!r} is missing in {page}.")
    return head + begin + new.lstrip("\n") + "\n" + end + rest.partition(end)[2]
