"""`cefrbench check`: what it takes, what it prints, how it exits."""

import json

import pytest
from click.testing import CliRunner

from cefrbench.cli import cli, main

PROBE = '''
"""A probe in a loose file."""
from cefrbench import hookimpl
from cefrbench.contracts.cards import ProbeCard
from cefrbench.contracts.probe import ProbeSpec

CARD = ProbeCard(name="loose-ridge", description="Ridge.", kind="regressor", source="The tests.")


def make(options):
    from sklearn.linear_model import Ridge

    return Ridge()


@hookimpl
def register_probes(register):
    register(ProbeSpec(CARD, make))
'''


@pytest.fixture
def loose(tmp_path):
    path = tmp_path / "loose_ridge.py"
    path.write_text(PROBE)
    return path


def check(*words):
    return CliRunner().invoke(cli, ["check", *map(str, words)])


def test_a_registered_name_is_checked_with_its_plugin():
    outcome = check("merlin-it", "--sample")
    assert outcome.exit_code == 0
    assert "plugin corpora.merlin_it (built-in)" in outcome.output
    assert "corpus merlin-it" in outcome.output
    assert "pass  corpus-order" in outcome.output


def test_a_protocol_is_checked_by_its_name():
    outcome = check("within")
    assert outcome.exit_code == 0, outcome.output
    assert "plugin protocols.pooled (built-in)" in outcome.output
    assert "pass  protocol-apart" in outcome.output


def test_a_file_is_checked_without_being_installed(loose):
    outcome = check(loose)
    assert outcome.exit_code == 0, outcome.output
    assert "probe loose-ridge" in outcome.output


def test_the_file_of_a_built_in_is_that_built_in(request):
    path = request.config.rootpath / "plugins" / "corpora" / "merlin_it.py"
    outcome = check(path, "--sample")
    assert outcome.exit_code == 0, outcome.output
    assert "plugin corpora.merlin_it (built-in)" in outcome.output


def test_a_plugin_is_named_by_its_own_name_too():
    outcome = check("probes.ridge")
    assert outcome.exit_code == 0
    assert "probe ridge" in outcome.output


def test_something_that_fails_exits_with_3_and_says_what_why_and_how_to_mend(loose):
    loose.write_text(PROBE.replace("Ridge()", "Ridge(fit_intercept=False, alpha=1e9)"))
    outcome = check(loose)
    assert outcome.exit_code == 3
    assert "fail: probe-signal" in outcome.output
    for label in ("What:", "Why:", "Mend:"):
        assert label in outcome.output


def test_a_broken_plugin_is_a_finding_not_a_traceback(loose):
    loose.write_text("import nothing_of_that_name\n")
    outcome = check(loose)
    assert outcome.exit_code == 3
    assert "fail: plugin-loads" in outcome.output
    assert "No module named 'nothing_of_that_name'" in outcome.output
    assert "skip  plugin-light" in outcome.output


BROKEN = PROBE.replace('kind="regressor"', 'kind="regresor"')
CAUSE = "ProbeCard: kind has the value 'regresor', which should be 'regressor' or 'classifier'."


@pytest.mark.parametrize("name", ["loose_ridge", "loose-ridge", "second-name"])
def test_the_name_of_a_plugin_that_did_not_load_gives_its_finding_with_the_cause(name, loose):
    loose.write_text(BROKEN + "\nOTHER = 'second-name'\n")
    outcome = CliRunner().invoke(cli, ["--plugins-dir", str(loose.parent), "check", name])
    assert outcome.exit_code == 3, outcome.output
    assert "fail: plugin-loads" in outcome.output
    assert CAUSE in " ".join(outcome.output.split())


