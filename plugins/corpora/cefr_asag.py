"""English: short answers to questions aimed at a level."""

from __future__ import annotations

from cefrbench import CorpusCard, Register, hookimpl
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

CARD = CorpusCard(
    name="cefr-asag",
    title="CEFR-ASAG: short answers by learners of English, graded with CEFR levels",
    languages=("en",),
    licence="CC BY-NC-SA 4.0",
    source="https://github.com/anaistack/cefr-asag-corpus",
    citation=(
        "Tack, A., François, T., Roekhaut, S. & Fairon, C. (2017). Human and Automated CEFR-based "
        "Grading of Short Answers. BEA 2017, 169–179. doi:10.18653/v1/W17-5018"
    ),
    task="Short answers to open-ended questions, each question aimed at one level",
    rated_by=(
        "a panel of three certified examiners, with a majority vote (299 of the texts of the "
        "original corpus)"
    ),
    cleaning=COMMON_CLEANING,
    hub=place("cefr_asag_en", "cefr_asag.json"),
    access="open",
)


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD))
