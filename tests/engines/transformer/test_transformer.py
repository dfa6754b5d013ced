"""Any transformer as an encoder: states, pooling, padding and cuts as transformers has them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from tiny_models import TEXTS, states_by_transformers, write_bert, write_qwen3

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.engines.transformer.states import examine
from cefrbench.plugins import PluginHost

POOLS = {
    "last": lambda states: states[-1],
    "cls": lambda states: states[0],
    "mean": lambda states: states.mean(0),
    "max": lambda states: states.amax(0),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {
        "qwen3-left": write_qwen3(root / "qwen3-left", "left"),
        "qwen3-right": write_qwen3(root / "qwen3-right", "right"),
        "bert": write_bert(root / "bert"),
    }


def load(folder, **options):
    return (
        PluginHost()
        .get_encoder(f"hf:{folder}")
        .load(f"hf:{folder}", EncoderOptions(device="cpu", **options))
    )


def encode(encoder, texts):
    return encoder.encode(encoder.prepare(texts))


@pytest.mark.parametrize("pooling", list(POOLS))
@pytest.mark.parametrize("model", ["qwen3-left", "bert"])
def test_every_layer_of_a_batch_is_what_transformers_gives_for_each_text_alone(
    folders, model, pooling
):
    features = encode(load(folders[model], pooling=pooling, max_length=100), TEXTS)
    for text, found in zip(TEXTS, features, strict=True):
        states = states_by_transformers(folders[model], text, max_length=100)
        assert len(found) == len(states)
        for layer, state in enumerate(states):
            np.testing.assert_allclose(
                found[layer], POOLS[pooling](state), atol=1e-5, err_msg=f"{text!r} layer {layer}"
            )


def test_padding_side_of_the_tokenizer_changes_nothing(folders):
    left = encode(load(folders["qwen3-left"]), TEXTS)
    right = encode(load(folders["qwen3-right"]), TEXTS)
    np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("pooling", list(POOLS))
@pytest.mark.parametrize("model", ["qwen3-left", "bert"])
def test_a_text_has_the_same_features_alone_and_in_a_batch(folders, model, pooling):
    encoder = load(folders[model], pooling=pooling)
    together = encode(encoder, TEXTS)
    alone = np.concatenate([encode(encoder, [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_the_last_state_is_after_the_final_norm(folders):
    encoder = load(folders["qwen3-left"])
    length = np.sqrt((encode(encoder, TEXTS)[:, -1] ** 2).mean(-1))
    # RMSNorm with weights of one, as freshly initialised, gives rows of root mean square one.
    np.testing.assert_allclose(length, 1, atol=1e-3)


def test_instruction_and_text_are_tokenized_and_cut_as_one(folders):
    instruction = "Instruct: say it.\nQuery: "
    encoder = load(folders["qwen3-left"], instruction=instruction, max_length=40)
    tokens = encoder.prepare([TEXTS[2]])[0]
    assert len(tokens) == 40
    assert tokens[-1] == 3, "the tokenizer's end token survives the cut"
    expected = states_by_transformers(folders["qwen3-left"], TEXTS[2], 40, instruction)
    np.testing.assert_allclose(encode(encoder, [TEXTS[2]])[0, -1], expected[-1][-1], atol=1e-5)


def test_causal_models_pool_the_last_token_by_default_and_others_the_mean(folders):
    assert load(folders["qwen3-left"]).identity.pooling == "last"
    assert load(folders["bert"]).identity.pooling == "mean"


def test_a_qwen3_that_looks_both_ways_is_not_taken_for_causal(folders):
    model = load(folders["qwen3-left"]).model
    assert examine(model).causal
    for layer in model.layers:
        layer.self_attn.is_causal = False
    assert not examine(model).causal


def test_max_length_stays_within_the_positions_of_the_model(folders):
    assert load(folders["bert"]).identity.max_length == 128
    assert load(folders["bert"], max_length=512).identity.max_length == 128
    assert load(folders["bert"], max_length=20).identity.max_length == 20
    assert load(folders["qwen3-left"]).identity.max_length == 512


def test_a_model_whose_layers_cannot_be_found_gives_the_same_features(folders):
    encoder = load(folders["qwen3-left"])
    expected = encode(encoder, TEXTS)
    encoder.anatomy = type(encoder.anatomy)(None, 3, 32, True)
    np.testing.assert_array_equal(encode(encoder, TEXTS), expected)


@pytest.mark.parametrize("pooling", ["last", "cls"])
def test_leaving_out_the_last_layers_other_tokens_is_exact(folders, pooling):
    encoder = load(folders["bert"], pooling=pooling)
    assert encoder._shortcut is not None
    short = encode(encoder, TEXTS)
    encoder.anatomy.stack[-1] = encoder._shortcut.layer
    encoder._shortcut = None
    np.testing.assert_allclose(short, encode(encoder, TEXTS), atol=1e-5)


def test_no_token_states_are_kept_beyond_the_layer_that_reads_them(folders):
    """Memory holds one layer's tokens: a state is gone when the next layer has run."""
    import weakref

    from cefrbench.engines.transformer.states import visit_states

    encoder = load(folders["qwen3-left"])
    alive: list[int] = []
    seen: list[weakref.ref] = []

    def visit(layer, states):
        alive.append(sum(ref() is not None for ref in seen))
        seen.append(weakref.ref(states))

    with torch.inference_mode():
        ids = torch.arange(5, 25)[None]
        visit_states(encoder.model, encoder.anatomy, visit, input_ids=ids)
    assert len(seen) == 4
    assert max(alive) <= 1


