"""Configuration: precedence, repeatability, errors."""

import json
import shlex

import pytest

from cefrbench.cli.run import run as run_command
from cefrbench.config import as_command, get_suite, list_suites, merge, read_config
from cefrbench.errors import UserError


def test_command_line_wins_over_file_and_file_over_suite():
    file = {"suite": "paper", "seeds": [7], "pooling": "mean"}
    config = merge({"encoders": ("minilm",), "pooling": "cls"}, file)
    assert (config.suite, config.pooling, config.seeds) == ("paper", "cls", (7,))
    assert config.form == "study"


def test_the_default_suite_is_the_standard_when_an_encoder_is_named_and_else_quickstart():
    assert merge({"encoders": ("minilm",)}, {}).suite == "cefr-v1"
    assert merge({}, {}).suite == "quickstart"


@pytest.mark.parametrize("name", [suite.name for suite in list_suites()])
def test_every_suite_is_a_valid_configuration(name):
    config = merge({"suite": name}, {})
    assert config.corpora
    assert config.probes
    assert config.protocols


def test_the_merged_configuration_is_accepted_back(tmp_path):
    config = merge({"encoders": ("minilm",), "layers": "last", "limit": 9}, {})
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"config": config.model_dump(mode="json"), "units": []}))
    assert merge({}, read_config(path)) == config


def test_a_result_cannot_ask_that_code_from_the_net_be_run(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"config": {"suite": "cefr-v1", "trust_remote_code": True}}))
    assert merge({}, read_config(path)).trust_remote_code is False
    own = tmp_path / "own.json"
    own.write_text(json.dumps({"suite": "cefr-v1", "trust_remote_code": True}))
    assert merge({}, read_config(own)).trust_remote_code is True


def test_the_command_of_a_result_gives_its_configuration_again():
    config = merge(
        {"suite": "paper", "encoders": ("minilm",), "instruction": "", "seeds": (3, 4)}, {}
    )
    words = shlex.split(as_command(config))
    assert words[:2] == ["cefrbench", "run"]
    parsed = run_command.make_context("run", words[2:]).params
    assert (
        merge({k: v for k, v in parsed.items() if k in type(config).model_fields and v != ()}, {})
        == config
    )


@pytest.mark.parametrize(
    "options",
    [
        {"penalties": ("ridge=10.0", "ridge=1.0")},
        {"every_layer": True, "refits": 0},
        {"references": ("surface",), "layers": "last"},
    ],
)
def test_the_command_names_the_options_of_the_procedure(options):
    config = merge({"suite": "cefr-v1", "encoders": ("minilm",)} | options, {})
    words = shlex.split(as_command(config))
    parsed = run_command.make_context("run", words[2:]).params
    given = {k: v for k, v in parsed.items() if k in type(config).model_fields and v != ()}
    assert merge(given, {}) == config


OF_SCHEMA_1 = {
    "suite": "cefr-v1",
    "encoders": ["minilm"],
    "corpora": ["elle"],
    "probes": ["ridge", "mlp-regressor"],
    "protocols": ["iid", "loco"],
    "layers": "all",
    "pooling": "mean",
    "instruction": None,
    "max_length": 512,
    "seeds": [0],
    "split_seed": 42,
    "scale": "cefr5",
    "form": "corrected",
    "own_level_encoders": [],
    "unclipped_probes": [],
    "source": "hub",
    "data_dir": "corpora",
    "limit": None,
    "device": "cpu",
    "dtype": "auto",
    "batch_tokens": None,
    "offline": False,
    "trust_remote_code": False,
}


@pytest.mark.parametrize("complete", [True, False])
def test_the_configuration_of_a_result_of_schema_1_is_run_under_the_suite_of_today(
    tmp_path, complete
):
    """All of it where it was all of its suite then; the same part of it where it was a part."""
    path = tmp_path / "old.json"
    old = {"schema_version": "1.1", "complete": complete, "config": OF_SCHEMA_1}
    path.write_text(json.dumps(old))
    config = merge({}, read_config(path))
    suite = merge({"suite": "cefr-v1"}, {})
    assert (config.encoders, config.pooling, config.data_dir) == (("minilm",), "mean", "corpora")
    assert (config.refits, config.references) == (suite.refits, suite.references)
    expected = suite.probes if complete else ("ridge", "mlp-regressor")
    assert config.probes == expected
    assert (config.protocols == suite.protocols) == complete


def test_an_unknown_option_names_the_nearest(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("encodesr = ['minilm']")
    with pytest.raises(UserError, match="did you mean 'encoders'"):
        merge({}, read_config(path))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("a = ", "no valid TOML"), ("\xff", "is not UTF-8"), ("limit = 0", "limit has the value 0")],
)
def test_a_bad_config_file_is_one_sentence(tmp_path, text, complaint):
    path = tmp_path / "my.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=complaint):
        merge({}, read_config(path))


def test_an_unknown_suite_names_the_nearest():
    with pytest.raises(UserError, match="did you mean 'paper'"):
        get_suite("papre")


def test_a_missing_config_file_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="can't be read"):
        read_config(tmp_path / "none.toml")
