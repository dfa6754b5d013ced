"""The kit finds each fault that is planted in a corpus, and nothing else."""

import json
import sys

import faulty_corpora as faulty
import pytest
from faulty_corpora import ROWS, Sound, changed, many

from cefrbench.check.corpus import CHECKS
from cefrbench.check.corpus.subject import open_corpus
from cefrbench.check.kit import KitOptions, report_corpus
from cefrbench.contracts.cards import HubFile
from cefrbench.contracts.corpus import Access, Rows
from cefrbench.corpora import languages
from cefrbench.corpora.audit import audit
from cefrbench.corpora.licences import UNSTATED
from cefrbench.corpora.load import load_essays
from cefrbench.errors import CorpusError


class Neighbour(Sound):
    """A corpus that shares nothing with the one under test."""

    def __init__(self):
        super().__init__(rows=[{"lang": "en", "cefr_level": "B2", "text": "Something else."}])
        self.card = self.card.model_copy(update={"name": "neighbour"})

    def sample(self):
        return None


def told(corpus, check, status="note"):
    """What one check says."""
    return [f.what for f in report_corpus(corpus).of(status) if f.check == check]


def found(corpus, status="fail", others=(), **options):
    report = report_corpus(corpus, KitOptions(**options), others)
    return {finding.check for finding in report.of(status)}


@pytest.mark.parametrize("rows", [ROWS, many()], ids=["few", "many"])
def test_a_sound_corpus_has_no_finding(rows):
    report = report_corpus(Sound(rows=rows), others=[Neighbour()])
    assert report.passed
    assert not report.of("note")


