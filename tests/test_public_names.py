"""Names that may be published: no place on a machine is left of a text or a model's folder."""

import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_models import write_bert

from cefrbench.cli import main
from cefrbench.errors import UserError
from cefrbench.published import local_name, without_places


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The file '/home/ada/my data/x.csv' has no rows.", "The file '…/x.csv' has no rows."),
        ("The file \"/home/ada's/x.csv\", row 3", 'The file "…/x.csv", row 3'),
        ("run it: run --data-dir /srv/corpora/ --limit 3", "run it: run --data-dir …/ --limit 3"),
        ("in ~/texts/a.json: no", "in …/a.json: no"),
        ("in ~ada/texts/a.json.", "in …/a.json."),
        (r"the folder 'C:\Users\Ada\model' and D:/x/y", "the folder '…/model' and …/y"),
        (r"the share '\\server\texts\a.csv'", "the share '…/a.csv'"),
        ("file:///tmp/a/b.py:3", "…/b.py:3"),
        ("/tmp", "…/tmp"),
        ("see https://a.org/b and hf:org/model", "see https://a.org/b and hf:org/model"),
        ("iid / lofo, 1/2, and/or, ./m, ../x/y", "iid / lofo, 1/2, and/or, ./m, ../x/y"),
        ("", ""),
    ],
)  # fmt: skip
def test_absolute_paths_are_cut_down_to_names_and_nothing_else_is(text, left):
    assert without_places(text) == left
    assert without_places(left) == left


def test_a_folder_has_one_name_by_whatever_path(tmp_path, monkeypatch):
    (tmp_path / "odd place" / "modèle").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "odd place" / "modèle")
    monkeypatch.chdir(tmp_path / "odd place")
    spellings = [
        "modèle",
        "./modèle",
        str(tmp_path / "odd place" / "modèle"),
        "../link",
        "hf:./modèle/",
    ]
    assert {local_name(one, "hf:", None) for one in spellings} == {"./modèle"}
    assert local_name("st:modèle", "st:", None) == "st:./modèle"
    assert local_name("hf:org/model", "hf:", None) is None
    assert local_name("minilm", "minilm", None) is None
    assert local_name("./modèle", "hf:", "my-e5.2") == "my-e5.2"


def test_a_name_is_for_a_folder_and_says_nothing_else(tmp_path):
    with pytest.raises(
        UserError, match=r"^--name 'x' is for a model in a folder, and 'hf:org/model'"
    ):
        local_name("hf:org/model", "hf:", "x")
    for bad in ("hf:org/model", "../x", "/x", "a b", "", "-x"):
        with pytest.raises(UserError, match=r"^--name .*: expected letters"):
            local_name(str(tmp_path), "hf:", bad)


SAMPLES = Path(__file__).parents[1] / "plugins/corpora/samples"
#: What begins at the root of a machine, but for addresses and closing tags.
ABSOLUTE = re.compile(r"(?<![\w:/.<])/(?:tmp|home|root|usr|var|private|Users)\b[^\s\"']*")


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A model and texts in odd places, and the folder that a run of them writes to."""
    root = tmp_path_factory.mktemp("odd places")
    write_bert(root / "my models" / "modèle")
    shutil.copytree(root / "my models" / "modèle", root / "copy" / "other")
    data = root / "my texts"
    data.mkdir()
    for name in ("merlin-cs", "merlin-it"):
        shutil.copy(SAMPLES / f"{name}.json", data)
    (data / "cople2.json").write_text("[", "utf-8")
    return root


def run_in(root, *words):
    """Run a model at the last layer, with a corpus that can't be read beside two that can."""
    names = [w for name in ("merlin-cs", "merlin-it", "cople2") for w in ("--corpus", name)]
    fixed = ["--suite", "quickstart", "--layers", "last", "--probe", "ridge", "--no-references"]
    places = ["--data-dir", str(root / "my texts"), "--output", str(root / "out")]
    cache = ["--cache-dir", str(root / "my cache")]
    return main(["run", *fixed, *names, *places, *cache, "--device", "cpu", "--quiet", *words])


def test_no_place_on_a_machine_is_in_a_result_an_export_or_a_site(odd, monkeypatch, capsys):
    monkeypatch.chdir(odd)
    model = odd / "my models" / "modèle"
    # One corpus failed, so the status is that of a part.
    assert run_in(odd, "--encoder", str(model)) == 3
    assert run_in(odd, "--encoder", "my models/modèle") == 3
    assert run_in(odd, "--encoder", f"hf:{model}", "--name", "my-e5") == 3
    assert run_in(odd, "--encoder", "copy/other") == 3
    files = sorted((odd / "out").rglob("*.json"))
    # Two paths to one folder are one result; another name or a copy is a file of its own.
    results = [json.loads(file.read_text("utf-8")) for file in files]
    assert sorted(one["encoder"]["name"] for one in results) == ["./modèle", "./other", "my-e5"]
    assert len({one["encoder"]["model"] for one in results}) == 1
    assert all(any("cople2" in f["name"] for f in one["failures"]) for one in results)
    assert "--data-dir DIR" in results[0]["provenance"]["command"]
    capsys.readouterr()
    assert main(["results", "export", "--format", "csv", *map(str, files)]) == 0
    exported = capsys.readouterr().out
    site = odd / "site"
    built = main(["leaderboard", "build", "--results", str(odd / "out"), "--out", str(site)])
    told = capsys.readouterr()
    assert built == 3
    # The same weights and options are one encoder: two of the three files are left out.
    assert told.err.count("weights and options: keep one of them") == 2
    written = [p for p in site.rglob("*") if p.suffix in {".html", ".json", ".csv", ".svg", ".xml"}]
    texts = [exported, *(path.read_text("utf-8") for path in (*files, *written))]
    assert len(texts) > 10
    for text in texts:
        assert str(odd) not in text
        assert "odd places" not in text
        assert "my texts" not in text
        assert not ABSOLUTE.search(text)


def test_a_config_of_a_result_runs_from_any_folder(odd, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(odd)
    assert run_in(odd, "--encoder", "./copy/other", "--name", "moved") == 3
    result = odd / "out" / "moved" / "quickstart.json"
    before = json.loads(result.read_text("utf-8"))
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    again = ["run", "--config", str(result), "--output", "out", "--cache-dir", "cache", "--quiet"]
    assert main(again) == 1
    assert capsys.readouterr().err == (
        "Error: There is no folder './other': name one that holds a model (config.json and "
        "weights), or an encoder of `cefrbench list encoders`.\n"
    )
    places = ["--encoder", str(odd / "copy" / "other"), "--data-dir", str(odd / "my texts")]
    assert main([*again, *places]) == 3
    after = json.loads((tmp_path / "out" / "moved" / "quickstart.json").read_text("utf-8"))
    assert after["encoder"] == before["encoder"]
    assert after["scores"] == before["scores"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--encoder", "minilm", "--name", "x"],
            "--name 'x' is for a model in a folder, and 'minilm' has a name of its own.",
        ),
        (
            ["--encoder", "{model}", "--name", "MiniLM"],
            "--name 'MiniLM' is the name of another encoder: choose one of its own.",
        ),
        (
            ["--encoder", "{model}", "--encoder", "minilm", "--name", "x"],
            "--name 'x' is for one encoder, and 2 are named: run them one by one.",
        ),
    ],
)
def test_a_name_that_can_t_be_given_is_refused_before_anything_is_read(odd, words, says, capsys):
    model = str(odd / "my models" / "modèle")
    assert run_in(odd, *(word.replace("{model}", model) for word in words)) == 1
    assert capsys.readouterr().err == f"Error: {says}\n"
