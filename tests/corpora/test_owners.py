"""Corpora that may not be passed on: read and converted from what their owners ship."""

import json

import pytest

from cefrbench.cli import main
from cefrbench.contracts.corpus import FIELDS, Access
from cefrbench.corpora.load import load_essays
from cefrbench.corpora.obtain import how_to_get
from cefrbench.corpora.owners import write_rows
from cefrbench.errors import CorpusError
from cefrbench.plugins import PluginHost

HOST = PluginHost(load="")
EFCAMDAT, WRITE_IMPROVE = HOST.get_corpus("efcamdat"), HOST.get_corpus("write-improve")

XML = """<?xml version="1.0"?>
<selection><writings>
<writing id="7" level="{level}" unit="3"><learner id="1" nationality="xx"/><text>
   I <change><selection>has</selection>{teacher}</change> a dog.<br>
   It <code>barks</code>.<br/>Bye &amp; thanks
</text></writing>
</writings></selection>
"""
TEACHER = "<tag><symbol>AG</symbol><correct>have</correct></tag>"


def xml(level):
    return XML.format(level=level, teacher=TEACHER)


def convert(corpus, folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return list(corpus.convert(path).rows)


def test_of_a_corrected_text_the_learners_own_words_are_taken(tmp_path):
    (row,) = convert(EFCAMDAT, tmp_path, "some.xml", xml(level=2))
    assert row["text"] == "I has a dog.\nIt barks.\nBye & thanks"
    assert row["title"] == "7"
    assert tuple(row) == FIELDS


@pytest.mark.parametrize(
    ("course", "level"),
    [(1, "A1"), (3, "A1"), (4, "A2"), (9, "B1"), (10, "B2"), (15, "C1"), (16, "C2"), (17, "17")],
)
def test_three_courses_make_a_level_and_the_sixteenth_is_c2(course, level, tmp_path):
    (row,) = convert(EFCAMDAT, tmp_path, "some.xml", xml(level=course))
    assert row["cefr_level"] == level


def test_the_cleaned_subcorpus_is_read_from_a_table(tmp_path):
    table = "writing_id,cefr,level,text,text_corrected\n1,B1,7,I has a dog.,I have a dog.\n"
    (row,) = convert(EFCAMDAT, tmp_path, "clean.csv", table)
    assert (row["text"], row["cefr_level"]) == ("I has a dog.", "B1")


def test_of_write_and_improve_the_final_versions_are_taken_with_the_level_of_a_person(tmp_path):
    lines = [
        "public_essay_id,is_final_version,text,automarker_cefr_level,humannotator_cefr_level",
        "1,FALSE,Draft.,A1,B2",
        '2,TRUE,"Two\nlines.",A1,B1+',
        "3,TRUE,More.,B1,NA",
    ]
    table = "\n".join(lines).replace(",", "\t")
    rows = convert(WRITE_IMPROVE, tmp_path, "corpus.tsv", table)
    assert [(row["text"], row["cefr_level"]) for row in rows] == [
        ("Two\nlines.", "B1+"),
        ("More.", "NA"),
    ]


def test_of_the_shared_task_native_writers_are_dropped_and_counted(tmp_path, monkeypatch):
    essays = [
        {"id": "a", "cefr": "A2.ii", "text": "I likes it.", "edits": []},
        {"id": "b", "cefr": "N", "text": "I like it.", "edits": []},
    ]
    path = tmp_path / "A.dev.json"
    path.write_text("\n".join(map(json.dumps, essays)) + "\n")
    monkeypatch.setenv("CEFRBENCH_WRITE_IMPROVE", str(path))
    loaded = load_essays(WRITE_IMPROVE)
    assert [level.name for level in loaded.levels] == ["A2"]
    assert loaded.report.dropped == {"native writer": 1}


def test_a_converted_file_gives_the_same_essays_as_the_owners(tmp_path, monkeypatch):
    source = tmp_path / "some.xml"
    source.write_text(xml(level=8))
    assert (
        main(["corpora", "convert", "efcamdat", str(source), str(tmp_path / "efcamdat.json")]) == 0
    )
    monkeypatch.setenv("CEFRBENCH_EFCAMDAT", str(source))
    direct, converted = load_essays(EFCAMDAT), load_essays(EFCAMDAT, data_dir=tmp_path)
    assert converted.fingerprint == direct.fingerprint


def test_without_a_file_it_says_where_to_get_it_and_both_ways_to_use_it(monkeypatch):
    monkeypatch.delenv("CEFRBENCH_EFCAMDAT", raising=False)
    with pytest.raises(CorpusError) as caught:
        EFCAMDAT.rows(Access())
    for part in ("https://ef-lab", "set CEFRBENCH_EFCAMDAT", "cefrbench corpora convert efcamdat"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("corpus", "name", "text", "sentence"),
    [
        (EFCAMDAT, "some.xml", "<selection><writings>", "is not the XML of EFCAMDAT"),
        (EFCAMDAT, "some.csv", "id,level\n1,2\n", "has no column writing_id, cefr, text"),
        (EFCAMDAT, "some.docx", "", "is in no format of the corpus 'efcamdat'"),
        (WRITE_IMPROVE, "some.json", '{"id": 1}\n', "Line 1 of .* is no essay"),
        (WRITE_IMPROVE, "some.tsv", "a\tb\n", "has no column public_essay_id"),
    ],
)
def test_a_file_that_is_something_else_is_one_sentence(corpus, name, text, sentence, tmp_path):
    with pytest.raises(CorpusError, match=sentence):
        convert(corpus, tmp_path, name, text)


def test_a_file_that_is_missing_or_not_utf8_is_one_sentence(tmp_path):
    with pytest.raises(CorpusError, match="can't be read"):
        list(EFCAMDAT.convert(tmp_path / "gone.xml").rows)
    path = tmp_path / "some.csv"
    path.write_bytes("writing_id,cefr,text\n1,B1,café\n".encode("latin-1"))
    with pytest.raises(CorpusError, match="is not UTF-8"):
        list(EFCAMDAT.convert(path).rows)


def test_nothing_is_written_when_a_conversion_fails(tmp_path, capsys):
    source = tmp_path / "some.xml"
    source.write_text(xml(level=8)[:-30])
    output = tmp_path / "out" / "efcamdat.json"
    assert main(["corpora", "convert", "efcamdat", str(source), str(output)]) == 1
    assert "export the selection again" in capsys.readouterr().err
    assert not output.exists()


def test_a_corpus_that_finds_its_rows_takes_no_file(tmp_path, capsys):
    output = tmp_path / "y.json"
    assert main(["corpora", "convert", "elle", str(tmp_path / "x.json"), str(output)]) == 1
    assert capsys.readouterr().err == (
        "Error: The corpus 'elle' finds its rows by itself, so it takes no file: write "
        f"`cefrbench corpora convert elle {output}`.\n"
    )


#: An owner's own corpus, whose rows its plugin reads out of several files.
RIVER = """
import csv
from pathlib import Path
from cefrbench import Corpus, CorpusCard, Rows, hookimpl

class River(Corpus):
    card = CorpusCard(
        name="river", title="River", languages=("en",), licence="CC0", source="https://x.org",
        citation="Nobody (2026).", task="Invented texts", rated_by="nobody",
    )

    def rows(self, access):
        files = sorted(Path({folder!r}).glob("*.csv"))
        return Rows(row for file in files for row in csv.DictReader(file.read_text().splitlines()))

@hookimpl
def register_corpora(register):
    register(River())
"""


def test_any_corpus_is_converted_and_read_back_the_same(tmp_path, monkeypatch, capsys):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "river.py").write_text(RIVER.format(folder=str(tmp_path / "csv")))
    (tmp_path / "csv").mkdir()
    for number, level in enumerate(("A1", "B1", "B2")):
        text = f"lang,cefr_level,text\nen,{level},Invented text {number} by a river.\n"
        (tmp_path / "csv" / f"part-{number}.csv").write_text(text)
    monkeypatch.setenv("CEFRBENCH_PLUGINS_DIR", str(plugins))
    data = tmp_path / "data"
    assert main(["corpora", "convert", "river", str(data / "river.json")]) == 0
    assert capsys.readouterr().out == f"3 rows: {data / 'river.json'}\n"
    river = PluginHost(plugins_dir=plugins).get_corpus("river")
    assert load_essays(river, data_dir=data).fingerprint == load_essays(river).fingerprint


