"""Families of transformers: their layers are found, and their states are transformers' own."""

from __future__ import annotations

import pytest
import torch
import transformers

from cefrbench.features.loading import prepare_model
from cefrbench.features.shortcut import shorten
from cefrbench.features.states import examine, visit_states

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

#: Configuration; whether causal; whether the layers can be watched; whether the last is shortened.
FAMILIES = {
    "roberta": (transformers.RobertaConfig(**SMALL), False, True, True),
    "electra": (transformers.ElectraConfig(**SMALL, embedding_size=16), False, True, True),
    "mpnet": (transformers.MPNetConfig(**SMALL), False, True, False),
    "deberta": (transformers.DebertaV2Config(**SMALL), False, True, False),
    "modernbert": (transformers.ModernBertConfig(**SMALL, **IDS), False, True, False),
    "albert, one layer thrice": (
        transformers.AlbertConfig(**SMALL, embedding_size=16),
        False,
        False,
        False,
    ),
    "t5, its encoder": (transformers.T5Config(**T5), False, True, False),
    "gpt2, absolute positions": (
        transformers.GPT2Config(vocab_size=300, n_embd=32, n_layer=3, n_head=4),
        True,
        True,
        False,
    ),
    "gemma3, sliding windows": (
        transformers.Gemma3TextConfig(**SMALL, **WINDOW, use_bidirectional_attention=False),
        True,
        True,
        False,
    ),
    "gemma3 that looks both ways": (
        transformers.Gemma3TextConfig(**SMALL, **WINDOW, use_bidirectional_attention=True),
        False,
        True,
        False,
    ),
}


@pytest.mark.parametrize("family", list(FAMILIES))
def test_states_of_padded_texts_are_those_of_each_text_alone(family):
    config, causal, watched, shortened = FAMILIES[family]
    torch.manual_seed(0)
    model = prepare_model(transformers.AutoModel.from_config(config), "cpu")
    anatomy = examine(model)
    assert (anatomy.causal, anatomy.stack is not None) == (causal, watched)
    assert (anatomy.depth, anatomy.width) == (3, 32)

    lengths = (20, 13, 7)
    ids = torch.randint(5, 300, (3, 20))
    mask = (torch.arange(20) < torch.tensor(lengths)[:, None]).long()
    ids = torch.where(mask.bool(), ids, config.pad_token_id or 0)
    states: dict[int, torch.Tensor] = {}
    with torch.inference_mode():
        inputs = {} if causal else {"attention_mask": mask}
        visit_states(model, anatomy, states.__setitem__, input_ids=ids, **inputs)
        for row, length in enumerate(lengths):
            alone = model(input_ids=ids[row : row + 1, :length], output_hidden_states=True)
            for layer, expected in enumerate(alone.hidden_states):
                torch.testing.assert_close(
                    states[layer][row, :length], expected[0], atol=1e-5, rtol=0
                )
    assert (shorten(model, anatomy, "last") is not None) == shortened
