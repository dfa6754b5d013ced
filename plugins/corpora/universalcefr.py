"""Any other corpus of UniversalCEFR, without a plugin: ``universalcefr:NAME``."""

from __future__ import annotations

import re

from cefrbench import Access, CorpusCard, CorpusError, CorpusFamily, HubFile, Register, hookimpl
from cefrbench.corpora import hub
from cefrbench.corpora.licences import UNKNOWN, UNSTATED
from cefrbench_plugins.corpora._universalcefr import COLLECTION, ORGANISATION, UniversalCefrCorpus

_NAME = re.compile(r"([a-z0-9][a-z0-9_-]{0,79})(?:@([A-Za-z0-9._/-]+))?")
_LANGUAGE = re.compile(r".*[_-]([a-z]{2})")


class AnyUniversalCefr(UniversalCefrCorpus):
    """A corpus of the collection of which only the name is known.

    The file is filled into the card when the rows are opened.
    """

    def fetch(self, access: Access) -> hub.Fetched:
        """Find the one JSON file of the repository."""
        fetched = hub.fetch_only_file(self._file, access)
        file = self._file.model_copy(update={"file": fetched.path.name})
        self.card = self.card.model_copy(update={"hub": file})
        return fetched


def open_corpus(asked: str) -> AnyUniversalCefr:
    """Open ``NAME`` or ``NAME@REVISION``.

    Raises
    ------
    CorpusError
        When the name can't be one of a repository of the collection.
    """
    match = _NAME.fullmatch(asked)
    if match is None:
        raise CorpusError(
            f"'universalcefr:{asked}' names no corpus: write universalcefr:NAME or "
            "universalcefr:NAME@REVISION with a repository's name in small letters, "
            "universalcefr:caes_es say."
        )
    name, revision = match.groups()
    language = _LANGUAGE.fullmatch(name)
    return AnyUniversalCefr(
        CorpusCard(
            name=name,
            title=f"UniversalCEFR {name}",
            # The collection's names end in the language; `und` is ISO 639's "undetermined".
            languages=(language[1] if language else "und",),
            licence=UNKNOWN,
            source=f"https://huggingface.co/datasets/{ORGANISATION}/{name}",
            citation=COLLECTION,
            task=UNSTATED,
            rated_by=UNSTATED,
            hub=HubFile(
                repo=f"{ORGANISATION}/{name}",
                file=f"{name.replace('_', '-')}.json",
                revision=revision,
            ),
            optional=True,
        )
    )


@hookimpl
def register_corpora(register: Register) -> None:
    register(
        CorpusFamily(
            "universalcefr:",
            "Any other corpus of the UniversalCEFR collection: universalcefr:NAME[@REVISION]",
            open_corpus,
        )
    )