def test_rows_that_json_cannot_hold_are_one_sentence_and_write_nothing(tmp_path):
    with pytest.raises(CorpusError, match=r"^Row 2 can't be written as JSON"):
        write_rows([{"text": "a"}, {"text": b"a"}], tmp_path / "x.json")
    assert not list(tmp_path.iterdir())


def test_an_owners_files_are_several(tmp_path, monkeypatch):
    for number in (1, 2):
        (tmp_path / f"part-{number}.xml").write_text(xml(level=8 + number))
    monkeypatch.setenv("CEFRBENCH_EFCAMDAT", str(tmp_path / "part-*.xml"))
    both = load_essays(EFCAMDAT)
    assert len(both) == 2
    data = tmp_path / "data"
    words = ["corpora", "convert", "efcamdat", *map(str, sorted(tmp_path.glob("*.xml")))]
    assert main([*words, str(data / "efcamdat.json")]) == 0
    assert load_essays(EFCAMDAT, data_dir=data).fingerprint == both.fingerprint


@pytest.mark.parametrize("name", ["caes-es", "zaebuc-en", "efcamdat", "write-improve"])
def test_further_corpora_are_optional_and_in_no_suite(name, capsys):
    assert HOST.get_corpus(name).card.optional
    assert main(["corpora", "describe", "--sample", "--json"]) == 0
    described = {corpus["name"] for corpus in json.loads(capsys.readouterr().out)["corpora"]}
    assert name not in described
    assert len(described) >= 9


