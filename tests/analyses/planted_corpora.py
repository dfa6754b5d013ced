"""Corpora whose texts say what they are, and an encoder that shows as much of it as is planted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cefrbench import Access, Corpus, CorpusCard, Rows

LEVELS = ("A1", "A2", "B1", "B2", "C1")


class PlantedCorpus(Corpus):
    """Texts of one corpus: each names its corpus, task, level and number."""

    def __init__(
        self,
        number: int,
        levels: Sequence[int],
        tasks: Sequence[int] = (),
        group: str | None = None,
    ) -> None:
        self.number, self.levels, self.tasks = number, levels, tasks
        self.card = CorpusCard(
            name=f"planted-{number}",
            title="Planted",
            languages=("en",),
            licence="CC0-1.0",
            source="https://example.org",
            citation="Nobody.",
            task="None.",
            rated_by="Nobody.",
            group=group,
        )

    def rows(self, access: Access) -> Rows:
        """Give the rows."""
        tasks = list(self.tasks) or [-1] * len(self.levels)
        return Rows(
            tuple(
                {
                    "lang": "en",
                    "cefr_level": LEVELS[level],
                    "text": f"{self.number} {task} {level} {i}",
                    **({} if task < 0 else {"task": f"task {task}"}),
                }
                for i, (level, task) in enumerate(zip(self.levels, tasks, strict=True))
            )
        )


@dataclass
class PlantedEncoder:
    """Noise of deviation 1 in every column, and in three of them what is planted.

    Attributes
    ----------
    corpus, task, level : float
        How far apart in column 0 corpora stand, in column 1 tasks, in column 2 levels.
    width : int
    """

    corpus: float = 0.0
    task: float = 0.0
    level: float = 0.0
    width: int = 12

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Features of texts, ``[text, width]``."""
        found = np.empty((len(texts), self.width), np.float32)
        for i, text in enumerate(texts):
            found[i] = np.random.default_rng(list(text.encode())).normal(size=self.width)
            if not re.fullmatch(r"\d+ -?\d+ \d+ \d+", text):
                continue  # one of the texts that an encoder is known by
            corpus, task, level, _ = map(int, text.split())
            found[i, :3] += (self.corpus * corpus, self.task * task, self.level * level)
        return found
