"""Models that can't be used: one sentence each, with what is wrong and the next step."""

from __future__ import annotations

import json
import weakref

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import TEXTS, write_bert, write_qwen3

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.plugins import PluginHost


def load(name, **options):
    options = {"device": "cpu"} | options
    return PluginHost().get_encoder(str(name)).load(str(name), EncoderOptions(**options))


@pytest.fixture
def folder(tmp_path):
    return write_bert(tmp_path / "bert")


def weights(folder):
    return folder / "model.safetensors"


def test_a_folder_without_weights(folder):
    weights(folder).unlink()
    with pytest.raises(EncoderError, match=r"holds no weights: expected \*\.safetensors"):
        load(folder)


def test_a_folder_with_pickled_weights_only(folder):
    weights(folder).rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"only pytorch_model\.bin, which could run code"):
        load(folder)


def test_a_folder_without_configuration(folder):
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"has no config\.json"):
        load(folder)


def test_a_folder_without_tokenizer(folder):
    """Transformers would make up an empty one, to which every word is unknown."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(EncoderError, match="has no vocabulary"):
        load(folder)


def test_a_configuration_that_is_no_json(folder):
    (folder / "config.json").write_text("{")
    with pytest.raises(EncoderError, match="is no valid JSON"):
        load(folder)


def test_a_kind_of_model_that_transformers_does_not_know(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "nobodys"}))
    with pytest.raises(EncoderError, match="nobodys"):
        load(folder)


@pytest.mark.parametrize("keep", [0, 7, 2000, -100])
def test_a_truncated_safetensors_file(folder, keep):
    data = weights(folder).read_bytes()
    weights(folder).write_bytes(data[:keep])
    with pytest.raises(EncoderError, match=r"The model of .* can't be loaded"):
        load(folder)


def test_weights_that_lack_a_layer(folder):
    tensors = load_file(weights(folder))
    kept = {name: t for name, t in tensors.items() if "layer.1.attention" not in name}
    save_file(kept, weights(folder), metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"lack 10 tensors .*layer\.1\.attention"):
        load(folder)


def test_weights_of_another_shape(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(EncoderError, match=r"The model of .* can't be loaded"):
        load(folder)


def test_a_folder_that_is_not_there():
    with pytest.raises(EncoderError, match=r"no model folder '\./nowhere'"):
        load("hf:./nowhere")


@pytest.mark.parametrize("name", ["hf:a/b/c", "hf:--", "hf:"])
def test_a_name_that_is_no_name(name):
    with pytest.raises(EncoderError, match="ORG/MODEL"):
        load(name)


def test_offline_with_nothing_cached(tmp_path):
    with pytest.raises(EncoderError, match=r"'some/model@v1' is not in the cache .* --offline"):
        load("hf:some/model@v1", offline=True, cache_dir=tmp_path)


@pytest.mark.parametrize("name", ["hf:some/model", "hf:some/model@main", "st:some/model@v1"])
def test_remote_code_needs_a_pinned_commit(name):
    with pytest.raises(EncoderError, match="pin the commit"):
        load(name, trust_remote_code=True)


FOREIGN = {"AutoModel": "someone/else--modeling.Model"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.json", json.dumps({"auto_map": FOREIGN})),
        ("config.json", json.dumps({"auto_map": FOREIGN}).replace("--", "\\u002d\\u002d")),
        ("config.json", json.dumps({"text_config": {"auto_map": FOREIGN}})),
        ("tokenizer_config.json", json.dumps({"auto_map": {"AutoTokenizer": [None, "a/b--c.D"]}})),
        ("processor_config.json", json.dumps({"auto_map": {"AutoProcessor": "a/b--c.D"}})),
        ("0_Transformer/config.json", json.dumps({"auto_map": FOREIGN})),
        ("adapter_config.json", json.dumps({"base_model_name_or_path": "someone/else"})),
    ],
)
def test_remote_code_of_another_repository_is_not_pinned(folder, file, text):
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.is_file() else {}
    # What the file says already, and the text as it stands, escapes included.
    path.write_text("{" + json.dumps(known)[1:-1] + ", " * bool(known) + text[1:])
    with pytest.raises(EncoderError, match="runs code of another repository"):
        load(folder, trust_remote_code=True)


def test_a_file_that_cannot_be_read_is_no_licence_to_run_code(folder):
    (folder / "processor_config.json").write_text("[" * 100_000)
    with pytest.raises(EncoderError, match=r"processor_config\.json' is nested .* isn't known"):
        load(folder, trust_remote_code=True)


REMOTE_CONFIG = """
from transformers import BertConfig
class HomeMadeConfig(BertConfig):
    model_type = "homemade"
