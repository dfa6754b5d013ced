"""Spanish: CAES, Instituto Cervantes and University of Santiago de Compostela.

Far larger than the study's corpora (31,149 rows), with many short texts that coincide: 20,629 are
different. A public check of the collection (17 September 2026) found the text ``none`` 214 times,
at five levels, and 310 rows under 20 characters; what is no text is dropped, short texts stay.
"""

from __future__ import annotations

from cefrbench import CorpusCard, Register, Row, Skip, hookimpl
from cefrbench.corpora.licences import UNSTATED
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

#: What stands in the text field where there is no text.
STAND_IN = "none"

CARD = CorpusCard(
    name="caes-es",
    title="CAES: Corpus de aprendices de español",
    languages=("es",),
    licence="cc-by-nc-4.0",
    licence_card="cc-by-nc-4.0",
    source="https://galvan.usc.es/caes/",
    citation=(
        "Parodi, G. (2015). Corpus de aprendices de español (CAES). Journal of Spanish Language "
        "Teaching, 2(2), 194–200."
    ),
    task="Writing tasks of learners of Spanish at Cervantes centres and universities",
    rated_by=UNSTATED,
    cleaning=(
        f"rows whose text is `{STAND_IN}` are dropped",
        "rows without a letter (`!`) are dropped",
        *COMMON_CLEANING,
    ),
    hub=place("caes_es", "caes.json"),
    access="open",
    optional=True,
)


def clean(row: Row) -> Row | Skip:
    """Drop what stands in for a text, and what has no letter in it."""
    text = str(row["text"] or "").strip()
    if text.casefold() == STAND_IN:
        return Skip(f"the text is {STAND_IN!r}")
    if text and not any(character.isalpha() for character in text):
        return Skip("no letter in the text")
    return row


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD, clean))
