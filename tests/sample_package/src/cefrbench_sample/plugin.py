"""The hooks: what the entry point of this package names."""

from __future__ import annotations

from cefrbench import EncoderSpec, ProbeSpec, Register, hookimpl
from cefrbench_sample import encoder, probe
from cefrbench_sample.corpus import Notes


@hookimpl
def register_corpora(register: Register) -> None:
    register(Notes())


@hookimpl
def register_encoders(register: Register) -> None:
    register(EncoderSpec(encoder.CARD, encoder.load))


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(probe.CARD, probe.make))
