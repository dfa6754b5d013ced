"""Result files: written whole or not at all, read with care."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cefrbench import doors
from cefrbench.atomic import atomic_path, sync
from cefrbench.config import RunConfig, get_suite
from cefrbench.errors import ResultError
from cefrbench.memory import return_memory
from cefrbench.results.model import KIND, SCHEMA_VERSION, PredictionsFile, RunResult
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.predictions_file import (
    decode_predictions,
    describe_predictions,
    encode_predictions,
    read_predictions_bytes,
)

#: Largest result file that is read; a result of nine corpora, seven protocols and 36 layers is
#: some 50 MB.
MAX_BYTES = 256 * 1024**2

#: Bytes of a file's name that every file system takes.
MOST_NAME = 255

_RESULT = doors.FileKind(
    "The result",
    MAX_BYTES,
    "name a JSON file that `cefrbench run` wrote, or copy it again",
    ResultError,
)
_SLUG_LENGTH = 80
#: Names that Windows keeps for devices.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
#: What ends a slug that had to lose something.
_HASHED = re.compile(r".*-[0-9a-f]{8}")


def slug(name: str) -> str:
    """Folder name for an encoder: ``hf:org/model`` gives ``hf--org--model``.

    Registered names stay as they are. The slug is one path component of ``a-z0-9._-`` that
    starts with a letter or digit, whatever the name. No two names share one: where it loses
    anything (capitals, another script, its length), a hash of the name ends it.
    """
    plain = re.sub(r"[^a-z0-9._-]+", "--", name.lower()).strip(".-_")
    whole = 0 < len(plain) <= _SLUG_LENGTH and _name_of(plain) == name
    if whole and not _RESERVED.fullmatch(plain) and not _HASHED.fullmatch(plain):
        return plain
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain[:_SLUG_LENGTH].rstrip('.-_') or 'encoder'}-{digest}"


def _name_of(plain: str) -> str:
    """Give the one name that a slug without a hash stands for; empty where there is none."""
    scheme, *parts = plain.split("--")
    return f"{scheme}:{'/'.join(parts)}" if parts else scheme


def file_stem(result: RunResult) -> str:
    """Name of a result's file: its suite, and a hash where options gave it other features.

    Other than the suite's own options give, that is: runs of one encoder and suite that differ in
    pooling, instruction, length, number type or the model's own code are kept side by side. An
    option that the encoder didn't take changes nothing.
    """
    config, encoder = result.config, result.encoder
    suite = RunConfig.model_validate(get_suite(result.suite).config)
    taken = {
        "pooling": encoder.pooling == config.pooling,
        "instruction": encoder.instruction == config.instruction,
        # A model's positions may cut what was asked for.
        "max_length": encoder.max_length is not None,
        "dtype": encoder.dtype == config.dtype,
        "trust_remote_code": encoder.remote_code,
    }
    asked = (option for option in taken if getattr(config, option) != getattr(suite, option))
    tag = f"-{encoder.digest()[:8]}" if any(taken[option] for option in asked) else ""
    return slug(result.suite) + tag


def canonical(data: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces, ASCII only: what the checksum is taken of."""
    text = json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode()


def checksum(data: Mapping[str, Any]) -> str:
    """SHA-256 of a result without its ``checksum``.

    Raises
    ------
    ResultError
        When a value is NaN or infinite.
    """
    try:
        plain = canonical({k: v for k, v in data.items() if k != "checksum"})
    except ValueError as error:
        raise ResultError(
            "The result holds a number that is not finite: where a probe or protocol gave it, "
            "leave that out; where a file was changed, copy it again."
        ) from error
    return hashlib.sha256(plain).hexdigest()


def dump(result: RunResult) -> str:
    """JSON of a result with its checksum: a key a line, a unit a line, so that a diff is read.

    Raises
    ------
    ResultError
        When a value is NaN or infinite.
    """
    data = result.model_dump(mode="json")
    try:
        data["checksum"] = checksum(data)
    except ResultError as error:
        name = f"{result.encoder.name!r} under {result.suite!r}"
        raise ResultError(f"{name}: {error}") from error
    return "{\n" + ",\n".join(f"{_line(k)}: {_block(v)}" for k, v in data.items()) + "\n}\n"


def write_result(result: RunResult, predictions: PredictionTable, folder: Path) -> Path:
    """Write ``<folder>/<encoder>/<suite>.json`` and the predictions beside it.

    Parameters
    ----------
    result : RunResult
        ``predictions`` and ``checksum`` are filled in here.
    predictions : PredictionTable
    folder : Path
        Gets a folder for the encoder (:func:`slug`) with the file (:func:`file_stem`).

    Returns
    -------
    Path
        Of the JSON file.

    Raises
    ------
    CacheError
        When the folder can't be written or the disk is full; what was there before stays.
    """
    path = folder / slug(result.encoder.name) / f"{file_stem(result)}.json"
    write_result_file(result, predictions, path)
    return path


