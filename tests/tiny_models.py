"""Tiny models with random weights, written by transformers, and texts to run them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
)

#: Invented; of different lengths, with scripts and spaces that tokenizers treat differently.
TEXTS = (
    "I like my dog.",
    "Včera jsem šla do školy a potom domů, protože pršelo.",
    "Sehr geehrte Damen und Herren,\n\nich schreibe Ihnen wegen der Anzeige.  Vielen Dank!",
    "أنا طالب",
    "x",
    "A longer text, so that the shorter ones beside it have much padding to stand before. " * 3,
)


def byte_tokenizer(padding_side: str = "right", bert: bool = False) -> PreTrainedTokenizerFast:
    """Bytes as tokens, after four special ones: [PAD] 0, [CLS] 1, [SEP] 2, <end> 3.

    Like Qwen3-Embedding's it ends every text with a token; like BERT's it puts one on either side.
    """
    special = ("[PAD]", "[CLS]", "[SEP]", "<end>")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate((*special, *alphabet))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]" if bert else "$A <end>",
        special_tokens=[(token, number) for number, token in enumerate(special)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        eos_token="[SEP]" if bert else "<end>",
        padding_side=padding_side,
    )


def write_qwen3(
    folder: Path, padding_side: str = "left", chat: str | None = None, **config: Any
) -> Path:
    """A Qwen3 of three layers, 32 wide; with a template of chats the head that talks is there."""
    settings = {
        "vocab_size": 260,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "initializer_range": 0.2,
    }
    tokenizer = byte_tokenizer(padding_side)
    tokenizer.chat_template = chat or None
    kind = Qwen3Model if chat is None else Qwen3ForCausalLM
    return _write(folder, kind, Qwen3Config(**settings | config), tokenizer)


def write_bert(folder: Path, **config: Any) -> Path:
    """A BERT of two layers, 32 wide, with 128 positions."""
    settings = {
        "vocab_size": 260,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
        "initializer_range": 0.2,
    }
    return _write(folder, BertModel, BertConfig(**settings | config), byte_tokenizer(bert=True))


def _write(
    folder: Path,
    kind: type[PreTrainedModel],
    config: Any,
    tokenizer: PreTrainedTokenizerFast,
) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = kind(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def states_by_transformers(
    folder: Path, text: str, max_length: int, instruction: str = ""
) -> list[torch.Tensor]:
    """Hidden states of one text alone, as transformers gives them: shape (tokens, width) each."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    inputs = tokenizer(
        instruction + text, truncation=True, max_length=max_length, return_tensors="pt"
    )
    with torch.no_grad():
        output = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            output_hidden_states=True,
        )
    return [state[0] for state in output.hidden_states]
