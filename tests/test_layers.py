"""Which layers a run probes."""

import pytest

from cefrbench.errors import UserError
from cefrbench.layers import parse_layers

SEVEN = tuple(range(7))


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        ("all", (1, 2, 3, 4, 5, 6)),
        ("last", (6,)),
        ("0", (0,)),
        ("4, 2,4", (2, 4)),
        ("0-6:3", (0, 3, 6)),
        ("0-6:03", (0, 3, 6)),
        ("1-2,5-6", (1, 2, 5, 6)),
    ],
)
def test_a_spec_names_layers_in_ascending_order(spec, layers):
    assert parse_layers(spec, SEVEN) == layers


@pytest.mark.parametrize(
    ("layers", "grid"),
    [
        (28, (1, 5, 10, 15, 20, 25, 27)),  # Qwen3-Embedding-0.6B
        (36, (1, 5, 10, 15, 20, 25, 30, 35)),  # Qwen3-Embedding-4B and -8B
        (24, (1, 5, 10, 15, 20, 23)),  # embeddinggemma-300M
        (6, (1, 5)),
        (5, (1, 4)),
        (2, (1,)),
        (1, (1,)),
    ],
)
def test_the_study_probed_a_grid_of_the_layers_below_the_last(layers, grid):
    assert parse_layers("study", tuple(range(layers + 1))) == grid


@pytest.mark.parametrize("only", [(0,), (1,), (12,)])
def test_an_encoder_with_one_layer_keeps_it_in_the_grid_of_the_study(only):
    assert parse_layers("study", only) == only


def test_all_leaves_out_the_embedding_output_unless_there_is_nothing_else():
    assert parse_layers("all", (0,)) == (0,)


@pytest.mark.parametrize("spec", ["7", "0-28:4", "5-4", "-1", "x", "", "1-3:0", "1-3:00", "1;2"])
def test_a_spec_that_names_no_layer_is_one_sentence_with_the_value(spec):
    with pytest.raises(UserError, match="Layers " + repr(spec).replace("\\", "\\\\")):
        parse_layers(spec, SEVEN)


@pytest.mark.parametrize(
    ("spec", "available", "said"),
    [
        (
            " 1, x",
            SEVEN,
            "Layers '1, x' can't be read at ' x': "
            "write all, last, study, a list such as 4,8,12, or a range such as 0-28:4.",
        ),
        ("5-4", SEVEN, "Layers '5-4' are out of range (none): this encoder has layers 0 to 6."),
        (
            "4-20:3",
            SEVEN,
            "Layers '4-20:3' are out of range (7, 10, 13, 16, 19): "
            "this encoder has layers 0 to 6.",
        ),
        ("13,0-12:2", (1, 5, 9), "Layers '13,0-12:2' are out of range (0, 2, 4, 6, 8): "
         "this encoder has layers 1 to 9."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_asked_for_and_what_there_is(spec, available, said):
    with pytest.raises(UserError) as raised:
        parse_layers(spec, available)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("spec", "layers"),
    [(" last ", (12,)), ("study", (5, 10)), ("all", (1, 5, 10, 12)), ("5-12:5", (5, 10))],
)
def test_layers_are_those_that_the_encoder_has(spec, layers):
    assert (
        parse_layers(spec, (0, 1, 5, 10, 12) if spec != "study" else (0, 3, 5, 7, 10, 12)) == layers
    )
