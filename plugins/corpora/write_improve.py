"""English: Write & Improve, Cambridge, which users get from its owner.

Two releases are read: the corpus of 2024 (its `…-corpus.tsv`), of which the final version of each
essay is taken, with the level that a person gave; and the shared task of 2019 (W&I+LOCNESS, the
`*.json` files), whose native writers are dropped.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from cefrbench import (
    CorpusCard,
    CorpusError,
    OwnersCorpus,
    Register,
    Row,
    Skip,
    hookimpl,
    need_columns,
)
from cefrbench.corpora.owners import line_of_json, owners_lines

SAMPLE = Path(__file__).parent / "samples" / "write-improve.tsv"
#: Level of native writers in the release of 2019.
NATIVE = "N"

CARD = CorpusCard(
    name="write-improve",
    title="Write & Improve Corpus",
    languages=("en",),
    licence="Write & Improve licence (non-commercial research and education, no redistribution)",
    source="https://englishlanguageitutoring.com/datasets/write-and-improve-corpus-2024",
    citation=(
        "Nicholls, D., Caines, A. & Buttery, P. (2024). The Write & Improve Corpus 2024: "
        "Error-annotated and CEFR-labelled essays by learners of English. University of Cambridge."
    ),
    task="Essays, letters and stories to the prompts of a website that gives feedback",
    rated_by="trained annotators, on the CEFR with plus-levels",
    cleaning=(
        "of the release of 2024 only the final version of each essay is read",
        "essays that no person rated have no level",
        "of the release of 2019 native writers are dropped; `A2.ii` counts as A2",
        "a plus-level counts as its level (B1+ as B1)",
    ),
    access="owner",
    optional=True,
)

_COLUMNS = ["public_essay_id", "is_final_version", "text", "humannotator_cefr_level"]


class WriteImprove(OwnersCorpus):
    """Write & Improve, without the native writers of the shared task."""

    def __init__(self) -> None:
        super().__init__(CARD, {".tsv": read_2024, ".json": read_2019}, SAMPLE)

    def clean(self, row: Row) -> Row | Skip:
        """Drop native writers."""
        return Skip("native writer") if row["cefr_level"] == NATIVE else row


def read_2024(path: Path) -> Iterator[Row]:
    """Read the final versions of the corpus of 2024."""
    with owners_lines(path) as lines:
        table = csv.DictReader(lines, delimiter="\t", restval="")
        need_columns(path, list(table.fieldnames or ()), _COLUMNS)
        for row in table:
            if row["is_final_version"].strip().upper() == "TRUE":
                level = row["humannotator_cefr_level"]
                yield {"title": row["public_essay_id"], "cefr_level": level, "text": row["text"]}


def read_2019(path: Path) -> Iterator[Row]:
    """Read one file of the shared task of 2019: a JSON object a line."""
    with owners_lines(path) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                essay = line_of_json(line)
                level = str(essay["cefr"]).partition(".")[0]
                yield {"title": str(essay["id"]), "cefr_level": level, "text": essay["text"]}
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(
                    f"Line {number} of {str(path)!r} is no essay of W&I+LOCNESS "
                    f"({type(error).__name__}: {error}): take a file of its folder json."
                ) from error


@hookimpl
def register_corpora(register: Register) -> None:
    register(WriteImprove())
