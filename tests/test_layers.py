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


@pytest.mark.parametrize("spec", ["7", "0-28:4", "5-4", "-1", "x", "", "1-3:0", "1;2"])
def test_a_spec_that_names_no_layer_is_one_sentence_with_the_value(spec):
    with pytest.raises(UserError, match="Layers " + repr(spec).replace("\\", "\\\\")):
        parse_layers(spec, SEVEN)
