"""What the results say: a headline and sentences, whose every figure leads to where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cefrbench.results.selection import gap_of
from cefrbench_leaderboard.boards import Board, Line, Section
from cefrbench_leaderboard.entry import Entry, Estimate
from cefrbench_leaderboard.means import Mean, average
from cefrbench_leaderboard.published import Published, Reported
from cefrbench_leaderboard.render import number, percent

_WORDS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@dataclass(frozen=True, slots=True)
class LinkedFigure:
    """A number or name in a sentence, and the page below the root where it stands."""

    text: str
    href: str


Sentence = tuple[str | LinkedFigure, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one cohort says.

    Attributes
    ----------
    headline : Sentence
    title : Sentence
        What its picture shows.
    measured, sure, against : Sentence
        What was measured, how sure it is, and what it has to be read against; may be empty.
    """

    headline: Sentence
    title: Sentence
    measured: Sentence = ()
    sure: Sentence = ()
    against: Sentence = ()


def counted(n: int, noun: str, many: str = "") -> str:
    """A number with its noun, in words up to twelve."""
    words = _WORDS[n] if n < len(_WORDS) else str(n)
    return f"{words} {noun if n == 1 else many or noun + 's'}"


def plain(sentence: Sentence) -> str:
    """As text."""
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


# -- what was run here ---------------------------------------------------------------------------


def section_finding(board: Board, section: Section) -> Finding | None:
    """Say what the candidates of a section show; None without any that has both scores."""
    pair = gap_of(board.protocols)
    if section.overall is None or pair is None:
        return None
    lines = [line for line in section.lines if line.entry.slug in section.overall.slugs]
    return Finding(
        headline=(*_headline(section, lines), *_length(board, section, lines)),
        title=_title(section, lines),
        measured=_measured(section),
        sure=_sure(board, section.overall, lines),
        against=_against(board, section, lines),
    )


def _score(value: float | None, href: str) -> LinkedFigure:
    return LinkedFigure(number(value, 2), href)


def _headline(section: Section, lines: Sequence[Line]) -> Sentence:
    mean, there = section.overall, f"#{section.key}"
    assert mean is not None
    seen, unseen = _score(mean.inside.value, there), _score(mean.outside.value, there)
    if len(lines) == 1:
        who = LinkedFigure(lines[0].entry.encoder, lines[0].entry.page)
        return ("On corpora it has seen, ", who, " agrees with raters at ", seen,
                "; on unseen ones at ", unseen, ".")  # fmt: skip
    who_all = f"{counted(len(lines), 'embedding model')} agree with raters at "
    return (f"On corpora they have seen, {who_all}", seen, "; on unseen ones at ", unseen, ".")


def _length(board: Board, section: Section, lines: Sequence[Line]) -> Iterator[str | LinkedFigure]:
    """How well the length of the text alone puts unseen texts in order, beside the models."""
    own = [v for line in lines if (v := _order(board, line)) is not None]
    length = next((one for one in section.lines if _is_length(one.entry)), None)
    alone = _order(board, length) if length else None
    if length is None or alone is None or len(own) < len(lines):
        return
    yield " There, text length alone ranks learners at "
    yield _score(alone, length.entry.page)
    yield ", the models at " if len(lines) > 1 else ", the model at "
    yield _score(average(own), f"#{section.key}")
    yield "."


def _is_length(entry: Entry) -> bool:
    """The rung `length` of the claim ladder is the reference of that name."""
    return entry.reference is not None and entry.encoder == "length"


def _order(board: Board, line: Line) -> float | None:
    cell = line.cells.get(board.main)
    return cell.scores.spearman if cell else None


def _title(section: Section, lines: Sequence[Line]) -> Sentence:
    """How many lose, and how many of them are shown to."""
    lose = sum(1 for line in lines if (line.gap.value or 0.0) > 0)
    shown = sum(1 for line in lines if line.gap.low is not None and line.gap.low > 0)
    mean = section.overall
    assert mean is not None
    if len(lines) == 1:
        one = lines[0]
        verb = "loses" if (one.gap.value or 0.0) > 0 else "gains"
        name = LinkedFigure(one.entry.encoder, one.entry.page)
        size = _score(abs(one.gap.value or 0.0), one.entry.page)
        doubt = "" if shown else ", not shown to differ from 0"
        return (name, f" {verb} ", size, f" of QWK on unseen corpora{doubt}")
    who = f"All {len(lines)} models lose" if lose == len(lines) else (
        f"{lose} of {len(lines)} models lose")  # fmt: skip
    loss = _score(mean.gap.value, f"#{section.key}")
    return (f"{who} on unseen corpora, shown for {shown}; on average ", loss)


def _measured(section: Section) -> Sentence:
    cards = [record.card for line in section.lines[:1] for record in line.entry.corpora]
    languages = {code for card in cards for code in card.languages}
    where = f"{counted(len(cards), 'corpus', 'corpora')} in {counted(len(languages), 'language')}"
    return (
        "Probes read the level of learners’ texts, A1 to C2, off the layers of an embedding model. "
        "Agreement is quadratic weighted kappa (QWK: 1 is perfect, 0 is chance), the mean over "
        f"{where}. Seen: other texts of the corpora trained on. Unseen: corpora of a family that "
        "no text was trained on from. Ranking is Spearman’s rank correlation.",
    )


