"""The built site as a whole: what is on it, what isn't, and that it never depends on chance."""

from __future__ import annotations

import csv
import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import html5lib
import pytest
from click.testing import CliRunner
from report_factory import misplaced
from result_factory import write_made
from site_factory import LONG, MARKUP, WAY_OUT, Site, page_of, write_full

import cefrbench
import cefrbench_leaderboard
from cefrbench.errors import CacheError, UserError
from cefrbench.results.explain import tell_gap
from cefrbench.results.io import read_predictions_of, read_result, slug
from cefrbench.results.model import SCHEMA_VERSION
from cefrbench.statistics.resampling import TextWeights
from cefrbench_leaderboard import store
from cefrbench_leaderboard.cli import leaderboard
from cefrbench_leaderboard.load import find_files
from cefrbench_leaderboard.output import MARKER
from cefrbench_leaderboard.process import Task, process_all
from cefrbench_leaderboard.render import number, penalties, penalty, signed
from cefrbench_leaderboard.site import build
from cefrbench_leaderboard.store import Store


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Links(HTMLParser):
    """Collects what a page refers to, its ids, and anything that runs or loads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.events: list[str] = []
        self.styles: list[str] = []
        self.inline_scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.ids += [names["id"] or ""] if "id" in names else []
        self.targets += [value for key in ("href", "src") if (value := names.get(key))]
        self.events += [key for key in names if key.startswith("on")]
        self.styles += [key for key in names if key == "style"] + ([tag] if tag == "style" else [])
        self.inline_scripts += tag == "script" and "src" not in names


def links_of(site: Site, page: str) -> Links:
    links = Links(page)
    links.feed(site.read(page))
    return links


def test_every_kind_of_page_is_there(site: Site) -> None:
    pages = set(site.pages)
    assert {"index.html", "compare.html", "coverage.html", "about.html", "reported.html"} <= pages
    assert {"corpora/index.html", "corpora/merlin-de.html"} <= pages
    assert {"probes/index.html", "probes/ridge.html"} <= pages
    assert {"protocols/index.html", "protocols/lofo.html"} <= pages
    assert {"boards/cefr-v1/ridge.html", "boards/paper/favoured.html"} <= pages
    assert page_of("strong") in pages
    assert page_of("surface", "paper") in pages


def test_links_and_anchors_lead_somewhere_inside_the_site(site: Site) -> None:
    ids = {page: set(links_of(site, page).ids) for page in site.pages}
    for page in site.pages:
        for target in links_of(site, page).targets:
            if target.startswith(("https://", "http://")):
                continue
            path, _, anchor = target.partition("#")
            assert not path.startswith("/"), f"{page} has the absolute link {target}"
            found = (site.out / page).parent.joinpath(path).resolve() if path else site.out / page
            assert found.is_file(), f"{page} links to {target}, which is not there"
            name = found.relative_to(site.out.resolve()).as_posix()
            if anchor and name.endswith(".html"):
                assert anchor in ids[name], f"{page} links to {target}, which has no such anchor"


def test_no_page_has_inline_script_style_or_a_second_of_any_id(site: Site) -> None:
    for page in site.pages:
        links = links_of(site, page)
        assert links.events == []
        assert links.styles == []
        assert links.inline_scripts == 0
        assert len(links.ids) == len(set(links.ids)), page


def test_every_page_forbids_what_it_does_not_need(site: Site) -> None:
    for page in site.pages:
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', site.read(page))
        assert policy is not None
        assert policy[1].startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy[1]


def test_pages_are_valid_html(site: Site) -> None:
    for page in site.pages:
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        tree = parser.parse((site.out / page).read_bytes(), transport_encoding="utf-8")
        assert misplaced(tree) == [], page


@pytest.mark.skipif(
    not (os.environ.get("VNU_JAR") and shutil.which("java")),
    reason="set VNU_JAR to the Nu HTML checker (npm's vnu-jar), which needs Java",
)
def test_pages_pass_the_nu_html_checker(site: Site) -> None:
    command = ["java", "-jar", os.environ["VNU_JAR"], "--errors-only", "--skip-non-html"]
    found = subprocess.run([*command, str(site.out)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_hostile_name_is_text_wherever_it_stands(site: Site) -> None:
    page = page_of(MARKUP)
    assert page in site.pages
    for name in site.pages:
        assert "<img src=x" not in site.read(name), name
    assert "&lt;img src=x onerror=alert(1)&gt;" in site.read(page)
    script = site.read("compare/cefr-v1/favoured.js")
    assert script.startswith("cefrbenchCompare([")
    assert script.endswith("]);\n")


def test_a_name_cannot_lead_out_of_the_site(site: Site) -> None:
    assert slug(WAY_OUT) in {path.name for path in (site.out / "encoders").iterdir()}
    beside = {path.name for path in site.out.parent.iterdir()}
    assert beside == {"site", ".site.store"}


def test_a_huge_name_takes_little_room(site: Site) -> None:
    assert LONG not in site.read("index.html")
    assert "xxx…xxx" in site.read(page_of(LONG))


def test_wrong_files_are_left_out_each_with_its_cause(site: Site) -> None:
    causes = {one.file: one.cause for one in site.left_out}
    assert set(causes) == {
        "again/cefr-v1.json",
        "broken/other.json",
        "broken/truncated.json",
        "cheat/cefr-v1.json",
    }
    assert "truncated" in causes["broken/truncated.json"]
    assert "not a result" in causes["broken/other.json"]
    assert "don't agree" in causes["cheat/cefr-v1.json"]
    assert "'strong/cefr-v1.json'" in causes["again/cefr-v1.json"]
    coverage = site.read("coverage.html")
    assert all(file in coverage for file in causes)
    assert "cheat" not in site.read("index.html")


def test_no_page_tells_of_a_folder_of_the_machine(site: Site) -> None:
    for name, data in files_of(site.out).items():
        assert str(site.results.parent).encode() not in data, name
        assert str(site.out.parent).encode() not in data, name


def test_a_page_says_what_its_intervals_cover(site: Site) -> None:
    anew = "each probe is fitted anew on 20 resamples of what it was trained on"
    fixed = "it holds the fitted probe fixed"
    for page, says in ((page_of("strong"), anew), (page_of("surface", "paper"), fixed)):
        text = " ".join(site.read(page).split())
        assert [phrase in text for phrase in (anew, fixed)] == [says == anew, says == fixed]
    assert anew in site.read("index.html")
    assert fixed in site.read("boards/paper/favoured.html")


def table_of(text: str, label: str) -> list[list[str]]:
    """Cells of a table, row by row, the head first."""
    (region,) = re.findall(rf'aria-label="{re.escape(label)}">(.*?)</table>', text, re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", region, re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_references_stand_beside_a_result_on_its_page(site: Site) -> None:
    result = read_result(site.results / "strong" / "cefr-v1.json")
    head, *rows = table_of(site.read(page_of("strong")), "Beside the references")
    assert [row[0] for row in rows] == ["majority level", "surface", "own layer 0", "strong"]
    names = ("QWK", "rank correlation", "recut")
    labels = [f"{side} {name}" for name in names for side in ("Seen", "Unseen")]
    assert head == ["Reference", "Probe", *labels, "BY-TASK QWK", "LOCO QWK", "LOLO QWK"]
    probe = rows[-1][1]
    (own,) = [r for r in result.summary if (r.protocol, r.probe) == ("lofo", probe)]
    assert own.chosen is not None
    assert own.embedding is not None
    scores = ("qwk", "spearman", "recut")
    shown = {row[0]: [row[head.index(f"Unseen {of}")] for of in names] for row in rows}
    assert shown["strong"] == [number(getattr(own.chosen, name)) for name in scores]
    assert shown["own layer 0"] == [number(getattr(own.embedding, name)) for name in scores]
    assert shown["majority level"] == ["0.000", "—", "—"]
    (reference,) = result.references
    (theirs,) = [
        r for r in reference.summary if (r.protocol, r.probe) == ("lofo", reference.favoured)
    ]
    assert theirs.chosen is not None
    assert shown["surface"] == [number(getattr(theirs.chosen, name)) for name in scores]


def test_a_page_shows_what_was_chosen_in_every_fold_and_its_oracle(site: Site) -> None:
    result = read_result(site.results / "strong" / "cefr-v1.json")
    text = site.read(page_of("strong"))
    _, *rows = table_of(text, "Choices of ridge under lofo")
    choices = [c for c in result.choices if (c.protocol, c.probe) == ("lofo", "ridge")]
    assert len(rows) == len(choices) == 8
    for row, one in zip(rows, choices, strict=True):
        assert row == [
            one.fold,
            "—",
            str(one.layer),
            penalty(one.penalty),
            number(one.inner_qwk),
            number(one.scored_qwk),
            str(one.oracle_layer),
            penalty(one.oracle_penalty),
            number(one.oracle_qwk),
        ]
    _, *rows = table_of(text, "Choices of mlp-regressor-early under lofo")
    assert {row[4] for row in rows} == {"that of ridge"}
    head, *rows = table_of(text, "Scores by protocol and probe")
    (row,) = [row for row in rows if row[:2] == ["lofo", "ridge"]]
    (record,) = [r for r in result.summary if (r.protocol, r.probe) == ("lofo", "ridge")]
    assert record.embedding is not None
    assert row[head.index("Penalties chosen")] == penalties(record.chosen_penalties)
    assert row[head.index("QWK at layer 0")] == number(record.embedding.qwk)
    assert row[head.index("Oracle")] == number(record.oracle_qwk)
    assert row[head.index("Optimism")] == signed(record.optimism)


def test_a_result_of_the_first_format_is_left_out_with_what_to_do(tmp_path: Path) -> None:
    path = write_made(tmp_path / "results", "old", texts=20, layers=(1,), probes=("ridge",))
    now = f'"{SCHEMA_VERSION}"'
    path.write_text(path.read_text("utf-8").replace(now, '"1.1"', 1), "utf-8")
    report = build(tmp_path / "results", tmp_path / "site")
    (left_out,) = report.left_out
    assert "too old (schema 1.1" in left_out.cause
    assert "`cefrbench run --config old/cefr-v1.json`" in left_out.cause
    assert report.results == 0


def test_two_builds_are_equal_byte_by_byte(site: Site, tmp_path: Path) -> None:
    copied = shutil.copytree(site.results, tmp_path / "elsewhere")
    build(copied, tmp_path / "again", workers=2)
    assert files_of(tmp_path / "again") == files_of(site.out)


def test_a_reference_that_lacks_a_boards_probe_says_what_it_stands_with(tmp_path: Path) -> None:
    write_made(tmp_path / "results", "candidate", probes=("ridge", "ordinal"), texts=20)
    own_probe = {"probes": ("ordinal",), "texts": 20}
    write_made(tmp_path / "results", "surface", role="reference", **own_probe)
    build(tmp_path / "results", tmp_path / "site")
    board = (tmp_path / "site" / "boards" / "cefr-v1" / "ridge.html").read_text("utf-8")
    assert board.count("with ordinal") == 1
    own = (tmp_path / "site" / "boards" / "cefr-v1" / "ordinal.html").read_text("utf-8")
    assert "with ordinal" not in own


def test_a_new_result_alone_is_made(tmp_path: Path) -> None:
    results = tmp_path / "results"
    options = {"texts": 20, "layers": (1,), "probes": ("ridge",)}
    write_made(results, "first", **options)
    write_made(results, "second", **options)
    assert build(results, tmp_path / "site").made == 2
    write_made(results, "third", **options)
    report = build(results, tmp_path / "site")
    assert (report.results, report.made) == (3, 1)
    assert build(results, tmp_path / "site").made == 0
    shutil.rmtree(results / "first")
    assert build(results, tmp_path / "site").results == 2
    assert not (tmp_path / "site" / "encoders" / "first").exists()


def test_what_was_changed_in_the_site_does_not_come_back(tmp_path: Path) -> None:
    write_made(tmp_path / "results", "one", texts=20, layers=(1,), probes=("ridge",))
    build(tmp_path / "results", tmp_path / "site")
    page = tmp_path / "site" / page_of("one")
    linked = page.with_suffix("") / "units.csv"
    clean = {path: path.read_bytes() for path in (page, linked)}
    for path, made in ((page, 0), (linked, 1)):
        with path.open("ab") as file:
            file.write(b"<p>changed by hand</p>")
        assert build(tmp_path / "results", tmp_path / "site").made == made
        assert {path: path.read_bytes() for path in clean} == clean


class Deadly:
    """Ends the process that receives it, as a lack of memory does."""

    def __reduce__(self) -> tuple[Callable[[int], NoReturn], tuple[int]]:
        return os._exit, (1,)


def test_a_result_that_kills_its_process_leaves_the_others(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        write_made(tmp_path / "results", name, texts=20, layers=(1,), probes=("ridge",))
    entries = Store(tmp_path / "store")
    tasks = [
        Task(file, entries.key(file), tmp_path / "store")
        for file in find_files(tmp_path / "results")
    ]
    tasks[1] = replace(tasks[1], store=Deadly())
    causes = {one.task.file.name[0]: one.cause for one in process_all(tasks, workers=2)}
    assert "died" in causes.pop("b")
    assert causes == {"a": "", "c": "", "d": ""}


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    mine = tmp_path / "home" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("years of work", "utf-8")
    with pytest.raises(UserError, match="not a site of cefrbench"):
        build(tmp_path / "results", tmp_path / "home")
    assert mine.read_text("utf-8") == "years of work"


def test_a_build_that_fails_leaves_the_old_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_made(tmp_path / "results", "one", texts=20, layers=(1,), probes=("ridge",))
    build(tmp_path / "results", tmp_path / "site")
    before = files_of(tmp_path / "site")
    (tmp_path / "results" / "published.csv").write_text("encoder\nnobody\n", "utf-8")
    with pytest.raises(UserError, match=r"published\.csv"):
        build(tmp_path / "results", tmp_path / "site")
    assert files_of(tmp_path / "site") == before
    assert {path.name for path in tmp_path.iterdir()} == {"results", "site", ".site.store"}


@pytest.mark.parametrize("failing", [1, 2], ids=["old site aside", "new site in its place"])
def test_a_swap_that_fails_leaves_the_old_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    (tmp_path / "results").mkdir()
    build(tmp_path / "results", tmp_path / "site")
    before = files_of(tmp_path / "site")
    write_made(tmp_path / "results", "one", texts=20, layers=(1,), probes=("ridge",))
    rename, done = os.rename, []

    def rename_or_fail(source: Path, target: Path) -> None:
        if Path(source).is_dir() and tmp_path / "site" in (source, target):
            done.append(source)
            if len(done) == failing:
                raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", rename_or_fail)
    with pytest.raises(CacheError, match="No space left on device"):
        build(tmp_path / "results", tmp_path / "site")
    assert len(done) >= failing
    assert files_of(tmp_path / "site") == before
    assert {path.name for path in tmp_path.iterdir()} == {"results", "site", ".site.store"}
    monkeypatch.undo()
    assert build(tmp_path / "results", tmp_path / "site").results == 1


@pytest.fixture
def copied_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The packages that make pages, where they may be edited; as far as the store can tell."""
    copy = tmp_path / "code"
    hidden = shutil.ignore_patterns("__pycache__")
    for package in (cefrbench, cefrbench_leaderboard):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, copy / package.__name__, ignore=hidden)
    monkeypatch.setattr(cefrbench, "__file__", str(copy / "cefrbench" / "__init__.py"))
    monkeypatch.setattr(store, "__file__", str(copy / "cefrbench_leaderboard" / "store.py"))
    store.code_digest.cache_clear()
    yield copy
    store.code_digest.cache_clear()


