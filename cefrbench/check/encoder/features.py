"""Checks of features: shape, type, finite (of hard texts too), and a matter of the text alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cefrbench.check.encoder.subject import (
    EMPTY,
    HARD,
    LONG,
    MEDIUM,
    ORDINARY,
    TOLERANCE,
    EncoderSubject,
    distance,
    encode,
)
from cefrbench.check.table import CheckTable, Problem, Remark

#: Too little difference between unlike texts to tell them apart, relative to the largest feature.
_INDISTINCT = 1e-6

#: Sizes of batches that short texts are tried in; some libraries change their ways at 16 and 32.
BATCHES = (3, 17, 33, 64, 256)

CHECKS: CheckTable[EncoderSubject] = CheckTable()


@CHECKS.add(
    "encoder-shape",
    "Features are [text, layer, dim] as the identity says",
    "A wrong axis is read as another layer, or another text's features.",
    needs="encoder-load",
)
def check_shape(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Encode everyday texts, and one alone."""
    identity = subject.encoder.identity
    for texts in (ORDINARY, ORDINARY[:1]):
        features = subject.encode(texts)
        wanted = (len(texts), len(identity.layers), identity.width)
        if not isinstance(features, np.ndarray) or features.shape != wanted:
            got = getattr(features, "shape", type(features).__name__)
            yield Problem(
                f"{len(texts)} texts gave {got} instead of {wanted}",
                "return one array: a row a text, a plane a layer, also for a single text",
            )
            return
    yield Remark(f"{len(identity.layers)} × {identity.width} a text")


@CHECKS.add(
    "encoder-dtype",
    "Features are float32",
    "Features on disk are float32; anything else is converted in silence or costs twice the room.",
    needs="encoder-shape",
)
def check_dtype(subject: EncoderSubject) -> Iterator[Problem]:
    """Look at the type of an array of features."""
    dtype = subject.encode(ORDINARY[:2]).dtype
    if dtype != np.float32:
        yield Problem(f"features are {dtype}", "end encode() with .astype(np.float32)")


@CHECKS.add(
    "encoder-finite",
    "Features are finite",
    "A run leaves out every corpus that one NaN occurs in.",
    needs="encoder-shape",
)
def check_finite(subject: EncoderSubject) -> Iterator[Problem]:
    """Look for NaN and infinity in the features of everyday texts."""
    bad = ~np.isfinite(subject.ordinary).all(axis=(1, 2))
    if bad.any():
        text = ORDINARY[int(np.flatnonzero(bad)[0])]
        yield Problem(
            f"{int(bad.sum())} of {len(ORDINARY)} everyday texts have NaN or infinite features "
            f"({text[:40]!r})",
            "look for overflow in half precision, a mean over no tokens, a division by a zero norm",
        )


