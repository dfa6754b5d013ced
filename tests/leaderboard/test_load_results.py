"""Reading results: what is right gets in with every figure recomputed, what is wrong says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from result_factory import make_result, write_made
from site_factory import write_changed

from cefrbench.errors import ResultError
from cefrbench.results.io import dump, read_result
from cefrbench_leaderboard.load import find_files, load

SMALL = {"texts": 20, "layers": (1,), "probes": ("ridge",)}


def only(folder: Path) -> tuple[object, object]:
    (file,) = find_files(folder)
    return load(file)


def test_a_result_comes_back_with_its_predictions(tmp_path: Path) -> None:
    made, predictions = make_result("one", **SMALL)
    write_made(tmp_path, "one", **SMALL)
    result, table = only(tmp_path)
    assert result.units == made.units
    assert table.equals(predictions)


def test_hidden_folders_hold_no_results(tmp_path: Path) -> None:
    write_made(tmp_path / ".git", "one", **SMALL)
    assert find_files(tmp_path) == []


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write_made(tmp_path, name, **SMALL)
    assert [file.name for file in find_files(tmp_path)] == [
        "a/cefr-v1.json",
        "b/cefr-v1.json",
        "c/cefr-v1.json",
    ]


def test_a_missing_folder_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="with --results"):
        find_files(tmp_path / "nothing")


def test_a_score_changed_by_hand_is_refused_even_with_a_right_checksum(tmp_path: Path) -> None:
    path = write_made(tmp_path, "one", **SMALL)
    result = read_result(path)
    unit = result.units[0]
    better = unit.model_copy(update={"scores": unit.scores.model_copy(update={"qwk": 0.99})})
    path.write_text(dump(result.model_copy(update={"units": (better, *result.units[1:])})), "utf-8")
    with pytest.raises(ResultError, match=r"units\[0\]\.scores\.qwk"):
        only(tmp_path)


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    path = write_made(tmp_path, "one", **SMALL)
    text = path.read_text("utf-8")
    path.write_text(text.replace('"python": "3.11.0"', '"python": "3.12.0"'), "utf-8")
    with pytest.raises(ResultError, match="checksum"):
        only(tmp_path)


def test_missing_predictions_are_refused(tmp_path: Path) -> None:
    path = write_made(tmp_path, "one", **SMALL)
    path.with_name("cefr-v1.predictions.parquet").unlink()
    with pytest.raises(ResultError, match=r"cefr-v1\.predictions\.parquet"):
        only(tmp_path)


def test_a_link_in_place_of_predictions_is_refused(tmp_path: Path) -> None:
    path = write_made(tmp_path, "one", **SMALL)
    beside = path.with_name("cefr-v1.predictions.parquet")
    moved = beside.rename(tmp_path / "elsewhere.parquet")
    beside.symlink_to(moved)
    with pytest.raises(ResultError, match="are a link"):
        only(tmp_path)


def test_more_layers_than_any_model_has_are_refused_before_anything_is_drawn(
    tmp_path: Path,
) -> None:
    result, _ = make_result("one", **SMALL)
    many = result.encoder.model_copy(update={"layers": tuple(range(1, 2000))})
    write_changed(tmp_path, "one", {"encoder": many}, **SMALL)
    with pytest.raises(ResultError, match="1,999 layers; expected 1 to 512"):
        only(tmp_path)


def test_messages_name_no_folder_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "bad.json").write_text("{", "utf-8")
    with pytest.raises(ResultError) as error:
        only(tmp_path)
    assert str(tmp_path) not in str(error.value)
    assert "bad.json" in str(error.value)
