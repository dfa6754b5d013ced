"""Encoders that read the environment, kept apart: the kit tries what a module reads."""

import os

from faulty_encoders import Sound

LATE, EARLY = "FAULTY_LATE_PROMPT", os.environ.get("FAULTY_EARLY_PROMPT", "")


class ReadsAVariable(Sound):
    def text(self, text):
        return super().text(f"{os.getenv(LATE, '')}{text}")


class ReadsAVariableOnImport(Sound):
    def text(self, text):
        return super().text(f"{EARLY}{text}")


class NamesWhatItReads(Sound):
    """Nothing is wrong with it: what it reads stands in its identity."""

    def __init__(self, options):
        super().__init__(options, instruction=os.getenv(LATE, "") + EARLY)
