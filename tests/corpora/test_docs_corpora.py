"""docs/corpora.md says what is so: its plugin works, and every finding is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cefrbench.contracts.corpus import FIELDS
from cefrbench.corpora.files import read_rows
from cefrbench.corpora.load import load_essays
from cefrbench.plugins import PluginHost

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_plugin_on_the_page_works(tmp_path: Path) -> None:
    (tmp_path / "letters.py").write_text(snippet("python"), encoding="utf-8")
    host = PluginHost(plugins_dir=tmp_path)
    assert host.broken() == []
    essays = load_essays(host.get_corpus("letters"))
    assert (len(essays), essays.revision) == (1, "1.0")


def test_the_file_on_the_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "merlin-cs.json"
    path.write_text(snippet("json"), encoding="utf-8")
    (only,) = read_rows(path)
    assert isinstance(only, dict)
    assert tuple(only) == FIELDS
    assert len(load_essays(PluginHost().get_corpus("merlin-cs"), data_dir=tmp_path)) == 1


def test_every_finding_is_explained_on_the_page() -> None:
    source = (ROOT / "cefrbench" / "corpora" / "questions.py").read_text(encoding="utf-8")
    named = set(re.findall(r'Answer\(\s*"([a-z-]+)"', source))
    assert len(named) >= 10
    assert {code for code in named if f"`{code}`" not in PAGE} == set()


@pytest.mark.parametrize("reason", ["no level", "bare band", "unknown level", "empty text"])
def test_every_reason_for_dropping_a_row_is_on_the_page(reason: str) -> None:
    assert f"| {reason} |" in PAGE
