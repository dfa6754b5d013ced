"""What an explanation needs for all of its charts: analyses, and names that are markup."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import html5lib

from cefrbench.results.explanation import Explanation
from cefrbench.results.model import AnalysisRecord

#: A name that is markup, a formula, LaTeX and the end of a string at once.
HOSTILE = "=<img src=x onerror=alert(1)>'\"\\input{x}$&%_#^~\u202e"
#: Signs that XML has no place for; where it measures one, the library that draws aborts.
UNDRAWN = "a\x1b[31m\x00\ufffe"


def _record(analysis: str, **fields: Any) -> AnalysisRecord:
    ends = {"low": fields["value"] - 0.05, "high": fields["value"] + 0.05, "sd": 0.03}
    return AnalysisRecord(**(ends | {"analysis": analysis, "n": 60, "draws": 20} | fields))


def _curve(
    analysis: str, amounts: tuple[int, ...], protocol: str, **more: Any
) -> list[AnalysisRecord]:
    return [
        _record(analysis, protocol=protocol, corpus=corpus, amount=k, measure=measure,
                value=0.4 + 0.05 * i + 0.01 * j, **({"probe": "ridge"} | more))
        for j, corpus in enumerate((None, "alpha", "beta"))
        for i, k in enumerate(amounts)
        for measure in ("qwk", "recut")
    ]  # fmt: skip


#: As a run that asked for everything has them.
ANALYSES = (
    *(
        _record("identity", corpus=corpus, layer=layer, target=target, measure="balanced_accuracy",
                value=0.9 + layer / 100, chance=chance, low=None, high=None)
        for target, corpus, chance in (("corpus", None, 0.25), ("family", None, 0.5),
                                       ("task", "alpha", 0.25), ("task", "beta", 0.5))
        for layer in (0, 1, 2)
    ),
    *_curve("recalibrate", (0, 8, 32), "lofo"),
    *_curve("recalibrate", (0, 8, 32), "lofo", probe="ordinal"),
    *_curve("few-shot", (0, 8, 32), "lofo"),
    *(one for p in ("iid", "lofo") for one in _curve("learning-curve", (100, 800), p)),
    *_curve("learning-curve", (1234,), "iid", target="all", low=None, high=None, sd=None),
    *_curve("mixed", (1, 2), "lofo"),
)  # fmt: skip


def hostile(explanation: Explanation, sign: str = HOSTILE) -> Explanation:
    """The same with names that mean something else to whoever reads them wrongly."""
    text = explanation.model_dump_json()
    for name in ("alpha", "planted", "length"):
        text = text.replace(json.dumps(name), json.dumps(f"{sign}{name}"))
    for name in (explanation.encoder, explanation.suite):
        text = text.replace(json.dumps(name), json.dumps(sign))
    return Explanation.model_validate_json(text)


def elements(page: str) -> list[ET.Element]:
    """Elements of a page that is well formed."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return list(parser.parse(page).iter())


def misplaced(page: ET.Element) -> list[str]:
    """What no parser complains of and HTML forbids all the same, as the Nu checker has it."""
    wrong = []
    for one in page.iter():
        inside = [child.tag for child in one]
        if one.tag == "figure" and "figcaption" in inside[1:-1]:
            wrong.append("figcaption neither first nor last in its figure")
        if one.tag == "details" and inside[:1] != ["summary"]:
            wrong.append("details without a summary")
        if one.tag in ("a", "button") and {"a", "button"} & {
            o.tag for o in one.iter() if o is not one
        }:
            wrong.append(f"something to click in {one.tag}")
        if (
            one.tag in ("pre", "code", "p")
            and "aria-label" in one.attrib
            and "role" not in one.attrib
        ):
            wrong.append(f"a label on {one.tag}, which has no role")
        if one.tag in ("ul", "ol") and set(inside) - {"li"}:
            wrong.append(f"{set(inside)} in a list")
    return wrong
