"""Checks of a method: what it says that it sees is what it looks at, and it keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cefrbench.check.fresh import UnpackedError, in_new_process
from cefrbench.check.method_subject import (
    SCORED,
    SLACK,
    MethodSubject,
    apart,
    invented,
    predicted,
)
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark, unfilled
from cefrbench.contracts.method import MethodSpec
from cefrbench.contracts.probe import FoldRows
from cefrbench.probing.wrapped import MOST

CHECKS: CheckTable[MethodSubject] = CheckTable()


@CHECKS.add(
    "method-card",
    "The card is complete, and says where the method is from",
    "Readers judge an effect by what the method sees, and by the paper that it is taken from.",
)
def check_card(subject: MethodSubject) -> Iterator[Problem]:
    """Look for blanks, and for strengths that can't be."""
    card = subject.spec.card
    yield from unfilled({name: getattr(card, name) for name in ("title", "description", "paper")})
    if len(card.strengths) > MOST:
        yield Problem(
            f"{len(card.strengths)} strengths, and each costs a sweep",
            f"name {MOST} at most, a decade apart say",
        )
    if len(set(card.strengths)) < len(card.strengths):
        yield Problem(f"a strength stands twice: {card.strengths}", "name each once")


@CHECKS.add(
    "method-fits",
    "A probe can be fitted on what it prepares, at each strength",
    "A fit that fails is a hole in a result.",
)
def check_fits(subject: MethodSubject) -> Iterator[Problem | Remark]:
    """Fit through the harness, which refuses what it can't use in a sentence."""
    count = max(1, len(subject.spec.card.strengths))
    for strength in range(count):
        values = subject.predicted(strength=strength)
        if not np.isfinite(values).all():
            yield Problem("a prediction is not finite", "see what transform and finish give")
            return
    yield Remark(f"{count} fits" if count > 1 else "1 fit")


@CHECKS.add(
    "method-deterministic",
    "The same texts and seed give the same predictions",
    "A result that nobody can repeat is worth nothing.",
    needs="method-fits",
)
def check_deterministic(subject: MethodSubject) -> Iterator[Problem]:
    """Fit twice, with another state of the global generator."""
    np.random.seed(1)
    first = subject.predicted()
    np.random.seed(2)
    if (off := apart(first, subject.predicted())) > 1e-3:
        yield Problem(
            f"two fits with one seed differ by {off:.2g} levels on average",
            "draw from np.random.default_rng(options.seed), torch.Generator().manual_seed(…)",
        )
    if not subject.spec.card.seeded and apart(first, subject.predicted(seed=1)) > 1e-3:
        yield Problem("a seed changes it, and its card says that none does", "say seeded=True")


@CHECKS.add(
    "method-input",
    "What it is handed stays as it was",
    "The same arrays are handed to the next strength, and hold what others are fitted on.",
    needs="method-fits",
)
def check_input(subject: MethodSubject) -> Iterator[Problem]:
    """Prepare on arrays that can be written to, and compare them with copies."""
    source, unlabelled = subject.source()
    names = ["X", "y", "corpus", "family", "weight", "few"]
    names += [] if source.length is None else ["length"]
    before = {name: getattr(source, name).copy() for name in names}
    shown = None if unlabelled is None else unlabelled.copy()
    prepared = subject.prepared(source, unlabelled)
    rows = subject.data.X[subject.rows.predict]
    kept = rows.copy()
    beside = () if source.length is None else (subject.data.length[subject.rows.predict],)
    prepared.transform(rows, *beside)
    changed = [name for name in names if not np.array_equal(before[name], getattr(source, name))]
    if shown is not None and unlabelled is not None and not np.array_equal(shown, unlabelled):
        changed.append("unlabelled")
    if not np.array_equal(rows, kept):
        changed.append("the rows that transform is given")
    if changed:
        yield Problem(f"it changes {', '.join(changed)}", "work on a copy: source.X.copy()")


@CHECKS.add(
    "method-sees",
    "It looks at what its card says that it sees, and at nothing else",
    "A method that needs less is worth more: who says less than it looks at wins by that alone.",
    needs="method-fits method-deterministic",
)
def check_sees(subject: MethodSubject) -> Iterator[Problem | Remark]:
    """Change what it may not see, and what it says that it does."""
    rows, sees = subject.rows, subject.spec.card.sees
    own = subject.predicted()
    scored = subject.data.y.copy()
    scored[rows.predict] = 4 - scored[rows.predict]
    others = replace(subject.data, y=scored)
    if apart(own, predicted(subject.spec, others, rows)) > SLACK:
        yield Problem("its predictions change with the levels of the scored texts", _BLIND)
    half = subject.data.rows(few=subject.few, every=2)
    off = apart(own[::2], predicted(subject.spec, subject.data, half))
    if sees == "source" and off > SLACK:
        yield Problem(
            f"with half of the scored texts it predicts the others otherwise, by {off:.2g} levels",
            'say sees="unlabelled", or make of each text what it is by itself',
        )
    if sees == "unlabelled" and off <= 1e-9:
        yield Problem(
            "its card says that it sees the unlabelled texts, and they change nothing",
            'say sees="source": then it is read beside methods that need no more',
            note=True,
        )
    yield Remark(f"it sees {sees}")


_BLIND = "prepare from what prepare is given, and from nothing else"


@CHECKS.add(
    "method-state",
    "A new method knows nothing of what others were prepared on",
    "What one fold scores another was trained on: levels kept anywhere (a global, a class, a "
    "file) are the answers to the next fold.",
    needs="method-deterministic",
)
def check_state(subject: MethodSubject) -> Iterator[Problem | Remark]:
    """Compare a fit after others, trained on the very texts to predict, with a new process's."""
    where, covered = "in a new process", "as in a new process"
    rows = subject.rows
    try:
        alone = in_new_process(predicted_apart, subject.packed, rows)
    except UnpackedError as error:
        where, covered = "before it", f"in this process alone; another can't load it: {error}"
        alone = subject.predicted()
    for scored in range(SCORED):
        predicted(subject.spec, subject.data, subject.data.rows(scored))
    if (off := apart(subject.predicted(), alone)) > SLACK:
        yield Problem(
            f"after other folds it predicts otherwise than {where}, by {off:.2g} levels on average",
            "keep what prepare learns in what it returns: no global, no attribute of the class, "
            "no cache, no file",
        )
        return
    yield Remark(covered)


def predicted_apart(spec: MethodSpec, rows: FoldRows) -> NDArray[np.float64]:
    """Fit the fold that all checks look at, in whatever process this is called."""
    return predicted(spec, invented(1), rows)


@CHECKS.add(
    "method-strengths",
    "Each strength does something else",
    "A choice between strengths that do alike costs a sweep each and chooses nothing.",
    needs="method-fits",
)
def check_strengths(subject: MethodSubject) -> Iterator[Problem]:
    """Compare predictions at all strengths."""
    strengths = subject.spec.card.strengths
    if len(strengths) < 2:
        raise NotApplicableError("it has no strengths to choose from")
    found = [subject.predicted(strength=place) for place in range(len(strengths))]
    for place in range(1, len(found)):
        if apart(found[place - 1], found[place]) <= 1e-9:
            yield Problem(
                f"strengths {strengths[place - 1]:g} and {strengths[place]:g} predict the same",
                "read options.strength, or name strengths further apart",
                note=True,
            )
