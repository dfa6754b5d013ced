"""What reviewers are shown: the kit on added plugins, the ranking with added results."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from result_factory import make_result, write_made

from cefrbench.results.io import write_result

ROOT = Path(__file__).resolve().parents[2]
REVIEW = ROOT / ".github" / "review"

PLUGIN = """
from cefrbench import hookimpl
from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec

CARD = ProbeCard(name="added", description="Added.", kind="regressor", source="The tests.")


def make(options):
    from sklearn.linear_model import Ridge

    return Ridge()


@hookimpl
def register_probes(register):
    register(ProbeSpec(CARD, make))
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit, and what the reports need to run in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "plugins" / "probes").mkdir(parents=True)
    (tmp_path / "plugins" / "probes" / "old.py").write_text("old = 1\n")
    results = tmp_path / "leaderboard" / "results"
    write_made(results, "first", skill=0.5)
    (tmp_path / ".gitignore").write_text("summary.md\n")
    git("init", "--quiet", "--initial-branch=main")
    commit()
    return tmp_path


def git(*words):
    name = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *name, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit():
    git("add", "--all")
    git("commit", "--quiet", "--message", "A commit")


def report(name, base="HEAD~1"):
    """Commit what there is, run a report on it, and give its status and summary."""
    commit()
    done = subprocess.run(
        [sys.executable, str(REVIEW / f"{name}.py"), git("rev-parse", base)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    summary = Path("summary.md")
    return done.returncode, summary.read_text() if summary.is_file() else done.stderr


def test_the_kit_runs_on_the_added_plugin_alone(repository):
    (repository / "plugins" / "probes" / "added.py").write_text(PLUGIN)
    (repository / "plugins" / "probes" / "_shared.py").write_text("shared = 1\n")
    status, summary = report("plugins")
    assert status == 0, summary
    assert "### probe added" in summary
    assert "old.py" not in summary
    assert "_shared" not in summary


def test_a_plugin_that_fails_fails_the_report(repository):
    broken = PLUGIN.replace("Ridge()", "Ridge(alpha=1e9, fit_intercept=False)")
    (repository / "plugins" / "probes" / "added.py").write_text(broken)
    status, summary = report("plugins")
    assert status == 3
    assert "**fail: `probe-signal`**" in summary


def test_no_plugin_is_no_failure(repository):
    (repository / "README.md").write_text("changed")
    assert report("plugins")[0] == 0


def test_a_path_is_never_a_command(repository):
    path = repository / "plugins" / "probes" / "$(touch caught).py"
    path.write_text(PLUGIN)
    assert report("plugins")[0] == 0
    assert not (repository / "caught").exists()


@pytest.mark.parametrize("ending", ["import os; os._exit(0)", "raise SystemExit(0)"])
def test_a_plugin_that_ends_the_process_fails_the_report(repository, ending):
    path = repository / "plugins" / "probes" / "added.py"
    path.write_text(PLUGIN.replace("    from sklearn", f"    {ending}\n    from sklearn"))
    status, summary = report("plugins")
    assert status == 3, summary
    assert "added" in summary


def test_results_and_code_together_are_not_taken(repository):
    write_made(repository / "leaderboard" / "results", "second")
    (repository / "plugins" / "probes" / "old.py").write_text("old = 2\n")
    (repository / "README.md").write_text("a page may change")
    status, summary = report("results")
    assert status == 3
    assert "results and code change together (plugins/probes/old.py): put" in summary


def test_published_predictions_are_neither_replaced_nor_removed(repository):
    write_made(repository / "leaderboard" / "results", "first", skill=0.6)
    status, summary = report("results")
    assert status == 3
    assert "is replaced or removed" in summary
    (predictions,) = (repository / "leaderboard" / "results" / "first").glob("*.parquet")
    predictions.unlink()
    status, summary = report("results")
    assert status == 3
    assert "is replaced or removed" in summary


def test_no_result_at_all_is_not_taken(repository):
    (repository / "leaderboard" / "results" / "notes.txt").write_text("nothing")
    status, summary = report("results")
    assert status == 3
    assert "no result is added or changed" in summary


def test_the_gate_judges_with_the_code_of_the_base_branch():
    for name, step in (("results", "results"), ("plugin", "plugins")):
        text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
        assert "ref: ${{ github.event.pull_request.base.sha }}" in text
        assert f"run: python ../base/.github/review/{step}.py" in text
        assert "pip install --constraint base/constraints.txt './base[" in text
        assert "secrets." not in text


def test_a_result_is_recomputed_and_what_it_changes_in_the_ranking_is_shown(repository):
    write_made(repository / "leaderboard" / "results", "second")
    status, summary = report("results")
    assert status == 0, summary
    assert "every figure agrees" in summary
    (row,) = [line for line in summary.splitlines() if re.search(r"second .* loco", line)][:1]
    assert "| not there |" in row


def test_a_figure_that_was_changed_is_found(repository):
    path = write_made(repository / "leaderboard" / "results", "second")
    data = json.loads(path.read_text())
    data["units"][0]["scores"]["qwk"] = 0.99
    path.write_text(json.dumps(data))
    status, summary = report("results")
    assert status == 3
    assert "not taken" in summary


def test_two_encoders_in_a_folder_are_found(repository):
    results = repository / "leaderboard" / "results"
    path = write_made(results, "second")
    for file in path.parent.iterdir():
        shutil.move(file, results / "first" / file.name.replace(path.stem, "cefr-v2"))
    status, summary = report("results")
    assert status == 3
    assert "its folder also holds results of first" in summary


def test_other_rows_of_a_corpus_are_found(repository):
    result, predictions = make_result("second")
    newer = tuple(c.model_copy(update={"fingerprint": "f" * 64}) for c in result.corpora)
    result = result.model_copy(update={"corpora": newer})
    write_result(result, predictions, repository / "leaderboard" / "results")
    status, summary = report("results")
    assert status == 3
    assert "it can't be compared with results that are there: the texts of alpha" in summary


def test_other_splits_of_the_same_texts_are_found(repository):
    result, predictions = make_result("second")
    first = result.splits[0].model_copy(update={"manifest": "f" * 64})
    result = result.model_copy(update={"splits": (first, *result.splits[1:])})
    write_result(result, predictions, repository / "leaderboard" / "results")
    status, summary = report("results")
    assert status == 3
    assert "of iid splits the texts in another way" in summary


def test_a_file_that_is_no_result_is_found_and_the_ranking_still_shown(repository):
    path = repository / "leaderboard" / "results" / "<img src=x>" / "cefr-v1.json"
    path.parent.mkdir()
    path.write_text("{}")
    status, summary = report("results")
    assert status == 3
    assert "<img" not in summary
    assert "What changes in the ranking" in summary


def test_workflows_are_safe_for_forks():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text("utf-8")
        assert "pull_request_target" not in text
        assert "secrets." not in text
        assert "\npermissions:\n  contents: read\n" in text
        for action in re.findall(r"uses: (\S+)(.*)", text):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action[0]), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", action[1]), action
        # Values of an event are data: they reach a script through its environment only.
        for script in re.findall(r"run: (.*)", text):
            assert "${{" not in script