def write_result_file(result: RunResult, predictions: PredictionTable, path: Path) -> None:
    """Write a result to ``path``, and its predictions beside it."""
    # What was made of the predictions is gone by now, and its room is handed back first.
    return_memory()
    data = encode_predictions(predictions)
    beside = path.with_name(f"{path.stem}.predictions.parquet")
    described = describe_predictions(beside.name, data, len(predictions))
    text = dump(result.model_copy(update={"predictions": described}))
    # Both lie on disk whole before either takes its name: a full disk leaves the old pair, and
    # the JSON, which names the other by its hash, comes last.
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")
        sync(part)
        with atomic_path(beside) as beside_part:
            beside_part.write_bytes(data)


def read_result(path: Path) -> RunResult:
    """Read a result and validate it; figures are not recomputed (see ``results check``).

    Raises
    ------
    ResultError
        When the file can't be read, is no JSON, is not ours, is of an older or a newer version
        of the format, or doesn't keep to the schema: one sentence for each.
    """
    return parse_result(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """Read a result file's bytes, unless it is far too large."""
    return doors.read_bytes(path, _RESULT)


def parse_result(data: bytes, path: Path) -> RunResult:
    """Validate the bytes of a result file, without any conversion; ``path`` is for messages."""
    try:
        result = RunResult.model_validate_json(data, strict=True)
    except ValidationError as error:
        # What is no JSON, not ours or of another version is told as that, not as wrong fields.
        parse_json(data, path)
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ResultError(
            f"{str(path)!r} doesn't keep to schema {SCHEMA_VERSION}: {place}: {first['msg']} "
            f"({error.error_count()} such errors); it was changed by hand or damaged."
        ) from error
    # Its types hold depth and strings within bounds, but not integers.
    if why := doors.long_number(data.decode("utf-8")):
        raise _RESULT.refuse(path, why)
    _check_version(result.schema_version, path)
    return result


def parse_json(data: bytes, path: Path) -> dict[str, Any]:
    """Parse the bytes of a result file and see that they are a result of a version we know."""
    parsed = doors.parse_json(data, path, _RESULT)
    if not isinstance(parsed, dict) or parsed.get("kind") != KIND:
        raise ResultError(
            f"{str(path)!r} is not a result of cefrbench (it has no `kind` {KIND!r}): "
            "name a JSON file that `cefrbench run` wrote."
        )
    _check_version(parsed.get("schema_version"), path)
    return parsed


def read_predictions_of(result: RunResult, path: Path) -> PredictionTable:
    """Read the predictions of the result at ``path``, and see that they are those it names.

    Raises
    ------
    ResultError
        When there are none, they are damaged, another result's or outside its folder.
    """
    beside, described = predictions_path(result, path)
    data = read_predictions_bytes(beside)
    table = decode_predictions(data, beside)
    found = hashlib.sha256(data).hexdigest()
    if found != described.sha256:
        raise ResultError(
            f"{str(beside)!r} is not the predictions file of {path.name!r} (SHA-256 {found[:12]}…, "
            f"expected {described.sha256[:12]}…): put the file of the same run there."
        )
    return table


def predictions_path(result: RunResult, path: Path) -> tuple[Path, PredictionsFile]:
    """Where the predictions of the result at ``path`` lie, if they are there, and what it says.

    Raises
    ------
    ResultError
        When the result names none, or what can be no file in its folder.
    """
    described = result.predictions
    if described is None:
        raise ResultError(f"The result {str(path)!r} has no predictions: run it again.")
    name = described.file
    if not re.fullmatch(r"\w[\w.-]*", name) or len(name.encode("utf-8")) > MOST_NAME:
        raise ResultError(
            f"The result {str(path)!r} names {name[:400]!r} as its predictions; expected the name "
            "of a file in the same folder."
        )
    return path.with_name(name), described


def _check_version(version: object, path: Path) -> None:
    ours = tuple(int(part) for part in SCHEMA_VERSION.split("."))
    match = re.fullmatch(r"(\d{1,6})\.(\d{1,6})", version) if isinstance(version, str) else None
    if match is None:
        raise ResultError(
            f"{str(path)!r} has the schema version {version!r}; expected one such as "
            f"{SCHEMA_VERSION!r}: it is not a result that cefrbench wrote."
        )
    theirs = (int(match[1]), int(match[2]))
    if theirs > ours:
        raise ResultError(
            f"{str(path)!r} is too new (schema {version}, this version reads up to "
            f"{SCHEMA_VERSION}): update with `pip install --upgrade cefrbench`."
        )
    if theirs[0] < ours[0]:
        raise ResultError(
            f"{str(path)!r} is too old (schema {version}, this version reads {ours[0]}.x): run it "
            f"again with `cefrbench run --config {shlex.quote(str(path))}`, which repeats its "
            "configuration."
        )


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _block(value: object) -> str:
    """One item a line; items themselves stay on theirs."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"  {_line(item)}" for item in value) + "\n]"
    if isinstance(value, dict) and value:
        items = (f"  {_line(key)}: {_line(item)}" for key, item in value.items())
        return "{\n" + ",\n".join(items) + "\n}"
    return _line(value)