"""
REMOTE_MODEL = """
from transformers import BertModel
from .configuration_homemade import HomeMadeConfig
class HomeMadeModel(BertModel):
    config_class = HomeMadeConfig
"""


@pytest.fixture
def remote(folder):
    """A model whose class comes with its folder."""
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "homemade",
        "auto_map": {
            "AutoConfig": "configuration_homemade.HomeMadeConfig",
            "AutoModel": "modeling_homemade.HomeMadeModel",
        },
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "configuration_homemade.py").write_text(REMOTE_CONFIG)
    (folder / "modeling_homemade.py").write_text(REMOTE_MODEL)
    return folder


def test_remote_code_is_not_run_unasked(remote):
    with pytest.raises(EncoderError, match="--trust-remote-code"):
        load(remote)


def test_remote_code_that_was_run_is_recorded(remote, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "m"))
    identity = load(remote, trust_remote_code=True).identity
    assert identity.remote_code
    (remote / "modeling_homemade.py").write_text(REMOTE_MODEL + "\n# another comment\n")
    assert load(remote, trust_remote_code=True).identity.model != identity.model


def test_a_model_that_reads_no_text(tmp_path):
    from tiny_models import byte_tokenizer
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, image_size=32)
    ViTModel(config.from_dict(config.to_dict() | {"num_attention_heads": 4})).save_pretrained(
        tmp_path / "vit"
    )
    byte_tokenizer().save_pretrained(tmp_path / "vit")
    with pytest.raises(EncoderError, match=r"A trial pass through .* failed .*takes token ids"):
        load(tmp_path / "vit")


def test_a_device_that_this_machine_has_not_got(folder):
    with pytest.raises(EncoderError, match=r"no device 'cuda:17' on this machine: it has cpu"):
        load(folder, device="cuda:17")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        torch.AcceleratorError("CUDA error: out of memory", 2),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_running_out_of_memory_asks_for_smaller_batches(error, tmp_path):
    encoder = load(write_qwen3(tmp_path / "qwen3"))
    states = []

    def no_memory(module, args):
        held = args[0] + 1
        states.append(weakref.ref(held))
        if len(states) == 1:
            raise error

    encoder.model.layers[1].register_forward_pre_hook(no_memory)
    with pytest.raises(MemoryError) as caught:
        encoder.encode(encoder.prepare(TEXTS))
    assert states[0]() is None, "the failed attempt still holds its tensors"
    assert caught.value.__cause__ is None
    assert encoder.encode(encoder.prepare(TEXTS)).shape[0] == len(TEXTS)


@pytest.mark.parametrize("write", [write_qwen3, write_bert])
def test_nothing_of_a_closed_model_is_left(write, tmp_path):
    encoder = load(write(tmp_path / "model"))
    encoder.encode(encoder.prepare(TEXTS))
    encoder.replicas()
    weights = [weakref.ref(weight) for weight in encoder.model.parameters()]
    encoder.close()
    assert [one for one in weights if one() is not None] == []


def test_a_device_that_vanishes_is_the_encoders_failure(tmp_path):
    encoder = load(write_qwen3(tmp_path / "qwen3"))

    def gone(*args):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered", 1)

    encoder.model.layers[1].register_forward_pre_hook(gone)
    with pytest.raises(EncoderError, match=r"The forward pass of .* failed .*choose another one"):
        encoder.encode(encoder.prepare(TEXTS))


def test_closing_on_a_device_that_is_gone_raises_nothing(tmp_path, monkeypatch):
    encoder = load(write_qwen3(tmp_path / "qwen3"))

    def gone():
        raise torch.AcceleratorError("CUDA error: unspecified launch failure", 1)

    monkeypatch.setattr(torch.cuda, "empty_cache", gone)
    encoder.device = torch.device("cuda:0")
    encoder.close()
