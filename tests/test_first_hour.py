"""Three new users follow docs/first-hour.md, and nothing else, in a clean environment, offline."""

import json
import os
import re
import shutil

import pytest
from clean_environment import ROOT, make_clean
from doc_snippets import Reader, read
from tiny_models import write_bert

PAGE = ROOT / "docs" / "first-hour.md"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return make_clean(tmp_path_factory.mktemp("first hour"), ROOT)


@pytest.fixture
def reader(clean, tmp_path):
    environment = {
        "PATH": f"{clean.bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(clean.folder),
        "CEFRBENCH_CACHE_DIR": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": "",
    }
    folder = tmp_path / "work"
    folder.mkdir()
    return Reader(folder, environment, {"cefrbench": [str(clean.bin / "cefrbench")]})


def walk(title):
    """Snippets below one heading."""
    text = PAGE.read_text("utf-8")
    start = text.index(f"\n## {title}\n")
    end = text.find("\n## ", start + 1)
    first, last = (text.count("\n", 0, at) for at in (start, end if end > 0 else len(text)))
    return [snippet for snippet in read(PAGE) if first < snippet.line <= last]


def test_a_model_in_a_folder_comes_to_a_board_in_four_commands(reader):
    write_bert(reader.folder / "my-model")
    snippets = walk("Your model")
    assert sum(len(snippet.commands) for snippet in snippets) == 4
    for snippet in snippets:
        reader.follow(snippet)
    result = json.loads((reader.folder / "out/my-model/quickstart.json").read_text("utf-8"))
    assert result["encoder"]["name"] == "my-model"
    assert result["encoder"]["layers"] == [0, 1, 2]
    assert result["complete"]
    assert "my-model" in (reader.folder / "site/index.html").read_text("utf-8")


def test_an_owners_28_files_stand_beside_local_merlin(reader):
    """Invented texts, longer with the level, as learners' are."""
    samples = ROOT / "plugins" / "corpora" / "samples"
    for folder in ("corpora", "exams"):
        (reader.folder / folder).mkdir()
    for name in ("merlin-de", "merlin-it"):
        shutil.copy(samples / f"{name}.json", reader.folder / "corpora")
    for file in range(1, 29):
        rows = ["no,grade,essay"]
        for number, level in enumerate(("A1", "A2", "B1", "B2", "C1")):
            words = " ".join(["the exam was long and the room was cold"] * (1 + number))
            rows.append(f'{file}-{number},{level},"Invented essay {number} of {file}: {words}."')
        path = reader.folder / "exams" / f"{file:02}.csv"
        path.write_text("\n".join(rows) + "\n", "utf-8")
    snippets = walk("Your corpus")
    changed = [line for s in snippets if s.verb == "edit" for line in s.text.splitlines()]
    assert sum(line.startswith("+") for line in changed) < 20
    for snippet in snippets:
        reader.follow(snippet)
    (path,) = (reader.folder / "out").glob("surface/*.json")
    result = json.loads(path.read_text("utf-8"))
    found = {one["card"]["name"]: (one["texts"], one["source"]) for one in result["corpora"]}
    assert found["exams"] == (140, "file")
    assert set(found) == {"exams", "merlin-de", "merlin-it"}
    assert not result["failures"]


def test_a_pipeline_runs_and_neighbours_are_told_what_they_lack(reader):
    for snippet in walk("Your probe"):
        reader.follow(snippet)
    path = reader.folder / "probes" / "surface" / "quickstart.json"
    result = json.loads(path.read_text("utf-8"))
    assert [card["name"] for card in result["probes"]] == ["ridge-cv"]
    assert not result["failures"]
    # A run says the same of the neighbours as the kit did.
    (advice,) = re.findall(r"Mend: (add sample_weight.*?from its seed)", told(reader))
    words = ["--encoder surface --probe knn --corpus merlin-de --corpus merlin-it --output knn"]
    (snippet,) = [s for s in walk("Your probe") if s.verb == "exit"]
    reader.run(snippet, f"cefrbench run --suite quickstart {words[0]}", 3)
    failed = json.loads((reader.folder / "knn/surface/quickstart.json").read_text("utf-8"))
    assert advice in failed["failures"][0]["cause"]


def told(reader):
    return " ".join(" ".join(reader.printed).split())
