"""The configuration of a run: suite, then config file, then command line, merged and checked."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from cefrbench.contracts.cards import Card, Pooling
from cefrbench.doors import FileKind, read_json, read_toml, strings, writable
from cefrbench.errors import UserError, unknown_name


class RunConfig(Card):
    """Everything that decides what is run. Suites and config files have the same fields."""

    suite: str = "cefr-v1"
    encoders: tuple[str, ...] = ()
    name: str | None = Field(
        default=None, description="What a model in a folder is called; None: as its folder is."
    )
    corpora: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    layers: str = Field(default="all", description="`all`, `last`, `study`, `4,8,12` or `0-28:4`.")
    pooling: Pooling | None = Field(default=None, description="None: the encoder's own.")
    instruction: str | None = Field(default=None, description="None: the encoder's own.")
    max_length: int | None = Field(default=None, ge=1, description="None: the encoder's own.")
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    split_seed: int = Field(default=42, ge=0)
    penalties: tuple[str, ...] = Field(
        default=(), description="`PROBE=VALUE`: penalties of a probe, in place of its own grid."
    )
    every_layer: bool = Field(
        default=False, description="Fit all probes on all layers, those too that follow another."
    )
    refits: int = Field(
        default=0, ge=0, le=1000, description="Fits on resampled training texts, for errors."
    )
    scale: Literal["cefr5", "cefr6"] = "cefr5"
    form: Literal["study", "corrected"] = "corrected"
    own_level_encoders: tuple[str, ...] = Field(
        default=(),
        description="In the study's form: its baselines, whose rows keep their own level and "
        "corpus, and which are fitted on all rows of the other corpora.",
    )
    references: tuple[str, ...] = Field(
        default=(), description="Encoders run beside every other, for their scores in its result."
    )
    reference_probes: tuple[str, ...] = Field(
        default=(), description="Probes of the references; none: those that choose for themselves."
    )
    analyses: tuple[str, ...] = Field(
        default=(), description="What is read of features and predictions beside scores."
    )
    unclipped_probes: tuple[str, ...] = Field(
        default=(), description="Probes whose MAE and R² are not of predictions on the scale."
    )
    source: Literal["hub", "sample"] = "hub"
    data_dir: str | None = None
    limit: int | None = Field(default=None, ge=1, description="At most so many texts a corpus.")
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_tokens: int | None = Field(default=None, ge=1)
    offline: bool = False
    trust_remote_code: bool = False


#: Options that no suite decides, beside the suite and the encoders themselves.
_NOT_OF_SUITES = (
    "suite",
    "encoders",
    "name",
    "pooling",
    "data_dir",
    "device",
    "dtype",
    "batch_tokens",
    "offline",
    "trust_remote_code",
)

#: What `--config` reads; the JSON of a result is as large as a result may be.
_CONFIG = FileKind(
    "The config file", 1024**2, "name a TOML file of options, or a result's JSON file"
)
_RESULT = replace(_CONFIG, most=256 * 1024**2)

#: Fields of a suite that are not options of a run.
_SUITE_ONLY = ("title", "description")


class Suite(Card):
    """A named configuration that ships with the package."""

    name: str
    title: str
    description: str
    config: dict[str, Any]


def list_suites() -> list[Suite]:
    """All suites, by name."""
    folder = resources.files("cefrbench") / "suites"
    return [
        _read_suite(entry.name.removesuffix(".toml"), entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".toml")
    ]


def get_suite(name: str) -> Suite:
    """Find a suite by name."""
    suites = {suite.name: suite for suite in list_suites()}
    if name not in suites:
        raise unknown_name("suite", name, suites)
    return suites[name]


def _read_suite(name: str, text: str) -> Suite:
    data = tomllib.loads(text)
    own = {key: data.pop(key) for key in _SUITE_ONLY}
    return Suite(name=name, config=data, **own)


def read_config(path: Path) -> dict[str, Any]:
    """Read a config file: TOML, or the JSON of a result (its ``config``) or of a config alone.

    A complete result of schema 1 gives its suite as that is now.

    Raises
    ------
    UserError
        When the file can't be read, in one sentence.
    """
    data = read_json(path, _RESULT) if path.suffix == ".json" else read_toml(path, _CONFIG)
    if not isinstance(data, dict):
        raise UserError(f"The config file {str(path)!r} must hold a table of options.")
    config = data.get("config", data)
    if not isinstance(config, dict):
        raise UserError(f"`config` in {str(path)!r} must be a table of options.")
    if "config" in data:
        # Whoever wrote a result can't ask that code from the net be run here.
        config = {key: value for key, value in config.items() if key != "trust_remote_code"}
    if str(data.get("schema_version", "")).startswith("1.") and data.get("complete") is True:
        # It was all of its suite: what the suite decides is what it decides now.
        config = {key: value for key, value in config.items() if key in _NOT_OF_SUITES}
    return config


def merge(command_line: Mapping[str, Any], config_file: Mapping[str, Any]) -> RunConfig:
    """Merge the three sources; the command line wins over the file, the file over the suite.

    Parameters
    ----------
    command_line, config_file : mapping
        Options by field name of :class:`RunConfig`; absent or None means not given.

    Raises
    ------
    UserError
        For an unknown option or a value out of range, with option, value and expectation.
    """
    given = {k: v for k, v in config_file.items() if v is not None}
    given |= {k: v for k, v in command_line.items() if v is not None}
    suite = get_suite(str(given.get("suite") or _default_suite(given)))
    options = suite.config | given | {"suite": suite.name}
    unknown = sorted(set(options) - set(RunConfig.model_fields))
    if unknown:
        raise unknown_name("option", unknown[0], RunConfig.model_fields)
    for name, value in options.items():
        if not all(map(writable, strings(value))):
            raise UserError(
                f"Option {name} has the value {value!r} with half a surrogate pair, which is no "
                "text: write it in UTF-8."
            )
    try:
        return RunConfig.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"Option {place} has the value {first['input']!r}: {first['msg']}."
        ) from error


def _default_suite(given: Mapping[str, Any]) -> str:
    return "cefr-v1" if given.get("encoders") else "quickstart"


def as_command(config: RunConfig) -> str:
    """Write the command that repeats a run: the suite, and what differs from it."""
    suite = RunConfig.model_validate(get_suite(config.suite).config)
    words = ["cefrbench", "run", "--suite", config.suite]
    for field, option in _OPTIONS.items():
        value = getattr(config, field)
        if field != "encoders" and value == getattr(suite, field):
            continue
        if isinstance(value, bool):
            words += [option] if value else []
        elif isinstance(value, tuple):
            given = [word for item in value for word in (option, str(item))]
            words += given or _NO.get(field, [])
        elif value is not None:
            words += [option, str(value)]
    return shlex.join(words)


#: Options that say that a field has nothing of what the suite has.
_NO = {"references": ["--no-references"], "analyses": ["--no-analyses"]}

#: Options of the command line by field, in the order of the help.
_OPTIONS = {
    "encoders": "--encoder",
    "name": "--name",
    "corpora": "--corpus",
    "probes": "--probe",
    "protocols": "--protocol",
    "references": "--reference",
    "analyses": "--analysis",
    "layers": "--layers",
    "penalties": "--penalty",
    "every_layer": "--every-layer",
    "refits": "--refits",
    "pooling": "--pooling",
    "instruction": "--instruction",
    "max_length": "--max-length",
    "data_dir": "--data-dir",
    "device": "--device",
    "dtype": "--dtype",
    "batch_tokens": "--batch-tokens",
    "seeds": "--seed",
    "limit": "--limit",
    "offline": "--offline",
    "trust_remote_code": "--trust-remote-code",
}