def _sure(board: Board, mean: Mean, lines: Sequence[Line]) -> Sentence:
    def ends(one: Estimate) -> str:
        return f"{number(one.low, 2)} to {number(one.high, 2)}"

    said: list[str | LinkedFigure] = []
    if mean.inside.low is not None and mean.outside.low is not None:
        said += ["With other texts the mean would lie between "] if len(lines) > 1 else [
            "With other texts it would lie between "]  # fmt: skip
        said += [f"{ends(mean.inside)} seen and {ends(mean.outside)} unseen (95 % intervals; they "
                 "hold the corpora fixed)."]  # fmt: skip
    if len(lines) > 1:
        best, worst = lines[0], lines[-1]
        for line, words in ((best, " Unseen, the best is "), (worst, "; the last, ")):
            cell = line.cells[board.main]
            said += [words, LinkedFigure(line.entry.encoder, line.entry.page), " at ",
                     _score(cell.qwk.value, line.entry.page)]  # fmt: skip
            said += [f" ({ends(cell.qwk)})"] if cell.qwk.low is not None else []
        said += ["."]
    return tuple(said)


def _against(board: Board, section: Section, lines: Sequence[Line]) -> Sentence:
    """The references' scores, and how many are shown to be better than each."""
    said: list[str | LinkedFigure] = []
    found = [line for line in section.lines if line.entry.reference is not None]
    for line in found:
        cell = line.cells.get(board.main)
        if cell is None or cell.qwk.value is None:
            continue
        said += [", " if said else "Read it against what knows less. Unseen: "]
        said += [LinkedFigure(line.entry.encoder, line.entry.page), " ",
                 _score(cell.qwk.value, line.entry.page)]  # fmt: skip
        rungs = [_rung(one, line.entry.encoder) for one in lines]
        passed = rungs.count("passed")
        if any(status is not None for status in rungs):
            count = f"by {passed} of {len(lines)}" if len(lines) > 1 else ""
            said += [f" (beaten {count})" if count else f" ({'' if passed else 'not '}beaten)"]
    return (*said, ". Beaten: shown to, after Holm’s correction.") if said else ()


def _rung(line: Line, reference: str) -> str | None:
    """What came of the rung of a line's claim ladder on which a reference stands."""
    rungs = line.claim.rungs if line.claim else ()
    return next((r.status for r in rungs if r.reference == reference and r.name != "layer 0"), None)


# -- what the study reports ----------------------------------------------------------------------


def reported_finding(published: Published, rows: Sequence[Reported]) -> Finding | None:
    """Say what the study's authors report, each encoder with its best probe; None without any."""
    models = [row for row in rows if row.role == "candidate"]
    if not models:
        return None
    seen, unseen = average(row.iid for row in models), average(row.ood for row in models)
    lose = sum(1 for row in models if row.gap > 0)
    who = counted(len(models), "embedding model")
    headline: Sentence = (
        f"On corpora they have seen, {who} agree with raters at ", _score(seen, "#reported"),
        "; on unseen ones at ", _score(unseen, "#reported"), ".",
    )  # fmt: skip
    against = tuple(_reported_references(rows))
    count = f"{lose} of {len(models)} models"
    if lose == len(models):
        count = f"All {counted(lose, 'model')}"
    return Finding(
        headline=headline,
        title=(f"{count} lose on unseen corpora; on average ", _score(seen - unseen, "#reported")),
        measured=(
            "Probes read the level of learners’ texts, A1 to C2, off the layers of an embedding "
            "model. Agreement is quadratic weighted kappa (QWK: 1 is perfect, 0 is chance), the "
            "mean over nine corpora in seven languages. Seen: other texts of the corpora trained "
            "on. Unseen: a corpus that no text was trained on from.",
        ),
        sure=(
            "As the study’s authors report it, not run here: the best probe of each model at the "
            "layer that does best on the scored texts themselves, which flatters, and without "
            "intervals. The mean over layers is ",
            *_reported_layers(models),
            ".",
        ),
        against=against,
    )


def _reported_layers(models: Iterable[Reported]) -> Iterator[str | LinkedFigure]:
    known = [(r.iid_mean, r.ood_mean) for r in models]
    seen = [a for a, b in known if a is not None and b is not None]
    unseen = [b for a, b in known if a is not None and b is not None]
    if not seen:
        yield "not reported"
        return
    yield _score(average(seen), "#reported")
    yield " seen and "
    yield _score(average(unseen), "#reported")
    yield " unseen"


def _reported_references(rows: Iterable[Reported]) -> Iterator[str | LinkedFigure]:
    for row in rows:
        if row.role == "reference":
            yield f"Read it against {row.encoder} features with {row.probe}: "
            yield _score(row.iid, "#reported")
            yield " seen, "
            yield _score(row.ood, "#reported")
            yield " unseen."


# -- from one shift to the next ------------------------------------------------------------------


def ladder_title(first: float, last: float, words: str) -> Sentence:
    """Say what is left at the last rung of the ladder of shifts."""
    verb = "falls" if last < first else "rises"
    return (f"From the same corpora to {words}, agreement {verb} from {number(first, 2)} to "
            f"{number(last, 2)}: {percent(last / first)} is kept",)  # fmt: skip
