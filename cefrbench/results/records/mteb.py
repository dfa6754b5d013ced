"""A Python file with tasks for mteb: for each protocol a class that splits and scores as we do.

Everything that a result says stands in it as a literal, so no name can become code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pprint import pformat
from typing import Any, Final

from cefrbench.results.model import CorpusRecord, RunResult, SplitRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.records.reported import HOME
from cefrbench.results.selection import favoured_probe

#: ISO 639-3 and 15924 codes of languages that corpora name by ISO 639-1.
_LANGUAGES: Final[dict[str, str]] = {
    "ar": "ara-Arab",
    "cs": "ces-Latn",
    "cy": "cym-Latn",
    "de": "deu-Latn",
    "en": "eng-Latn",
    "es": "spa-Latn",
    "et": "est-Latn",
    "fr": "fra-Latn",
    "hi": "hin-Deva",
    "it": "ita-Latn",
    "nl": "nld-Latn",
    "pt": "por-Latn",
    "ru": "rus-Cyrl",
}
_UNKNOWN: Final = "und-Zyyy"

#: What a task doesn't take over from the run: where it was, on what, and what stood beside it.
_LEFT: Final = {
    "encoders": [],
    "layers": "all",
    "references": [],
    "analyses": [],
    "refits": 0,
    "data_dir": None,
    "device": "auto",
    "batch_tokens": None,
    "pooling": None,
    "instruction": None,
    "max_length": None,
    "dtype": "auto",
}

_HEAD = '''"""Tasks for mteb: the texts, folds, probe and scores of a result of cefrbench.

Made by `cefrbench results export --format mteb`. Needs `pip install 'cefrbench[mteb]'`::

    import mteb

    mteb.evaluate(mteb.get_model("ORG/NAME"), {first}())
"""

from mteb.abstasks.task_metadata import TaskMetadata

from cefrbench.notebook.mteb_task import CefrTask
'''


def to_mteb(result: RunResult, predictions: PredictionTable) -> str:
    """Write the file: a class for each protocol that was run, in the result's order."""
    done = {one.protocol for one in result.summary}
    names = [card.name for card in result.protocols if card.name in done]
    classes = {name: _class_name(result.suite, name) for name in names}
    body = [_task(result, name, classes[name]) for name in names]
    return "\n\n".join([_HEAD.replace("{first}", next(iter(classes.values()), "Task")), *body])


def _class_name(suite: str, protocol: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", f"{suite} {protocol}")
    return "Cefrbench" + "".join(word[0].upper() + word[1:] for word in words)


def _task(result: RunResult, protocol: str, name: str) -> str:
    settings = result.config.model_dump(mode="json") | _LEFT
    settings |= {"protocols": [protocol], "probes": [favoured_probe(result).probe]}
    folds = [one for one in result.splits if one.protocol == protocol and one.skipped is None]
    return f'''class {name}(CefrTask):
    """Made of a result; see the description in its metadata."""

    metadata = TaskMetadata(**{_literal(_metadata(result, protocol, name))})
    settings = {_literal({k: v for k, v in settings.items() if v is not None})}
    fingerprints = {_literal({one.card.name: one.fingerprint for one in result.corpora})}
    manifests = {_literal(_manifests(folds))}
'''


def _manifests(folds: list[SplitRecord]) -> dict[str, str | None]:
    return {one.fold: one.manifest for one in folds}


def _metadata(result: RunResult, protocol: str, name: str) -> dict[str, Any]:
    card = next(one for one in result.protocols if one.name == protocol)
    return {
        "name": name,
        "description": f"{card.description} QWK, mean over {len(result.corpora)} corpora of "
        f"learners' texts: {', '.join(one.card.name for one in result.corpora)}. Probe: "
        f"{favoured_probe(result).probe}. cefrbench {result.provenance.cefrbench}.",
        "reference": HOME,
        # Loaded by cefrbench, from several places: this names them to whoever reads it.
        "dataset": {"path": "cefrbench", "revision": result.checksum or "unknown"},
        "type": "Classification",
        "category": "t2c",
        "modalities": ["text"],
        "eval_splits": ["test"],
        "eval_langs": _languages(result.corpora),
        "main_score": "qwk",
        "domains": ["Written"],
        "annotations_creators": "expert-annotated",
        "sample_creation": "found",
        "license": "multiple",
        "is_public": all(one.card.hub is not None for one in result.corpora),
    }


def _languages(corpora: tuple[CorpusRecord, ...]) -> list[str]:
    named = [code for one in corpora for code in one.card.languages]
    return list(dict.fromkeys(_LANGUAGES.get(code, _UNKNOWN) for code in named))


def _literal(values: Mapping[str, object]) -> str:
    """A Python literal of a mapping, to stand in a class: a line a key."""
    lines = (
        f"        {key!r}: "
        + pformat(value, width=76, compact=True).replace("\n", "\n            ")
        for key, value in values.items()
    )
    return "{\n" + ",\n".join(lines) + ",\n    }" if values else "{}"
