"""Who fills the cache beside a run: the options about workers, and a worker's own work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cefrbench.cli.shared import complain
from cefrbench.errors import UserError

if TYPE_CHECKING:
    from cefrbench.config import RunConfig
    from cefrbench.crew import Crew
    from cefrbench.plan import Job, Loaded, Plan
    from cefrbench.plugins import PluginHost
    from cefrbench.provenance import PhaseClock


def make_crew(options: dict[str, Any], config: RunConfig, cache_dir: Path) -> Crew | None:
    """Give the processes that this one works with; None where it works alone.

    Raises
    ------
    UserError
        When what is asked of workers can't stand together, or where they run can't be had.
    """
    from cefrbench.crew import Crew, helper_command, make_helpers

    if options["helper"]:
        number, _, size = options["helper"].partition("/")
        if not (number.isdecimal() and size.isdecimal() and 0 < int(number) < int(size)):
            raise UserError(f"--helper {options['helper']!r} can't be read: write NUMBER/OF.")
        return Crew(number=int(number), size=int(size))
    size = options["workers"] or (2 if options["executor"] else 1)
    if options["executor_options"] and not options["executor"]:
        raise UserError("--executor-option says nothing without --executor: name one.")
    if options["ray_address"] and options["executor"] != "ray":
        raise UserError("--ray-address is for Ray alone: add --executor ray, or leave it out.")
    if size == 1:
        return None
    if options["force"]:
        raise UserError(
            "--force fits again what the cache holds, and workers share by what it holds: leave "
            "one of --force and --workers out."
        )
    helpers = make_helpers(
        options["executor"] or "local",
        cache_dir / "workers",
        options["executor_options"],
        options["ray_address"],
    )
    commands = [helper_command(config, cache_dir, number, size) for number in range(1, size)]
    return Crew(helpers, commands, size=size)


def help_run(
    plans: tuple[Plan, Plan | None], loaded: Loaded, host: PluginHost, job: Job, clock: PhaseClock
) -> None:
    """Fill the cache beside another run; what can't be had is that run's to tell."""
    from cefrbench.run import help_encoder

    assert job.crew is not None
    plan, others = plans
    work = [(one, name) for one in (others, plan) if one for name in one.config.encoders]
    for one, name in job.crew.turned(work):
        try:
            help_encoder(one, name, loaded, host, job, clock.fork())
        except UserError as error:
            complain(f"Error: encoder {name}: {error}")
