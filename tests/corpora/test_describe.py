"""Descriptions against numbers counted by hand."""

from __future__ import annotations

from corpus_files import ListCorpus, row, rows

from cefrbench.corpora.describe import describe, levels_by_text, quartiles, shared_texts
from cefrbench.corpora.load import load_essays
from cefrbench.levels import Level


def test_a_corpus_is_described() -> None:
    content = [
        row("a b", "A1"),
        row("A  B", "A2"),
        row("four words are here", "B1", lang="cs"),
        row("c", "B1"),
        row("c", "B1"),
        row("x", "NA"),
    ]
    described = describe(load_essays(ListCorpus(content)))
    assert described.levels == {"A1": 1, "A2": 1, "B1": 3, "B2": 0, "C1": 0, "C2": 0}
    assert described.languages == {"cs": 1, "en": 4}
    assert described.texts == 3
    assert described.repeated == 2
    assert described.conflicting == {"A1/A2": 1}
    assert described.words.model_dump() == {
        "least": 1,
        "first": 1,
        "median": 2,
        "third": 2,
        "most": 4,
    }
    assert described.characters.most == len("four words are here")
    assert described.report.dropped == {"no level": 1}
    assert described.revision == "r1"


def test_quartiles_are_interpolated_between_values() -> None:
    assert quartiles([4, 1, 3, 2]).model_dump() == {
        "least": 1,
        "first": 1.75,
        "median": 2.5,
        "third": 3.25,
        "most": 4,
    }


def test_texts_are_the_same_after_normalisation() -> None:
    content = [row("Ｃafé\n au  lait", "A1"), row("café AU LAIT", "B2"), row("cafe au lait", "B2")]
    found = list(levels_by_text(load_essays(ListCorpus(content))).values())
    assert found == [[Level.A1, Level.B2], [Level.B2]]


def test_shared_texts_are_counted_by_pair() -> None:
    shared = shared_texts({"a": ["1", "2", "2"], "b": ["2", "3"], "c": ["2", "1"], "d": ["9"]})
    assert [(one.corpora, one.texts) for one in shared] == [
        (("a", "b"), 1),
        (("a", "c"), 2),
        (("b", "c"), 1),
    ]


def test_a_corpus_without_repeated_texts() -> None:
    described = describe(load_essays(ListCorpus(rows("A1", "B1"))))
    assert described.repeated == 0
    assert described.conflicting == {}
