"""The audit finds each planted fault, says why it matters, and nothing in a clean corpus."""

from __future__ import annotations

from typing import Any

import pytest
from corpus_files import ListCorpus, row, rows

from cefrbench.corpora.audit import AuditFinding, audit, has_bias
from cefrbench.corpora.load import load_essays

CLEAN = rows("A1", "A1", "B1", "B1", "C1", "C2")


def audited(content: list[dict[str, Any]], **card: Any) -> list[AuditFinding]:
    return audit([load_essays(ListCorpus(content, **card))])


def test_nothing_is_found_in_a_clean_corpus() -> None:
    assert audited(CLEAN) == []
    assert not has_bias([])


@pytest.mark.parametrize(
    ("code", "severity", "count", "planted"),
    [
        ("conflicting-levels", "bias", 1, [row("The same text, rated twice", "A1")]),
        ("repeated-texts", "bias", 1, [row("the SAME text, rated  twice", "B1")]),
        ("lonely-level", "bias", 1, [row("the only one with its level", "A2")]),
        ("unreadable-levels", "bias", 2, [row("x" * 30, "B"), row("y" * 30, "D1")]),
        ("no-level", "note", 1, [row("x" * 30, "unrated")]),
        ("short-texts", "bias", 1, [row("none", "B1")]),
        ("broken-encoding", "bias", 1, [row("a text with caf\ufffd au lait in it", "B1")]),
        ("long-texts", "note", 1, [row("long text " * 10_001, "B1")]),
        ("foreign-language", "bias", 1, [row("Dies ist kein Englisch.", "B1", lang="de")]),
        ("dropped-rows", "note", 1, [row("", "B1")]),
    ],
)
def test_a_planted_fault_is_found(
    code: str, severity: str, count: int, planted: list[dict[str, Any]]
) -> None:
    twin = [row("The same text, rated twice", "B1")]
    found = audited([*CLEAN, *twin, *planted])
    assert [one.code for one in found] == [code]
    assert found[0].severity == severity
    assert found[0].count == count
    assert found[0].corpora == ("tiny",)
    assert found[0].message
    assert found[0].why
    assert has_bias(found) == (severity == "bias")


def test_one_level_only_is_found() -> None:
    assert [one.code for one in audited(rows("B1", "B1", "B1"))] == ["single-level"]


def test_c1_and_c2_are_one_class_of_the_study_so_one_of_each_is_not_lonely() -> None:
    assert audited(rows("A1", "A1", "C1", "C2")) == []


@pytest.mark.parametrize("card", ["cc-by-nc-4.0", None])
def test_a_weaker_licence_in_the_rows_is_a_note(card: str | None) -> None:
    found = audited(CLEAN, licence_card=card, licence="cc-by-nc-4.0")
    assert [(one.code, one.severity) for one in found] == [("licence-mismatch", "note")]
    assert "cc-by-nc-4.0" in found[0].why


def test_a_text_in_two_corpora_is_found_once_and_names_both() -> None:
    one = load_essays(ListCorpus(CLEAN))
    other = load_essays(
        ListCorpus(
            [*rows("A1", "A1", start="something else, number"), CLEAN[2], CLEAN[3]], name="b"
        )
    )
    found = audit([one, other])
    assert [(f.code, f.corpora, f.count) for f in found] == [("shared-texts", ("tiny", "b"), 2)]
    assert has_bias(found)


def test_an_undetermined_language_is_not_compared() -> None:
    assert audited(CLEAN, languages=("und",)) == []


def test_texts_of_c1_and_c2_alone_are_of_one_class() -> None:
    assert [one.code for one in audited(rows("C1", "C1", "C2", "C2"))] == ["single-level"]


def test_a_placeholder_that_repeats_is_named() -> None:
    planted = [row("None", "A1"), row("None", "B1"), row("Nothing.", "A1")]
    (found,) = [one for one in audited([*CLEAN, *planted]) if one.code == "short-texts"]
    assert found.count == 3
    assert found.message.endswith("'None' stands there 2 times")
