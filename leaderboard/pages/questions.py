"""Questions that people come with, each answered in a sentence whose figures lead on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cefrbench_leaderboard.boards import SuiteResults
from cefrbench_leaderboard.entry import Entry
from cefrbench_leaderboard.finding import LinkedFigure, Sentence, counted
from cefrbench_leaderboard.links import cohort_of, way_links
from cefrbench_leaderboard.means import average
from cefrbench_leaderboard.page import Page, Rendered
from cefrbench_leaderboard.pages.size import size_title, sized
from cefrbench_leaderboard.render import number, render
from cefrbench_leaderboard.standing import Made
from cefrbench_leaderboard.ways import language_name


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """A question and what the results say to it."""

    key: str
    question: str
    answer: Sentence


def questions_page(suite: SuiteResults, cohort: Sequence[Made]) -> Rendered:
    """Render all questions with their answers."""
    page = Page(
        f"ways/{suite.slug}/questions.html",
        "Questions and answers",
        "index.html",
        "How many labels do I need? Does size help? Is it more than the length of the text?",
    )
    entries = [one.entry for one in cohort if one.entry.reference is None]
    answers = [
        QuestionAnswer("labels", "How many labels do I need?", tuple(_labels(entries))),
        QuestionAnswer(
            "length", "Does it read more than the length of a text?", _rung(suite, "length")
        ),
        QuestionAnswer("untrained", "Does training the model matter?", _rung(suite, "untrained")),
        QuestionAnswer("layer-0", "Does context matter?", _rung(suite, "layer 0")),
        QuestionAnswer(
            "size", "Is a larger model better?", (*size_title(sized(suite, cohort)), ".")
        ),
        QuestionAnswer("language", "What of my language?", tuple(_languages(suite))),
    ]
    return render("questions.html", page, suite=suite, answers=answers, links=way_links(suite))


def _labels(entries: Sequence[Entry]) -> Iterator[str | LinkedFigure]:
    """Mean over models by number of labels, of those that have all numbers."""
    numbers = sorted({price.labels for entry in entries for price in entry.prices})
    own = [e for e in entries if e.prices and [p.labels for p in e.prices] == numbers]
    if not own or len(numbers) < 2:
        yield "No result here has measured it: run one with --analysis recalibrate."
        return
    means = {n: average(p.qwk for e in own for p in e.prices if p.labels == n) for n in numbers}
    href = own[0].page if len(own) == 1 else "leaderboard.csv"
    draws = own[0].prices[-1].draws
    yield f"Without any label of the unseen corpus {_who(own)} at "
    yield LinkedFigure(number(means[numbers[0]], 2), href)
    for n in numbers[1:]:
        yield f"; with {n}, used to move and stretch its predictions, at " if n == numbers[1] else (
            f"; with {n} at ")  # fmt: skip
        yield LinkedFigure(number(means[n], 2), href)
    yield f" (QWK, mean over unseen corpora and {counted(draws, 'draw')} of the labelled texts)."


def _who(own: Sequence[Entry]) -> str:
    return "one model reads it" if len(own) == 1 else f"{counted(len(own), 'model')} read it"


_RIVALS = {
    "length": "the length of the text alone",
    "untrained": "the strongest untrained model",
    "layer 0": "its own layer 0, subwords without context",
}


def _rung(suite: SuiteResults, name: str) -> Sentence:
    """How many are shown to be better than what stands on a rung of the claim ladder."""
    slugs = {one.entry.slug for one in cohort_of(suite)}
    tested = [
        rung
        for slug, claim in suite.claims.items()
        for rung in claim.rungs
        if slug in slugs and rung.name == name and rung.status != "untested"
    ]
    if not tested:
        return ("No result here can tell: it was not run beside ", _RIVALS[name], ".")
    if len(tested) == 1:
        words = {"passed": "is shown to be better than", "worse": "is worse than"}
        verb = words.get(tested[0].status, "is not told apart from")
        return (f"On unseen corpora the one model here {verb} {_RIVALS[name]} (paired by text, "
                "after Holm’s correction over its ladder).",)  # fmt: skip
    counts = {s: sum(1 for r in tested if r.status == s) for s in ("passed", "worse", "not shown")}
    return (
        f"Of {counted(len(tested), 'model')}, on unseen corpora, {counts['passed']} "
        f"{'is' if counts['passed'] == 1 else 'are'} shown to be better than {_RIVALS[name]}, "
        f"{counts['worse']} to be worse, {counts['not shown']} neither (paired by text, after "
        "Holm’s correction over each model’s ladder).",
    )


def _languages(suite: SuiteResults) -> Iterator[str | LinkedFigure]:
    found = [way for way in way_links(suite).ways if way.kind == "language"]
    yield "Ranked by language: " if found else "No language has a score here yet."
    for index, way in enumerate(found):
        yield ", " if index else ""
        yield LinkedFigure(language_name(way.name), f"ways/{suite.slug}/{way.page}")
    if found:
        yield "."
