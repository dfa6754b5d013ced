"""Bad input of a run: one sentence, the right exit status, nothing half written."""

import json
from pathlib import Path

import pytest

from cefrbench.cli import main

ROW = {
    "title": "t",
    "lang": "de",
    "source_name": "invented",
    "format": "paragraph-level",
    "category": "learner",
    "license": "CC0",
}


@pytest.fixture
def run(tmp_path, capsys):
    def call(*words, corpora=("merlin-de", "merlin-it")):
        command = ["run", "--encoder", "surface", "--probe", "ridge", "--quiet"]
        command += ["--no-references"]
        command += [w for name in corpora for w in ("--corpus", name)]
        places = ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
        status = main([*command, *places, *words])
        streams = capsys.readouterr()
        assert "Traceback" not in streams.err
        return status, streams.err

    return call


@pytest.fixture
def data(tmp_path):
    def write(name, levels, text="Das ist ein erfundener Satz Nummer"):
        rows = [ROW | {"cefr_level": lv, "text": f"{text} {i}."} for i, lv in enumerate(levels)]
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(rows))
        return folder

    return write


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--encoder", "minilmm"], "did you mean 'minilm'"),
        (["--corpus", "merlin-dee"], "did you mean 'merlin-de'"),
        (["--probe", "rige"], "did you mean 'ridge'"),
        (["--protocol", "lococo"], "did you mean 'loco'"),
        (["--suite", "papper"], "did you mean 'paper'"),
        (["--layers", "1-40"], "out of range"),
        (["--layers", "middle"], "can't be read"),
        (["--device", "tpu"], "device"),
    ],
)
def test_an_unknown_name_or_value_is_one_sentence(run, words, sentence):
    status, error = run("--suite", "quickstart", *words) if "--suite" not in words else run(*words)
    assert status == 1
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "intfloat/multilingual-e5-small",
            "Error: There is no encoder and no folder named 'intfloat/multilingual-e5-small': for "
            "the model of that name on the hub write `--encoder "
            "hf:intfloat/multilingual-e5-small`.\n",
        ),
        (
            "./modelz",
            "Error: There is no folder './modelz': name one that holds a model (config.json and "
            "weights), or an encoder of `cefrbench list encoders`.\n",
        ),
    ],
)
def test_a_model_that_is_not_there_is_told_by_what_its_name_looks_like(run, name, sentence):
    assert run("--suite", "quickstart", "--encoder", name) == (1, sentence)


def test_names_are_found_in_any_case_and_written_as_registered(run, tmp_path):
    corpora = ("MERLIN-DE", "merlin-it", "merlin-de")
    assert run("--suite", "quickstart", "--probe", "RIDGE", corpora=corpora) == (0, "")
    result = json.loads((tmp_path / "out" / "surface" / "quickstart.json").read_text())
    assert result["config"]["corpora"] == ["merlin-de", "merlin-it"]
    assert [corpus["card"]["name"] for corpus in result["corpora"]] == ["merlin-de", "merlin-it"]
    assert result["config"]["probes"] == ["ridge"]


def test_corpora_are_described_as_they_come(capsys):
    assert main(["corpora", "describe", "cople2", "Elle", "--sample", "--json"]) == 0
    assert [c["name"] for c in json.loads(capsys.readouterr().out)["corpora"]] == ["cople2", "elle"]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("run --encoder random-qwen3-t", ["random-qwen3-tiny"]),
        ("run --corpus MERLIN", ["merlin-cs", "merlin-de", "merlin-it"]),
        ("run --probe rid", ["ridge"]),
        ("run --suite p", ["paper"]),
        ("run --analysis id", ["identity"]),
        ("corpora describe cop", ["cople2"]),
    ],
)
def test_names_complete_in_a_shell(monkeypatch, capsys, typed, completed):
    words = f"cefrbench {typed}"
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setenv("_CEFRBENCH_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert capsys.readouterr().out.splitlines() == [f"plain,{name}" for name in completed]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--layers", "1-40"], "Error: Layers '1-40' are out of range"),
        (["--layers", "middle"], "Error: Layers 'middle' can't be read at 'middle': "),
        (["--device", "cuda:77"], "Error: There is no device 'cuda:77' on this machine: it has "),
    ],
)
def test_layers_and_devices_are_refused_before_corpora_are_read(run, words, sentence, tmp_path):
    status, error = run("--data-dir", str(tmp_path / "nowhere"), *words)
    assert status == 1
    assert error.startswith(sentence)
    assert error.count("\n") == 1


