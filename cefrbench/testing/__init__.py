"""The conformance kit for tests: a call for each kind of plugin, and fixtures to run them on.

Installing cefrbench installs a pytest plugin with the fixtures ``tiny_corpus``, ``tiny_encoder``
and ``tmp_cache`` (:mod:`cefrbench.testing.fixtures`). A test of a third party's probe is then::

    from cefrbench.testing import check_probe

    def test_it_keeps_the_contract():
        check_probe(PROBE)

Each call returns the report, with notes and measurements; where a check fails, it raises an
AssertionError whose message is the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cefrbench.check.findings import CheckReport
    from cefrbench.contracts.corpus import Corpus
    from cefrbench.contracts.encoder import Encoder, EncoderOptions, EncoderSpec
    from cefrbench.contracts.method import MethodSpec
    from cefrbench.contracts.probe import ProbeSpec
    from cefrbench.contracts.protocol import Protocol

__all__ = ["check_corpus", "check_encoder", "check_method", "check_probe", "check_protocol"]


def check_corpus(
    corpus: Corpus,
    *,
    sample: bool = True,
    data_dir: Path | None = None,
    others: Sequence[Corpus] = (),
) -> CheckReport:
    """Assert that a corpus keeps its contract.

    Parameters
    ----------
    corpus : Corpus
    sample : bool
        Check its sample, which needs no data and no network; False checks the corpus itself.
    data_dir : Path, optional
        Check ``DIR/<name>.json``; overrules ``sample``.
    others : sequence of Corpus
        Corpora that none of its texts may stand in too.
    """
    from cefrbench.check.kit import KitOptions, report_corpus

    options = KitOptions(sample=sample and data_dir is None, data_dir=data_dir)
    return _passed(report_corpus(corpus, options, others))


def check_encoder(
    encoder: EncoderSpec | Callable[[EncoderOptions], Encoder], *, name: str | None = None
) -> CheckReport:
    """Assert that an encoder keeps its contract.

    Parameters
    ----------
    encoder : EncoderSpec or callable
        What a plugin registers; or a function from options to a loaded encoder.
    name : str, optional
        Full name for a scheme, ``hf:ORG/MODEL``.
    """
    from cefrbench.check.kit import report_encoder
    from cefrbench.contracts.cards import EncoderCard
    from cefrbench.contracts.encoder import EncoderOptions, EncoderSpec

    if not isinstance(encoder, EncoderSpec):
        load = encoder
        own = name or load(EncoderOptions()).identity.name
        card = EncoderCard(name=own, description="under test")
        encoder = EncoderSpec(card, lambda _, options: load(options))
    return _passed(report_encoder(encoder, name=name))


def check_probe(probe: ProbeSpec) -> CheckReport:
    """Assert that a probe keeps its contract."""
    from cefrbench.check.kit import report_probe

    return _passed(report_probe(probe))


def check_method(method: MethodSpec) -> CheckReport:
    """Assert that a method against corpus bias keeps its contract."""
    from cefrbench.check.kit import report_method

    return _passed(report_method(method))


def check_protocol(protocol: Protocol) -> CheckReport:
    """Assert that a protocol keeps its contract."""
    from cefrbench.check.kit import report_protocol

    return _passed(report_protocol(protocol))


def _passed(report: CheckReport) -> CheckReport:
    from cefrbench.check.render import render_failures

    if not report.passed:
        raise AssertionError(render_failures(report))
    return report
