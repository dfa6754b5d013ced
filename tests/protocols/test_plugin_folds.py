"""What a plugin's folds are held to before anything is fitted, and what names a fold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from essay_factory import essays

from cefrbench.contracts.cards import ProtocolCard
from cefrbench.contracts.protocol import Fold, Inner, Protocol, Skipped
from cefrbench.errors import PluginError, UserError
from cefrbench.essays import Ints, pool
from cefrbench.folds import make_folds
from cefrbench.levels import FIVE

CARD = ProtocolCard(name="mine", title="Mine", description="By hand.", distribution="in")
TEXTS = [(text, level) for text, level in zip("abcdabcd", ("A1", "B1") * 4, strict=True)]
PAIRED = pool([essays("t", TEXTS)], FIVE, "corrected")


def rows(*numbers: int) -> Ints:
    return np.array(numbers, dtype=np.int64)


def planned(fold: Fold) -> Protocol:
    return Protocol(CARD, lambda table, seed: [fold])


#: A sound one: four texts, each with a twin four rows on.
SOUND = Fold(
    "mine", rows(0, 1, 2), {"t": rows(3)}, (Inner(rows(0, 1), {"t": rows(2)}),), ("as it is",)
)


@pytest.mark.parametrize("train", [rows(0, 1, 2, 3), rows(0, 1, 2, 7)], ids=["row", "twin"])
def test_training_on_a_text_that_is_scored_is_a_fault_of_the_plugin(train: Ints) -> None:
    with pytest.raises(PluginError, match=r"'mine' uses 1 texts in fold 'mine' that it also sco"):
        make_folds(planned(replace(SOUND, train=train)), PAIRED, 42)


@pytest.mark.parametrize("held", [rows(2, 3), rows(2, 7)], ids=["row", "twin"])
def test_choosing_on_a_text_that_is_scored_is_a_fault_of_the_plugin(held: Ints) -> None:
    fold = replace(SOUND, inner=(*SOUND.inner, Inner(rows(0, 1), {"t": held})))
    with pytest.raises(PluginError, match=r"1 texts in fold 'mine' for its choice that it also"):
        make_folds(planned(fold), PAIRED, 42)


@pytest.mark.parametrize("held", [rows(1), rows(5)], ids=["row", "twin"])
def test_choosing_on_a_text_that_the_inner_fit_sees_is_a_fault_of_the_plugin(held: Ints) -> None:
    fold = replace(SOUND, inner=(Inner(rows(0, 1), {"t": held}),))
    with pytest.raises(PluginError, match=r"1 texts in fold 'mine' that it also chooses on"):
        make_folds(planned(fold), PAIRED, 42)


@pytest.mark.parametrize(
    "cut",
    [
        Inner(rows(0, 3), {"t": rows(2)}),
        Inner(rows(0, 5), {"t": rows(2)}),
        Inner(rows(0, 1), {"t": rows(6)}),
    ],
    ids=["scored text", "row beside", "held row beside"],
)
def test_choosing_by_rows_that_the_fold_does_not_train_on_is_a_fault_of_the_plugin(
    cut: Inner,
) -> None:
    with pytest.raises(PluginError, match=r"'mine' chooses for fold 'mine' by texts that the fold"):
        make_folds(planned(replace(SOUND, inner=(cut,))), PAIRED, 42)


@pytest.mark.parametrize(
    ("fold", "said"),
    [
        ("all", "a str is neither Fold nor Skipped"),
        (replace(SOUND, train=[0, 1]), "`train` must be an array of integers"),
        (replace(SOUND, train=np.array([0.0, 1.0])), "`train` must be an array of integers"),
        (replace(SOUND, train=np.array([True, False])), "`train` must be an array of integers"),
        (replace(SOUND, scored=rows(3)), "`scored` must be a dict of arrays of integers"),
        (replace(SOUND, scored={"t": [3]}), "`scored` must be a dict of arrays of integers"),
        (
            replace(SOUND, scored={"t": rows(3), "u": np.array([0.5])}),
            "`scored` must be a dict of arrays of integers",
        ),
        (replace(SOUND, inner=[*SOUND.inner]), "`inner` must be a tuple of Inner"),
        (replace(SOUND, inner=(*SOUND.inner, "cut")), "`inner` must be a tuple of Inner"),
        (
            replace(SOUND, inner=(*SOUND.inner, Inner(rows(0), {"t": [2]}))),
            "`held` must be a dict of arrays of integers",
        ),
        (
            replace(SOUND, inner=(*SOUND.inner, Inner(np.array([0.0]), {"t": rows(2)}))),
            "`train` must be an array of integers",
        ),
    ],
)
def test_what_is_no_fold_is_a_fault_of_the_plugin_and_says_which_part(fold: Any, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        make_folds(planned(fold), PAIRED, 42)
    assert str(caught.value) == f"Protocol 'mine' gives no usable folds: {said}."


def test_rows_of_any_integer_type_are_rows() -> None:
    fold = replace(SOUND, train=np.array([0, 1, 2], dtype=np.uint16))
    assert make_folds(planned(fold), PAIRED, 42) == [fold]


def test_sides_that_share_no_text_pass() -> None:
    assert make_folds(planned(SOUND), PAIRED, 42) == [SOUND]


def test_a_fold_without_inner_cuts_is_skipped_with_its_notes_but_in_the_studys_form() -> None:
    fold = replace(SOUND, inner=())
    why = "its training part can't be cut, so no layer or penalty can be chosen"
    assert make_folds(planned(fold), PAIRED, 42) == [Skipped("mine", f"as it is; {why}")]
    study = pool([essays("t", TEXTS)], FIVE, "study")
    assert make_folds(planned(fold), study, 42) == [fold]


# -- manifests -----------------------------------------------------------------------------------


def manifest(**changes: Any) -> str:
    return replace(SOUND, **changes).manifest("mine", PAIRED.key)


def test_a_manifest_says_which_text_is_where_and_not_in_which_order() -> None:
    (cut,) = SOUND.inner
    others = [
        manifest(name="other"),
        manifest(train=rows(0, 1)),
        manifest(train=rows(0, 1, 6)),
        manifest(scored={"u": rows(3)}),
        manifest(scored={"t": rows(7)}),
        manifest(scored={"t": rows(3, 7)}),
        manifest(inner=()),
        manifest(inner=(cut, cut)),
        manifest(inner=(replace(cut, train=rows(0)),)),
        manifest(inner=(replace(cut, train=rows(0, 5)),)),
        manifest(inner=(replace(cut, held={"t": rows(6)}),)),
        manifest(inner=(replace(cut, held={"u": rows(2)}),)),
        SOUND.manifest("other", PAIRED.key),
        SOUND.manifest("mine", PAIRED.key[::-1]),
    ]
    assert len({manifest(), *others}) == len(others) + 1
    assert manifest(train=rows(2, 0, 1)) == manifest()
    assert manifest(inner=(replace(cut, train=rows(1, 0)),)) == manifest()
    assert manifest(notes=()) == manifest()


def test_a_protocol_that_breaks_is_a_fault_of_its_plugin_and_its_own_sentence_is_kept() -> None:
    def breaks(error: Exception) -> Protocol:
        def folds(table: object, seed: int) -> list[Fold | Skipped]:
            raise error

        return Protocol(CARD, folds)

    with pytest.raises(PluginError) as raised:
        make_folds(breaks(ValueError("nothing to cut")), PAIRED, 42)
    assert str(raised.value) == (
        "Protocol 'mine' failed (ValueError: nothing to cut): that is a fault of its plugin; "
        "--debug shows where."
    )
    own = UserError("Its own sentence.")
    with pytest.raises(UserError) as kept:
        make_folds(breaks(own), PAIRED, 42)
    assert kept.value is own
