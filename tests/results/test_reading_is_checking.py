"""Every command that reads a result checks it first, and says so where it is told not to."""

import csv
import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.errors import ResultError
from cefrbench.results.checked import read_checked, read_for_use
from cefrbench.results.gold import check_agreement, gold_digests
from cefrbench.results.io import write_result

OPTIONS = {"texts": 15, "layers": (1, 2), "probes": ("ridge",)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_made(folder, "honest", skill=0.9, **OPTIONS)
    write_made(folder, "forged", skill=0.5, **OPTIONS)
    path = folder / "forged" / "cefr-v1.json"
    path.write_text(path.read_text("utf-8").replace('"python": "3.11.0"', '"python": "3.9"'))
    return folder


COMMANDS = (
    "show {forged}",
    "show --json {forged}",
    "compare {honest} {forged} --replicates 200",
    "compare {honest} {forged} --replicates 200 --json",
    "compare {honest} {forged} --replicates 200 --markdown",
    "results export --format csv {forged}",
    "results export --format corpora {forged}",
    "results export --format markdown {forged}",
    "results export --format latex {forged}",
    "explain {forged} --replicates 200",
    "explain {forged} --replicates 200 --json",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_does_not_hold_is_refused_or_marked(made, capsys, command):
    paths = {name: made / name / "cefr-v1.json" for name in ("honest", "forged")}
    words = command.format(**paths).split()
    assert main(words) == 1
    refused = capsys.readouterr()
    assert refused.out == ""
    assert refused.err.count("\n") == 1
    assert "doesn't pass its check (checksum: " in refused.err
    assert "--unchecked" in refused.err
    assert main([*words, "--unchecked"]) == 0
    told = capsys.readouterr().out
    assert "UNCHECKED" in told
    if "--json" in words:
        parsed = json.loads(told)
        assert "doesn't pass its check" in str(parsed.get("unchecked") or parsed["notes"][0])


def test_what_holds_has_no_mark_whatever_is_asked(made, capsys):
    path = str(made / "honest" / "cefr-v1.json")
    assert main(["show", path, "--json", "--unchecked"]) == 0
    assert "unchecked" not in json.loads(capsys.readouterr().out)


def test_a_row_of_a_table_says_which_result_it_is_of(made, capsys):
    paths = [str(made / name / "cefr-v1.json") for name in ("honest", "forged")]
    assert main(["results", "export", *paths, "--format", "csv", "--unchecked"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    marked = {row["encoder"]: row["unchecked"] for row in rows}
    assert marked["honest"] == ""
    assert marked["forged"].startswith("UNCHECKED: ")


def test_a_figure_names_what_was_not_checked(made, tmp_path, capsys):
    words = ["figure", str(made / "forged" / "cefr-v1.json"), "--out", str(tmp_path / "a.csv")]
    assert main(words) == 1
    assert "doesn't pass its check" in capsys.readouterr().err
    assert main([*words, "--unchecked"]) == 0


def test_no_other_collection_gets_what_was_not_checked(made, capsys):
    path = str(made / "forged" / "cefr-v1.json")
    assert main(["results", "export", path, "--format", "eee", "--unchecked"]) == 1
    assert "doesn't pass its check" in capsys.readouterr().err


def test_a_reference_that_does_not_hold_is_not_stood_on(made, tmp_path, capsys):
    write_made(tmp_path, "mine", skill=0.9, **OPTIONS)
    write_made(tmp_path, "length", skill=0.1, role="reference", **OPTIONS)
    path = tmp_path / "length" / "cefr-v1.json"
    path.write_text(path.read_text("utf-8").replace('"python": "3.11.0"', '"python": "3.9"'))
    words = ["explain", str(tmp_path / "mine" / "cefr-v1.json"), "--replicates", "200", "--json"]
    assert main(words) == 0
    rungs = {rung["name"]: rung for rung in json.loads(capsys.readouterr().out)["claim"]["rungs"]}
    assert "doesn't pass its check" in json.dumps(rungs["length"])


def test_a_result_without_its_predictions_is_shown_and_its_figures_checked(made, tmp_path, capsys):
    for name in ("honest", "forged"):
        shutil.copy(made / name / "cefr-v1.json", tmp_path / f"{name}.json")
    assert main(["show", str(tmp_path / "honest.json")]) == 0
    assert main(["show", str(tmp_path / "forged.json")]) == 1
    assert read_for_use(tmp_path / "honest.json", alone=True).predictions is None
    with pytest.raises(ResultError, match="predictions"):
        read_for_use(tmp_path / "honest.json")


# -- texts and gold levels -------------------------------------------------------------------------


def changed_gold(table, corpus):
    """Gold levels of one corpus turned round, whatever the predictions."""
    rows = table.corpus == corpus
    swapped = np.where(rows, 4 - table.high, table.low), np.where(rows, 4 - table.low, table.high)
    return replace(table, low=swapped[0], high=swapped[1])


def test_equal_splits_with_other_gold_levels_are_refused():
    entries = [make_result(name, **OPTIONS) for name in ("one", "other")]
    digests = [gold_digests(*entry) for entry in entries]
    assert digests[0] == digests[1] != {}
    check_agreement(("one", "other"), digests)
    result, table = entries[1]
    digests[1] = gold_digests(result, changed_gold(table, "gamma"))
    with pytest.raises(ResultError, match="one and other name the same corpora and splits"):
        check_agreement(("one", "other"), digests)


def test_a_result_of_other_corpora_contradicts_nobody():
    one = make_result("one", **OPTIONS)
    other = make_result("other", **(OPTIONS | {"texts": 16}))
    check_agreement(("one", "other"), [gold_digests(*one), gold_digests(*other)])


def test_probes_of_one_result_must_be_scored_on_the_same_gold(tmp_path):
    result, table = make_result("two", **(OPTIONS | {"probes": ("ridge", "logistic")}))
    other = changed_gold(table, "gamma")
    rows = table.probe == "logistic"
    low, high = (np.where(rows, getattr(other, n), getattr(table, n)) for n in ("low", "high"))
    path = write_result(result, replace(table, low=low, high=high), tmp_path)
    with pytest.raises(ResultError, match="doesn't pass"):
        read_checked(path)
    findings = [one.where for one in read_findings(path)]
    assert "predictions" in findings


def test_a_text_that_stands_twice_is_a_finding(tmp_path):
    result, table = make_result("twice", **OPTIONS)
    text = table.text.copy()
    text[1] = text[0]
    path = write_result(result, replace(table, text=text), tmp_path)
    (twice,) = [one for one in read_findings(path) if one.where == "predictions.text"]
    assert twice.expected == "each once"


def read_findings(path):
    from cefrbench.results.checked import check_file

    return check_file(path).findings
