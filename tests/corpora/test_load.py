"""From raw rows to essays: what is kept, what is dropped and why, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus_files import CARD, ListCorpus, row, rows, write

from cefrbench.contracts.corpus import Access, Corpus, Row, Rows, Skip
from cefrbench.corpora.load import load_essays
from cefrbench.errors import CorpusError
from cefrbench.levels import Level, study_level
from cefrbench.plugins import PluginHost

MERLIN = Path(__file__).parents[3] / "shared" / "corpora"


def test_the_study_drops_plus_levels_but_those_of_b_and_the_report_says_so() -> None:
    content = [row(f"text {level}", level) for level in ("A2+", "B1+", "B2+", "C1+", "C1", "NA")]
    essays = load_essays(ListCorpus(content), read_level=study_level)
    assert essays.texts == ("text B1+", "text B2+", "text C1")
    assert essays.levels == (Level.B1, Level.B2, Level.C1)
    assert essays.report.dropped == {"dropped by the study": 2, "no level": 1}
    assert essays.report.examples["dropped by the study"] == ("A2+", "C1+")


def sentence_of(content: Any, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        load_essays(ListCorpus(content), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_levels_are_read_and_the_rest_is_counted_by_reason() -> None:
    content = [
        row("one", "b1+"),
        row("two", "NA"),
        row("three", "Unassessable"),
        row("four", "B"),
        row("five", "C3"),
        row("six", 7),
        row("  ", "A1"),
        row("seven", " C2 "),
        row(None, "A1"),  # type: ignore[arg-type]
    ]
    essays = load_essays(ListCorpus(content))
    assert essays.texts == ("one", "seven")
    assert essays.levels == (Level.B1, Level.C2)
    assert essays.report.rows == 9
    assert essays.report.kept == 2
    assert essays.report.dropped == {
        "no level": 2,
        "bare band": 1,
        "unknown level": 2,
        "empty text": 2,
    }
    assert essays.report.examples == {
        "no level": ("NA", "Unassessable"),
        "bare band": ("B",),
        "unknown level": ("C3", "7"),
    }


def test_every_row_is_kept_or_counted() -> None:
    content = [*rows("A1", "A1", "NA", "B", "B1", "C9", "C2"), row("\ud800", "B2")]
    report = load_essays(ListCorpus(content), limit=2).report
    assert report.kept + sum(report.dropped.values()) == report.rows == 8
    assert report.dropped["over the limit"] == 2
    assert report.dropped["broken Unicode"] == 1


def test_texts_are_not_touched() -> None:
    text = "  Ahoj,\r\n\tjak se máš?\u00a0 🙂 "
    assert load_essays(ListCorpus([row(text)])).texts == (text,)


def test_a_corpus_mends_its_rows_or_drops_them_with_a_reason() -> None:
    class Cleaning(ListCorpus):
        def clean(self, row: Row) -> Row | Skip:
            if "sheet" in str(row["text"]):
                return Skip("a sheet")
            return {**row, "text": str(row["text"]).upper()}

    essays = load_essays(Cleaning([row("a sheet"), row("b")]))
    assert essays.texts == ("B",)
    assert essays.report.dropped == {"a sheet": 1}


def test_a_folder_is_read_instead_of_the_corpus_and_cleaned_in_the_same_way(
    tmp_path: Path,
) -> None:
    class Unreachable(ListCorpus):
        def rows(self, access: Access) -> Rows:
            raise AssertionError("asked for rows although a folder was given")

        def clean(self, row: Row) -> Row | Skip:
            return {**row, "text": str(row["text"]).upper()}

    write(tmp_path / "tiny.json", [row("from a file")])
    essays = load_essays(Unreachable([]), data_dir=tmp_path)
    assert essays.texts == ("FROM A FILE",)
    assert essays.revision is None


def test_the_revision_of_the_source_is_recorded() -> None:
    assert load_essays(ListCorpus(rows("A1"))).revision == "r1"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([row("x"), ["y"]], r"Row 2 of corpus 'tiny' is a list, not an object"),
        ([None], r"Row 1 of corpus 'tiny' is null, not an object"),
        ([{"text": "x", "lang": "en"}], r"Row 1 .* lacks the field 'cefr_level'"),
        ([row("x"), {"lang": "en", "cefr_level": "A1"}], r"Row 2 .* lacks the field 'text'"),
        ([row(42)], r"Row 1 .* holds a number in the field 'text' \(42\): it must be a string"),  # type: ignore[arg-type]
        ([row("x", lang=None)], r"Row 1 .* holds null in the field 'lang'"),
        ([row("x", "NA"), row("y", "D4")], r"No row .* usable: of 2 rows, .*'NA'.*'D4'"),
        ([], r"No row .* usable: of 0 rows"),
    ],
)
def test_a_malformed_row_is_refused_with_its_number(content: Any, sentence: str) -> None:
    assert re.search(sentence, sentence_of(content))


def test_a_malformed_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "tiny.json", [{"text": "x"}])
    assert "tiny.json" in sentence_of([], data_dir=tmp_path)


def test_a_megabyte_of_text_in_one_row_is_kept_whole() -> None:
    text = "word " * 200_000
    assert load_essays(ListCorpus([row(text)])).texts == (text,)


def test_a_limit_is_a_choice_by_seed_in_the_order_of_the_source() -> None:
    corpus = ListCorpus(rows(*["A1"] * 100))
    chosen = [load_essays(corpus, limit=10, seed=seed).texts for seed in (1, 1, 2)]
    whole = load_essays(corpus).texts
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(chosen[0])) == 10
    assert [t for t in whole if t in set(chosen[0])] == list(chosen[0])
    assert load_essays(corpus, limit=100).report.dropped == {}


def test_a_corpus_without_a_sample_says_so() -> None:
    assert "ships no sample" in sentence_of(rows("A1"), sample=True)


def test_a_corpus_that_breaks_is_named_with_the_cause() -> None:
    def broken() -> Iterator[Row]:
        yield row("x")
        raise KeyError("gone")

    sentence = sentence_of(broken())
    assert "Corpus 'tiny' failed" in sentence
    assert "KeyError: 'gone'" in sentence


def test_the_licence_of_the_rows_is_filled_in_and_the_stricter_one_kept() -> None:
    content = [row("x", license="CC BY 4.0"), row("y", license="CC BY-NC 4.0")]
    card = load_essays(ListCorpus(content, licence="CC BY 4.0", licence_rows=None)).card
    assert card.licence_rows == "CC BY 4.0, CC BY-NC 4.0"
    assert card.licence == "CC BY-NC 4.0"


def test_the_licence_that_a_card_states_is_left_alone() -> None:
    assert load_essays(ListCorpus([row("x", license="other")])).card == CARD


def test_the_fingerprint_is_of_the_cleaned_rows_in_order() -> None:
    a, b = rows("A1", "B1")
    same = [a, row("dropped", "NA"), b | {"title": "another"}]
    prints = [load_essays(ListCorpus(c)).fingerprint for c in ([a, b], same, [b, a], [a])]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


@pytest.mark.skipif(not MERLIN.is_dir(), reason="the MERLIN files are not here")
@pytest.mark.parametrize(("name", "kept"), [("cs", 439), ("it", 806), ("de", 1033)])
def test_the_real_merlin_files_load(name: str, kept: int) -> None:
    corpus: Corpus = PluginHost().get_corpus(f"merlin-{name}")
    essays = load_essays(corpus, data_dir=MERLIN)
    assert len(essays) == kept
    assert set(essays.languages) == {name}


def test_authors_and_tasks_are_read_from_their_fields() -> None:
    content = [
        {**row("one", "A1"), "author": "Ada", "task": " letter "},
        {**row("two", "B1"), "author": 7, "task": ""},
        row("three", "B1"),
        {**row("four", "NA"), "author": "nobody"},
    ]
    essays = load_essays(ListCorpus(content))
    assert essays.authors == ("Ada", "7", None)
    assert essays.tasks == ("letter", None, None)


def test_a_corpus_may_read_author_and_task_where_they_hide() -> None:
    class Titled(ListCorpus):
        def author(self, row: Row) -> object:
            return str(row["title"]).partition("/")[0]

        def task(self, row: Row) -> object:
            return str(row["title"]).partition("/")[2]

    essays = load_essays(Titled([{**row("one", "A1"), "title": "ada/letter"}, row("x", "B1")]))
    assert essays.authors[0] == "ada"
    assert essays.tasks[0] == "letter"


def test_authors_and_tasks_stay_with_their_rows_under_a_limit() -> None:
    content = [
        {**row(f"text {n}", "B1"), "author": f"author {n}", "task": f"task {n}"} for n in range(20)
    ]
    essays = load_essays(ListCorpus(content), limit=5)
    numbers = [text.split()[1] for text in essays.texts]
    assert essays.authors == tuple(f"author {n}" for n in numbers)
    assert essays.tasks == tuple(f"task {n}" for n in numbers)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, 1.5, True, "\ud800"])
def test_an_author_that_is_no_name_is_refused(value: object) -> None:
    sentence = sentence_of([{**row("one", "A1"), "author": value}])
    assert sentence.startswith("The author of row 1 of")
    assert "it must be a name, or null where there is none" in sentence


def test_what_merlins_titles_say_of_the_task_is_read() -> None:
    from cefrbench_plugins.corpora._merlin import examination_of

    assert examination_of({"title": "1023_0001416.txt"}) == "1023"
    assert examination_of({"title": "0601.txt"}) is None
    assert examination_of({}) is None
    host = PluginHost(load="")
    assert host.get_corpus("merlin-de").task({"title": "1091_0000001.txt"}) == "1091"
    assert host.get_corpus("merlin-it").task({"title": "1325_1001008.txt"}) == "1325"
    assert host.get_corpus("merlin-cs").task({"title": "0601.txt"}) is None


@pytest.mark.skipif(not MERLIN.is_dir(), reason="needs the corpora beside the repository")
def test_the_corpora_at_hand_name_tasks_and_authors() -> None:
    host = PluginHost(load="")

    def load(name: str) -> tuple[int, int]:
        essays = load_essays(host.get_corpus(name), data_dir=MERLIN)
        return len(set(essays.tasks) - {None}), len(set(essays.authors) - {None})

    assert load("merlin-de") == (5, 0)
    assert load("merlin-it") == (4, 0)
    assert load("merlin-cs") == (0, 0)
    assert load("universalcefr:cows-l2h") == (4, 475)
