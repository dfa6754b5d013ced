"""Encoders with one fault each, planted on an encoder that has none."""

import os
import random
import time

import numpy as np

from cefrbench.contracts.cards import EncoderIdentity
from cefrbench.contracts.encoder import Encoder
from cefrbench.errors import EncoderError
from cefrbench.testing.tiny import TinyEncoder


class Sound(Encoder):
    """Hashed words with a prompt and a limit on words, both in the identity."""

    def __init__(self, options, **identity):
        self.options = options
        self._words = TinyEncoder()
        fields = {
            "name": "faulty",
            "model": "hashed words",
            "pooling": None,
            "instruction": options.instruction or "",
            "max_length": options.max_length,
            "dtype": "float32",
            "layers": (0, 1, 2),
            "width": 16,
        }
        self.identity = EncoderIdentity(**{**fields, **identity})

    def text(self, text):
        words = f"{self.identity.instruction}{text}".split()
        return " ".join(words[: self.identity.max_length])

    def encode(self, batch):
        return self._words.encode([self.text(str(text)) for text in batch])


class CountsRows(Sound):
    def encode(self, batch):
        return super().encode(batch) + np.arange(len(batch), dtype=np.float32)[:, None, None]


class RenamesItself(Sound):
    """Of another identity for each corpus."""

    def for_corpus(self, corpus):
        return RenamesItself(self.options, model=f"{self.identity.model} {corpus.corpus}")


class ReadsTheClock(Sound):
    def for_corpus(self, corpus):
        own = ReadsTheClock(self.options)
        own.reads = {"time": str(time.perf_counter_ns())}
        return own


class AveragesTheBatch(Sound):
    def encode(self, batch):
        features = super().encode(batch)
        return features - features.mean(axis=0)


class Drops(Sound):
    """Dropout in evaluation."""

    def encode(self, batch):
        features = super().encode(batch)
        return features * (np.random.default_rng().random(features.shape) > 0.2).astype(np.float32)


class CountsCalls(Sound):
    calls = 0

    def encode(self, batch):
        self.calls += 1
        return super().encode(batch) + np.float32(self.calls)


class AveragesLargeBatches(Sound):
    """Batch statistics, from twenty texts on."""

    def encode(self, batch):
        features = super().encode(batch)
        return features - features.mean(axis=0) if len(batch) >= 20 else features


class AdaptsFromBatchToBatch(Sound):
    """Features are those of the first forty texts, then they drift."""

    seen = 0

    def encode(self, batch):
        self.seen += max(0, len(batch) - 8)
        return super().encode(batch) * np.float32(1 + self.seen // 40)


class PadsWithoutMask(Sound):
    """Features take in how far a text is padded, that is the longest text of the batch."""

    def encode(self, batch):
        return super().encode(batch) + np.float32(max(map(len, batch)))


class GivesNan(Sound):
    def encode(self, batch):
        features = super().encode(batch)
        features[[text.startswith("Yes") for text in batch]] = np.nan
        return features


class GivesDoubles(Sound):
    def encode(self, batch):
        return super().encode(batch).astype(np.float64)


class SwapsAxes(Sound):
    def encode(self, batch):
        return super().encode(batch).swapaxes(0, 1)


class SqueezesOne(Sound):
    def encode(self, batch):
        return super().encode(batch).squeeze()


class ReusesItsBuffer(Sound):
    buffer = np.zeros((256, 3, 16), dtype=np.float32)

    def encode(self, batch):
        view = self.buffer[: len(batch)]
        view[:] = super().encode(batch)
        return view


class SeesTheFirstTokenOnly(Sound):
    def encode(self, batch):
        return super().encode(["<s>" for _ in batch])


class DiesOfEmptyTexts(Sound):
    def encode(self, batch):
        if not all(str(text).strip() for text in batch):
            raise ValueError("max() of an empty sequence")
        return super().encode(batch)


class DiesOfLongTexts(Sound):
    def encode(self, batch):
        if max(len(str(text).split()) for text in batch) > 8192:
            raise RuntimeError("the position 8192 is out of range")
        return super().encode(batch)


class KnowsTheBasicPlaneOnly(Sound):
    def encode(self, batch):
        return super().encode(["".join(map(_in_basic_plane, str(text))) for text in batch])


def _in_basic_plane(character):
    if ord(character) > 0xFFFF:
        raise ValueError(f"{character!r} is out of range")
    return character


class LosesEmptyItems(Sound):
    def prepare(self, texts):
        return [text for text in texts if len(text) > 5]

    def encode(self, batch):
        return super().encode(batch)


class CostsNothing(Sound):
    def cost(self, item):
        return 0


class CostsBackwards(Sound):
    def cost(self, item):
        return max(1, 1000 - len(item))


class HidesItsPrompt(Sound):
    def __init__(self, options):
        super().__init__(options, instruction="")

    def text(self, text):
        return super().text(f"{self.options.instruction or ''}{text}")


class HidesItsOwnPrompt(Sound):
    """A prompt of its own stands before each text, unless one is asked for."""

    def text(self, text):
        own = "query: " if self.options.instruction is None else ""
        return super().text(f"{own}{text}")


class HidesItsLimit(Sound):
    def __init__(self, options):
        super().__init__(options, max_length=None)

    def text(self, text):
        return " ".join(super().text(text).split()[: self.options.max_length])


class ClaimsAPrompt(Sound):
    def text(self, text):
        return str(text)


class DrawsItsWeights(Sound):
    def __init__(self, options):
        super().__init__(options)
        self.weights = np.float32(random.random() + 0.5)

    def encode(self, batch):
        return super().encode(batch) * self.weights


class HashesByProcess(Sound):
    """Python's hash of a string is another in each process."""

    def encode(self, batch):
        shift = [hash(str(text)) % 7 for text in batch]
        return super().encode(batch) + np.array(shift, np.float32)[:, None, None]


class NamesTheTime(Sound):
    loads = 0

    def __init__(self, options):
        NamesTheTime.loads += 1
        super().__init__(options, details={"loaded": str(self.loads)})


class PublishesItsKey(Sound):
    def __init__(self, options):
        super().__init__(options, details={"key": os.environ["FAULTY_API_KEY"]})


class KeepsItsKey(Sound):
    """Nothing is wrong with it: the key is sent, and written down nowhere."""

    def __init__(self, options):
        super().__init__(options)
        self._key = os.environ.get("FAULTY_API_KEY")


class KeepsEverything(Sound):
    def __init__(self, options):
        super().__init__(options)
        self.kept = []

    def encode(self, batch):
        self.kept.append(np.ones(50_000))
        return super().encode(batch)


class ClosesOnce(Sound):
    closed = False

    def close(self):
        if self.closed:
            raise AttributeError("model")
        self.closed = True


class OtherName(Sound):
    def __init__(self, options):
        super().__init__(options, name="another")


class CountsLayersDown(Sound):
    def __init__(self, options):
        super().__init__(options, layers=(2, 1, 0))


class DoesNotLoad(Sound):
    def __init__(self, options):
        raise EncoderError("The weights are gone: fetch them again.")
