"""The samples that ship: invented, in the raw format, over the levels, with the quirks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cefrbench_plugins.corpora
from cefrbench.contracts.corpus import FIELDS, Corpus, Row, Skip
from cefrbench.corpora.load import load_essays
from cefrbench.essays import Essays
from cefrbench.levels import FIVE
from cefrbench.plugins import PluginHost

NINE = (
    "elle",
    "icle500",
    "merlin-cs",
    "merlin-it",
    "merlin-de",
    "cefr-asag",
    "cople2",
    "peapl2",
    "zaebuc-ar",
)
HOST = PluginHost()


def corpus(name: str) -> Corpus:
    return HOST.get_corpus(name)


def raw(name: str) -> list[Row]:
    source = corpus(name).sample()
    assert source is not None
    return list(source.rows)


def sample(name: str) -> Essays:
    return load_essays(corpus(name), sample=True)


def test_the_nine_corpora_of_the_study_are_registered_and_each_has_a_sample() -> None:
    registered = {n for n, c in HOST.corpora.items.items() if isinstance(c, Corpus)}
    assert set(NINE) <= registered
    folder = Path(next(iter(cefrbench_plugins.corpora.__path__))) / "samples"
    assert {path.stem for path in folder.glob("*.json")} >= set(NINE)


@pytest.mark.parametrize("name", NINE)
def test_a_sample_is_in_the_raw_fields_and_marked_as_invented(name: str) -> None:
    for one in raw(name):
        assert tuple(one) == FIELDS
        assert str(one["title"]).startswith(f"invented-{name}-")
        assert one["source_name"] == f"invented-{name}"
        assert one["license"] == "CC0"


@pytest.mark.parametrize("name", NINE)
def test_a_sample_is_small_and_covers_levels_in_the_language_of_the_card(name: str) -> None:
    essays = sample(name)
    assert 20 <= len(essays) <= 30
    assert set(essays.languages) == set(corpus(name).card.languages)
    classes = Counter(FIVE.index(level) for level in essays.levels)
    assert len(classes) >= 3
    assert sum(count < 4 for count in classes.values()) <= 1


@pytest.mark.parametrize("name", NINE)
def test_texts_grow_with_the_level_so_that_a_probe_finds_a_signal(name: str) -> None:
    essays = sample(name)
    lengths: dict[int, list[int]] = {}
    for text, level in zip(essays.texts, essays.levels, strict=True):
        lengths.setdefault(int(level), []).append(len(text))
    means = [sum(found) / len(found) for _, found in sorted(lengths.items())]
    assert means[-1] > 1.5 * means[0]


def test_a_sample_does_not_give_the_corpus_its_own_licence() -> None:
    assert sample("elle").card == corpus("elle").card


def test_elle_drops_examination_sheets() -> None:
    assert any(str(one["text"]).startswith("I OSA.") for one in raw("elle"))
    essays = sample("elle")
    assert essays.report.dropped == {"examination sheet": 1, "no level": 1}
    assert not any(text.startswith("I OSA.") for text in essays.texts)


@pytest.mark.parametrize(
    "text", ["Mul on küsimus: mis on I OSA.", "\nVIII OSA.", "II OSA. Kiri", "i osa."]
)
def test_elle_keeps_texts_that_only_mention_a_part(text: str) -> None:
    row = {"text": text, "lang": "et", "cefr_level": "B1"}
    assert corpus("elle").clean(row) == row


@pytest.mark.parametrize("text", ["none", " None\n", "NONE"])
def test_caes_drops_what_stands_in_for_a_text(text: str) -> None:
    assert corpus("caes-es").clean({"text": text}) == Skip("the text is 'none'")


@pytest.mark.parametrize("text", ["Tengo none libros", "nonestoy", "none none", "no, ne"])
def test_caes_keeps_texts_that_hold_the_word(text: str) -> None:
    assert corpus("caes-es").clean({"text": text}) == {"text": text}


def test_icle500_loses_its_title_lines_and_nothing_else() -> None:
    before = {str(one["title"]): str(one["text"]) for one in raw("icle500")}
    assert sum(text.startswith("Title:") for text in before.values()) > 10
    for text, one in zip(sample("icle500").texts, raw("icle500"), strict=True):
        whole = str(one["text"])
        assert not text.startswith("Title:")
        assert whole.endswith(text)
        assert whole[: -len(text)].strip().count("\n") == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Title: A day\n\nIt rained.", "It rained."),
        ("title: A day\nIt rained.\n", "It rained."),
        ("It rained.\nTitle: A day", "It rained.\nTitle: A day"),
        ("ICLE-1\nTITLE: A day\n\n  It rained.", "ICLE-1\nIt rained."),
        ("Title: A\nTitle: B\nIt rained.", "Title: B\nIt rained."),
        ("  Title: A day\nIt rained.", "Title: A day\nIt rained."),
        ("Title: nothing else", "Title: nothing else"),
        ("  Untitled\ntext ", "Untitled\ntext"),
    ],
)
def test_the_first_line_that_begins_title_is_one(text: str, left: str) -> None:
    cleaned = corpus("icle500").clean({"text": text})
    assert cleaned == {"text": left}


@given(st.lists(st.sampled_from(["Title:", "tITLE:", "x", " ", "\n"])).map("".join))
def test_titles_are_removed_as_a_second_implementation_does(text: str) -> None:
    lines = text.split("\n")
    titles = [i for i, line in enumerate(lines[:-1]) if line.lower().startswith("title:")]
    if titles:
        before, after = lines[: titles[0]], "\n".join(lines[titles[0] + 1 :])
        left = "".join(line + "\n" for line in before) + after.lstrip()
    else:
        left = text
    assert corpus("icle500").clean({"text": text}) == {"text": left.strip()}


def test_merlin_and_zaebuc_spell_no_level_in_their_ways() -> None:
    spellings = {
        value
        for name in ("merlin-cs", "merlin-it", "zaebuc-ar", "peapl2")
        for value in sample(name).report.examples["no level"]
    }
    assert spellings == {"unrated", "EMPTY", "Unassessable", "NA"}


def test_cople2_has_each_text_twice_with_adjacent_levels() -> None:
    found: dict[str, list[int]] = {}
    essays = sample("cople2")
    for text, level in zip(essays.texts, essays.levels, strict=True):
        found.setdefault(text, []).append(int(level))
    assert all(len(v) == 2 and abs(v[0] - v[1]) == 1 for v in found.values())


@pytest.mark.parametrize("name", NINE)
def test_a_card_is_complete(name: str) -> None:
    card = corpus(name).card
    assert card.hub is not None
    assert card.hub.repo.startswith("UniversalCEFR/")
    assert card.hub.revision is None
    for text in (card.title, card.licence, card.citation, card.task, card.rated_by):
        assert len(text) > 3
    assert card.source.startswith("http")
    assert len(card.cleaning) >= 2
    assert (card.group == "merlin") == name.startswith("merlin-")


def test_the_sample_texts_are_all_different_across_corpora() -> None:
    texts = [str(one["text"]) for name in NINE for one in raw(name) if name != "cople2"]
    assert len(set(texts)) == len(texts)


def test_the_readme_says_that_samples_are_invented() -> None:
    folder = Path(next(iter(cefrbench_plugins.corpora.__path__))) / "samples"
    assert "**invented**" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NINE)
def test_the_sample_file_is_one_json_list(name: str) -> None:
    folder = Path(next(iter(cefrbench_plugins.corpora.__path__))) / "samples"
    assert json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) == raw(name)
