"""The kit finds each fault that is planted in a protocol, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from cefrbench import (
    Fold,
    Inner,
    Protocol,
    ProtocolCard,
    Skipped,
    by_corpus,
    in_turn,
    parts_by_group,
    study_cut,
)
from cefrbench.check.kit import report_protocol
from cefrbench.plugins import PluginHost, load_file
from cefrbench.testing import check_protocol

HOST = PluginHost(load="")
CARD = ProtocolCard(
    name="mine", title="Mine", description="Five folds, scored per corpus.", distribution="in"
)


def rows_of(table):
    return table.rows_of(*range(len(table.names)))


def sound(table, seed):
    """Five folds over authors and texts; the study's form has one cut."""
    if table.form == "study":
        yield study_cut(table, "1", rows_of(table), seed)
        return
    yield from in_turn(table, parts_by_group(table, rows_of(table), table.group, seed))


def with_fold(change, form=None):
    """The sound protocol with something changed in each fold, of one form or of both."""

    def folds(table, seed):
        for fold in sound(table, seed):
            changed = form in (None, table.form) and isinstance(fold, Fold)
            yield change(table, fold) if changed else fold

    return folds


def with_cut(change):
    """The sound protocol with something changed in each inner cut."""
    return with_fold(
        lambda table, fold: replace(
            fold, inner=tuple(change(table, fold, cut) for cut in fold.inner)
        )
    )


def joined(parts):
    return np.concatenate(list(parts.values()))


def by_row(table, parts):
    """All rows of the texts in some parts, by corpus: a text with two levels has two."""
    rows = np.flatnonzero(np.isin(table.unit, table.unit[joined(parts)]))
    found = {name: rows[table.corpus[rows] == i] for i, name in enumerate(table.names)}
    return {name: part for name, part in found.items() if len(part)}


def by_unit(table, seed):
    """Five folds over texts: authors are on two sides."""
    if table.form == "study":
        yield from sound(table, seed)
        return
    yield from in_turn(
        replace(table, author=np.full(len(table), -1)),
        parts_by_group(table, rows_of(table), table.unit, seed),
    )


def inner_by_unit(table, seed):
    """Sound folds, but for writers who are trained on where they are held out for the choice."""
    for fold in sound(table, seed):
        cuts = []
        for cut in fold.inner:
            held = table.unit[joined(cut.held)]
            train = fold.train[~np.isin(table.unit[fold.train], held)]
            half = {name: rows[::2] for name, rows in cut.held.items()}
            rest = np.setdiff1d(joined(cut.held), joined(half))
            cuts.append(Inner(np.union1d(train, rest), half))
        yield replace(fold, inner=tuple(cuts))


def by_chance(table, seed):
    yield from sound(table, int(np.random.default_rng().integers(2**31)))


def choice_by_chance(table, seed):
    """The same folds each time, but for the training rows of one inner cut."""
    for fold in sound(table, seed):
        if not fold.inner:
            yield fold
            continue
        first, *others = fold.inner
        kept = np.random.default_rng().random(len(first.train)) < 0.9
        yield replace(fold, inner=(replace(first, train=first.train[kept]), *others))


def swapped(parts):
    return dict(zip(parts, reversed(parts.values()), strict=True))


