"""Arabic: the Arabic half of ZAEBUC, Zayed University."""

from __future__ import annotations

from cefrbench import CorpusCard, Register, hookimpl
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

CARD = CorpusCard(
    name="zaebuc-ar",
    title="ZAEBUC: Zayed Arabic-English Bilingual Undergraduate Corpus, Arabic",
    languages=("ar",),
    licence="cc-by-nc-sa-4.0",
    licence_card="cc-by-nc-sa-4.0",
    licence_rows="CC BY-SA 4.0",
    source="http://www.zaebuc.org",
    citation=(
        "Habash, N. & Palfreyman, D. (2022). ZAEBUC: An Annotated Arabic-English Bilingual Writer "
        "Corpus. LREC 2022, 79–88."
    ),
    task="Short essays by first-year university students, mainly Emirati, in their own language",
    rated_by="three assessors, on the CEFR",
    cleaning=COMMON_CLEANING,
    hub=place("zaebuc_ar", "zaebuc-ar.json"),
    access="open",
)


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD))
