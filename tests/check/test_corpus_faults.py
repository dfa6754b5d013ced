"""The kit finds each fault that is planted in a corpus, and nothing else."""

import faulty_corpora as faulty
import pytest
from faulty_corpora import ROWS, Sound, changed

from cefrbench.check.kit import KitOptions, report_corpus
from cefrbench.contracts.corpus import Rows
from cefrbench.corpora.licences import UNSTATED
from cefrbench.errors import CorpusError


class Neighbour(Sound):
    """A corpus that shares nothing with the one under test."""

    def __init__(self):
        super().__init__(rows=[{"lang": "en", "cefr_level": "B2", "text": "Something else."}])
        self.card = self.card.model_copy(update={"name": "neighbour"})

    def sample(self):
        return None


def found(corpus, status="fail", others=(), **options):
    report = report_corpus(corpus, KitOptions(**options), others)
    return {finding.check for finding in report.of(status)}


def test_a_sound_corpus_has_no_finding():
    report = report_corpus(Sound(), others=[Neighbour()])
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