def test_half_precision_gives_finite_float32_features(folders):
    encoder = load(folders["qwen3-left"], dtype="bfloat16")
    features = encode(encoder, TEXTS)
    assert encoder.identity.dtype == "bfloat16"
    assert features.dtype == np.float32
    exact = encode(load(folders["qwen3-left"]), TEXTS)
    assert np.corrcoef(features[:, -1].ravel(), exact[:, -1].ravel())[0, 1] > 0.999


def test_identity_changes_with_everything_that_changes_a_value_and_only_then(folders, tmp_path):
    base = load(folders["bert"]).identity
    moved = load(shutil.copytree(folders["bert"], tmp_path / "moved")).identity
    assert base.digest() == moved.digest()
    assert base.digest() == base.model_copy(update={"role": "control"}).digest()
    assert base.model.startswith("sha256:")
    others = [
        load(folders["bert"], pooling="cls"),
        load(folders["bert"], instruction="Query: "),
        load(folders["bert"], max_length=64),
        load(folders["bert"], dtype="bfloat16"),
        load(write_bert(tmp_path / "other", initializer_range=0.1)),
    ]
    digests = {base.digest(), *(encoder.identity.digest() for encoder in others)}
    assert len(digests) == 6


def test_a_replica_runs_on_its_own_weights_and_gives_the_same_features(folders, tmp_path):
    from essay_factory import essays

    from cefrbench.engines.transformer.encoder import TransformerEncoder
    from cefrbench.features.compute import compute_features
    from cefrbench.features.store import FeatureStore

    one = load(folders["qwen3-left"])
    elsewhere = [lambda: load(folders["qwen3-left"]).model]
    two = TransformerEncoder(one.identity, one.model, one.anatomy, one._tokenizer, elsewhere)
    first, second = two.replicas()
    assert first is two
    assert two.replicas()[1] is second, "loaded once"
    assert second.model is not first.model
    np.testing.assert_array_equal(encode(second, TEXTS), encode(one, TEXTS))

    corpus = essays("one", [(f"{text} {n}", "B1") for n in range(120) for text in TEXTS])
    alone = compute_features(one, [corpus], FeatureStore(tmp_path / "one"))
    shared = compute_features(two, [corpus], FeatureStore(tmp_path / "two"))
    for layer in alone.layers:
        np.testing.assert_array_equal(shared.layer(layer), alone.layer(layer))


@pytest.mark.parametrize("pooling", ["last", "mean"])
@pytest.mark.parametrize("model", ["qwen3-left", "bert"])
def test_on_a_cpu_twins_share_the_weights_and_the_work(folders, tmp_path, model, pooling):
    from essay_factory import essays

    from cefrbench.features.compute import compute_features
    from cefrbench.features.store import FeatureStore

    corpus = essays("one", [(f"{text} {n}", "B1") for n in range(60) for text in TEXTS])
    alone = compute_features(
        load(folders[model], pooling=pooling), [corpus], FeatureStore(tmp_path / "one")
    )
    torch.set_num_threads(2)
    try:
        encoder = load(folders[model], pooling=pooling)
        first, second = encoder.replicas()
        assert first is encoder
        weights = {weight.data_ptr() for weight in first.model.parameters()}
        assert {weight.data_ptr() for weight in second.model.parameters()} == weights
        shared = compute_features(encoder, [corpus], FeatureStore(tmp_path / "two"))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    for layer in alone.layers:
        np.testing.assert_array_equal(shared.layer(layer), alone.layer(layer))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_features_of_the_cpu(folders):
    expected = encode(load(folders["qwen3-left"]), TEXTS)
    name = f"hf:{folders['qwen3-left']}"
    spec = PluginHost().get_encoder(name)
    exact = spec.load(name, EncoderOptions(device="cuda:0", dtype="float32"))
    np.testing.assert_allclose(encode(exact, TEXTS), expected, atol=1e-3)
    quick = spec.load(name, EncoderOptions(device="cuda:0"))
    assert quick.identity.dtype in {"bfloat16", "float16"}
    assert np.corrcoef(encode(quick, TEXTS).ravel(), expected.ravel())[0, 1] > 0.999
