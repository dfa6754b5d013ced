"""Code that a model brings along: what its files name that a pinned revision doesn't cover.

With ``trust_remote_code`` transformers imports the classes that ``auto_map`` names, in the
configuration as well as in those of tokenizers and processors; ``ORG/NAME--module.Class`` is a
class of another repository, whose newest revision is taken. An adapter names its base model
likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cefrbench.doors import FileKind, read_json
from cefrbench.errors import EncoderError

#: Vocabularies and lists of weights: large, and nothing in them is imported.
_DATA = ("tokenizer.json", "vocab.json", "added_tokens.json")

_FILE = FileKind(
    "The model's file",
    16 * 1024**2,
    "the code that it names isn't known; fetch the model again, or run it without "
    "--trust-remote-code",
    EncoderError,
)


def check_remote_code(folder: Path, name: str) -> None:
    """Refuse code that lies in yet another repository: a pinned revision doesn't cover it.

    Raises
    ------
    EncoderError
        When a file names such code, or can't be read, so that nobody knows what it names.
    """
    for path in sorted(folder.rglob("*.json")):
        if path.name in _DATA or path.name.endswith(".index.json"):
            continue
        content = read_json(path, _FILE)
        elsewhere = next(_elsewhere(content), None)
        if path.name == "adapter_config.json" and isinstance(content, dict):
            elsewhere = elsewhere or content.get("base_model_name_or_path")
        if elsewhere:
            raise EncoderError(
                f"The model {name!r} runs code of another repository ({elsewhere!r}), which its "
                "revision doesn't pin: copy that code into the model's folder and name the folder."
            )


def _elsewhere(content: Any, *, mapped: bool = False) -> Iterator[str]:
    """Classes of other repositories, wherever in a file an ``auto_map`` stands."""
    if isinstance(content, str):
        if mapped and "--" in content:
            yield content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _elsewhere(value, mapped=mapped or key == "auto_map")
    elif isinstance(content, list):
        for value in content:
            yield from _elsewhere(value, mapped=mapped)
