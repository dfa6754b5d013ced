"""Models of the hub, from a local server that speaks its protocol, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hub_server import HubServer
from tiny_models import write_bert

LOADER = """
import json, sys
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import UserError
from cefrbench.plugins import PluginHost

host, found = PluginHost(), []
for name, options in json.loads(sys.argv[1]):
    try:
        encoder = host.get_encoder(name).load(name, EncoderOptions(device="cpu", **options))
    except UserError as error:
        found.append({"error": str(error), "kind": type(error).__name__})
    else:
        features = encoder.encode(encoder.prepare(["I like my dog."]))
        found.append(encoder.identity.model_dump() | {"sum": float(features.sum())})
print(json.dumps(found))
"""


def load(hub, home, *names_and_options, token=None):
    """Load models in one process; each gives its identity or its error."""
    cases = [(n, {}) if isinstance(n, str) else n for n in names_and_options]
    done = subprocess.run(
        [sys.executable, "-c", LOADER, json.dumps(cases)],
        env=hub.env(home, token) | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "nothing is shown when standard error is no terminal"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two commits of one model, a gated one, and what loading them gave while the server ran."""
    root = tmp_path_factory.mktemp("hub")
    home = root / "home"

    def files(name, **config):
        folder = write_bert(root / name, **config)
        content = {path.name: path.read_bytes() for path in folder.iterdir()}
        return content | {"README.md": "---\nlicense: cc-by-4.0\n---\n", "weights.bin": b"pickle"}

    with HubServer(root / "served") as hub:
        old = hub.add("models", "school/tiny-bert", files("old"))
        new = hub.add("models", "school/tiny-bert", files("new", initializer_range=0.1))
        hub.add("models", "school/secret-bert", files("secret"), gated=True)
        results = load(
            hub,
            home,
            "hf:school/tiny-bert",
            f"hf:school/tiny-bert@{old}",
            "st:school/tiny-bert",
            "hf:school/secret-bert",
            "hf:school/tiny-brt",
            "hf:school/tiny-bert@v9",
            (f"hf:school/tiny-bert@{old}", {"trust_remote_code": True}),
        )
        opened = load(hub, root / "other-home", "hf:school/secret-bert", token=hub.token)
    return {"old": old, "new": new, "hub": hub, "home": home, "results": results, "opened": opened}


def test_the_newest_revision_is_resolved_and_recorded(world):
    identity = world["results"][0]
    assert (identity["model"], identity["revision"]) == ("school/tiny-bert", world["new"])
    assert identity["licence"] == "cc-by-4.0"


def test_a_pinned_revision_is_loaded(world):
    newest, pinned = world["results"][:2]
    assert pinned["revision"] == world["old"]
    assert pinned["sum"] != newest["sum"]


def test_sentence_transformers_get_the_same_files(world):
    newest, through_st = world["results"][0], world["results"][2]
    assert through_st["revision"] == world["new"]
    assert through_st["sum"] == pytest.approx(newest["sum"], abs=1e-4)


def test_a_gated_model_says_how_to_log_in(world):
    error = world["results"][3]["error"]
    assert "'school/secret-bert' is gated: log in with `hf auth login`" in error


def test_a_token_opens_a_gated_model(world):
    assert world["opened"][0]["model"] == "school/secret-bert"


def test_an_unknown_model_comes_with_names_near_it(world):
    error = world["results"][4]["error"]
    assert "no model 'school/tiny-brt'" in error
    assert "did you mean 'school/tiny-bert'" in error


def test_an_unknown_revision_is_named(world):
    assert "no revision 'v9'" in world["results"][5]["error"]


def test_remote_code_at_a_pinned_commit_is_allowed_and_none_was_run(world):
    assert world["results"][6]["remote_code"] is False


def test_pickled_weights_are_never_fetched(world):
    assert not any("weights.bin" in request for request in world["hub"].requests)


def test_with_the_server_gone_the_cache_serves_and_the_rest_says_so(world):
    cached, offline, pinned, absent, absent_offline = load(
        world["hub"],
        world["home"],
        "hf:school/tiny-bert",
        ("hf:school/tiny-bert", {"offline": True}),
        (f"hf:school/tiny-bert@{world['old']}", {"offline": True}),
        "hf:school/other-bert",
        ("hf:school/other-bert", {"offline": True}),
    )
    assert cached["revision"] == offline["revision"] == world["new"]
    assert cached["sum"] == offline["sum"] == world["results"][0]["sum"]
    assert pinned["revision"] == world["old"]
    assert "can't be reached and the model 'school/other-bert' is not in the" in absent["error"]
    assert "--offline forbids fetching" in absent_offline["error"]
