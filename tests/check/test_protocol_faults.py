"""The kit finds each fault that is planted in a protocol, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from cefrbench import Fold, Protocol, ProtocolCard, Skipped, by_corpus, stratified_cut
from cefrbench.check.kit import report_protocol
from cefrbench.plugins import PluginHost, load_file
from cefrbench.testing import check_protocol

HOST = PluginHost(load="")
CARD = ProtocolCard(
    name="mine", title="Mine", description="One cut, scored per corpus.", distribution="in"
)


def sound(table, seed):
    """Four fifths train; a tenth chooses the layer, in the corrected form; a tenth is scored."""
    outer = stratified_cut(table, table.rows_of(*range(len(table.names))), 0.2, seed)
    inner = stratified_cut(table, outer.second, 0.5, seed)
    if not len(inner.second):
        yield Skipped("all", "there is nothing to score")
        return
    validation = table.once(inner.first) if table.form == "corrected" else inner.first[:0]
    yield Fold("all", outer.first, validation, by_corpus(table, inner.second))


def with_fold(change):
    """The sound protocol with something changed in each fold."""

    def folds(table, seed):
        for fold in sound(table, seed):
            yield change(table, fold) if isinstance(fold, Fold) else fold

    return folds


def scored_by_row(table, fold):
    held = np.concatenate(list(fold.scored.values()))
    rows = np.flatnonzero(np.isin(table.unit, table.unit[held]))
    parts = {name: rows[table.corpus[rows] == i] for i, name in enumerate(table.names)}
    return replace(fold, scored={name: part for name, part in parts.items() if len(part)})


def validates_by_row(table, fold):
    held = np.flatnonzero(np.isin(table.unit, table.unit[fold.validation]))
    return replace(fold, validation=held)


def cut_by_row(table, seed):
    rows = np.random.default_rng(seed).permutation(len(table))
    nothing = rows[:0]
    yield Fold("all", rows[::2], nothing, by_corpus(table, rows[1::2]))


def by_chance(table, seed):
    yield from sound(table, int(np.random.default_rng().integers(2**31)))


def empty_part(table, fold):
    return replace(fold, scored=fold.scored | {table.names[0]: fold.train[:0]})


def swapped_names(table, fold):
    names = list(fold.scored)
    return replace(fold, scored=dict(zip(names, reversed(fold.scored.values()), strict=True)))


FAULTS = {
    "trains on what it scores": (
        with_fold(
            lambda table, fold: replace(
                fold, train=np.concatenate([fold.train, *fold.scored.values()])
            )
        ),
        {"protocol-apart"},
    ),
    "trains on what it validates": (
        with_fold(
            lambda table, fold: replace(fold, train=np.concatenate([fold.train, fold.validation]))
        ),
        {"protocol-apart"},
    ),
    "validates on what it scores": (
        with_fold(
            lambda table, fold: replace(
                fold, validation=table.once(np.concatenate(list(fold.scored.values())))
            )
        ),
        {"protocol-apart", "protocol-study"},
    ),
    "cuts by row": (cut_by_row, {"protocol-apart"}),
    "scores a text's rows": (with_fold(scored_by_row), {"protocol-once"}),
    "validates a text's rows": (with_fold(validates_by_row), {"protocol-once"}),
    "validates in the study's form": (
        with_fold(
            lambda table, fold: (
                replace(fold, train=fold.train[9:], validation=fold.train[:9])
                if table.form == "study"
                else fold
            )
        ),
        {"protocol-study"},
    ),
    "draws by chance": (by_chance, {"protocol-again"}),
    "gives nothing": (lambda table, seed: (), {"protocol-folds"}),
    "gives rows": (lambda table, seed: [np.arange(3)], {"protocol-folds"}),
    "gives two folds of one name": (
        lambda table, seed: [*sound(table, seed), *sound(table, seed)],
        {"protocol-folds"},
    ),
    "skips in silence": (lambda table, seed: [Skipped("all", " ")], {"protocol-folds"}),
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
    "scores no row of a corpus": (with_fold(empty_part), {"protocol-rows"}),
    "confuses corpora": (with_fold(swapped_names), {"protocol-rows"}),
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
    out = CARD.model_copy(update={"distribution": "out"})
    assert found(Protocol(out, sound), "note") == {"protocol-distribution"}


def test_a_fault_fails_with_what_why_and_how_to_mend():
    with pytest.raises(AssertionError, match=r"(?s)protocol-once.*What: .*Why: .*Mend: "):
        check_protocol(Protocol(CARD, with_fold(scored_by_row)))


@pytest.mark.parametrize("name", HOST.protocols.items)
def test_a_built_in_protocol_passes(name):
    report = check_protocol(HOST.get_protocol(name))
    assert not report.of("skip")
    # What is told of few shots stands in their description.
    noted = {"protocol-distribution"} if name.startswith("few-shot") else set()
    assert {finding.check for finding in report.of("note")} == noted


def test_the_example_of_the_docs_passes(request):
    path = request.config.rootpath / "docs" / "examples" / "hooks" / "register_protocols.py"
    module = load_file(path)
    assert check_protocol(Protocol(module.CARD, module.folds)).passed
