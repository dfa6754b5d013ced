"""A full board to look at: nine corpora, fifteen encoders, equal ones, references, odd names.

What no reader may stumble over stands in it: ties, a name as long as a line, names written from
right to left, one that turns the letters behind it, an encoder of one corpus, another of three.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from result_factory import write_made
from site_factory import CORPORA, PUBLISHED, write_full

from cefrbench.results.io import checksum, read_predictions_of, read_result, write_result

#: Candidates of full results, with what they know and how many weights they have.
MODELS: tuple[tuple[str, float, int | None], ...] = (
    ("qwen3-embedding-8b", 0.95, 7_567_000_000),
    ("qwen3-embedding-0.6b", 0.88, 595_000_000),
    ("hf:intfloat/multilingual-e5-large-instruct", 0.84, 560_000_000),
    ("st:sentence-transformers/paraphrase-multilingual-mpnet-base-v2", 0.78, 278_000_000),
    ("minilm", 0.7, 22_700_000),
    ("نموذج عربي طويل الاسم", 0.62, 135_000_000),
    ("hf:laboratory/" + "a-very-long-name-" * 12, 0.5, 110_000_000),
    ("\u202eevil\u202c model", 0.3, None),
)
#: Equal ones: the same predictions under another name.
TWINS = {
    "qwen3-embedding-4b": ("qwen3-embedding-8b", 4_022_000_000),
    "hf:BAAI/bge-m3": ("hf:intfloat/multilingual-e5-large-instruct", 567_000_000),
}
#: What every board is read against.
REFERENCES = (("surface", 0.55, "reference"), ("length", 0.5, "reference"),
              ("random-qwen3", 0.35, "control"))  # fmt: skip


def write_showcase(folder: Path) -> None:
    """Write the results of the full board below a folder."""
    for name, skill, size in MODELS:
        _sized(write_full(folder, name, skill, texts=40, layers=(1, 2, 3, 4)), size)
    for name, (like, size) in TWINS.items():
        source = next(
            p for p in folder.glob("*/cefr-v1.json") if read_result(p).encoder.name == like
        )
        _sized(_again(source, name, folder), size)
    for name, skill, role in REFERENCES:
        write_full(folder, name, skill, texts=40, role=role)
    some = {"probes": ("ridge",), "texts": 40, "layers": (1, 2), "skill": 0.8}
    write_made(folder, "one-corpus", corpora=CORPORA[:1], protocols=("iid",), **some)
    write_made(folder, "three-corpora", corpora=CORPORA[2:5], protocols=("iid", "lofo"), **some)
    shutil.copy(PUBLISHED, folder)


def _again(source: Path, name: str, folder: Path) -> Path:
    """Write a result again under another name."""
    result = read_result(source)
    encoder = result.encoder.model_copy(update={"name": name, "model": name})
    config = result.config.model_copy(update={"encoders": (name,)})
    return write_result(
        result.model_copy(update={"encoder": encoder, "config": config}),
        read_predictions_of(result, source),
        folder,
    )


def _sized(path: Path, size: int | None) -> None:
    """Give a model its number of weights, and a licence."""
    data = json.loads(path.read_text("utf-8"))
    data["encoder"] |= {"parameters": size, "licence": "apache-2.0" if size else None}
    data["checksum"] = checksum(data)
    path.write_text(json.dumps(data), "utf-8")
