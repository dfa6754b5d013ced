"""Checks of what a corpus's texts would do to a score: repeats, conflicts, overlap, sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cefrbench.check.corpus.subject import Compared, CorpusSubject, asking, problems
from cefrbench.check.table import (
    PLACEHOLDER,
    CheckTable,
    NotApplicableError,
    Problem,
    Remark,
)
from cefrbench.corpora.describe import quartiles
from cefrbench.corpora.languages import unlike_languages
from cefrbench.corpora.order import levels_without_length, swapped_levels, told_levels
from cefrbench.corpora.questions import (
    conflicting_levels,
    repeated_texts,
    single_level,
    texts_in_two_corpora,
)
from cefrbench.corpora.texts import (
    broken_encoding,
    long_texts,
    markup,
    short_texts,
    twice_encoded,
    words_key,
)
from cefrbench.essays import Essays, text_key
from cefrbench.levels import FIVE

#: Fewer texts at a level can't be on all sides of the cuts.
_FEW = 5

CHECKS: CheckTable[CorpusSubject] = CheckTable()


@CHECKS.add(
    "corpus-classes",
    "There are at least two levels",
    "With one level QWK is undefined; with a handful of texts at a level it hangs on them.",
    needs="corpus-levels",
)
def check_classes(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Ask for a single level, and count texts by class of the five-level scale."""
    yield from problems(subject, single_level)
    classes = [FIVE.index(level) for level in subject.essays.levels]
    counts = dict(zip(FIVE.classes, np.bincount(classes, minlength=len(FIVE)), strict=True))
    few = [f"{name} has {count}" for name, count in counts.items() if 0 < count < _FEW]
    if few and subject.source != "sample":
        yield Problem(
            f"levels with fewer than {_FEW} texts: {', '.join(few)}",
            "nothing to mend when the corpus is like that; say so in the pull request",
            note=True,
        )
    yield Remark(", ".join(f"{name} {count}" for name, count in counts.items()))


CHECKS.add(
    "corpus-duplicates",
    "No text stands there twice",
    "A text on both sides of a cut is known, not judged; cefr-v1 keeps repeats together and counts "
    "them once, the study's form does not.",
    needs="corpus-levels",
)(asking(repeated_texts))


CHECKS.add(
    "corpus-conflicts",
    "No text has two levels",
    "Two levels for a text are an interval: a prediction inside it is right, which flatters a "
    "corpus that has many.",
    needs="corpus-levels",
)(asking(conflicting_levels))


@CHECKS.add(
    "corpus-overlap",
    "No text also stands in another corpus",
    "Out of distribution means texts that training has not seen; a shared text breaks it.",
    needs="corpus-levels",
)
def check_overlap(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Look every text up in the other corpora, by its words alone."""
    if not subject.compared:
        raise NotApplicableError("there is no other corpus to compare with")
    keys = {words_key(text): number for number, text in enumerate(subject.essays.texts, start=1)}
    for other in subject.compared:
        shared = keys.keys() & other.keys
        if shared:
            sample = "the sample of " if other.source == "sample" else ""
            first = min(keys[key] for key in shared)
            where = f"{subject.corpus.name} and in {sample}{other.name}, first text {first}"
            answer = texts_in_two_corpora(where, other.name, len(shared))
            yield Problem(answer.what, answer.mend)
    yield Remark(_covered(subject.compared))


def _covered(compared: Sequence[Compared]) -> str:
    whole = [other.name for other in compared if other.source == "corpus"]
    if whole:
        return f"compared with {', '.join(whole)}"
    return (
        f"compared with {len(compared)} samples; fetch the corpora or give --data-dir to compare "
        "with whole ones"
    )


@CHECKS.add(
    "corpus-texts",
    "Texts are texts",
    "Stand-ins for missing texts, fragments, broken encodings and markup are scored like any "
    "learner's words.",
    needs="corpus-levels",
)
def check_texts(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Ask for very short and long texts, stand-ins that repeat, broken encodings and markup."""
    yield from problems(subject, short_texts, long_texts, broken_encoding, twice_encoded, markup)
    texts = subject.essays.texts
    length = quartiles([len(text) for text in texts])
    yield Remark(f"{length.median:,.0f} characters ({length.first:,.0f}–{length.third:,.0f})")


@CHECKS.add(
    "corpus-words",
    "Texts are in the languages that their rows say, by their words",
    "Scores by language, and leaving one language out, count a text where its row says; a wrong "
    "column or file is seen nowhere else.",
    needs="corpus-levels",
)
def check_words(subject: CorpusSubject) -> Iterator[Problem]:
    """Have a detector tell the languages of texts, but for stand-ins of the template."""
    if subject.source == "sample" and _of_template(subject.essays):
        raise NotApplicableError("texts of the sample are as the template left them")
    yield from problems(subject, unlike_languages)


CHECKS.add(
    "corpus-length",
    "Levels grow with length, in each task too",
    "Who knows more writes more, in nearly all corpora: where levels don't grow with length they "
    "may stand beside the wrong texts, or upside down.",
    needs="corpus-levels",
)(asking(levels_without_length, swapped_levels))


CHECKS.add(
    "corpus-told",
    "Neither titles nor tasks tell the level",
    "Whatever reads them beside the text has read the answer; and where each task has its level, a "
    "probe can read what was asked for.",
    needs="corpus-levels",
)(asking(told_levels))


@CHECKS.add(
    "corpus-sample",
    "It ships an invented sample over several levels",
    "Samples let everybody try a corpus and test its cleaning without the data.",
    needs="corpus-cleaning",
)
def check_sample(subject: CorpusSubject) -> Iterator[Problem | Remark]:
    """Clean the sample, and look at its levels."""
    essays = subject.sample_essays
    if essays is None:
        yield Problem(
            "it ships no sample",
            "invent some 25 short texts over its levels, and return them from sample()",
            note=True,
        )
        return
    if template := _of_template(essays):
        yield Problem(
            f"{template} texts of the sample are as the template left them",
            "invent a text in place of each 'Replace: …', in the language that it says",
            note=True,
        )
    levels = sorted(set(essays.levels))
    if len(levels) < 2:
        yield Problem(
            f"all {len(essays)} texts of the sample are at {levels[0].name}",
            "invent texts at other levels of the corpus too",
        )
    yield Remark(f"{len(essays)} texts from {levels[0].name} to {levels[-1].name}")


@CHECKS.add(
    "corpus-sample-invented",
    "No text of the sample stands in the corpus",
    "A sample is published with the code; learners' words may not be, by most licences.",
    needs="corpus-levels corpus-sample",
)
def check_sample_invented(subject: CorpusSubject) -> Iterator[Problem]:
    """Look the texts of the sample up in the corpus."""
    sample = subject.sample_essays
    if sample is None or subject.source == "sample":
        raise NotApplicableError("only a sample was read, or none is there")
    own = {text_key(text) for text in subject.essays.texts}
    taken = sum(text_key(text) in own for text in sample.texts)
    # A corpus that is nothing but its sample, as in tests, is invented as a whole.
    if taken and len(own) > len(sample):
        yield Problem(
            f"{taken} texts of the sample stand in the corpus: they are learners' words",
            "invent texts of your own instead",
        )


def _of_template(essays: Essays) -> int:
    """How many texts still say what the template said."""
    return sum(PLACEHOLDER in text for text in essays.texts)
