"""What reading a result gives: the result, its predictions, and the sentence that doubts it."""

import json

import pytest
from result_factory import make_result, write_made

from cefrbench.errors import ResultError
from cefrbench.results.checked import (
    ReadResult,
    check_file,
    check_result,
    read_checked,
    read_for_use,
)
from cefrbench.results.findings import Mismatch
from cefrbench.results.io import checksum, write_result
from cefrbench.results.predictions import PredictionTable
from cefrbench.results.stripped import write_stripped

SMALL = {"texts": 10, "layers": (1,), "probes": ("ridge",), "corpora": ("alpha",)}
NAME = "cefr-v1.predictions.parquet"


@pytest.fixture
def written(tmp_path):
    return write_made(tmp_path / "out", **SMALL)


def changed(path, *, sign, **changes):
    data = json.loads(path.read_text("utf-8")) | changes
    if sign:
        data["checksum"] = checksum(data)
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_what_a_run_wrote_is_given_with_its_predictions_and_no_finding(written):
    found = check_file(written)
    assert found.findings == ()
    assert found.result.encoder.name == "planted"
    assert len(found.predictions) == found.result.predictions.rows
    read = read_for_use(written)
    assert (read.doubt, read.result) == ("", found.result)
    assert read.pair() == (read.result, read.predictions)
    assert read.predictions.equals(found.predictions)


def test_a_file_that_cannot_be_read_is_one_finding_of_the_file(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    said = (
        f"{str(path)!r} is not a result of cefrbench (it has no `kind` 'cefrbench-result'): name a "
        "JSON file that `cefrbench run` wrote."
    )
    assert check_result(path) == [Mismatch("", said, "a result that can be read")]
    found = check_file(path)
    assert (found.result, found.predictions) == (None, None)
    with pytest.raises(ResultError) as caught:
        read_for_use(path, unchecked=True)
    assert str(caught.value) == said
    with pytest.raises(ResultError) as caught:
        read_checked(path)
    assert str(caught.value) == (
        f"{str(path)!r} doesn't pass its check (file: {said[:200]}, expected a result that can be "
        "read): see `cefrbench results check`."
    )


def test_one_finding_is_told_alone_and_several_with_their_number(written):
    changed(written, sign=False, complete=True)
    first = check_file(written).findings[0]
    assert [one.where for one in check_file(written).findings] == ["checksum", "complete"]
    doubt = (
        f"{str(written)!r} doesn't pass its check (checksum: {first.found}, expected "
        f"{first.expected}, and 1 more): see `cefrbench results check`"
    )
    with pytest.raises(ResultError) as caught:
        read_checked(written)
    assert str(caught.value) == f"{doubt}."
    with pytest.raises(ResultError) as caught:
        read_for_use(written)
    assert str(caught.value) == f"{doubt}, or look at it all the same with --unchecked."
    assert read_for_use(written, unchecked=True).doubt == doubt
    changed(written, sign=True, complete=True)
    assert read_for_use(written, unchecked=True).doubt == (
        f"{str(written)!r} doesn't pass its check (complete: True, expected False): see `cefrbench "
        "results check`"
    )


def test_what_is_long_is_told_by_its_first_two_hundred_signs(written):
    data = json.loads(written.read_text("utf-8"))
    data["encoder"]["layers"] = [0, 1]
    data["suite"] = "s" * 300
    data["checksum"] = checksum(data)
    written.write_text(json.dumps(data), "utf-8")
    findings = check_result(written)
    assert len(findings[0].found) == 300
    assert len(findings[0].expected) > 200
    doubt = read_for_use(written, unchecked=True).doubt
    assert f"({findings[0].where}: {'s' * 200}, expected {findings[0].expected[:200]}, and" in doubt


def test_somebody_may_look_at_a_result_first_and_refuse_it(written):
    seen = []

    def first(result):
        seen.append(result.encoder.name)
        raise ValueError("not this one")

    for read in (check_file, read_checked):
        with pytest.raises(ValueError, match="not this one"):
            read(written, first=first)
    assert seen == ["planted", "planted"]
    assert check_file(written, first=lambda result: None).findings == ()


def test_predictions_that_are_not_there_are_a_finding_unless_the_result_may_stand_alone(written):
    beside = written.with_name(NAME)
    beside.unlink()
    found = check_file(written)
    assert found.predictions is None
    assert [(one.where, one.expected) for one in found.findings] == [
        ("predictions", "the predictions of this result")
    ]
    assert "No such file" in found.findings[0].found
    alone = read_for_use(written, alone=True)
    assert (alone.predictions, alone.doubt) == (None, "")
    with pytest.raises(ResultError) as caught:
        alone.pair()
    assert str(caught.value) == (
        "The result has no predictions beside it: put the file of the same run there."
    )
    # Its figures are checked all the same.
    changed(written, sign=True, complete=True)
    assert "(complete: True" in read_for_use(written, alone=True, unchecked=True).doubt
    with pytest.raises(ResultError, match="complete: True"):
        read_for_use(written, alone=True)


def test_a_result_that_names_no_predictions_may_stand_alone(written):
    changed(written, sign=True, predictions=None)
    assert read_for_use(written, alone=True).predictions is None
    assert [one.where for one in check_result(written)] == ["predictions"]


def test_damaged_predictions_are_a_finding_even_where_the_result_may_stand_alone(written):
    written.with_name(NAME).write_bytes(b"PAR1")
    read = read_for_use(written, alone=True, unchecked=True)
    assert read.predictions is None
    assert "is no Parquet file or a damaged one" in read.doubt
    with pytest.raises(ResultError) as caught:
        read.pair()
    assert str(caught.value) == read.doubt


def test_predictions_without_gold_are_as_good_as_none_where_the_result_may_stand_alone(
    written, tmp_path
):
    copy = write_stripped(read_for_use(written).result, written, tmp_path / "given")
    assert read_for_use(copy, alone=True).predictions is None
    assert read_for_use(copy, alone=True).doubt == ""
    (finding,) = check_result(copy)
    assert finding.found.startswith("Its predictions were passed on without gold levels")
    # What is wrong beside that is told.
    changed(copy, sign=True, complete=True)
    assert "(complete: True" in read_for_use(copy, alone=True, unchecked=True).doubt


def test_predictions_are_checked_too_and_ranks_only_where_figures_hold(tmp_path):
    result, table = make_result(**SMALL)
    path = write_result(result, table.take(slice(3, None)), tmp_path / "short")
    assert check_result(path)[0].where.startswith("units[")
    scores = tuple(
        one.model_copy(update={"scores": one.scores.model_copy(update={"spearman": 0.123})})
        if one.corpus == "alpha" and one.layer == 1
        else one
        for one in result.scores
    )
    ranked = result.model_copy(update={"scores": scores})
    path = write_result(ranked, table, tmp_path / "ranked")
    assert [one.where.rpartition(".")[2] for one in check_result(path)] == ["spearman"] * sum(
        one.layer == 1 for one in result.scores
    )
    both = ranked.model_copy(update={"complete": True})
    path = write_result(both, table, tmp_path / "both")
    assert [one.where for one in check_result(path)] == ["complete"]


def test_an_empty_table_is_a_table():
    result, _ = make_result(**SMALL)
    table = PredictionTable.concat([])
    assert ReadResult(result, table).pair() == (result, table)
    with pytest.raises(ResultError, match=r"^Why not\.$"):
        ReadResult(result, None, "Why not.").pair()
