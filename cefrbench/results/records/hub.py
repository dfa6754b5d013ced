"""A model card's metadata with evaluation results, as the Hugging Face hub reads them.

The block ``model-index`` of a card's head, written by ``huggingface_hub`` itself. Results in
``.eval_results/`` of a model's repository are for benchmarks that the hub has registered, with a
data set of their own there: cefrbench's texts are others' corpora, so it has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cefrbench.contracts.cards import ProtocolCard
from cefrbench.results.model import RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.records.reported import HOME, TITLES, ReportedScore, model_id, reported
from cefrbench.results.selection import WORDS, favoured_probe, sides

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

#: Scores that a card shows.
_SHOWN = ("qwk", "spearman")


def to_hub(result: RunResult, predictions: PredictionTable) -> str:
    """Head of a model card (``README.md``): its results in and out of distribution.

    QWK and Spearman, the mean and each corpus, under the two protocols that stand for in and out
    of distribution. To be merged with a card that exists: ``huggingface_hub.metadata_update``.

    Raises
    ------
    ResultError
        When the result has no score at all.
    """
    from huggingface_hub import ModelCardData

    shown = set(sides(result.protocols, {one.protocol for one in result.summary}).values())
    results = [
        _evaluation(result, one, one.protocol)
        for one in reported(result, predictions, _SHOWN)
        if one.protocol is not None and one.protocol.name in shown
    ]
    data = ModelCardData(model_name=model_id(result.encoder), eval_results=results)
    return f"---\n{data.to_yaml()}\n---\n"


def _evaluation(result: RunResult, one: ReportedScore, protocol: ProtocolCard) -> EvalResult:
    from huggingface_hub import EvalResult

    words = WORDS[protocol.distribution]
    args: dict[str, Any] = {
        "protocol": protocol.name,
        "probe": favoured_probe(result).probe,
        "texts": one.texts,
    }
    interval = one.interval
    if interval is not None and interval.low is not None and interval.high is not None:
        args["interval_95"] = [interval.low, interval.high]
    return EvalResult(
        task_type="text-classification",
        task_name=f"CEFR level of learners' texts (cefrbench {result.suite})",
        **_data_set(result, one),
        metric_type=one.score,
        metric_name=f"{TITLES[one.score]}, {words}",
        metric_value=one.value,
        metric_args=args,
        source_name="cefrbench",
        source_url=HOME,
    )


def _data_set(result: RunResult, one: ReportedScore) -> dict[str, Any]:
    """The hub's name of a corpus where it has one, and of the mean the suite's."""
    if one.corpus is None:
        name = f"cefrbench {result.suite}, mean over {len(one.corpora)} corpora"
        return {"dataset_type": f"cefrbench-{result.suite}", "dataset_name": name}
    card = one.corpus.card
    return {
        "dataset_type": card.hub.repo if card.hub else card.name,
        "dataset_name": card.title,
        "dataset_revision": one.corpus.revision,
    }
