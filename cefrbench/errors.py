"""The one family of errors that a user can act on, and the exit statuses they map to."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

EXIT_OK = 0
EXIT_USER = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_INTERRUPTED = 130

#: What names of cards may be.
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,79}$"
#: The same of probes: a method against corpus bias may stand before it, `METHOD+PROBE`.
PROBE_PATTERN = r"^([a-z0-9][a-z0-9._-]{0,79}\+)?[a-z0-9][a-z0-9._-]{0,79}$"


class UserError(Exception):
    """Something that the user must act on: one sentence with value, expectation and next step.

    The command line prints the sentence without a traceback and exits with status 1.
    """

    exit_code = EXIT_USER
    #: What isn't on this machine and may not be fetched, if that is the trouble.
    absent: str = ""


class CorpusError(UserError):
    """A corpus that can't be read or holds nothing usable; other corpora can go on."""


class EncoderError(UserError):
    """A model that can't be loaded or whose features can't be used."""


class ProbeError(UserError):
    """A probe that can't be fitted on the rows it was given."""


class PluginError(UserError):
    """A plugin that can't be loaded, or that collides with another one."""


class ResultError(UserError):
    """A result file that is not ours, too old, too new, or whose figures don't agree."""


class NoGoldError(ResultError):
    """Predictions that were passed on without gold levels."""


class CacheError(UserError):
    """The cache or output folder can't be written or read."""


class EscapeError(Exception):
    """A plugin raised what would have ended the process: ``SystemExit``, or its own."""


@contextmanager
def contained() -> Iterator[None]:
    """Turn what a plugin raises and is no ``Exception`` into one, so that it is told like any.

    An interruption by the user passes, and so does the end of a generator.

    Raises
    ------
    EscapeError
        From what was raised.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise EscapeError(
            f"it raised {type(error).__name__}({error}), which ends programs"
        ) from error


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UserError:
    """Build the error for a name that nobody registered, with the nearest names that somebody did.

    Parameters
    ----------
    kind : str
        What was looked for, in the singular: ``"encoder"``, ``"corpus"``, ...
    name : str
        What the user wrote.
    known : iterable of str
        The registered names.
    """
    names = sorted(known)
    folded = {each.casefold(): each for each in names}
    near = [folded[n] for n in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    if near:
        hint = f"did you mean {' or '.join(repr(n) for n in near)}?"
    elif names:
        hint = f"known are {', '.join(names)}."
    else:
        hint = "none is registered; see `cefrbench plugins`."
    return UserError(f"There is no {kind} named {name!r}: {hint}")


def wrong_fields(error: BaseException, fields: Mapping[str, Iterable[str]] | None = None) -> str:
    """Say what is wrong with the fields of a card, in a sentence; empty for any other error.

    Each is told by its name, its value and what it may be, as pydantic's errors hold them.

    Parameters
    ----------
    error : BaseException
    fields : mapping of str to iterable of str, optional
        Names of the fields of cards, by the name of their class: what one that is none may mean.
    """
    if type(error).__name__ != "ValidationError" or not hasattr(error, "errors"):
        return ""
    told = []
    for one in error.errors(include_url=False):
        name = ".".join(map(str, one["loc"])) or "the whole"
        if one["type"] == "missing":
            told.append(f"{name} is missing")
        elif one["type"] == "extra_forbidden":
            known = (fields or {}).get(getattr(error, "title", ""), ())
            near = difflib.get_close_matches(name, list(known), n=1)
            told.append(f"{name} is no field of it" + (f" ({near[0]} is)" if near else ""))
        elif not one["loc"]:  # what a card's own check says, of fields that go together
            told.append(_in_words(one))
        else:
            told.append(f"{name} has the value {one['input']!r}, {_in_words(one)}")
    return f"{getattr(error, 'title', 'A card')}: {'; '.join(told)}."


def _in_words(error: Mapping[str, Any]) -> str:
    """Say what a value may be, where pydantic's own words are for those who know its types."""
    if error["type"] == "tuple_type" and isinstance(error["input"], str):
        return f"which should be a tuple: ({error['input']!r},)"
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == NAME_PATTERN:
        return (
            "which should be small letters, digits, '.', '_' and '-', the first a letter or digit, "
            "80 at most"
        )
    message = str(error["msg"]).removeprefix("Value error, ").removesuffix(".")
    return re.sub(r"^[A-Z][a-z]+(?= should)", "which", message)
