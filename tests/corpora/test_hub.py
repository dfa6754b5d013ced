"""Corpora through the hub's own client, from a local server that speaks the hub's protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import LoadFromHub
from corpus_files import row, write
from hub_server import HubServer

from cefrbench.contracts.corpus import Access
from cefrbench.corpora.load import load_essays
from cefrbench.errors import CorpusError, EncoderError
from cefrbench.hub import DATASET, MODEL, Repository, RepositoryKind, card_licence
from cefrbench.plugins import PluginHost

OLD = [row("Ahoj, jak se máš?", "A2", lang="cs"), row("Mám se dobře.", "B1", lang="cs")]
NEW = [*OLD, row("Děkuji, že ses zeptal.", "B2", lang="cs"), row("?", "EMPTY", lang="cs")]
CAES = [row("Hola.", "A1", lang="es", license="CC BY-NC 4.0")]
README = "---\nlicense: cc-by-4.0\nlanguage:\n- es\n---\n\nA dataset.\n"
CLOSED = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Seen:
    """What the clients got from the server, and then without it."""

    old: str
    new: str
    online: dict[str, dict[str, Any]]
    offline: dict[str, dict[str, Any]]
    unreachable: dict[str, dict[str, Any]]
    requests: list[str]
    env: dict[str, str]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, load_from_hub: LoadFromHub) -> Seen:
    home = tmp_path_factory.mktemp("hub")
    with HubServer(home / "root") as hub:
        repo = "UniversalCEFR/merlin_cs"
        old = hub.add("datasets", repo, {"merlin-cs.json": json.dumps(OLD)})
        new = hub.add("datasets", repo, {"merlin-cs.json": json.dumps(NEW)})
        caes = {"caes.json": json.dumps(CAES), "README.md": README}
        hub.add("datasets", "UniversalCEFR/caes_es", caes)
        hub.add("datasets", "UniversalCEFR/elle_et", {"elle.json": "[]"}, gated=True)
        hub.add("datasets", "UniversalCEFR/cople2_pt", {"cople-2.json": "[]"})
        hub.add("datasets", "UniversalCEFR/two_en", {"a.json": "[]", "b.json": "[]"})
        mixed = json.dumps([row("x"), row(7)])  # type: ignore[arg-type]
        hub.add("datasets", "UniversalCEFR/peapl2_pt", {"peapl2.json": mixed})
        hub.add("datasets", "UniversalCEFR/zaebuc_ar", {"zaebuc-ar.json": "[]"})
        hub.add("datasets", "UniversalCEFR/merlin_it", {"merlin-it.json": '[{"text": "Ciao'})
        latin = json.dumps([row("für")], ensure_ascii=False).encode("latin-1")
        hub.add("datasets", "UniversalCEFR/merlin_de", {"merlin-de.json": latin})
        names = [
            "merlin-cs",
            f"universalcefr:merlin_cs@{old}",
            "universalcefr:merlin_cs@nightly",
            "universalcefr:caes_es",
            "universalcefr:caes_et",
            "universalcefr:two_en",
            "elle",
            "cople2",
            "peapl2",
            "zaebuc-ar",
            "merlin-it",
            "merlin-de",
        ]
        env = hub.env(home / "cache")
        online = load_from_hub(names, env)
        requests = list(hub.requests)
    kept = ["merlin-cs", "universalcefr:caes_es", f"universalcefr:merlin_cs@{old}", "icle500"]
    offline = load_from_hub(kept, env, offline=True)
    unreachable = load_from_hub(["merlin-cs", "icle500", "cople2"], env | {"HF_ENDPOINT": CLOSED})
    return Seen(old, new, online, offline, unreachable, requests, env)


def test_the_newest_revision_is_resolved_and_recorded(seen: Seen) -> None:
    essays = seen.online["merlin-cs"]
    assert essays["revision"] == seen.new
    assert essays["texts"] == [one["text"] for one in NEW[:3]]


def test_a_pinned_revision_is_read_and_recorded(seen: Seen) -> None:
    essays = seen.online[f"universalcefr:merlin_cs@{seen.old}"]
    assert essays["revision"] == seen.old
    assert essays["texts"] == [one["text"] for one in OLD]


def test_the_hub_gives_what_the_same_file_gives(seen: Seen, tmp_path: Path) -> None:
    write(tmp_path / "merlin-cs.json", NEW)
    local = load_essays(PluginHost().get_corpus("merlin-cs"), data_dir=tmp_path)
    assert seen.online["merlin-cs"]["fingerprint"] == local.fingerprint


def test_a_second_load_comes_from_the_cache_with_the_server_gone(seen: Seen) -> None:
    for name in ("merlin-cs", "universalcefr:caes_es", f"universalcefr:merlin_cs@{seen.old}"):
        assert seen.offline[name] == seen.online[name]


def test_a_hub_that_is_down_is_no_obstacle_to_what_is_cached(seen: Seen) -> None:
    assert seen.unreachable["merlin-cs"] == seen.online["merlin-cs"]


def test_a_file_is_downloaded_once(seen: Seen) -> None:
    downloads = [r for r in seen.requests if r.startswith("GET") and r.endswith("merlin-cs.json")]
    assert len(downloads) == 2, "one for each revision"


def test_any_corpus_of_the_collection_opens_without_a_plugin(seen: Seen) -> None:
    essays = seen.online["universalcefr:caes_es"]
    assert essays["texts"] == ["Hola."]
    card = essays["card"]
    assert card["name"] == "caes_es"
    assert card["languages"] == ["es"]
    assert card["hub"]["file"] == "caes.json"
    assert card["optional"] is True
    assert card["licence_card"] == "cc-by-4.0"
    assert card["licence_rows"] == "CC BY-NC 4.0"
    assert card["licence"] == "CC BY-NC 4.0"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("elle", ["gated", "`hf auth login`", "/datasets/UniversalCEFR/elle_et"]),
        ("cople2", ["no file 'cople2.json'", "did you mean 'cople-2.json'?"]),
        ("universalcefr:caes_et", ["no dataset", "did you mean 'UniversalCEFR/caes_es'?"]),
        ("universalcefr:merlin_cs@nightly", ["no revision 'nightly'", "/commits/main"]),
        ("universalcefr:two_en", ["a.json, b.json", "--data-dir"]),
        ("peapl2", ["Row 2", "a number in the field 'text' (7)"]),
        ("zaebuc-ar", ["No row", "of 0 rows"]),
        ("merlin-it", ["merlin-it.json", "cut short"]),
        ("merlin-de", ["merlin-de.json", "not UTF-8", "0xfc"]),
    ],
)
def test_a_refusal_is_one_sentence_with_the_next_step(
    seen: Seen, name: str, parts: list[str]
) -> None:
    refused = seen.online[name]
    assert refused["kind"] == "CorpusError"
    assert "\n" not in refused["error"]
    for part in parts:
        assert part in refused["error"]


def test_offline_with_nothing_cached_says_how_to_get_it(seen: Seen) -> None:
    sentence = seen.offline["icle500"]["error"]
    assert "is not in the cache" in sentence
    assert "cefrbench corpora fetch" in sentence
    assert "--data-dir" in sentence


def test_no_network_names_the_ways_to_work_without(seen: Seen) -> None:
    sentence = seen.unreachable["icle500"]["error"]
    assert f"The hub {CLOSED} can't be reached" in sentence
    assert "--data-dir" in sentence
    assert "--offline" in sentence


def test_a_file_that_is_not_cached_can_not_be_looked_for_without_network(seen: Seen) -> None:
    assert "can't be reached" in seen.unreachable["cople2"]["error"]


def test_a_cache_that_can_not_be_written_is_named(
    tmp_path: Path, load_from_hub: LoadFromHub
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with HubServer(tmp_path / "root") as hub:
        hub.add("datasets", "UniversalCEFR/elle_et", {"elle.json": json.dumps([row("x")])})
        refused = load_from_hub(["elle"], hub.env(tmp_path / "cache"))["elle"]
    assert refused["kind"] == "CacheError"
    assert str(tmp_path / "cache") in refused["error"]
    assert "--cache-dir" in refused["error"]


def test_fetch_then_describe_offline_from_the_command_line(tmp_path: Path) -> None:
    def cefrbench(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cefrbench", "corpora", *arguments, "--json"]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)

    with HubServer(tmp_path / "root") as hub:
        files = {"elle.json": json.dumps([row("Tere!", lang="et")]), "README.md": README}
        commit = hub.add("datasets", "UniversalCEFR/elle_et", files, gated=True)
        env = hub.env(tmp_path / "cache")
        refused = cefrbench("fetch", "--corpus", "elle")
        env["HF_TOKEN"] = hub.token
        fetched = cefrbench("fetch", "--corpus", "elle")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: The dataset 'UniversalCEFR/elle_et' is gated")
    assert len(refused.stderr.splitlines()) == 1
    assert json.loads(fetched.stdout)["corpora"][0]["revision"] == commit
    assert fetched.stderr == ""
    described = cefrbench("describe", "--corpus", "elle", "--offline")
    (elle,) = json.loads(described.stdout)["corpora"]
    assert elle["revision"] == commit
    assert elle["licence_card"] == "cc-by-4.0", "of the dataset's card, which came with the file"
    assert elle["licence_rows"] == "CC0"
    assert elle["licence"] == "cc-by-4.0"


@pytest.mark.parametrize(
    ("kind", "error", "spelling"),
    [(DATASET, CorpusError, "dataset.*ORG/DATASET"), (MODEL, EncoderError, "model.*ORG/MODEL")],
)
def test_a_name_that_the_hub_can_not_have(
    kind: RepositoryKind, error: type[Exception], spelling: str
) -> None:
    with pytest.raises(error, match=f"'a/b/c' is no {spelling}"):
        Repository(kind, "a/b/c", None, Access()).snapshot(["*.json"])


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: et\nlicense: cc-by-4.0\n---\n\n# A corpus\n", "cc-by-4.0"),
        ("---\nlicense: 'cc0-1.0'\n---", "cc0-1.0"),
        ("---\nlicense: [\n---\n", None),
        ("---\nlicense:\n- a\n- b\n---\n", None),
        ("# license: not metadata\nlicense: x\n", None),
        ("---\nlicense: cc0-1.0\nauthor: J\udcf6rg\n---\n", None),
        ("", None),
        (None, None),
    ],
)
def test_the_licence_of_a_dataset_card(
    tmp_path: Path, card: str | None, licence: str | None
) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card, "utf-8", "surrogateescape")
    assert card_licence(tmp_path) == licence
