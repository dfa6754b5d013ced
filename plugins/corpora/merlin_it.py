"""Italian: the MERLIN Written Learner Corpus."""

from __future__ import annotations

from cefrbench import Register, hookimpl
from cefrbench_plugins.corpora._merlin import examination_of, merlin_card
from cefrbench_plugins.corpora._universalcefr import UniversalCefrCorpus

CARD = merlin_card("it", "Italian", "telc")


@hookimpl
def register_corpora(register: Register) -> None:
    register(UniversalCefrCorpus(CARD, task=examination_of))
