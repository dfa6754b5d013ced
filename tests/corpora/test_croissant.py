"""Croissant metadata of corpora: `mlcroissant` takes it, and reads the rows by it."""

import hashlib
import json
import warnings
from dataclasses import replace
from pathlib import Path

import mlcroissant
import pytest

from cefrbench.cli import main
from cefrbench.contracts.cards import Agreement
from cefrbench.contracts.corpus import Corpus
from cefrbench.corpora.croissant import croissant
from cefrbench.corpora.licences import UNSTATED
from cefrbench.corpora.load import load_essays
from cefrbench.plugins import PluginHost

# rdflib calls itself by an old name.
pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:rdflib\..*")

#: Recommended, and known of no corpus here.
RECOMMENDED = {"datePublished", "version"}
SAMPLES = Path(__file__).parents[2] / "plugins" / "corpora" / "samples"


def built_in():
    items = PluginHost().corpora.items.items()
    return {name: one for name, one in items if isinstance(one, Corpus) and one.sample()}


def read(found, path):
    path.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    data = mlcroissant.Dataset(jsonld=str(path))
    assert not data.metadata.ctx.issues.errors
    told = " ".join(data.metadata.ctx.issues.warnings)
    assert told.count("is recommended") == len(data.metadata.ctx.issues.warnings)
    assert {name for name in ("datePublished", "version", "license", "citeAs") if name in told} == (
        RECOMMENDED
    )
    return data


@pytest.mark.parametrize("name", sorted(built_in()))
def test_its_own_validator_takes_the_card_of_every_corpus(tmp_path, name):
    essays = load_essays(built_in()[name], sample=True)
    found = croissant(essays)
    data = read(found, tmp_path / "croissant.json").metadata
    assert data.name == name
    assert data.url == essays.card.source
    assert data.license == [essays.card.licence]
    stated = None if essays.card.rated_by == UNSTATED else [essays.card.rated_by]
    assert data.data_annotation_protocol == stated
    assert data.data_annotation_analysis
    assert data.data_use_cases
    assert bool(data.distribution) == (essays.card.hub is not None)
    assert not [text for text in essays.texts if text in json.dumps(found, ensure_ascii=False)]


def test_it_describes_rows_that_mlcroissant_then_reads(tmp_path):
    essays = load_essays(built_in()["merlin-cs"], sample=True)
    found = croissant(essays)
    # The file lies here instead of in the repository; what is asked of it stays.
    (_, rows), path = found["distribution"], SAMPLES / "merlin-cs.json"
    del rows["containedIn"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    found["distribution"] = [rows | {"contentUrl": str(path), "sha256": digest}]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        records = list(read(found, tmp_path / "croissant.json").records("texts"))
    content = json.loads(path.read_text("utf-8"))
    assert [one["texts/text"].decode() for one in records] == [one["text"] for one in content]
    levels = [one["texts/cefr_level"].decode() for one in records]
    assert levels == [one["cefr_level"] for one in content]


def test_the_repository_stands_at_the_commit_that_was_read():
    essays = load_essays(built_in()["merlin-cs"], sample=True)
    for revision, end in ((None, "main"), ("0123abc", "0123abc")):
        found = croissant(replace(essays, revision=revision))
        assert found["distribution"][0]["contentUrl"].endswith(f"merlin_cs/tree/{end}")


def test_agreement_and_audit_stand_in_the_rai_fields(tmp_path):
    essays = load_essays(built_in()["merlin-cs"], sample=True)
    agreement = Agreement(value=0.75, measure="qwk", compared="two raters", source="Nobody 2026")
    card = essays.card.model_copy(update={"agreement": agreement})
    texts = (essays.texts[1], *essays.texts[1:])
    found = croissant(replace(essays, card=card, texts=texts))
    data = read(found, tmp_path / "croissant.json").metadata
    assert data.data_annotation_analysis == ["qwk 0.75: two raters (Nobody 2026)"]
    said = " ".join([*(data.data_biases or []), *(data.data_limitations or [])])
    assert "1 texts stand in several rows" in said


def test_the_command_prints_it_alone(tmp_path, capsys):
    (tmp_path / "merlin-cs.json").write_bytes((SAMPLES / "merlin-cs.json").read_bytes())
    command = ["corpora", "describe", "--corpus", "merlin-cs", "--croissant"]
    assert main([*command, "--data-dir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "merlin-cs"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--corpus", "merlin-cs", "--corpus", "elle"], "and here are 2"),
        ([], "and here are 0"),
        (["--corpus", "merlin-cs", "--sample"], "not its invented sample"),
    ],
)
def test_what_it_cant_describe_is_one_sentence_and_status_1(capsys, more, said):
    assert main(["corpora", "describe", "--croissant", *more]) == 1
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