@pytest.mark.parametrize("module", ["river_probe", "river_probe.inner", "river_probe.inner.own"])
def test_a_plugin_of_a_package_that_did_not_load_is_found_by_what_it_would_register(
    module, tmp_path, monkeypatch
):
    path = tmp_path.joinpath(*module.split("."))
    path = path.with_suffix(".py") if module.endswith("own") else path / "__init__.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BROKEN)
    about = tmp_path / "river_probe-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: river-probe\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[cefrbench]\nrivers = {module}\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("loose-ridge", "rivers", "river-probe"):
        outcome = check(name)
        assert outcome.exit_code == 3, outcome.output
        assert CAUSE in " ".join(outcome.output.split())


def test_a_name_that_no_plugin_is_known_to_have_is_told_which_are_out_of_use(loose, capsys):
    loose.write_text(BROKEN)
    assert main(["--plugins-dir", str(loose.parent), "check", "ordinall"]) == 1
    said = capsys.readouterr().err
    assert "There is no plugin named 'ordinall': did you mean 'ordinal'" in said
    assert f"a plugin that is out of use (loose_ridge.py: {CAUSE})." in said


@pytest.mark.parametrize(
    "words", [["check", "within"], ["list", "probes"], ["plugins"], ["list", "corpora"]]
)
def test_a_mistake_in_a_card_spoils_no_other_command(words, loose):
    loose.write_text(BROKEN)
    outcome = CliRunner().invoke(cli, ["--plugins-dir", str(loose.parent), *words])
    assert outcome.exit_code == 0, outcome.output


def test_a_plugin_that_imports_something_heavy_is_found(loose):
    loose.write_text("import sklearn.linear_model\n" + PROBE)
    outcome = check(loose, "--json")
    assert outcome.exit_code == 3
    failed = [
        finding["check"]
        for report in json.loads(outcome.stdout)["reports"]
        for finding in report["findings"]
        if finding["status"] == "fail"
    ]
    assert failed == ["plugin-light"]


def test_a_name_that_is_taken_is_found(loose):
    loose.write_text(PROBE.replace("loose-ridge", "ridge"))
    outcome = check(loose)
    assert outcome.exit_code == 3
    assert "fail: plugin-registers" in outcome.output


def test_json_stands_alone_on_standard_output_and_tells_whether_it_passed(loose):
    outcome = check(loose, "--json")
    data = json.loads(outcome.stdout)
    assert data["passed"] is True
    assert [report["kind"] for report in data["reports"]] == ["plugin", "probe"]


def test_markdown_is_written_to_a_file_and_to_standard_output(loose, tmp_path):
    file = tmp_path / "report.md"
    assert check(loose, "--markdown", file).exit_code == 0
    outcome = check(loose, "--markdown", "-")
    for text in (file.read_text(), outcome.output):
        assert "### probe loose-ridge" in text
        assert "| pass | `probe-signal` | It learns a planted signal" in text


def test_markdown_can_not_be_broken_by_what_a_plugin_says(loose):
    loose.write_text(
        PROBE.replace("The tests.", "")
        .replace("Ridge.", "")
        .replace("return Ridge()", "raise ValueError('<img src=x> | @everyone `x`')")
    )
    text = check(loose, "--markdown", "-").output
    assert "<img" not in text
    assert "@everyone" not in text
    assert "\\| &#64;everyone" in text


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("ordinall", "There is no plugin named 'ordinall': did you mean 'ordinal'"),
        ("gone.py", "There is no file 'gone.py'"),
        ("a" * 300, "'… is longer than the name of any file: give another one."),
        (f"{'a' * 300}.py", "'… is longer than the name of any file: give another one."),
    ],
)
def test_an_unknown_name_is_one_sentence_and_exit_1(wanted, sentence, capsys):
    assert main(["check", wanted]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ("", "has no entry point in the group 'cefrbench'"),
        ('[project.entry-points.cefrbench]\nx = "y"\n', "is not installed here: run `pip install"),
    ],
)
def test_the_folder_of_a_package_that_can_not_be_checked_says_why(
    points, sentence, tmp_path, capsys
):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n{points}')
    assert main(["check", str(tmp_path)]) == 1
    assert sentence in capsys.readouterr().err
