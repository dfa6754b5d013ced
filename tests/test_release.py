"""What releases and dependencies are held to, in the files that say so."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_a_release_is_published_without_a_token_and_attested():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    assert "permissions" not in build, "what is built runs code of dependencies"
    assert publish["permissions"] == {"id-token": "write", "attestations": "write"}
    assert publish["environment"]["name"] == "pypi"
    assert not any("run" in step for step in publish["steps"])
    named = [step["uses"].partition("@")[0] for step in publish["steps"]]
    assert named.index("actions/attest-build-provenance") < named.index(
        "pypa/gh-action-pypi-publish"
    )
    assert "password" not in publish["steps"][-1]["with"]


def test_pins_are_audited_on_every_push_and_every_week():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert "schedule" in workflow[True]  # YAML reads `on` as true
    runs = [step.get("run", "") for step in workflow["jobs"]["audit"]["steps"]]
    assert any("pip_audit --requirement constraints.txt" in run for run in runs)


def test_every_dependency_has_its_licence_in_the_docs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"]]
    for name, needs in extras.items():
        asked += needs if name not in {"dev", "docs"} else []
    names = {re.match(r"[\w.-]+", one)[0].lower().replace("_", "-") for one in asked}
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs/licences.md").read_text(), re.M))
    assert names - listed <= {"cefrbench"}
