"""`st:` does as the model declares: its prompt, its pooling, its max length."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_models import TEXTS, write_bert

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.plugins import PluginHost

sentence_transformers = pytest.importorskip("sentence_transformers")


def load(folder, **options):
    name = f"st:{folder}"
    return PluginHost().get_encoder(name).load(name, EncoderOptions(device="cpu", **options))


@pytest.fixture
def folder(tmp_path):
    """A model that declares much: a prompt, CLS pooling, 90 tokens, a dense layer, a norm."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling
    from sentence_transformers.util import import_from_string

    bert = write_bert(tmp_path / "bert")
    transformer = import_from_string("sentence_transformers.models.Transformer")(str(bert))
    transformer.max_seq_length = 90
    model = SentenceTransformer(
        modules=[transformer, Pooling(32, "cls"), Dense(32, 16), Normalize()],
        prompts={"level": "Level: ", "topic": "Topic: "},
        default_prompt_name="level",
        device="cpu",
    )
    model.save(str(tmp_path / "declared"))
    return tmp_path / "declared"


def test_the_declaration_is_the_default_and_recorded(folder):
    identity = load(folder).identity
    assert (identity.instruction, identity.pooling, identity.max_length) == ("Level: ", "cls", 90)
    assert identity.details["modules_left_out"] == "Dense, Normalize"


def test_the_last_layer_is_what_the_library_pools(folder):
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(folder), device="cpu")
    pooled = library[1](library[0](library.preprocess(["Level: " + text for text in TEXTS])))
    encoder = load(folder)
    features = encoder.encode(encoder.prepare(TEXTS))
    expected = pooled["sentence_embedding"].detach().numpy()
    np.testing.assert_allclose(features[:, -1], expected, atol=1e-5)


def test_the_user_overrides_the_declaration(folder):
    identity = load(folder, pooling="mean", instruction="", max_length=100).identity
    assert (identity.instruction, identity.pooling, identity.max_length) == ("", "mean", 100)


def test_a_plain_transformer_pools_by_its_mean(tmp_path):
    identity = load(write_bert(tmp_path / "plain")).identity
    assert (identity.instruction, identity.pooling) == ("", "mean")


def test_flags_of_older_files_are_read(folder):
    config = {"word_embedding_dimension": 32, "pooling_mode_max_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    assert load(folder).identity.pooling == "max"


def test_a_pooling_that_cefrbench_has_not_got_asks_for_one(folder):
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": ["mean", "max"]}')
    with pytest.raises(EncoderError, match=r"pools by mean and max: choose --pooling"):
        load(folder)
    assert load(folder, pooling="mean").identity.pooling == "mean"


@pytest.mark.parametrize(
    "first", ["sentence_transformers.models.StaticEmbedding", "custom_code.Transformer"]
)
def test_nothing_but_the_librarys_transformer_is_imported(folder, first):
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "path": "", "type": first}]))
    with pytest.raises(EncoderError, match=f"begins with '{first}'"):
        load(folder)


def test_a_declaration_that_is_no_json_is_named(folder):
    (folder / "modules.json").write_text("[")
    with pytest.raises(EncoderError, match=r"modules\.json' is no valid JSON"):
        load(folder)