FAULTS = {
    "trains on what it scores": (
        with_fold(
            lambda table, fold: replace(fold, train=np.union1d(fold.train, joined(fold.scored)))
        ),
        {"protocol-apart", "protocol-authors"},
    ),
    "chooses on what it scores": (
        with_fold(
            lambda table, fold: replace(fold, inner=(Inner(fold.train, fold.scored),)),
            form="corrected",
        ),
        {"protocol-apart", "protocol-authors", "protocol-inside"},
    ),
    "holds out what the inner fit sees": (
        with_cut(lambda table, fold, cut: replace(cut, train=fold.train)),
        {"protocol-apart", "protocol-authors"},
    ),
    "fits inside on what it scores": (
        with_cut(
            lambda table, fold, cut: replace(cut, train=np.union1d(cut.train, joined(fold.scored)))
        ),
        {"protocol-inside"},
    ),
    "cuts by row": (
        lambda table, seed: (
            replace(
                fold,
                train=np.setdiff1d(rows_of(table), joined(fold.scored)),
                inner=fold.inner,
            )
            for fold in sound(table, seed)
        ),
        {"protocol-apart", "protocol-authors"},
    ),
    "cuts by text, whoever wrote it": (by_unit, {"protocol-authors"}),
    "chooses on texts by those it trains on": (inner_by_unit, {"protocol-authors"}),
    "scores a text's rows": (
        with_fold(lambda table, fold: replace(fold, scored=by_row(table, fold.scored))),
        {"protocol-once"},
    ),
    "holds out a text's rows": (
        with_cut(lambda table, fold, cut: replace(cut, held=by_row(table, cut.held))),
        {"protocol-once"},
    ),
    "chooses in the study's form": (
        with_fold(
            lambda table, fold: replace(
                fold, inner=(Inner(fold.train[9:], by_corpus(table, fold.train[:9])),)
            ),
            form="study",
        ),
        {"protocol-choice"},
    ),
    "never chooses": (
        with_fold(lambda table, fold: replace(fold, inner=())),
        {"protocol-choice"},
    ),
    "draws by chance": (by_chance, {"protocol-again"}),
    "draws inner cuts by chance": (choice_by_chance, {"protocol-again"}),
    "gives nothing": (lambda table, seed: (), {"protocol-folds"}),
    "gives rows": (lambda table, seed: [np.arange(3)], {"protocol-folds"}),
    "gives two folds of one name": (
        lambda table, seed: [*sound(table, seed), *sound(table, seed)],
        {"protocol-folds"},
    ),
    "skips in silence": (lambda table, seed: [Skipped("all", " ")], {"protocol-folds"}),
    "notes nothing": (
        with_fold(lambda table, fold: replace(fold, notes=("",))),
        {"protocol-folds"},
    ),
    "notes letter by letter": (
        with_fold(lambda table, fold: replace(fold, notes="one sentence")),
        {"protocol-folds"},
    ),
    "gives masks": (
        with_fold(
            lambda table, fold: replace(fold, train=np.isin(np.arange(len(table)), fold.train))
        ),
        {"protocol-rows"},
    ),
    "gives rows beyond the table": (
        with_fold(lambda table, fold: replace(fold, train=fold.train + len(table))),
        {"protocol-rows"},
    ),
    "holds out rows beyond the table": (
        with_cut(
            lambda table, fold, cut: replace(
                cut, held={name: rows + len(table) for name, rows in cut.held.items()}
            )
        ),
        {"protocol-rows"},
    ),
    "scores no row of a corpus": (
        with_fold(
            lambda table, fold: replace(fold, scored=fold.scored | {table.names[0]: fold.train[:0]})
        ),
        {"protocol-rows"},
    ),
    "holds nothing out": (
        with_cut(lambda table, fold, cut: replace(cut, held={})),
        {"protocol-rows"},
    ),
    "fits inside on nothing": (
        with_cut(lambda table, fold, cut: replace(cut, train=cut.train[:0])),
        {"protocol-rows"},
    ),
    "confuses corpora": (
        with_fold(lambda table, fold: replace(fold, scored=swapped(fold.scored))),
        {"protocol-rows"},
    ),
    "confuses corpora inside": (
        with_cut(lambda table, fold, cut: replace(cut, held=swapped(cut.held))),
        {"protocol-rows"},
    ),
    "calls out of distribution in": (HOST.get_protocol("loco").folds, {"protocol-distribution"}),
    "breaks": (lambda table, seed: [1 / 0], {"protocol-folds"}),
}


def found(protocol, status="fail"):
    return {finding.check for finding in report_protocol(protocol).of(status)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_check(fault):
    folds, expected = FAULTS[fault]
    assert found(Protocol(CARD, folds)) == expected


def test_a_sound_protocol_has_no_finding():
    report = check_protocol(Protocol(CARD, sound))
    assert not report.of("note")
    assert not report.of("skip")


def test_a_blank_card_and_one_that_hides_a_known_corpus_are_found():
    assert found(Protocol(CARD.model_copy(update={"title": " "}), sound)) == {"protocol-card"}
    out = Protocol(CARD.model_copy(update={"distribution": "out"}), sound)
    assert found(out, "note") == {"protocol-distribution"}
    assert found(out, "skip") == {"protocol-authors"}


def test_a_fault_fails_with_what_why_and_how_to_mend():
    with pytest.raises(AssertionError, match=r"(?s)protocol-once.*What: .*Why: .*Mend: "):
        check_protocol(Protocol(CARD, FAULTS["scores a text's rows"][0]))


@pytest.mark.parametrize("name", HOST.protocols.items)
def test_a_built_in_protocol_passes(name):
    report = check_protocol(HOST.get_protocol(name))
    out = HOST.get_protocol(name).card.distribution == "out"
    assert {finding.check for finding in report.of("skip")} == (
        {"protocol-authors"} if out else set()
    )
    # What is told of few shots stands in their description.
    noted = {"protocol-distribution"} if name.startswith("few-shot") else set()
    assert {finding.check for finding in report.of("note")} == noted


def test_the_example_of_the_docs_passes(request):
    path = request.config.rootpath / "docs" / "examples" / "hooks" / "register_protocols.py"
    module = load_file(path)
    assert check_protocol(Protocol(module.CARD, module.folds)).passed