@pytest.mark.parametrize(
    "name",
    ["cefrbench/levels.py", "cefrbench_leaderboard/entry.py", "cefrbench_leaderboard/templates"],
)
def test_pages_of_other_code_are_made_again(tmp_path: Path, copied_code: Path, name: str) -> None:
    write_made(tmp_path / "results", "one", texts=20, layers=(1,), probes=("ridge",))
    made = [build(tmp_path / "results", tmp_path / "site").made for _ in range(2)]
    path = copied_code / name
    path = path if path.is_file() else sorted(path.glob("*.html"))[0]
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    store.code_digest.cache_clear()
    made.append(build(tmp_path / "results", tmp_path / "site").made)
    assert made == [1, 0, 1]


def test_pages_drawn_by_another_version_of_the_library_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_made(tmp_path / "results", "one", texts=20, layers=(1,), probes=("ridge",))
    made = [build(tmp_path / "results", tmp_path / "site").made for _ in range(2)]
    real = metadata.version
    other = {"vl-convert-python": "0.0"}
    monkeypatch.setattr(metadata, "version", lambda name: other.get(name) or real(name))
    store.code_digest.cache_clear()
    made.append(build(tmp_path / "results", tmp_path / "site").made)
    monkeypatch.undo()
    store.code_digest.cache_clear()
    assert made == [1, 0, 1]


