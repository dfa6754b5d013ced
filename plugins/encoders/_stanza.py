"""Parses made by stanza (Qi et al. 2020, https://aclanthology.org/2020.acl-demos.14), offline."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections import defaultdict
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cefrbench import CorpusTexts, Encoder, EncoderError, EncoderIdentity, EncoderOptions
from cefrbench_plugins.encoders._syntax import ParsedSentence, Word, syntax

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROCESSORS = "tokenize,pos,lemma,depparse"


class Parsing(Encoder):
    """Parses each text with the models of its language.

    Parameters
    ----------
    identity : EncoderIdentity
    options : EncoderOptions
        Of which the device is used.
    corpus : CorpusTexts

    Raises
    ------
    EncoderError
        When stanza or the models of a language aren't there; nothing is fetched.
    """

    batch_cost = 65_536
    batch_overhead = 0

    def __init__(
        self, identity: EncoderIdentity, options: EncoderOptions, corpus: CorpusTexts
    ) -> None:
        if importlib.util.find_spec("stanza") is None:
            raise EncoderError(
                f"There are no parses of {corpus.corpus!r}: put {_file(corpus)} beside the data, "
                "or have stanza make them (`pip install 'cefrbench[ud]'`)."
            )
        self.identity = identity
        spoken = {text: language.partition("-")[0].lower() for text, language in
                  zip(corpus.texts, corpus.languages, strict=True)}  # fmt: skip
        self._language = spoken
        self._pipelines = {
            language: _open(language, options, corpus)
            for language in dict.fromkeys(spoken.values())
        }
        models = {f"models for {name}": _models(one) for name, one in self._pipelines.items()}
        self.reads = {"stanza": metadata.version("stanza"), **models}
        self.notes = (f"parsed by stanza {self.reads['stanza']}",)

    def encode(self, batch: Sequence[object]) -> NDArray[np.float32]:
        """Parse texts of the corpus; see :meth:`cefrbench.Encoder.encode`."""
        import numpy as np

        texts = cast("Sequence[str]", batch)
        rows = np.empty((len(texts), 1, self.identity.width), dtype=np.float32)
        places: dict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(texts):
            places[self._language[text]].append(place)
        for language, own in places.items():
            parsed = self._pipelines[language].bulk_process([texts[place] for place in own])
            for place, document in zip(own, parsed, strict=True):
                rows[place, 0] = syntax(sentences_of(document))
        return rows

    def close(self) -> None:
        """Let the models go."""
        self._pipelines.clear()


def sentences_of(document: Any) -> list[ParsedSentence]:
    """Take the words out of a ``stanza.Document``."""
    return [
        [Word(word.text, word.upos, word.head, word.deprel) for word in sentence.words]
        for sentence in document.sentences
    ]


def _open(language: str, options: EncoderOptions, corpus: CorpusTexts) -> Any:
    import stanza
    from stanza.pipeline.core import PipelineRequirementsException

    try:
        return stanza.Pipeline(
            language,
            processors=PROCESSORS,
            download_method=None,
            device=None if options.device == "auto" else options.device,
            verbose=False,
        )
    except (OSError, ValueError, PipelineRequirementsException) as error:
        raise EncoderError(
            f"There are no parses of {corpus.corpus!r}, and stanza's models of the language "
            f"{language!r} aren't here: put {_file(corpus)} beside the data, or fetch the models "
            f"with `python -c \"import stanza; stanza.download('{language}')\"`."
        ) from error


def _file(corpus: CorpusTexts) -> str:
    return f"{corpus.corpus.replace(':', '_').replace('/', '_')}.conllu[.gz]"


def _models(pipeline: Any) -> str:
    """Hash of all files that a pipeline was loaded from."""
    found = sorted(
        (key, value)
        for key, value in pipeline.config.items()
        if isinstance(value, str) and os.path.isfile(value)  # noqa: PTH113 - any text at all
    )
    digest = hashlib.sha256()
    for key, value in found:
        with Path(value).open("rb") as file:
            digest.update(f"{key}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\0".encode())
    return f"sha256:{digest.hexdigest()}"
