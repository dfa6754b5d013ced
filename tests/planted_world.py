"""Two corpora that are known by hand, and the real command run on them with a planted plugin."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cefrbench.cli import cli

PLUGIN = Path(__file__).with_name("planted_plugin.py")


@dataclass
class Text:
    """One text: its number, its levels (two for a twin), and what it says at each layer."""

    number: int
    levels: tuple[str, ...]
    says: tuple[float, float]

    def __str__(self) -> str:
        return f"text {self.number} says {self.says[0]} {self.says[1]}"


def make_corpus(first: int, scored: list[float]) -> list[Text]:
    """24 rows of 21 texts: 12 rows to train on, 6 that the choice is made on, 6 that are scored.

    Layer 1 says the level of each held-out text, layer 2 says B1 of all of them; of the scored
    texts layer 2 says the level, and layer 1 what is given here. Training texts say what is off
    the scale, so that one of them among the others shows.
    """
    levels = ["A1", "A2", "B1", "B2", "C1"]
    texts = [Text(first + n, (levels[n % 5],), (9, -9)) for n in range(10)]
    texts.append(Text(first + 10, ("A2", "B1"), (9, -9)))
    texts += [
        Text(first + 11, ("A1",), (0, 2)),
        Text(first + 12, ("B1",), (2, 2)),
        Text(first + 13, ("B2",), (3, 2)),
        Text(first + 14, ("C1",), (4, 2)),
        Text(first + 15, ("A1", "A2"), (0, 2)),
    ]
    texts += [
        Text(first + 16, ("A1",), (scored[0], 0)),
        Text(first + 17, ("A2",), (scored[1], 1)),
        Text(first + 18, ("B2",), (scored[2], 3)),
        Text(first + 19, ("C1",), (scored[3], 4)),
        Text(first + 20, ("B1", "B2"), (scored[4], 2)),
    ]
    return texts


def left() -> list[Text]:
    """Numbers 0 to 20."""
    return make_corpus(0, [1.25, 1, 2.5, 4, 3.5])


def right() -> list[Text]:
    """Numbers 100 to 120."""
    return make_corpus(100, [0, 3, 3, 4.75, 1.75])


@dataclass
class World:
    """Folders of plugins, corpora and caches, and what the plugin wrote down."""

    folder: Path
    corpora: dict[str, list[Text]] = field(
        default_factory=lambda: {"left": left(), "right": right()}
    )
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plugins = self.folder / "plugins"
        self.plugins.mkdir()
        shutil.copy(PLUGIN, self.plugins / "planted.py")

    @property
    def output(self) -> Path:
        return self.folder / "out"

    def run(
        self,
        *options: str,
        encoder: str = "reader",
        probes: tuple[str, ...] = ("together",),
        protocols: tuple[str, ...] = ("by-hand",),
        corpora: tuple[str, ...] = ("left", "right"),
        config: dict[str, Any] | None = None,
        **settings: Any,
    ) -> list[dict[str, Any]]:
        """Run the real command; give what the plugin wrote down meanwhile."""
        words = ["--plugins-dir", str(self.plugins), "run", "--quiet", "--encoder", encoder]
        for option, names in (("corpus", corpora), ("probe", probes), ("protocol", protocols)):
            words += [word for name in names for word in (f"--{option}", name)]
        words += ["--data-dir", str(self._write_corpora()), "--output", str(self.output)]
        words += ["--cache-dir", str(self.folder / "cache"), "--seed", "0", "--device", "cpu"]
        file = self.folder / "config.toml"
        config = {"refits": 0, "references": []} | (config or {})
        file.write_text("\n".join(f"{k} = {json.dumps(v)}" for k, v in config.items()))
        words += ["--config", str(file)]
        log = self.folder / "log"
        log.write_text("")
        environment = {"PLANTED_LOG": str(log), "PLANTED": json.dumps(settings)}
        done: Result = CliRunner().invoke(cli, [*words, *options], env=environment)
        if done.exception:
            raise done.exception
        return [json.loads(line) for line in log.read_text().splitlines()]

    def _write_corpora(self) -> Path:
        folder = self.folder / "data"
        folder.mkdir(exist_ok=True)
        for name, texts in self.corpora.items():
            rows = [
                {"lang": "en", "cefr_level": level, "text": str(text)} | self.fields
                for text in texts
                for level in text.levels
            ]
            (folder / f"{name}.json").write_text(json.dumps(rows))
        return folder


def fits_in(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fits among what was written down."""
    return [entry for entry in log if "probe" in entry]


def encoded_in(log: list[dict[str, Any]]) -> list[int]:
    """Numbers of the texts that were encoded."""
    return sorted(number for entry in log for number in entry.get("encoded", []))
