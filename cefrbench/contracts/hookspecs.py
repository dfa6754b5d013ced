"""Every hook of cefrbench. A plugin implements the ones it needs and registers by name.

The host hands over ``register``, so plugins return nothing and the host owns names and order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from cefrbench.registry import Register

PROJECT = "cefrbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_corpora(register: Register) -> None:
    """Register corpora: ``register(corpus)`` with a :class:`cefrbench.Corpus`."""


@hookspec
def register_encoders(register: Register) -> None:
    """Register encoders: ``register(spec)`` with a :class:`cefrbench.EncoderSpec`."""


@hookspec
def register_probes(register: Register) -> None:
    """Register probes: ``register(spec)`` with a :class:`cefrbench.ProbeSpec`."""


@hookspec
def register_methods(register: Register) -> None:
    """Register methods against corpus bias: ``register(spec)``, a :class:`cefrbench.MethodSpec`."""


@hookspec
def register_protocols(register: Register) -> None:
    """Register protocols: ``register(protocol)`` with a :class:`cefrbench.Protocol`."""


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands to the command line: ``cli.add_command(command)``."""
