"""`cefrbench run`: evaluate encoders under a suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cefrbench.cli.catalogue import warn_of_broken
from cefrbench.cli.shared import complain, echo, echo_json, names_of, names_option
from cefrbench.cli.workers import help_run, make_crew
from cefrbench.errors import EXIT_PARTIAL, EncoderError, UserError
from cefrbench.plugins import PluginHost

if TYPE_CHECKING:
    from cefrbench.config import RunConfig
    from cefrbench.plan import Job, Loaded, Plan
    from cefrbench.provenance import PhaseClock
    from cefrbench.results.evaluation import Evaluation

#: Options that say where and how to run; all others are fields of RunConfig.
_JOB_OPTIONS = (
    *("config_file", "cache_dir", "output", "force", "fail_fast"),
    *("quiet", "as_json", "verbose", "log_file"),
    *("executor", "workers", "executor_options", "ray_address"),
    *("helper", "only_plan"),
)


@click.command(context_settings={"max_content_width": 100})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file of these options, or a result whose configuration is to be repeated.",
)
@click.option(
    "--suite",
    shell_complete=names_of("suites"),
    help="Named configuration to begin from; see `list suites`.",
)
@names_option(
    "--encoder",
    "encoders",
    "Registered name, hf:ORG/MODEL[@REVISION], st:ORG/MODEL, or a folder. Repeatable.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="What a model in a folder is called in tables and on pages; else as its folder.",
)
@names_option("--corpus", "corpora", "Repeatable; order counts.")
@names_option("--probe", "probes", "Repeatable.")
@names_option("--protocol", "protocols", "Repeatable.")
@names_option(
    "--reference",
    "references",
    "Encoder to run beside every other, in place of the suite's. Repeatable.",
    kind="encoders",
)
@click.option("--no-references", is_flag=True, help="Run no encoder but those asked for.")
@names_option(
    "--analysis",
    "analyses",
    "What to read beside scores, in place of the suite's; see docs/analyses.md. Repeatable.",
)
@click.option("--no-analyses", is_flag=True, help="Read nothing beside scores.")
@click.option("--layers", metavar="SPEC", help="all, last, study, 4,8,12 or 0-28:4.")
@click.option(
    "--penalty",
    "penalties",
    multiple=True,
    metavar="PROBE=VALUE",
    help="Of a probe, in place of the grid that it chooses from. Repeatable.",
)
@click.option(
    "--every-layer",
    is_flag=True,
    default=None,
    help="Fit on all layers the probes too that take the layer of another.",
)
@click.option(
    "--refits",
    type=click.IntRange(min=0),
    metavar="N",
    help="Fits on resampled training texts, for errors of the whole procedure.",
)
@click.option("--pooling", type=click.Choice(["last", "mean", "cls", "max"]))
@click.option("--instruction", metavar="TEXT", help="Prefix of each text; '' for none.")
@click.option("--max-length", type=click.IntRange(min=1), metavar="N", help="In tokens.")
@click.option(
    "--data-dir",
    type=click.Path(),
    metavar="DIR",
    help="Read DIR/CORPUS.json where it is, else the corpus's own source.",
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="For features and fits; when named, for downloads too.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    metavar="DIR",
    help="Gets ENCODER/SUITE.json and the predictions beside it; SUITE-HASH.json where options "
    "give the encoder other features than the suite does.",
)
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
@click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16", "float16"]))
@click.option("--batch-tokens", type=click.IntRange(min=1), metavar="N", help="Tokens a batch.")
@click.option("--seed", "seeds", type=int, multiple=True, metavar="N", help="Repeatable.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N texts a corpus.")
@click.option("--offline", is_flag=True, default=None, help="Fetch nothing; use what is cached.")
@click.option(
    "--trust-remote-code",
    is_flag=True,
    default=None,
    help="Run code from the model's repository; needs a pinned revision.",
)
@click.option("--force", is_flag=True, help="Fit again what the cache holds.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option("--quiet", is_flag=True, help="No progress and no tables.")
@click.option("-v", "--verbose", is_flag=True, help="Log the end of every phase too.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Log there too how far the run is: a line a minute, as where output is redirected.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result on standard output, alone.")
@click.option(
    "--workers",
    type=click.IntRange(min=1, max=1000),
    metavar="N",
    help="Processes that fill the cache together, this one among them.",
)
@click.option(
    "--executor",
    type=click.Choice(["local", "submitit", "ray"]),
    help="Where the other workers run: here, as jobs of SLURM, on Ray.  [default: local]",
)
@click.option(
    "--executor-option",
    "executor_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of submitit's executor or `ray.init`; see docs/scaling.md. Repeatable.",
)
@click.option(
    "--ray-address",
    metavar="ADDRESS",
    help="Cluster to join with `--executor ray`: HOST:PORT, or auto for one that runs here.",
)
@click.option(
    "--plan",
    "only_plan",
    is_flag=True,
    help="Say what it would cost (texts, tokens, fits, time, memory, disk), and run nothing.",
)
@click.option("--helper", hidden=True, metavar="NUMBER/OF", help="Only fill the cache.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:
    r"""Evaluate encoders: features of all layers, probes, protocols, one result each.

    Without an encoder, the suite `quickstart` runs offline on invented sample texts. References of
    a suite (the surface baseline of `paper`) run beside the encoders, into results of their own.

    \b
    Examples:
      cefrbench run
      cefrbench run --suite paper --encoder minilm --data-dir corpora
      cefrbench run --encoder hf:intfloat/multilingual-e5-small --probe ridge
    """
    from cefrbench.config import merge, read_config
    from cefrbench.plan import load_corpora, make_plan
    from cefrbench.provenance import PhaseClock
    from cefrbench.references import plan_references

    host: PluginHost = ctx.obj
    given = {k: v for k, v in options.items() if k not in _JOB_OPTIONS and v not in (None, ())}
    if given.pop("no_references"):
        given["references"] = ()
    if given.pop("no_analyses"):
        given["analyses"] = ()
    file = options["config_file"]
    config = merge(given, read_config(file) if file else {})
    warn_of_broken(host)
    plan = make_plan(config, host, options["cache_dir"])
    references = plan_references(plan, host)
    job = _job(options, plan.config)
    clock = PhaseClock()
    with clock.phase("load corpora"):
        loaded = load_corpora(plan.config, host, job)
    if options["only_plan"]:
        _forecast(plan, references, loaded, host, job, as_json=options["as_json"])
        return
    if job.helps:
        help_run((plan, references), loaded, host, job, clock)
        return
    try:
        failed = _run_all((plan, references), loaded, host, job, clock, options)
    finally:
        if job.crew is not None:
            job.crew.dismiss()
    if failed:
        ctx.exit(EXIT_PARTIAL)


def _forecast(
    plan: Plan, others: Plan | None, loaded: Loaded, host: PluginHost, job: Job, *, as_json: bool
) -> None:
    """Print what a run would cost."""
    from dataclasses import asdict

    from cefrbench.border import console
    from cefrbench.cli.forecast import render_forecast
    from cefrbench.forecast import forecast

    found = [
        forecast(one, name, loaded, host, job)
        for one in (others, plan)
        if one
        for name in one.config.encoders
    ]
    if as_json:
        echo_json(json.dumps([{**asdict(one), "seconds": one.seconds} for one in found]))
    else:
        render_forecast(found, console())


def _job(options: dict[str, Any], config: RunConfig) -> Job:
    from cefrbench.features.store import default_cache_dir
    from cefrbench.plan import Job
    from cefrbench.progress import make_progress

    cache_dir = options["cache_dir"] or default_cache_dir()
    return Job(
        cache_dir=cache_dir,
        progress=make_progress(
            quiet=options["quiet"] or options["as_json"],
            log_file=options["log_file"],
            verbose=options["verbose"],
        ),
        download_dir=options["cache_dir"],
        force=options["force"],
        fail_fast=options["fail_fast"],
        crew=make_crew(options, config, cache_dir),
        helps=bool(options["helper"]),
    )


def _run_all(
    plans: tuple[Plan, Plan | None],
    loaded: Loaded,
    host: PluginHost,
    job: Job,
    clock: PhaseClock,
    options: dict[str, Any],
) -> bool:
    """Run references, then all encoders; give whether anything failed."""
    from cefrbench.references import beside, reference_record, run_references
    from cefrbench.run import run_encoder

    plan, others = plans
    named = plan.config.encoders
    texts: dict[str, str] = {}
    failed = False

    def keep(evaluation: Evaluation) -> Path:
        nonlocal failed
        failed = failed or bool(evaluation.result.failures)
        return evaluation.save(options["output"])

    found, causes = run_references(others, loaded, host, job, clock, keep) if others else ([], [])
    for cause in causes:
        complain(f"Error: reference {cause.name}: {cause.cause}")
    # A reference that is asked for by name stands beside those that follow.
    for name in sorted(named, key=lambda name: name not in plan.config.references):
        try:
            evaluation = run_encoder(plan, name, loaded, host, job, clock.fork())
        except EncoderError as error:
            if job.fail_fast or len(named) == 1:
                raise
            complain(f"Error: encoder {name}: {error}")
            failed = True
            continue
        evaluation = beside(evaluation, found, causes)
        if name in plan.config.references:
            found.append(reference_record(evaluation))
        path = keep(evaluation)
        texts[name] = path.read_text("utf-8") if options["as_json"] else ""
        if not (options["quiet"] or options["as_json"]):
            _report(evaluation, path)
        # The next one is made without it in memory.
        del evaluation
    if not texts:
        raise UserError("No encoder could be evaluated: see the errors above.")
    if options["as_json"]:
        ordered = [texts[name] for name in named if name in texts]
        echo_json(ordered[0] if len(ordered) == 1 else f"[{','.join(ordered)}]")
    return failed


def _report(evaluation: Evaluation, path: Path) -> None:
    from cefrbench.border import console
    from cefrbench.cli.render import meaning, render_result
    from cefrbench.results.intervals import summary_intervals

    intervals = summary_intervals(evaluation.result, evaluation.predictions, scores=("qwk",))
    render_result(evaluation.result, console(), intervals)
    echo(meaning(evaluation.result, path))
    echo(f"Result: {path}")
