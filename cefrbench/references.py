"""What every encoder is read against: other encoders on the same corpora, run beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cefrbench.config import RunConfig, get_suite
from cefrbench.errors import UserError
from cefrbench.plan import Job, Loaded, Plan, make_plan
from cefrbench.plugins import PluginHost
from cefrbench.provenance import PhaseClock
from cefrbench.results.evaluation import Evaluation
from cefrbench.results.model import FailureRecord, ReferenceRecord
from cefrbench.results.selection import favoured_probe
from cefrbench.results.summary import is_complete
from cefrbench.run import run_encoder


def plan_references(plan: Plan, host: PluginHost) -> Plan | None:
    """Plan the references that run beside all encoders; None where there are none.

    They are run as the suite says, whatever is asked of the encoders' layers and tokens; and by
    probes that choose for themselves, where the suite names no others: a net on one column says
    nothing.
    """
    config = plan.config
    others = tuple(n for n in dict.fromkeys(config.references) if n not in config.encoders)
    if not others:
        return None
    suite = RunConfig.model_validate(get_suite(config.suite).config)
    own = ("layers", "pooling", "instruction", "max_length")
    update = {
        "encoders": others,
        "probes": config.reference_probes
        or tuple(spec.name for spec in plan.probes if spec.card.layer_from is None),
        "name": None,
        "penalties": tuple(
            one for one in config.penalties if one.partition("=")[0] not in config.encoders
        ),
        **{name: getattr(suite, name) for name in own},
    }
    return make_plan(config.model_copy(update=update), host)


def run_references(
    plan: Plan,
    loaded: Loaded,
    host: PluginHost,
    job: Job,
    clock: PhaseClock,
    keep: Callable[[Evaluation], object],
) -> tuple[list[ReferenceRecord], list[FailureRecord]]:
    """Evaluate the encoders that every other is read against; one that fails is recorded.

    ``keep`` gets each evaluation, which is let go then: what stands beside others is little of it.
    """
    found: list[ReferenceRecord] = []
    failures: list[FailureRecord] = []
    for name in plan.config.encoders:
        try:
            evaluation = run_encoder(plan, name, loaded, host, job, clock.fork())
            keep(evaluation)
            found.append(reference_record(evaluation))
            del evaluation
        except UserError as error:
            if job.fail_fast:
                raise
            failures.append(FailureRecord(stage="encoder", name=name, cause=str(error)))
    return found, failures


def reference_record(evaluation: Evaluation) -> ReferenceRecord:
    """What of an evaluation stands in the results that are read against it."""
    result = evaluation.result
    return ReferenceRecord(
        encoder=result.encoder, favoured=favoured_probe(result).probe, summary=result.summary
    )


def beside(
    evaluation: Evaluation,
    references: Sequence[ReferenceRecord],
    failures: Sequence[FailureRecord],
) -> Evaluation:
    """Put the scores of references into a result, but for itself."""
    own = evaluation.result.encoder.name
    records = tuple(one for one in references if one.encoder.name != own)
    failed = (*evaluation.result.failures, *failures)
    result = evaluation.result.model_copy(update={"references": records, "failures": failed})
    result = result.model_copy(update={"complete": is_complete(result)})
    return replace(evaluation, result=result)
