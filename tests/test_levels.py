"""The level parser reads what corpora write, and says why it can't read the rest."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cefrbench.levels import (
    FIVE,
    NO_LEVEL,
    SCALES,
    SIX,
    Level,
    ParsedLevel,
    Scale,
    parse_level,
    study_level,
)

NAMES = ["A1", "A2", "B1", "B2", "C1", "C2"]


@pytest.mark.parametrize("name", NAMES)
def test_the_six_levels_are_read_and_ordered(name: str) -> None:
    level = parse_level(name).level
    assert level is Level[name]
    assert int(level) == NAMES.index(name)


@given(
    name=st.sampled_from(NAMES),
    before=st.text(" \t\n\u00a0", max_size=3),
    inside=st.text(" ", max_size=2),
    plus=st.sampled_from(["", "+", " +"]),
    after=st.text(" \t\u3000", max_size=3),
    lower=st.booleans(),
    wide=st.booleans(),
)
def test_case_spaces_plus_and_width_do_not_matter(
    name: str, before: str, inside: str, plus: str, after: str, lower: bool, wide: bool
) -> None:
    text = name[0] + inside + name[1] + plus
    text = text.lower() if lower else text
    if wide:  # the full-width forms of ASCII, as East Asian keyboards give them
        text = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert parse_level(before + text + after) == ParsedLevel(Level[name])


@pytest.mark.parametrize(
    "value", ["NA", "unrated", "EMPTY", "Unassessable", "na", "Empty ", "", "  ", None]
)
def test_a_corpus_may_say_in_many_ways_that_there_is_no_level(value: str | None) -> None:
    assert parse_level(value) == ParsedLevel(None, "no level")


@pytest.mark.parametrize("value", ["A", "b", "C+", " B +"])
def test_a_bare_band_is_two_levels_wide_and_no_level(value: str) -> None:
    assert parse_level(value) == ParsedLevel(None, "bare band")


@pytest.mark.parametrize(
    "value", ["A3", "D1", "B1-B2", "B1/B2", "A0", "B1++", "1B", "level B1", 3, 2.5, True, ["B1"]]
)
def test_anything_else_is_unknown(value: object) -> None:
    assert parse_level(value) == ParsedLevel(None, "unknown level")


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.text()))
def test_every_value_gives_a_level_or_a_reason_and_never_both(value: object) -> None:
    parsed = parse_level(value)
    assert (parsed.level is None) == bool(parsed.reason)
    if parsed.level is not None:
        assert isinstance(value, str)
        letters = unicodedata.normalize("NFKC", value).upper()
        assert [c for c in letters if not c.isspace()][:2] == list(parsed.level.name)


def test_spellings_of_no_level_are_compared_in_lower_case() -> None:
    assert {spelling.lower() for spelling in NO_LEVEL} == NO_LEVEL


def test_the_five_classes_join_the_highest_two() -> None:
    assert [FIVE.index(level) for level in Level] == [0, 1, 2, 3, 4, 4]
    assert len(FIVE) == 5
    assert FIVE.classes[-1] == "C+"


def test_the_six_classes_keep_all_apart() -> None:
    assert [SIX.index(level) for level in Level] == [0, 1, 2, 3, 4, 5]


def test_scales_are_found_by_name() -> None:
    assert SCALES == {"cefr5": FIVE, "cefr6": SIX}


@pytest.mark.parametrize("name", list(Level.__members__))
def test_the_study_kept_the_six_levels_and_merged_the_plus_levels_of_b_alone(name: str) -> None:
    assert study_level(name) == ParsedLevel(Level[name])
    merged = ParsedLevel(Level[name]) if name in ("B1", "B2") else None
    assert study_level(name + "+") == (merged or ParsedLevel(None, "dropped by the study"))


@pytest.mark.parametrize("value", ["b1", " B1", "B1 ", "B1 +", "Ａ1"])
def test_the_study_read_levels_as_they_are_spelt(value: str) -> None:
    assert study_level(value) == ParsedLevel(None, "dropped by the study")


@pytest.mark.parametrize("value", [None, "NA", "unrated", "EMPTY", "B", "C3", 7, ["B1"]])
def test_what_gives_no_level_gives_the_study_none_for_the_same_reason(value: object) -> None:
    assert study_level(value) == parse_level(value)
    assert study_level(value).level is None


def test_the_scales_have_their_names_and_classes() -> None:
    assert (FIVE.name, FIVE.classes) == ("cefr5", ("A1", "A2", "B1", "B2", "C+"))
    assert (SIX.name, SIX.classes) == ("cefr6", ("A1", "A2", "B1", "B2", "C1", "C2"))
    assert len(SIX) == 6
    assert Scale("three", ("low", "mid", "high")).index(Level.B1) == 2
    assert Scale("three", ("low", "mid", "high")).index(Level.B2) == 2
