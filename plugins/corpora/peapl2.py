"""Portuguese: PEAPL2, University of Coimbra."""

from __future__ import annotations

from cefrbench import CorpusCard, Register, hookimpl
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

CARD = CorpusCard(
    name="peapl2",
    title="PEAPL2: Corpus de Produções Escritas de Aprendentes de PL2",
    languages=("pt",),
    licence="cc-by-nc-sa-4.0",
    licence_card="cc-by-nc-sa-4.0",
    source="http://teitok2.iltec.pt/peapl2-ple/index.php?action=home",
    citation=(
        "Martins, C. et al. Corpus de Produções Escritas de Aprendentes de PL2 (PEAPL2): Subcorpus "
        "Português Língua Estrangeira. CELGA-ILTEC, University of Coimbra."
    ),
    task="Texts by students of the courses of Portuguese for foreigners (A1 to C1), Coimbra",
    rated_by=(
        "not stated by the corpus card; all writers attended a course of a level when they wrote"
    ),
    cleaning=COMMON_CLEANING,
    hub=place("peapl2_pt", "peapl2.json"),
    access="open",
)


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD))
