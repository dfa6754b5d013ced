"""Checks of an encoder on texts that are empty, long, or in writing it may not expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cefrbench.check.encoder.subject import EMPTY, HARD, LONG, ORDINARY, EncoderSubject
from cefrbench.check.table import CheckTable, Problem, Remark

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-prepare",
    "prepare() gives an item a text, in order, and cost() its length",
    "Batches are made by cost; an item too few or too many shifts every text after it.",
    needs="encoder-shape",
)
def check_prepare(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Prepare everyday texts, and compare the cost of a short one with that of a long one."""
    encoder = subject.encoder
    items = list(encoder.prepare(list(ORDINARY)))
    if len(items) != len(ORDINARY):
        yield Problem(
            f"{len(ORDINARY)} texts became {len(items)} items",
            "return exactly one item a text; an empty text too",
        )
        return
    costs = [encoder.cost(item) for item in items]
    if any(not isinstance(cost, int) or cost < 1 for cost in costs):
        yield Problem(f"costs are {costs}", "return a whole number of tokens, at least 1")
        return
    lengths = [len(text) for text in ORDINARY]
    shortest, longest = int(np.argmin(lengths)), int(np.argmax(lengths))
    if costs[shortest] > costs[longest]:
        yield Problem(
            f"{lengths[shortest]} characters cost {costs[shortest]}, {lengths[longest]} characters "
            f"cost {costs[longest]}",
            "let cost() grow with the length of what encode() gets",
        )
    yield Remark(f"{sum(costs)} for {sum(lengths)} characters")


@CHECKS.add(
    "encoder-empty",
    "An empty text has finite features",
    "Cleaning may leave nothing of a text, and a batch must not die of it.",
    needs="encoder-finite",
)
def check_empty(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode an empty text and white space, alone and among others."""
    yield from _finite(subject, EMPTY, "give a text without tokens its special tokens, or zeros")


@CHECKS.add(
    "encoder-scripts",
    "Emoji, right-to-left, combining and control characters have finite features",
    "Learners write all of these, and tokenizers lose, split or join them.",
    needs="encoder-finite",
)
def check_scripts(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode each hard text, alone and among others."""
    yield from _finite(subject, HARD, "pass the text as it is to the tokenizer, in Unicode")


@CHECKS.add(
    "encoder-long",
    "A text of 10,000 words has finite features",
    "Some texts are longer than any model reads; they must be cut as max_length says, not fail.",
    needs="encoder-finite",
)
def check_long(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode a text of 10,000 words."""
    yield from _finite(
        subject, {"10,000 words": LONG}, "truncate to max_length tokens, and record that limit"
    )


def _finite(subject: EncoderSubject, texts: Mapping[str, str], mend: str) -> Iterator[Problem]:
    """Encode each text alone, then all among ordinary ones; report the first fault of each."""
    for name, text in texts.items():
        try:
            features = subject.encode([text])
        except Exception as error:  # noqa: BLE001 - reported with the text that it came from
            yield Problem(f"{name}: {type(error).__name__}: {error}", mend)
            continue
        if not np.isfinite(features).all():
            yield Problem(f"{name}: features are not finite", mend)
    among = [ORDINARY[0], *texts.values()]
    if not np.isfinite(subject.encode(among)).all():
        yield Problem(f"{', '.join(texts)} in one batch: features are not finite", mend)
