"""What the three MERLIN corpora share: one project, one rating procedure, one licence."""

from __future__ import annotations

from cefrbench import CorpusCard, Row
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, place


def examination_of(row: Row) -> str | None:
    """Read the examination, which is the task, from a title such as ``1023_0001416.txt``.

    The rows of the Czech part don't say it: their titles are plain numbers.
    """
    examination, underscore, _ = str(row.get("title") or "").partition("_")
    return examination if underscore and examination else None


def merlin_card(language: str, name: str, examination: str) -> CorpusCard:
    """Card of one language's part of MERLIN.

    Parameters
    ----------
    language : str
        ISO 639-1 code.
    name : str
        English name of the language.
    examination : str
        Whose examinations the texts come from.
    """
    return CorpusCard(
        name=f"merlin-{language}",
        title=f"MERLIN Written Learner Corpus, {name}",
        languages=(language,),
        licence="CC BY-SA 4.0",
        licence_card="cc-by-sa-4.0",
        licence_rows="CC BY-SA 4.0",
        source="https://www.merlin-platform.eu/C_mcorpus.php",
        citation=(
            "Boyd, A., Hana, J., Nicolas, L., Meurers, D., Wisniewski, K., Abel, A., Schöne, K., "
            "Štindlová, B. & Vettori, C. (2014). The MERLIN corpus: Learner language and the CEFR. "
            "LREC 2014, 1281–1288."
        ),
        task=f"Writing parts of standardised, CEFR-related examinations of {examination}",
        rated_by=(
            "two professional raters re-rated every text independently; the level is the fair "
            "average of a multi-facet Rasch analysis on a holistic scale"
        ),
        cleaning=COMMON_CLEANING,
        hub=place(f"merlin_{language}", f"merlin-{language}.json"),
        access="open",
        group="merlin",
    )
