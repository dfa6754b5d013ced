"""How far what is made again may lie from what was published, and no further.

docs/security.md says where these come from and what passes below them.
"""

from __future__ import annotations

from typing import Final

from cefrbench.contracts.cards import ProbeCard

#: Mean over dimensions of a row's distance, in standard deviations of the dimension, each counted
#: as 1 at most: by the number type of the model's pass.
FEATURES: Final = {"float32": 0.02, "float16": 0.05, "bfloat16": 0.1}
#: A prediction made again of the same features agrees within this, in levels.
PREDICTION: Final = 0.05
#: Made again from the model on, within this.
PREDICTION_AGAIN: Final = 0.5
#: Share of a probe's rows that may disagree: by whether a seed changes it, else by its kind.
SEEDED: Final = 0.05
SHARES: Final = {"regressor": 0.0, "classifier": 0.005}
#: A mean over corpora, made again from the model on: at most so much QWK (or other score) away.
MEAN: Final = 0.02
#: A single corpus, likewise.
CORPUS: Final = 0.05


def share(card: ProbeCard) -> float:
    """Share of a probe's rows that may disagree."""
    return SEEDED if card.seeded else SHARES[card.kind]