def test_of_caes_what_is_no_text_is_dropped_and_short_texts_stay():
    caes = HOST.get_corpus("caes-es")
    assert load_essays(caes, sample=True).report.dropped == {
        "no letter in the text": 1,
        "the text is 'none'": 2,
    }
    hello = {"lang": "es", "cefr_level": "A1", "text": "hola"}
    assert caes.clean(hello) == hello


def test_a_card_says_how_to_get_its_corpus():
    card = HOST.get_corpus("elle").card
    assert how_to_get(card) == (
        "`cefrbench corpora fetch elle` gets it from the hub (UniversalCEFR/elle_et)."
    )
    assert how_to_get(card.model_copy(update={"access": "gated"})) == (
        "Log in with `hf auth login` and accept its terms at "
        "https://huggingface.co/datasets/UniversalCEFR/elle_et; then `cefrbench corpora fetch "
        "elle` gets it from the hub (UniversalCEFR/elle_et)."
    )
    assert how_to_get(EFCAMDAT.card).startswith("Get it from its owner (https://ef-lab")
    assert how_to_get(card.model_copy(update={"hub": None})).startswith("Its plugin finds")


def test_the_list_names_hub_access_licence_and_how_to_get_each(capsys):
    assert main(["list", "corpora", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["elle"]["hub"]["repo"] == "UniversalCEFR/elle_et"
    assert listed["elle"]["access"] == "open"
    assert listed["efcamdat"]["access"] == "owner"
    assert "corpora convert efcamdat" in listed["efcamdat"]["obtain"]
    assert main(["list", "corpora"]) == 0
    header = capsys.readouterr().out.splitlines()[0].split()
    assert header == ["name", "languages", "title", "hub", "access", "licence"]
