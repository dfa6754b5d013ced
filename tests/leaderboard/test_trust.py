"""What maintainers made again is told on the site, and nothing that anybody else says of it."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest
from result_factory import make_result, write_made

from cefrbench.results.findings import Mismatch
from cefrbench.results.io import read_result, write_result
from cefrbench.verification.record import make_record, write_record
from cefrbench_leaderboard.agreement import disagreements
from cefrbench_leaderboard.site import build
from cefrbench_leaderboard.trust import read_records

SMALL = {"texts": 15, "layers": (1,), "probes": ("ridge",), "protocols": ("loco",)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A site of results of every level, and of records that nobody should believe."""
    root = tmp_path_factory.mktemp("trust")
    results, verified = root / "results", root / "verified"
    paths = {name: write_made(results, name, **SMALL) for name in ("plain", "again", "wrong")}
    _, again, wrong = (read_result(path) for path in paths.values())
    kept = {"by": "<b>me</b>", "device": "cpu"}
    for level in ("sampled", "reproduced"):
        write_record(make_record(again, level, [], nonce="n-1", **kept), paths["again"], verified)
    fault = Mismatch("features", "rows are others", "those of the model")
    write_record(make_record(wrong, "sampled", [fault], **kept), paths["wrong"], verified)
    # A record of another result under this one's name; one that is none; one outside.
    other = make_record(again, "reproduced", [], **kept).model_copy(update={"encoder": "plain"})
    write_record(other, paths["plain"], verified)
    (verified / "broken.json").write_text('{"kind": "cefrbench-verification"}', "utf-8")
    (verified / "link.json").symlink_to(verified / "again" / "cefr-v1.sampled.json")
    # Somebody else's result under another name, in a folder that comes later.
    result, predictions = make_result("again", **SMALL)
    renamed = result.encoder.model_copy(update={"name": "zebra", "model": "mine"})
    write_result(result.model_copy(update={"encoder": renamed}), predictions, results)
    report = build(results, root / "site", verified=verified, workers=1)
    return SimpleNamespace(out=root / "site", report=report, verified=verified)


def test_the_board_has_a_word_for_each_result_and_a_link_to_the_record(
    site: SimpleNamespace,
) -> None:
    page = (site.out / "index.html").read_text("utf-8")
    row = {name: page.split(f'id="e-{name}"')[1].split("</tr>")[0][:900] for name in ("plain",)}
    assert "<i>checked</i>" in row["plain"]
    assert 'href="verified/again/cefr-v1.reproduced.json">reproduced</a>' in page
    assert (site.out / "verified/again/cefr-v1.reproduced.json").is_file()
    assert 'href="about.html#trust"' in page
    rows = list(csv.DictReader((site.out / "leaderboard.csv").read_text("utf-8").splitlines()))
    assert {row["encoder"]: row["trust"] for row in rows} == {
        "plain": "checked",
        "again": "reproduced",
    }


def test_the_page_of_a_result_says_who_made_it_again(site: SimpleNamespace) -> None:
    page = (site.out / "encoders/again/cefr-v1.html").read_text("utf-8")
    assert "How far it can be trusted: reproduced" in page
    assert "&lt;b&gt;me&lt;/b&gt;" in page
    assert "nonce n-1" in page
    assert 'href="../../verified/again/cefr-v1.sampled.json"' in page
    plain = (site.out / "encoders/plain/cefr-v1.html").read_text("utf-8")
    assert "How far it can be trusted: checked" in plain
    assert "No maintainer made it again" in plain


def test_what_does_not_agree_is_left_out_and_told(site: SimpleNamespace) -> None:
    causes = {one.file: one.cause for one in site.report.left_out}
    assert "made again and does not agree (sampled; features: found" in causes["wrong/cefr-v1.json"]
    assert "those of 'again/cefr-v1.json' to the last bit" in causes["zebra/cefr-v1.json"]
    assert "is none (" in causes["verified/broken.json"]
    assert "is a link" in causes["verified/link.json"]
    assert set(causes) == {
        "wrong/cefr-v1.json",
        "zebra/cefr-v1.json",
        "verified/broken.json",
        "verified/link.json",
    }


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"a": ' * 100_000, b"{}" * 10**6])
def test_a_file_that_is_no_record_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "one.json").write_bytes(content)
    found, left = read_records(tmp_path)
    assert found == []
    (one,) = left
    assert "\n" not in one.cause
    assert str(tmp_path) not in one.cause


def test_no_folder_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "none") == ([], [])


def entry(file: str, gold: dict[str, str], predicted: str = "") -> SimpleNamespace:
    return SimpleNamespace(file=file, gold=gold, predicted=predicted)


def test_what_most_results_say_of_gold_stays() -> None:
    entries = [entry("a", {"s": "x"}), entry("b", {"s": "y"}), entry("c", {"s": "x"})]
    assert set(disagreements(entries)) == {"b"}


def test_where_as_many_say_either_none_stays() -> None:
    entries = [entry("a", {"s": "x"}), entry("b", {"s": "y"}), entry("c", {"t": "z"})]
    causes = disagreements(entries)
    assert set(causes) == {"a", "b"}
    assert "a and b name the same corpora" in causes["a"]


def test_of_equal_predictions_the_first_stays() -> None:
    entries = [entry("a", {}, "p"), entry("b", {}, "p"), entry("c", {}, "q")]
    assert set(disagreements(entries)) == {"b"}