@CHECKS.add(
    "encoder-repeat",
    "The same batch gives the same features again",
    "What changes from call to call is noise that no probe can read.",
    needs="encoder-finite",
)
def check_repeat(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode the same batch twice more."""
    one, other = (subject.encode(ORDINARY) for _ in range(2))
    if not (subject.same(one, other) and subject.same(one, subject.ordinary)):
        gap = max(distance(one, other), distance(one, subject.ordinary))
        yield Problem(
            f"the same batch gave features that differ by {gap:.1g} of the largest one",
            "put the model in evaluation mode (no dropout), and keep no state from batch to batch",
        )


@CHECKS.add(
    "encoder-order",
    "A text's features don't depend on its place in the batch",
    "Batches are made by length: a text's neighbours and place are chance.",
    needs="encoder-repeat",
)
def check_order(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode the same batch backwards."""
    backwards = subject.encode(ORDINARY[::-1])[::-1]
    if not subject.same(backwards, subject.ordinary):
        gap = distance(backwards, subject.ordinary)
        yield Problem(
            f"the batch backwards gave features that differ by {gap:.1g} of the largest one",
            "see that results are put back in the order of the batch, and that nothing counts rows",
        )


@CHECKS.add(
    "encoder-alone",
    "A text has the same features alone and in a batch",
    "Padding must be masked, and nothing may be averaged over a batch: else the score depends on "
    "the batch size.",
    needs="encoder-order",
)
def check_alone(subject: EncoderSubject) -> Iterator[Problem]:
    """Encode each text alone, and the batch with a much longer text in it."""
    alone = np.concatenate([subject.encode([text]) for text in ORDINARY])
    longer = subject.encode([*ORDINARY, MEDIUM])[:-1]
    for how, features in (("alone", alone), ("beside a long text", longer)):
        if not subject.same(features, subject.ordinary):
            gaps = [distance(subject.ordinary[i], features[i]) for i in range(len(ORDINARY))]
            worst = int(np.argmax(gaps))
            yield Problem(
                f"{how}, {ORDINARY[worst][:30]!r} has features that differ by {max(gaps):.1g} of "
                "the largest one",
                "pass the attention mask, pool over true tokens only, and pick the last true token",
            )


@CHECKS.add(
    "encoder-batches",
    "A text has the same features in batches of any size",
    "What is averaged over a batch, or kept from batch to batch, may begin with many texts only: "
    "batches are as large as memory lets them be.",
    needs="encoder-alone",
)
def check_batches(subject: EncoderSubject) -> Iterator[Problem | Remark]:
    """Put two short texts among others, in batches of up to some hundred texts."""
    rows = [row for row, text in enumerate(ORDINARY) if len(text) < 40]
    own, features = [ORDINARY[row] for row in rows], subject.ordinary[rows]
    for size in BATCHES:
        others = [f"Number {number} came late." for number in range(size - len(own))]
        among = subject.encode([own[0], *others, *own[1:]])
        gap = distance(among[[0, *range(len(others) + 1, size)]], features)
        if gap > TOLERANCE[subject.encoder.identity.dtype]:
            yield Problem(
                f"in a batch of {size} texts two texts have features that differ by {gap:.1g} of "
                "the largest one",
                "let nothing be averaged or normalised over a batch, nor kept for the next one "
                "(batch norm in evaluation mode, statistics fixed when the model is loaded)",
            )
            return
    yield Remark(f"of {BATCHES[0]} to {BATCHES[-1]} texts")


@CHECKS.add(
    "encoder-buffer",
    "Features that were given stay as they are",
    "A buffer that is used again writes the next batch over the last one.",
    needs="encoder-repeat",
)
def check_buffer(subject: EncoderSubject) -> Iterator[Problem]:
    """Keep an array, encode another batch of the same size, and look again."""
    given = encode(subject.encoder, ORDINARY[:2])
    before = given.copy()
    encode(subject.encoder, ORDINARY[2:4])
    if not np.array_equal(before, given, equal_nan=True):
        yield Problem(
            "the features of one batch changed when the next one was encoded",
            "return a new array from each call of encode()",
        )


@CHECKS.add(
    "encoder-tells-apart",
    "Different texts have different features",
    "Features that are all alike hold nothing to probe, and usually mean a broken pooling.",
    needs="encoder-finite",
)
def check_tells_apart(subject: EncoderSubject) -> Iterator[Problem]:
    """Look for layers above 0 in which all everyday texts are alike."""
    identity = subject.encoder.identity
    scale = max(float(np.abs(subject.ordinary).max()), 1e-12)
    spread = np.ptp(subject.ordinary, axis=0).max(axis=-1) / scale
    alike = [
        layer
        for layer, gap in zip(identity.layers, spread, strict=True)
        if gap < _INDISTINCT and (layer > 0 or len(identity.layers) == 1)
    ]
    if alike:
        yield Problem(
            f"in layers {', '.join(map(str, alike))} all everyday texts have the same features",
            "pool over the text's tokens, not over a token that all texts share",
        )


# -- texts that are empty, long, or in writing that it may not expect ----------------------------


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