def test_links_in_the_results_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write_made(outside, "secret", texts=20, layers=(1,), probes=("ridge",))
    results = tmp_path / "results"
    results.mkdir()
    (results / "secret").symlink_to(outside / "secret")
    report = build(results, tmp_path / "site")
    assert (report.results, report.left_out) == (0, ())


def test_a_link_in_the_place_of_a_result_is_not_followed(tmp_path: Path) -> None:
    secret = write_made(tmp_path / "outside", "secret", texts=20, layers=(1,), probes=("ridge",))
    folder = tmp_path / "results" / "secret"
    folder.mkdir(parents=True)
    for path in secret.parent.iterdir():
        (folder / path.name).symlink_to(path)
    assert find_files(tmp_path / "results") == []
    report = build(tmp_path / "results", tmp_path / "site")
    assert (report.results, report.left_out) == (0, ())


def test_an_empty_folder_gives_a_site_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    report = build(tmp_path / "results", tmp_path / "site")
    assert report.results == 0
    assert "No full result of cefr-v1 is here yet" in report.index.read_text("utf-8")


def test_the_command_prints_the_front_page_and_exits_3_when_files_are_left_out(
    tmp_path: Path,
) -> None:
    results, out = tmp_path / "results", tmp_path / "site"
    write_full(results, "one", 0.5)
    arguments = ["build", "--results", str(results), "--out", str(out), "--quiet"]
    good = CliRunner().invoke(leaderboard, arguments)
    assert (good.exit_code, good.stdout) == (0, f"{out / 'index.html'}\n")
    (results / "bad.json").write_text("{}", "utf-8")
    bad = CliRunner().invoke(leaderboard, arguments)
    assert bad.exit_code == 3
    assert "Left out bad.json" in bad.stderr
    assert (out / MARKER).is_file()


