"""Corpora as `describe` and `audit` saw them, shown with the rows that they looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from result_factory import make_result
from site_factory import write_changed

from cefrbench.cli import cli
from cefrbench.errors import ResultError
from cefrbench.plugins import PluginHost
from cefrbench_leaderboard.descriptions import read_descriptions
from cefrbench_leaderboard.site import build


def write_outputs(folder: Path) -> None:
    """Write what the two commands say of the sample of cople2, which has conflicting levels."""
    folder.mkdir()
    for command in ("describe", "audit"):
        arguments = ["corpora", command, "--sample", "--corpus", "cople2", "--json"]
        said = CliRunner().invoke(cli, arguments, obj=PluginHost())
        (folder / f"samples.{command}.json").write_text(said.stdout, "utf-8")


def test_outputs_of_both_commands_are_read_by_fingerprint(tmp_path: Path) -> None:
    write_outputs(tmp_path / "corpora")
    ((fingerprint, found),) = read_descriptions(tmp_path / "corpora").items()
    assert found.description.name == "cople2"
    assert found.description.fingerprint == fingerprint
    assert found.findings is not None
    assert {finding.code for finding in found.findings} >= {"conflicting-levels"}


def test_the_page_of_a_corpus_shows_lengths_and_findings_of_its_rows(tmp_path: Path) -> None:
    write_outputs(tmp_path / "corpora")
    ((fingerprint, found),) = read_descriptions(tmp_path / "corpora").items()
    options = {"corpora": ("cople2", "beta"), "texts": 20, "layers": (1,), "probes": ("ridge",)}
    result, _ = make_result("one", **options)
    records = (
        result.corpora[0].model_copy(update={"fingerprint": fingerprint}),
        result.corpora[1],
    )
    write_changed(tmp_path / "results", "one", {"corpora": records}, **options)
    build(tmp_path / "results", tmp_path / "site", corpora=tmp_path / "corpora")
    page = (tmp_path / "site" / "corpora" / "cople2.html").read_text("utf-8")
    assert f"{found.description.words.median:.0f} <i>(" in page
    assert "13 texts have more than one level" in page
    assert "would bias a score" in page
    other = (tmp_path / "site" / "corpora" / "beta.html").read_text("utf-8")
    assert "These rows were not described" in other


def test_a_build_finds_the_folder_beside_the_results_and_says_what_was_not_audited(
    tmp_path: Path,
) -> None:
    (tmp_path / "board").mkdir()
    write_outputs(tmp_path / "board" / "corpora")
    ((fingerprint, _),) = read_descriptions(tmp_path / "board" / "corpora").items()
    options = {"corpora": ("cople2", "beta"), "texts": 20, "layers": (1,), "probes": ("ridge",)}
    result, _ = make_result("one", **options)
    same = result.corpora[0].model_copy(update={"fingerprint": fingerprint})
    change = {"corpora": (same, result.corpora[1])}
    write_changed(tmp_path / "board" / "results", "one", change, **options)

    def said(*more: str) -> str:
        words = ["leaderboard", "build", "--results", str(tmp_path / "board" / "results")]
        words += ["--out", str(tmp_path / "site"), *more]
        done = CliRunner().invoke(cli, words, obj=PluginHost())
        assert done.exit_code == 0
        return done.stderr

    assert "of the rows of beta:" in said()
    assert "would bias a score" in (tmp_path / "site/corpora/cople2.html").read_text("utf-8")
    assert "of the rows of beta, cople2:" in said("--corpora", str(tmp_path / "nowhere"))
    (tmp_path / "board" / "corpora" / "samples.audit.json").unlink()
    assert "of the rows of beta, cople2:" in said()
    assert "No audit" not in said("--quiet")


def test_a_site_whose_corpora_were_all_audited_says_nothing(tmp_path: Path) -> None:
    write_outputs(tmp_path / "corpora")
    ((fingerprint, _),) = read_descriptions(tmp_path / "corpora").items()
    options = {"corpora": ("cople2",), "protocols": ("iid",), "probes": ("ridge",), "layers": (1,)}
    result, _ = make_result("one", **options)
    same = result.corpora[0].model_copy(update={"fingerprint": fingerprint})
    write_changed(tmp_path / "results", "one", {"corpora": (same,)}, **options)
    report = build(tmp_path / "results", tmp_path / "site", corpora=tmp_path / "corpora")
    assert (report.results, report.not_audited) == (1, ())


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.describe.json").write_text(json.dumps({"corpora": [{"name": "x"}]}), "utf-8")
    with pytest.raises(ResultError, match="corpora describe --json"):
        read_descriptions(tmp_path)


def test_no_folder_means_no_descriptions(tmp_path: Path) -> None:
    assert read_descriptions(tmp_path / "nothing") == {}
