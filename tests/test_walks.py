"""A newcomer follows CONTRIBUTING.md, command by command, in a checkout of their own.

What the page shows is done as it stands: files, changes, commands. The tests add only what a
newcomer has: the file of a corpus, and a service that embeds.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from doc_snippets import Reader, read
from embedding_server import KEY, serving

from cefrbench.results.io import read_result

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.md"

pytestmark = pytest.mark.slow

#: Invented texts for the owner's file; the page shows the first three.
RIVER = """\
Essay no.,Final grade (CEFR),"Student's text, as written"
1,A2,Last week I went to the river with my dog. It was cold but nice.
2,B1+,"If it had rained less, we would have crossed the bridge on the same day."
3,ungraded,I forgot my glasses.
"""


def river():
    """The owner's file: the beginning on the page, and twenty-four rows more."""
    rows = []
    for number in range(4, 28):
        level = ("A2", "B1", "b2 ")[number % 3]
        words = " ".join(["and then the slow river went on"] * (1 + number % 3 * 3))
        rows.append(f'{number},{level},"Number {number}: the boat left at {number}, {words}."')
    return RIVER + "\n".join([*rows, "28,ungraded,I was ill."]) + "\n"


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the code, and a reader in it whose Python finds that code first."""
    folder = tmp_path / "cefrbench"
    for name in ("cefrbench", "plugins", "leaderboard", "docs/examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    paths = tmp_path / "paths"
    paths.mkdir()
    (paths / "cefrbench_plugins").symlink_to(folder / "plugins")
    (paths / "cefrbench_leaderboard").symlink_to(folder / "leaderboard")
    return Reader(
        folder,
        {
            "PYTHONPATH": f"{folder}{os.pathsep}{paths}",
            "CEFRBENCH_CACHE_DIR": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "1",
        },
    )


def section(title):
    """Snippets below one heading."""
    text = PAGE.read_text("utf-8")
    start = text.index(f"\n## {title}\n")
    end = text.find("\n## ", start + 1)
    first, last = (text.count("\n", 0, at) for at in (start, end if end > 0 else len(text)))
    return [snippet for snippet in read(PAGE) if first < snippet.line <= last]


def follow(reader, title):
    for snippet in section(title):
        reader.follow(snippet)


def only_result(folder, encoder="surface"):
    """The result of the encoder asked for; the suite's references have theirs beside it."""
    results = [read_result(p) for p in folder.rglob("*.json") if p.parent != folder]
    (result,) = [r for r in results if r.encoder.name == encoder]
    beside = {r.encoder.name for r in results} - {encoder}
    assert beside == {record.encoder.name for record in result.references} - {encoder}
    assert "length" in beside
    assert len(results) == 1 + len(beside)
    return result


def test_a_corpus_from_a_csv_file_with_odd_column_names(checkout):
    (checkout.folder.parent / "river.csv").write_text(river(), "utf-8")
    follow(checkout, "A corpus")
    result = only_result(checkout.folder / "out")
    (corpus,) = result.corpora
    assert corpus.card.name == "river"
    assert corpus.texts == 26
    assert corpus.cleaning.dropped == {"nobody graded it": 2}
    assert {unit.corpus for unit in result.units} == {"river"}


def test_a_probe_that_wraps_another_estimator_of_scikit_learn(checkout):
    follow(checkout, "A probe")
    result = only_result(checkout.folder / "out")
    assert [probe.name for probe in result.probes] == ["extra-trees"]
    assert result.summary
    assert not result.failures


def test_a_method_that_shrinks_what_tells_corpora_apart(checkout):
    follow(checkout, "A method")
    result = only_result(checkout.folder / "out")
    assert [probe.name for probe in result.probes] == ["ridge", "shrink+ridge"]
    assert not result.failures


def test_an_encoder_that_calls_an_http_endpoint_whose_key_stays_secret(checkout, tmp_path):
    refusals = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
    with serving(refusals) as service:
        checkout.environment |= {"EMBEDDING_URL": service.url, "EMBEDDING_API_KEY": KEY}
        follow(checkout, "An encoder")
    result = only_result(checkout.folder / "out", "http-embedding:letters-1")
    assert result.encoder.name == "http-embedding:letters-1"
    assert result.encoder.layers == (1,)
    assert not service.refusals
    assert max(service.batches) > 1
    assert not [p for p in written(tmp_path) if KEY.encode() in p.read_bytes()]
    assert KEY not in "".join(checkout.printed)


def test_a_result_that_is_tried_checked_and_looked_at(checkout):
    follow(checkout, "A result")
    assert (checkout.folder / "site" / "index.html").is_file()
    assert only_result(checkout.folder / "out").suite == "quickstart"


def test_a_package_of_ones_own(checkout):
    follow(checkout, "A package of your own")
    assert (checkout.folder.parent / "cefrbench-own-probe" / "pyproject.toml").is_file()


def test_links_lead_somewhere():
    for page in (PAGE, ROOT / "docs" / "hooks.md"):
        text = page.read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def written(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_reader_would_notice_a_command_that_fails(checkout):
    (snippet,) = [s for s in section("A corpus") if "new corpus" in s.text]
    checkout.follow(snippet)
    with pytest.raises(AssertionError, match="There is a corpus named 'river' already"):
        checkout.follow(snippet)