FAULTS = {
    "reorders its rows": (faulty.Reorders(), "corpus-order"),
    "gives its rows once only": (faulty.KeepsAnIterator(), "corpus-stable"),
    "cleans by chance": (faulty.CleansByChance(cleaning=("…",)), "corpus-stable"),
    "changes rows in place": (faulty.CleansInPlace(cleaning=("…",)), "corpus-cleaning"),
    "skips without a reason": (faulty.SkipsWithoutReason(cleaning=("…",)), "corpus-cleaning"),
    "cleans to nothing": (faulty.CleansToNothing(cleaning=("…",)), "corpus-cleaning"),
    "breaks": (faulty.Breaks(), "corpus-source"),
    "is empty": (Sound(rows=[]), "corpus-source"),
    "lacks a field": (
        Sound(rows=[{k: v for k, v in row.items() if k != "lang"} for row in ROWS]),
        "corpus-fields",
    ),
    "has numbers for texts": (Sound(rows=changed(4, text=12)), "corpus-fields"),
    "has an unknown level": (Sound(rows=changed(2, cefr_level="D1")), "corpus-levels"),
    "has one level": (Sound(rows=[r for r in ROWS if r["cefr_level"] == "B1"]), "corpus-classes"),
    "is in another language": (Sound(rows=changed(9, lang="fi")), "corpus-languages"),
    "is broken in encoding": (Sound(rows=changed(9, text="caf\ufffd au lait")), "corpus-texts"),
    "was encoded twice": (
        Sound(rows=changed(9, text="We met at the cafÃ© near the old bridge.")),
        "corpus-texts",
    ),
    "was encoded twice in one word of several": (
        Sound(rows=changed(9, text="We met at the cafÃ© near the œuvre of Dvořák.")),
        "corpus-texts",
    ),
    "holds entities": (Sound(rows=changed(9, text="Tom &amp; Anna went home.")), "corpus-texts"),
    "holds numbered entities": (
        Sound(rows=changed(9, text="The caf&#233; is open.")),
        "corpus-texts",
    ),
    "holds elements": (Sound(rows=changed(9, text="<p>We went home.<br/> Then")), "corpus-texts"),
    "is in another language by its words": (
        Sound(rows=many(faulty.all_in_spanish)),
        "corpus-words",
    ),
    "has no licence": (Sound(licence=""), "corpus-licence"),
    "has a licence that says nothing": (Sound(licence="unknown"), "corpus-licence"),
    "has a licence weaker than its card's": (
        Sound(licence="CC BY 4.0", licence_card="CC BY-NC 4.0"),
        "corpus-licence",
    ),
    "has rows of a stricter licence": (
        Sound(rows=changed(0, license="CC BY-NC-SA 4.0")),
        "corpus-licence-rows",
    ),
    "has no citation": (Sound(citation=" "), "corpus-card"),
    "has no address": (Sound(source="a colleague"), "corpus-card"),
    "has no language code": (Sound(languages=("en", "English")), "corpus-card"),
    "ships learners' words": (faulty.SampleOfLearnersWords(), "corpus-sample-invented"),
    "ships a sample of one level": (faulty.SampleOfOneLevel(), "corpus-sample"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_corpus_that(fault):
    corpus, check = FAULTS[fault]
    assert found(corpus) == {check}


def test_rows_that_are_no_objects_are_found():
    corpus = Sound()
    corpus.rows = lambda access: Rows([list(ROWS[0].values())])
    assert found(corpus) == {"corpus-fields"}


def test_authors_that_are_no_names_are_found_in_the_corpus_and_in_its_sample():
    assert found(faulty.NamesAuthorsInLists()) == {"corpus-levels", "corpus-sample"}


def test_a_text_that_stands_in_two_corpora_is_found_whatever_its_case_and_spacing():
    assert found(Sound(), others=[faulty.SharesAText()], sample=False) == {"corpus-overlap"}


def test_a_text_of_another_corpus_is_found_though_its_way_left_markup_and_points_in_it():
    assert found(Sound(), others=[faulty.SharesAPage()]) == {"corpus-overlap"}


def test_with_a_folder_that_lacks_the_corpus_its_own_rows_are_compared_with_those_there(tmp_path):
    # The owner reads files of their own; MERLIN lies in a folder.
    rows = json.dumps([ROWS[3]])
    (tmp_path / "neighbour.json").write_text(rows)
    assert found(Sound(), others=[Neighbour()], data_dir=tmp_path) == {"corpus-overlap"}


def test_what_came_into_texts_on_the_way_is_shown():
    assert told(FAULTS["was encoded twice"][0], "corpus-texts", "fail") == [
        "1 texts were encoded twice: 'cafÃ©' for 'café'"
    ]
    assert told(FAULTS["holds elements"][0], "corpus-texts", "fail") == [
        "1 texts hold entities or markup: <p> (1)"
    ]
    mine = Sound(rows=changed(9, text="I <3 you & me; a <b and c> d, <Anna said so.>; x &c; y"))
    assert not told(mine, "corpus-texts", "fail")


def test_what_is_told_of_languages_levels_and_titles_names_places():
    assert told(NOTED["has texts in another language"][0], "corpus-words") == [
        "3 texts in rows of 'en' are in es (3) by their words, the first of them text 5"
    ]
    (what,) = told(NOTED["has a task of swapped levels"][0], "corpus-length")
    assert what.startswith("the levels of 'task 1' fall with length (rank correlation -")
    (what,) = told(NOTED["has titles with levels"][0], "corpus-told")
    assert what == "titles name the level of 60 of 60 rows: 'exam_A1_000.txt'"
    (what,) = told(NOTED["has a task for each level"][0], "corpus-told")
    assert what == "5 tasks tell the levels of 60 of 60 rows"


def test_without_the_detector_languages_are_skipped_with_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    languages._identifier.cache_clear()
    try:
        (what,) = told(Sound(), "corpus-words", "skip")
        (note,) = audit([load_essays(Sound())])
    finally:
        languages._identifier.cache_clear()
    assert "pip install 'cefrbench[language]'" in what
    assert (note.code, note.severity, note.message) == ("not-asked", "note", what)


def on_the_hub(folder, licence):
    """A corpus of a repository that the hub's client has in its cache."""
    repository = folder / "hub" / "datasets--nobody--faulty"
    commit = "a" * 40
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    (snapshot / "README.md").write_text(f"---\nlicense: {licence}\n---\n")
    (snapshot / "faulty.json").write_text(json.dumps(ROWS))
    return Sound(hub=HubFile(repo="nobody/faulty", file="faulty.json"), licence="CC BY-SA 4.0")


@pytest.mark.parametrize(("licence", "checks"), [("cc-by-sa-4.0", []), ("cc-by-nc-4.0", ["fail"])])
def test_a_licence_that_the_page_of_the_dataset_contradicts_is_found(tmp_path, licence, checks):
    corpus = on_the_hub(tmp_path, licence)
    access = Access(offline=True, cache_dir=tmp_path)
    report = CHECKS.report("corpus", "faulty", open_corpus(corpus, access=access))
    findings = [f for f in report.failed if f.check == "corpus-licence-source"]
    assert [f.status for f in findings] == checks
    for finding in findings:
        assert finding.what == (
            "nobody/faulty says 'cc-by-nc-4.0', the card says that it says 'CC BY-SA 4.0'"
        )


def test_a_corpus_is_not_compared_with_itself():
    assert not found(Sound(), others=[Sound()])


NOTED = {
    "repeats texts": (Sound(rows=[*ROWS, *ROWS[:3]]), "corpus-duplicates"),
    "ships no sample": (faulty.WithoutSample(), "corpus-sample"),
    "cleans and doesn't say how": (faulty.CleansByChance(), "corpus-card"),
    "has bare bands": (Sound(rows=changed(2, cefr_level="B")), "corpus-levels"),
    "has few texts at a level": (Sound(rows=[*ROWS[:-4]]), "corpus-classes"),
    "has stand-ins for texts": (
        Sound(rows=[*ROWS, {"lang": "en", "cefr_level": "B1", "text": "none"}]),
        "corpus-texts",
    ),
    "has a field of its own": (Sound(rows=changed(0, age=7)), "corpus-fields"),
    "has texts in another language": (
        Sound(rows=many(faulty.three_in_spanish)),
        "corpus-words",
    ),
    "has levels that don't grow with length": (
        Sound(rows=many(faulty.without_length)),
        "corpus-length",
    ),
    "has a task of swapped levels": (Sound(rows=many(faulty.upside_down)), "corpus-length"),
    "has titles with levels": (Sound(rows=many(faulty.title_with_level)), "corpus-told"),
    "has a task for each level": (Sound(rows=many(faulty.task_for_each_level)), "corpus-told"),
    "has rows of a weaker licence": (
        Sound(rows=changed(0, license="CC0 1.0"), licence="CC BY 4.0"),
        "corpus-licence-rows",
    ),
    "has no stated licence": (Sound(licence=UNSTATED), "corpus-licence"),
    "still has the template's card": (Sound(title="Replace: full name"), "corpus-card"),
    "names a language it has not": (Sound(languages=("en", "sv")), "corpus-languages"),
}


@pytest.mark.parametrize("fact", NOTED)
def test_it_is_noted_but_not_failed_that_a_corpus(fact):
    corpus, check = NOTED[fact]
    assert check in found(corpus, "note")


def test_conflicting_levels_are_counted_by_pair():
    rows = [*ROWS, {**ROWS[0], "cefr_level": "A2"}, {**ROWS[1], "cefr_level": "B1"}]
    report = report_corpus(Sound(rows=rows))
    (finding,) = [f for f in report.of("note") if f.check == "corpus-conflicts"]
    assert finding.what == "2 texts have more than one level (A1/A2 ×1, A1/B1 ×1)"


def test_the_sample_stands_in_for_a_corpus_that_can_not_be_reached_and_that_is_noted():
    class Away(Sound):
        def rows(self, access):
            raise CorpusError("The server is away: come back later.")

    report = report_corpus(Away())
    assert report.passed
    (note,) = [f for f in report.of("note") if f.check == "corpus-source"]
    assert "The server is away" in note.what


def test_every_finding_says_what_why_and_how_to_mend():
    for corpus, _ in [*FAULTS.values(), *NOTED.values()]:
        report = report_corpus(corpus)
        for finding in (*report.failed, *report.of("note")):
            assert finding.what
            assert finding.why.endswith(".")
            assert finding.mend
