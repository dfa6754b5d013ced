"""Checks that the identity is true: it changes with the features, and only with them."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench.check.encoder.subject import CORPUS, ORDINARY, EncoderSubject, encode
from cefrbench.check.table import CheckTable, Problem, Remark
from cefrbench.contracts.encoder import Encoder

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-reload",
    "Loading it again gives the same identity and features",
    "A result that can't be computed again can't be checked; a run that goes on after a stop would "
    "mix two models.",
    needs="encoder-shape encoder-finite encoder-repeat",
)
def check_reload(subject: EncoderSubject) -> Iterator[Problem]:
    """Load a second time with the same options, and encode the same texts."""
    with subject.reopened() as again:
        if again.identity.digest() != subject.encoder.identity.digest():
            yield Problem(
                "a second load has another identity",
                "leave times, paths and chance out of the identity",
            )
        if not subject.same(encode(again, ORDINARY), subject.ordinary):
            yield Problem(
                "a second load gives other features under the same identity",
                "load trained weights; seed what is random, and name the seed in `details`",
            )


@CHECKS.add(
    "encoder-corpus",
    "for_corpus() gives an encoder of the same identity, which reads the same each time",
    "One result has one identity for all corpora; features are kept by what the encoder reads.",
    needs="encoder-reload",
)
def check_corpus(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Ask twice for the encoder of the kit's texts."""
    own = subject.encoder
    if type(own).for_corpus is Encoder.for_corpus:
        yield Remark("texts alone")
        return
    loaded = subject.spec.load(subject.name, subject.options)
    again = loaded.for_corpus(CORPUS)
    if not loaded.identity.digest() == again.identity.digest() == own.identity.digest():
        yield Problem(
            "for_corpus() gives an encoder of another identity",
            "keep the identity, and say in `reads` what differs from corpus to corpus",
        )
    if dict(again.reads) != dict(own.reads):
        yield Problem(
            f"for the same texts it reads {dict(own.reads)}, then {dict(again.reads)}",
            "let `reads` name hashes and versions: no times, paths or chance",
        )
    loaded.close()
    yield Remark(", ".join((*own.reads, *own.notes)) or "nothing beside texts and languages")


@CHECKS.add(
    "encoder-identity-complete",
    "The identity names all that changes a value",
    "Features are kept by identity: if two settings share one, one is served for the other.",
    needs="encoder-reload",
)
def check_complete(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Change each option in turn: other features must come with another identity."""
    own = subject.encoder.identity.digest()
    for setting in subject.settings:
        if setting.differs and setting.digest == own:
            yield Problem(
                f"{setting.option} changes features, and the identity stays the same",
                "record it in its field of the identity (what has no field goes into `details`), "
                "or refuse the option with an EncoderError",
            )
    refused = [setting.option for setting in subject.settings if setting.refused]
    taken = [s.option for s in subject.settings if s.differs]
    yield Remark(
        f"changed by {', '.join(taken) or 'no option'}; refused {', '.join(refused) or 'none'}"
    )


@CHECKS.add(
    "encoder-identity-true",
    "The identity claims nothing that has no effect",
    "A result that names a prompt which was never put before a text misleads its readers.",
    needs="encoder-reload encoder-tells-apart",
)
def check_true(subject: EncoderSubject) -> Iterator[Problem]:
    """Change each option in turn: another identity must come with other features."""
    own = subject.encoder.identity.digest()
    for setting in subject.settings:
        if not setting.refused and not setting.differs and setting.digest != own:
            yield Problem(
                f"{setting.option} changes the identity, and not one feature",
                "apply the option, or record what was applied (pooling None, instruction '' …)",
            )
