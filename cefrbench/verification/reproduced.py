"""All of a result made again, from the model on, and laid beside it figure by figure."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench.plan import Job
from cefrbench.plugins import PluginHost
from cefrbench.provenance import PhaseClock
from cefrbench.results.findings import Mismatch
from cefrbench.results.gold import contradiction, gold_digests
from cefrbench.results.model import RunResult, SummaryRecord
from cefrbench.results.predictions import PredictionTable
from cefrbench.run import run_encoder
from cefrbench.statistics.scores import Scores
from cefrbench.verification.again import Here, check_splits, load_again, plan_again
from cefrbench.verification.fits import check_predicted
from cefrbench.verification.record import VerificationRecord, VerifiedFigure, make_record
from cefrbench.verification.tolerances import CORPUS, MEAN, PREDICTION_AGAIN

#: Scores that are laid beside each other.
SCORES = ("qwk", "macro_f1", "mae", "accuracy")


def reproduce_result(
    result: RunResult,
    predictions: PredictionTable,
    *,
    by: str,
    host: PluginHost,
    here: Here,
    job: Job,
) -> VerificationRecord:
    """Run a result's own configuration again on its own texts.

    Raises
    ------
    ResultError
        When its texts or its model can't be had here.
    """
    plan, name = plan_again(result, host, here)
    loaded = load_again(result, plan, host, job)
    again = run_encoder(plan, name, loaded, host, job, PhaseClock())
    findings = list(check_splits(result, again.result.splits))
    if again.result.encoder.digest() != result.encoder.digest():
        mine = again.result.encoder
        findings.append(
            Mismatch(
                "encoder",
                f"{result.encoder.model} {result.encoder.digest()}",
                f"{mine.model} {mine.digest()}",
            )
        )
    theirs = gold_digests(result, predictions)
    mine_gold = gold_digests(again.result, again.predictions)
    if any(mine_gold.get(split) != gold for split, gold in theirs.items()):
        findings.append(Mismatch("predictions", contradiction("It", "this run"), "equal gold"))
    else:
        cards = {card.name: card for card in result.probes}
        findings += check_predicted(
            predictions, again.predictions, cards, within=PREDICTION_AGAIN, all_units=False
        )
    return make_record(
        result,
        "reproduced",
        findings,
        by=by,
        device=str(again.result.provenance.hardware.get("device", here.device)),
        texts=sum(one.texts for one in again.result.commitments),
        layers=tuple(dict.fromkeys(fit.layer for fit in again.result.fits)),
        figures=list(figures(result, again.result)),
    )


def figures(result: RunResult, again: RunResult) -> Iterator[VerifiedFigure]:
    """Each figure that a table shows, as published and as made again."""
    mine = {(one.protocol, one.probe): one for one in again.summary}
    for one in result.summary:
        other = mine.get((one.protocol, one.probe))
        for name in SCORES:
            yield VerifiedFigure(
                where=f"{one.protocol} {one.probe} {name}",
                published=_of(one, name),
                again=_of(other, name) if other else None,
                tolerance=MEAN,
            )
    own = {(s.protocol, s.corpus, s.probe, s.seed, s.layer): s.scores for s in again.scores}
    for score in result.scores:
        if score.layer is not None and result.choices:
            continue
        place = (score.protocol, score.corpus, score.probe, score.seed, score.layer)
        found = own.get(place, Scores.undefined())
        layer = "" if score.layer is None else f" layer {score.layer}"
        seed = "" if score.seed is None else f" seed {score.seed}"
        yield VerifiedFigure(
            where=f"{score.protocol} {score.corpus} {score.probe}{seed}{layer} qwk",
            published=score.scores.qwk,
            again=found.qwk,
            tolerance=CORPUS,
        )


def _of(record: SummaryRecord, name: str) -> float | None:
    scores = record.chosen or record.oracle
    value: float | None = getattr(scores, name) if scores else None
    return value
