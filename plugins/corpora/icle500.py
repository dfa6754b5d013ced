"""English: 500 essays of the International Corpus of Learner English."""

from __future__ import annotations

import re

from cefrbench import CorpusCard, Register, Row, hookimpl
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

#: A whole line, the end of it included, and the empty lines and indent that follow.
_TITLE = re.compile(r"^title:.*\n\s*", re.IGNORECASE | re.MULTILINE)

CARD = CorpusCard(
    name="icle500",
    title="ICLE 500: CEFR-rated essays of the International Corpus of Learner English",
    languages=("en",),
    licence="cc-by-nc-4.0",
    licence_card="cc-by-nc-4.0",
    licence_rows="CC0",
    source="https://dataverse.uclouvain.be/dataset.xhtml?persistentId=doi:10.14428/DVN/RIOSSC",
    citation=(
        "Granger, S., Dupont, M., Meunier, F., Naets, H. & Paquot, M. (2020). The International "
        "Corpus of Learner English (version 3). Louvain-la-Neuve: Presses universitaires de "
        "Louvain. Thwaites, P., Vandeweerd, N. & Paquot, M. (2024). Crowdsourced Comparative "
        "Judgement for Evaluating Learner Texts. Applied Linguistics, amae048."
    ),
    task="Essays by university students of English as a foreign language, mostly argumentative",
    rated_by=(
        "not stated by the corpus card; the reference that it names (Thwaites et al., 2024) is on "
        "comparative judgement by judges from a crowdsourcing platform"
    ),
    cleaning=(
        "the first line that begins 'Title:' is removed, with the white space around the text",
        *COMMON_CLEANING,
    ),
    hub=place("icle500_en", "icle500.json"),
    access="open",
)


def strip_title(row: Row) -> Row:
    """Remove the first line that gives a title, wherever it stands, as the study does."""
    return {**row, "text": _TITLE.sub("", str(row["text"]), count=1).strip()}


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD, strip_title))
