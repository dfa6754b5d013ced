"""Families of transformers: their layers are found, and their states are transformers' own."""

from __future__ import annotations

import pytest
import torch
import transformers

from cefrbench.engines.transformer.loading import prepare_model
from cefrbench.engines.transformer.packing import PackedLinear, pack_linears
from cefrbench.engines.transformer.shortcut import shorten
from cefrbench.engines.transformer.states import examine, visit_states

SMALL = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}
WINDOW = {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 8}
IDS = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2}
T5 = {"vocab_size": 300, "d_model": 32, "d_ff": 64, "num_layers": 3, "num_heads": 4, "d_kv": 8}

#: Configuration; whether causal; whether the layers can be watched; whether the last is shortened;
#: how many linear layers are packed.
FAMILIES = {
    "roberta": (transformers.RobertaConfig(**SMALL), False, True, True, 18),
    "electra": (transformers.ElectraConfig(**SMALL, embedding_size=16), False, True, True, 18),
    "mpnet": (transformers.MPNetConfig(**SMALL), False, True, False, 18),
    "deberta": (transformers.DebertaV2Config(**SMALL), False, True, False, 18),
    "modernbert": (transformers.ModernBertConfig(**SMALL, **IDS), False, True, False, 12),
    "albert, one layer thrice": (
        transformers.AlbertConfig(**SMALL, embedding_size=16),
        False,
        False,
        False,
        0,
    ),
    "t5, its encoder": (transformers.T5Config(**T5), False, True, False, 0),
    "gpt2, absolute positions": (
        transformers.GPT2Config(vocab_size=300, n_embd=32, n_layer=3, n_head=4),
        True,
        True,
        False,
        0,
    ),
    "gemma3, sliding windows": (
        transformers.Gemma3TextConfig(**SMALL, **WINDOW, use_bidirectional_attention=False),
        True,
        True,
        False,
        21,
    ),
    "gemma3 that looks both ways": (
        transformers.Gemma3TextConfig(**SMALL, **WINDOW, use_bidirectional_attention=True),
        False,
        True,
        False,
        21,
    ),
}


def states_of(model, anatomy, ids, mask) -> dict[int, torch.Tensor]:
    states: dict[int, torch.Tensor] = {}
    inputs = {} if anatomy.causal else {"attention_mask": mask}
    with torch.inference_mode():
        visit_states(model, anatomy, states.__setitem__, input_ids=ids, **inputs)
    return states


@pytest.mark.parametrize("family", list(FAMILIES))
def test_states_of_padded_texts_are_those_of_each_text_alone(family):
    config, causal, watched, shortened, packed = FAMILIES[family]
    torch.manual_seed(0)
    model = prepare_model(transformers.AutoModel.from_config(config), "cpu")
    anatomy = examine(model)
    assert (anatomy.causal, anatomy.stack is not None) == (causal, watched)
    assert (anatomy.depth, anatomy.width) == (3, 32)

    lengths = (20, 13, 7)
    ids = torch.randint(5, 300, (3, 20))
    mask = (torch.arange(20) < torch.tensor(lengths)[:, None]).long()
    ids = torch.where(mask.bool(), ids, config.pad_token_id or 0)
    alone = []
    with torch.inference_mode():
        for row, length in enumerate(lengths):
            output = model(input_ids=ids[row : row + 1, :length], output_hidden_states=True)
            alone.append([states[0] for states in output.hidden_states])

    def expect_the_same():
        states = states_of(model, anatomy, ids, mask)
        for row, length in enumerate(lengths):
            for layer, expected in enumerate(alone[row]):
                torch.testing.assert_close(states[layer][row, :length], expected, atol=1e-5, rtol=0)

    expect_the_same()
    assert pack_linears(model, anatomy) == (packed > 0)
    assert sum(isinstance(part, PackedLinear) for part in model.modules()) == packed
    expect_the_same()
    # The last layer's weights are used as they are, so it is shortened before others are packed.
    model = prepare_model(transformers.AutoModel.from_config(config), "cpu")
    assert (shorten(model, examine(model), "last") is not None) == shortened


class Halved(torch.nn.Linear):
    """Does something else with its weights than a linear layer."""

    def forward(self, states):
        return torch.nn.functional.linear(states, self.weight / 2, self.bias)


def test_a_layer_with_a_linear_of_its_own_kind_keeps_it():
    model = prepare_model(transformers.AutoModel.from_config(FAMILIES["roberta"][0]), "cpu")
    anatomy = examine(model)
    for layer in anatomy.stack:
        layer.output.dense = Halved(64, 32)
    ids = torch.arange(5, 25)[None]
    expected = states_of(model, anatomy, ids, torch.ones_like(ids))
    assert pack_linears(model, anatomy)
    assert all(type(layer.output.dense) is Halved for layer in anatomy.stack)
    found = states_of(model, anatomy, ids, torch.ones_like(ids))
    for layer, states in expected.items():
        torch.testing.assert_close(found[layer], states, atol=1e-5, rtol=0)


@pytest.mark.parametrize("fault", ["missing", "wrong"])
def test_a_model_stays_as_it_is_where_packing_gives_no_or_other_states(monkeypatch, fault):
    def product(self, states):
        if fault == "missing":
            raise AttributeError("no such operator in this build")
        return states.new_zeros((*states.shape[:-1], self.out_features))

    monkeypatch.setattr(PackedLinear, "forward", product)
    model = prepare_model(transformers.AutoModel.from_config(FAMILIES["roberta"][0]), "cpu")
    anatomy = examine(model)
    before = dict(model.named_modules())
    assert not pack_linears(model, anatomy)
    assert dict(model.named_modules()) == before


def test_half_precision_is_not_packed():
    model = prepare_model(transformers.AutoModel.from_config(FAMILIES["roberta"][0]), "cpu")
    assert not pack_linears(model.bfloat16(), examine(model))