def test_offline_with_nothing_cached_is_one_sentence(run):
    assert run("--offline") == (
        1,
        "Error: None of the 2 corpora is cached, and --offline forbids fetching them: "
        "UniversalCEFR/merlin_de, UniversalCEFR/merlin_it. Run `cefrbench corpora fetch` once "
        "while online, name a folder of files that you have with --data-dir, or try `cefrbench run "
        "--suite quickstart` on invented texts.\n",
    )


def test_the_list_of_corpora_names_the_hub_and_the_licence(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list", "corpora"]) == 0
    line = next(one for one in capsys.readouterr().out.splitlines() if one.startswith("merlin-de"))
    assert "UniversalCEFR/merlin_de" in line
    assert "CC BY-SA 4.0" in line


def test_wrong_usage_is_exit_2(run):
    assert run("--pooling", "sum")[0] == 2
    assert main(["run", "--nonsense"]) == 2


def test_one_bad_corpus_is_written_down_and_the_others_go_on(run, data, tmp_path):
    folder = data("merlin-de", ["A1", "A2", "B1", "B2"] * 8)
    data("merlin-cs", ["A1", "A2", "B1", "B2"] * 8, text="Jiná vymyšlená věta číslo")
    (folder / "merlin-it.json").write_text('[{"text": "spezza')
    names = ("merlin-de", "merlin-it", "merlin-cs")
    status, _ = run("--data-dir", str(folder), corpora=names)
    assert status == 3
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    (failure,) = result["failures"]
    assert (failure["stage"], failure["name"]) == ("corpus", "merlin-it")
    assert not result["complete"]


def test_fail_fast_stops_at_the_bad_corpus(run, data, tmp_path):
    folder = data("merlin-de", ["A1", "A2"] * 8)
    status, error = run("--data-dir", str(folder), "--fail-fast")
    assert status == 1
    assert "merlin-it" in error
    assert not (tmp_path / "out").exists()


def test_a_corpus_with_one_level_has_no_kappa_and_that_is_not_zero(run, data, tmp_path):
    folder = data("merlin-de", ["B1"] * 20)
    data("merlin-it", ["A1", "A2", "B1", "B2"] * 8, text="Una frase inventata numero")
    data("merlin-cs", ["A1", "A2", "B1", "B2"] * 8, text="Jiná vymyšlená věta číslo")
    data("cople2", ["A1", "A2", "B1", "B2"] * 8, text="Uma frase inventada número")
    names = ("merlin-de", "merlin-it", "merlin-cs", "cople2")
    assert run("--data-dir", str(folder), corpora=names)[0] == 0
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    scored = [u for u in result["units"] if u["corpus"] == "merlin-de" and u["protocol"] == "loco"]
    assert scored
    assert all(u["scores"]["qwk"] is None and u["scores"]["r2"] is None for u in scored)
    assert all(u["scores"]["accuracy"] is not None for u in scored)
    # Where an inner cut holds it out, the choice is made by the others.
    fits = [f for f in result["fits"] if f["fold"] == "cople2"]
    assert fits
    for fit in fits:
        assert {held["corpus"] for held in fit["held"]} == set(names[:3])
        assert all(point["inner_qwk"] is not None for point in fit["path"])


def test_a_training_part_with_one_level_is_a_failed_unit(run, data, tmp_path):
    folder = data("merlin-de", ["B1"] * 20)
    data("merlin-it", ["A1", "A2", "B1", "B2"] * 8, text="Una frase inventata numero")
    assert run("--data-dir", str(folder), "--probe", "logistic")[0] == 3
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    causes = {(f["name"], f["fold"]) for f in result["failures"]}
    assert ("logistic", "merlin-it") in causes


def test_an_inner_cut_with_one_level_to_train_on_is_a_failed_unit(run, data, tmp_path):
    folder = data("merlin-de", ["B1"] * 20)
    data("merlin-it", ["A1", "A2", "B1", "B2"] * 8, text="Una frase inventata numero")
    data("merlin-cs", ["A1", "A2", "B1", "B2"] * 8, text="Jiná vymyšlená věta číslo")
    names = ("merlin-de", "merlin-it", "merlin-cs")
    assert run("--data-dir", str(folder), "--protocol", "loco", corpora=names)[0] == 3
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    assert {f["fold"] for f in result["failures"]} == {"merlin-it", "merlin-cs"}
    assert all("inside the training part" in f["cause"] for f in result["failures"])
    assert {u["fold"] for u in result["units"]} == {"merlin-de"}


@pytest.fixture
def lonely(data):
    """Two corpora of which one has a level with one text."""
    data("merlin-it", ["A2", "B1"] * 15, text="Una frase inventata numero")
    return str(data("merlin-de", ["A2", "B1"] * 15 + ["C2"]))


def test_a_level_with_one_text_is_kept_in_training_and_noted(run, lonely, tmp_path):
    assert run("--data-dir", lonely, "--suite", "paper", "--protocol", "iid")[0] == 0
    result = json.loads((tmp_path / "out" / "surface" / "paper.json").read_text())
    (split,) = result["splits"]
    assert split["train_levels"][-1] == 1
    assert any("level C+ has one text only" in note for note in split["notes"])


def test_a_level_with_one_text_is_scored_once_and_trained_on_by_the_other_folds(
    run, lonely, tmp_path
):
    assert run("--data-dir", lonely, "--protocol", "iid")[0] == 0
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    assert sorted(split["train_levels"][-1] for split in result["splits"]) == [0, 1, 1, 1, 1]
    units = [u for u in result["units"] if u["corpus"] == "merlin-de"]
    assert sum(u["n"] for u in units) == 31
    assert sum(sum(u["confusion"][-1]) for u in units) == 1


def test_one_corpus_alone_can_not_be_left_out_and_that_is_said(run, data, tmp_path):
    folder = data("merlin-de", ["A1", "A2", "B1", "B2"] * 8)
    assert run("--data-dir", str(folder), corpora=("merlin-de",))[0] == 0
    result = json.loads((tmp_path / "out" / "surface" / "cefr-v1.json").read_text())
    nothing = "nothing is left to train on"
    assert {(s["protocol"], s["fold"]): s["skipped"] for s in result["splits"] if s["skipped"]} == {
        ("by-task", "all"): "no corpus here names two tasks or more",
        ("lofo", "merlin"): nothing,
        ("loco", "merlin-de"): nothing,
        ("lolo", "de"): nothing,
    }
    assert {u["protocol"] for u in result["units"]} == {"iid"}


def test_an_output_that_is_a_file_is_one_sentence(run, data, tmp_path):
    folder = data("merlin-de", ["A1", "A2", "B1", "B2"] * 8)
    (tmp_path / "out").write_text("in the way")
    status, error = run("--data-dir", str(folder), corpora=("merlin-de",))
    assert status == 1
    assert "out" in error
    assert (tmp_path / "out").read_text() == "in the way"


def test_a_cache_that_is_a_file_is_one_sentence(run, data, tmp_path):
    folder = data("merlin-de", ["A1", "A2", "B1", "B2"] * 8)
    (tmp_path / "cache").write_text("in the way")
    status, error = run("--data-dir", str(folder), corpora=("merlin-de",))
    assert status == 1
    assert "cache" in error
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(
    run, data, monkeypatch, tmp_path
):
    """`/dev/full` answers every write as a full disk does."""
    import cefrbench.atomic

    folder = data("merlin-de", ["A1", "A2", "B1", "B2"] * 8)
    real = cefrbench.atomic.os.fsync

    def full(handle):
        with Path("/dev/full").open("wb", buffering=0) as file:
            file.write(b"x")
        real(handle)

    monkeypatch.setattr(cefrbench.atomic.os, "fsync", full)
    status, error = run("--data-dir", str(folder), corpora=("merlin-de",))
    assert status == 1
    assert "No space left" in error
    assert not list((tmp_path).rglob("*.part"))
    assert not list((tmp_path).rglob("*.safetensors"))