def test_a_page_tells_its_story_in_the_sentences_of_explain(site: Site) -> None:
    path = site.results / "strong" / "cefr-v1.json"
    result = read_result(path)
    told = tell_gap(result, read_predictions_of(result, path), TextWeights())
    found = re.search(r'id="story">(.*?)</p>', site.read(page_of("strong")))
    assert found is not None
    assert unescape(found[1]) == " ".join(one.text for one in told)
    assert len(told) >= 3


def test_a_corpus_page_puts_the_best_unseen_first_and_splits_what_it_loses(site: Site) -> None:
    text = site.read("corpora/merlin-de.html").partition('id="standings"')[2]
    table = text.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    plain = [[re.sub("<[^>]*>", " ", cell).replace("−", "-").split()[:1] for cell in row]
             for row in cells]  # fmt: skip
    unseen = [float(row[3][0]) for row in plain]
    assert len(unseen) > 1
    assert unseen == sorted(unseen, reverse=True)
    for row in plain:
        lost, direction, thresholds = (float(row[place][0]) for place in (4, 5, 6))
        assert lost == pytest.approx(direction + thresholds, abs=0.011)
        assert lost == pytest.approx(float(row[2][0]) - float(row[3][0]), abs=0.006)


# -- what a page is told when the site is written ------------------------------------------------


