"""Portuguese: COPLE2, University of Lisbon.

Every text stands in two rows, with two adjacent levels (A1/A2, B1/B2 or C1/C2): the corrected form
of the protocol takes both for right, the study's form the first row's.
"""

from __future__ import annotations

from cefrbench import CorpusCard, Register, hookimpl
from cefrbench.corpora.licences import UNKNOWN, UNSTATED
from cefrbench_plugins.corpora._universalcefr import COMMON_CLEANING, UniversalCefrCorpus, place

CARD = CorpusCard(
    name="cople2",
    title="COPLE2: Learner Corpus of Portuguese as Second/Foreign Language",
    languages=("pt",),
    licence=UNKNOWN,
    source="http://teitok.clul.ul.pt/cople2/",
    citation=(
        "Mendes, A., Antunes, S., Janssen, M. & Gonçalves, A. (2016). The COPLE2 Corpus: a Learner "
        "Corpus for Portuguese. LREC 2016, 3207–3214."
    ),
    task=(
        "Course work and examination answers of learners of Portuguese at the University of "
        "Lisbon (ICLP and CAPLE), on many topics and kinds of task"
    ),
    rated_by=UNSTATED,
    cleaning=COMMON_CLEANING,
    hub=place("cople2_pt", "cople2.json"),
    access="open",
)


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD))
