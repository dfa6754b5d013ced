"""English: the English half of ZAEBUC, Zayed University.

The collection documents it under this name; where the hub doesn't hold it (a public check of 17
September 2026 saw no export of it), `--data-dir` reads the file.
"""

from __future__ import annotations

from cefrbench import Register, hookimpl
from cefrbench_plugins.corpora import zaebuc_ar
from cefrbench_plugins.corpora._universalcefr import UniversalCefrCorpus, place

CARD = zaebuc_ar.CARD.model_copy(
    update={
        "name": "zaebuc-en",
        "title": "ZAEBUC: Zayed Arabic-English Bilingual Undergraduate Corpus, English",
        "languages": ("en",),
        "licence_card": None,
        "licence_rows": None,
        "task": "Short essays by first-year university students, mainly Emirati, in English",
        "hub": place("zaebuc_en", "zaebuc-en.json"),
        "access": None,
        "optional": True,
    }
)


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD))
