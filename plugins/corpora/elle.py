"""Estonian: the learner texts behind ELLE, Tallinn University."""

from __future__ import annotations

from cefrbench import CorpusCard, Register, Row, Skip, hookimpl
from cefrbench.corpora.licences import UNKNOWN, UNSTATED
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

#: "Part I.": examination sheets, not a learner's text.
SHEET = "I OSA."

CARD = CorpusCard(
    name="elle",
    title="ELLE: texts of the Estonian Interlanguage Corpus (EVKK), Tallinn University",
    languages=("et",),
    licence=UNKNOWN,
    source="https://evkk.tlu.ee",
    citation=(
        "Eslon, P. (2014). Eesti vahekeele korpus [The Estonian Interlanguage Corpus]. "
        "Keel ja Kirjandus 6."
    ),
    task=(
        "Texts of learners of Estonian: proficiency examinations, course assignments and "
        "olympiads, as the corpus's site describes it; which of them, not stated by the corpus card"
    ),
    rated_by=UNSTATED,
    cleaning=(f"texts that begin with {SHEET!r} are dropped", *COMMON_CLEANING),
    hub=place("elle_et", "elle.json"),
    access="open",
)


def drop_sheets(row: Row) -> Row | Skip:
    """Drop examination sheets."""
    return Skip("examination sheet") if str(row["text"]).startswith(SHEET) else row


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD, drop_sheets))
