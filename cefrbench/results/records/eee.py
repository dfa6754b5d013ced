"""A record for Every Eval Ever, in the schema 0.3.0 of github.com/evaleval/every_eval_ever.

One record a result. Figures are those of :func:`.reported`; QWK carries its 95 % interval.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from cefrbench.results.model import CorpusRecord, RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.records.reported import HOME, TITLES, ReportedScore, model_id, reported
from cefrbench.results.selection import favoured_probe
from cefrbench.statistics.scores import DIRECTIONS

SCHEMA: Final = "0.3.0"

#: Names that others join metrics by, and the family of each.
_METRICS: Final[dict[str, tuple[str, str]]] = {
    "qwk": ("quadratic_weighted_kappa", "kappa"),
    "macro_f1": ("f1_macro", "f1"),
    "mae": ("mae", "mae"),
    "r2": ("r2", "r2"),
    "accuracy": ("accuracy", "accuracy"),
    "adjacent": ("adjacent_accuracy", "accuracy"),
    "spearman": ("spearman", "correlation"),
    "recut": ("quadratic_weighted_kappa_at_gold_shares", "kappa"),
    "gap": ("quadratic_weighted_kappa_gap", "difference"),
}
_PROPORTIONS = ("macro_f1", "accuracy", "adjacent")


def to_eee(result: RunResult, predictions: PredictionTable) -> str:
    """One result as a record; the same bytes each time.

    Its timestamps are those of the run: the record says nothing that the result doesn't.

    Raises
    ------
    ResultError
        When the result has no score at all.
    """
    started = result.provenance.started
    stamp = str(int(datetime.fromisoformat(started).timestamp()))
    name = f"cefrbench-{result.suite}"
    record = {
        "schema_version": SCHEMA,
        "evaluation_id": f"{name}/{model_id(result.encoder)}/{stamp}",
        "evaluation_timestamp": stamp,
        "retrieved_timestamp": stamp,
        "source_metadata": {
            "source_name": "cefrbench",
            "source_type": "evaluation_run",
            "source_organization_name": "The cefrbench authors",
            "source_organization_url": HOME,
            "evaluator_relationship": "third_party",
            "additional_details": {
                "checksum": result.checksum,
                "complete": str(result.complete).lower(),
                "command": result.provenance.command,
            },
        },
        "eval_library": {"name": "cefrbench", "version": result.provenance.cefrbench},
        "model_info": _model(result),
        "evaluation_results": [_entry(result, one) for one in reported(result, predictions)],
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _model(result: RunResult) -> dict[str, Any]:
    encoder = result.encoder
    details = {
        "deployment_type": "self_deployed",
        "model_availability": "open_weights" if model_id(encoder) == encoder.model else "unknown",
        "role": encoder.role,
        "revision": encoder.revision,
        "pooling": encoder.pooling,
        "instruction": encoder.instruction,
        "max_length": encoder.max_length,
        "dtype": encoder.dtype,
        "parameters": encoder.parameters,
        "licence": encoder.licence,
        "features": encoder.digest(),
    }
    return {
        "name": encoder.name,
        "id": model_id(encoder),
        "developer": model_id(encoder).partition("/")[0],
        "additional_details": {k: str(v) for k, v in details.items() if v not in (None, "")},
    }


def _entry(result: RunResult, one: ReportedScore) -> dict[str, Any]:
    protocol = one.protocol.name if one.protocol else "gap"
    over = one.corpus.card.name if one.corpus else "mean over corpora"
    return {
        "evaluation_result_id": f"{protocol}/{one.corpus.card.name if one.corpus else 'mean'}/"
        f"{_METRICS[one.score][0]}",
        "evaluation_name": f"cefrbench {result.suite}, {protocol}, {over}",
        "source_data": _source(result, one),
        "metric_config": _metric(result, one),
        "score_details": _score(one),
    }


def _source(result: RunResult, one: ReportedScore) -> dict[str, Any]:
    """Where the texts are from; the hub's name only where they were read from there."""
    if one.corpus is None:
        return {
            "dataset_name": f"cefrbench {result.suite}",
            "source_type": "url",
            "url": list(dict.fromkeys(record.card.source for record in one.corpora)),
            "additional_details": {
                "corpora": ", ".join(record.card.name for record in one.corpora),
                "samples_number": str(one.texts),
            },
        }
    record, card = one.corpus, one.corpus.card
    details = {"additional_details": _corpus(record, one.texts)}
    named = {"dataset_name": card.title}
    if record.source == "sample":
        return {**named, "source_type": "other", **details}
    if record.source == "hub" and card.hub is not None:
        hub = {"hf_repo": card.hub.repo, "samples_number": one.texts}
        return {**named, "source_type": "hf_dataset", **hub, **details}
    return {**named, "source_type": "url", "url": [card.source], **details}


def _corpus(record: CorpusRecord, texts: int) -> dict[str, str]:
    card = record.card
    return {
        "corpus": card.name,
        "languages": ", ".join(card.languages),
        "licence": card.licence,
        "rated_by": card.rated_by,
        "read_from": record.source,
        "revision": record.revision or "none",
        "fingerprint": record.fingerprint,
        "samples_number": str(texts),
    }


def _metric(result: RunResult, one: ReportedScore) -> dict[str, Any]:
    favoured = favoured_probe(result)
    low, high = _bounds(result, one.score)
    title = "The difference between in and out of distribution"
    return {
        "evaluation_description": one.protocol.description if one.protocol else f"{title}.",
        "metric_id": _METRICS[one.score][0],
        "metric_name": TITLES[one.score],
        "metric_kind": _METRICS[one.score][1],
        "metric_unit": "levels" if one.score == "mae" else "proportion",
        "lower_is_better": not DIRECTIONS.get(one.score, False),
        "score_type": "continuous",
        "min_score": low,
        "max_score": high,
        "additional_details": {
            "probe": favoured.probe,
            "chosen_by": {
                "inner": "inner cuts of the training part",
                "oracle": "the scored texts themselves (the study's form)",
            }[favoured.rule],
            "distribution": one.protocol.distribution if one.protocol else "in less out",
            "classes": " ".join(result.scale),
        },
    }


def _bounds(result: RunResult, score: str) -> tuple[float | str, float | str]:
    """Ends of a score; without clipping no error is too large."""
    if score == "r2":
        return "-Infinity", 1.0
    if score == "mae":
        free = favoured_probe(result).probe in result.config.unclipped_probes
        return 0.0, "Infinity" if free else float(len(result.scale) - 1)
    if score == "gap":
        return -2.0, 2.0
    return (0.0 if score in _PROPORTIONS else -1.0), 1.0


def _score(one: ReportedScore) -> dict[str, Any]:
    found: dict[str, Any] = {"score": one.value}
    interval = one.interval
    if interval is None or interval.low is None or interval.high is None:
        return found
    how = f"bootstrap over texts; {interval.covers}"
    found["uncertainty"] = {
        "confidence_interval": {
            "lower": interval.low,
            "upper": interval.high,
            "confidence_level": 0.95,
            "method": how,
        },
        "num_samples": interval.texts,
        "num_bootstrap_samples": interval.replicates,
    }
    if interval.error is not None:
        found["uncertainty"]["standard_error"] = {"value": interval.error, "method": how}
    return found
