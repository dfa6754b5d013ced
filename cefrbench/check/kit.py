"""Run the tables of checks on what a plugin registered, and give the reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cefrbench.check.findings import CheckReport
from cefrbench.contracts.corpus import Access, Corpus
from cefrbench.contracts.encoder import EncoderOptions, EncoderSpec
from cefrbench.contracts.method import MethodSpec
from cefrbench.contracts.probe import ProbeSpec
from cefrbench.contracts.protocol import Protocol
from cefrbench.errors import CorpusError

if TYPE_CHECKING:
    from cefrbench.check.corpus.subject import Compared
    from cefrbench.check.resolve import Target
    from cefrbench.plugins import PluginHost
    from cefrbench.registry import Plugin


@dataclass(frozen=True, slots=True)
class KitOptions:
    """How to check.

    Attributes
    ----------
    sample : bool
        Check corpora on their samples; nothing is fetched.
    data_dir : Path or None
        Read ``DIR/<corpus>.json``.
    offline : bool
        Fetch nothing; what can't be loaded is skipped.
    device : str
    """

    sample: bool = False
    data_dir: Path | None = None
    offline: bool = False
    device: str = "auto"

    @property
    def access(self) -> Access:
        """How corpora may reach their data."""
        return Access(offline=self.offline)


STANDARD = KitOptions()


def report_plugin(host: PluginHost, plugin: Plugin) -> CheckReport:
    """Check a plugin as a whole."""
    from cefrbench.check.plugin import CHECKS, PluginSubject

    return CHECKS.report("plugin", plugin.name, PluginSubject(host, plugin), plugin.origin)


def report_corpus(
    corpus: Corpus, options: KitOptions = STANDARD, others: Sequence[Corpus] = ()
) -> CheckReport:
    """Check a corpus; ``others`` are the corpora that its texts are looked up in."""
    from cefrbench.check.corpus import CHECKS
    from cefrbench.check.corpus.subject import open_corpus

    subject = open_corpus(
        corpus,
        sample=options.sample,
        data_dir=options.data_dir,
        access=options.access,
        compared=list(_compared(corpus, options, others)),
    )
    return CHECKS.report("corpus", corpus.name, subject)


def report_encoder(
    spec: EncoderSpec, options: KitOptions = STANDARD, name: str | None = None
) -> CheckReport:
    """Check an encoder; ``name`` is the full one for schemes such as ``hf:``."""
    from cefrbench.check.encoder import CHECKS
    from cefrbench.check.encoder.subject import EncoderSubject

    loading = EncoderOptions(device=options.device, offline=options.offline)
    with closing(EncoderSubject(spec, name, loading)) as subject:
        return CHECKS.report("encoder", subject.name, subject)


def report_probe(spec: ProbeSpec, options: KitOptions = STANDARD) -> CheckReport:
    """Check a probe."""
    from cefrbench.check.probe import CHECKS
    from cefrbench.check.probe.subject import ProbeSubject

    device = options.device if options.device != "auto" else "cpu"
    return CHECKS.report("probe", spec.name, ProbeSubject(spec, device))


def report_method(spec: MethodSpec) -> CheckReport:
    """Check a method against corpus bias."""
    from cefrbench.check.method import CHECKS
    from cefrbench.check.method_subject import MethodSubject

    return CHECKS.report("method", spec.name, MethodSubject(spec))


def report_protocol(protocol: Protocol) -> CheckReport:
    """Check a protocol."""
    from cefrbench.check.protocol import CHECKS
    from cefrbench.check.protocol_subject import ProtocolSubject

    return CHECKS.report("protocol", protocol.name, ProtocolSubject(protocol))


def check_target(target: Target, options: KitOptions) -> Iterator[CheckReport]:
    """Check plugins as a whole, then all that they registered."""
    host = target.host
    for plugin in target.plugins:
        yield report_plugin(host, plugin)
    others = [c for c in host.corpora.items.values() if isinstance(c, Corpus)]
    for kind, name, thing in target.things:
        if kind == "corpus":
            yield report_corpus(thing, options, others)
        elif kind == "encoder":
            yield report_encoder(thing, options, name)
        elif kind == "probe":
            yield report_probe(thing, options)
        elif kind == "method":
            yield report_method(thing)
        else:
            yield report_protocol(thing)


def _compared(corpus: Corpus, options: KitOptions, others: Sequence[Corpus]) -> Iterator[Compared]:
    """The other corpora, whole where that costs no download, and their samples."""
    for other in others:
        if other.name == corpus.name:
            continue
        found = None if options.sample else _keys(other, options.data_dir, sample=False)
        sample = _keys(other, None, sample=True) if other.sample() is not None else None
        yield from (one for one in (found, sample) if one is not None)


def _keys(corpus: Corpus, data_dir: Path | None, *, sample: bool) -> Compared | None:
    """Keys of a corpus's texts; none when it is not here."""
    from cefrbench.check.corpus.subject import Compared
    from cefrbench.corpora.load import load_essays
    from cefrbench.corpora.texts import words_key

    try:
        essays = load_essays(corpus, sample=sample, data_dir=data_dir, access=Access(offline=True))
    except CorpusError:
        # Not cached, or not in the folder: the report says which corpora were compared.
        return None
    keys = frozenset(map(words_key, essays.texts))
    return Compared(corpus.name, "sample" if sample else "corpus", keys)