def test_an_encoders_page_says_how_far_it_comes_up_the_ladder_as_its_board_does(site: Site) -> None:
    board = site.read("index.html")
    told = re.findall(r'<a href="(encoders/[^"]+)#claim">(\d)</a><i>of (\d)</i>', board)
    assert len(told) == 4
    for path, height, rungs in told:
        page = site.read(path)
        assert f"{height} of {rungs} rungs passed from the lowest" in page
        ladder = page.partition('aria-label="The claim ladder"')[2].partition("</table>")[0]
        outcomes = re.findall(r"</th><td>(passed|not shown|worse|untested)", ladder)
        assert len(outcomes) == int(rungs)
        untold = next((i for i, one in enumerate(outcomes) if one != "passed"), len(outcomes))
        assert untold == int(height)
    assert 'id="claim"' not in site.read(page_of("surface"))
    assert "<!--" not in site.read(page_of("surface"))


def test_pictures_of_boards_and_ways_can_be_taken_along(site: Site) -> None:
    for name in ("index.html", "reported.html", "ways/cefr-v1/corpus/elle.html"):
        page = site.read(name)
        keys = re.findall(r'<figure class="plot" id="([^"]+)"', page)
        assert keys
        for key in keys:
            folder = name.removesuffix(".html")
            assert (site.out / folder / f"{key}.svg").read_text("utf-8").startswith("<?xml")
            assert f'{folder.rpartition("/")[2]}/{key}.csv" download' in page
            assert f"{folder}/{key}.svg" in page


def test_the_reported_page_has_the_headline_of_its_own_figures(site: Site) -> None:
    lines = (site.out / "reported.csv").read_text("utf-8").splitlines()[1:]
    best: dict[str, tuple[float, float]] = {}
    for row in csv.DictReader(lines):
        if row["role"] == "candidate":
            pair = float(row["ood_qwk_best_layer"]), float(row["iid_qwk_best_layer"])
            best[row["encoder"]] = max(best.get(row["encoder"], pair), pair)
    unseen, seen = (sum(side) / len(best) for side in zip(*best.values(), strict=True))
    page = re.sub("<[^>]+>", "", site.read("reported.html"))
    assert f"agree with raters at {seen:.2f}; on unseen ones at {unseen:.2f}." in page


def test_a_corpus_page_has_its_bibtex(site: Site) -> None:
    page = site.read("corpora/elle.html")
    assert "@misc{elle," in page
    assert "note = {Nobody (2026).}" in page
