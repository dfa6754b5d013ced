"""What every page says of where it stands, what it was built from, and what a preview shows."""

from __future__ import annotations

import re
import struct
import subprocess
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from result_factory import write_made
from site_factory import MARKUP, Site, page_of

from cefrbench.errors import UserError
from cefrbench.results.io import read_result
from cefrbench_leaderboard.cli import leaderboard
from cefrbench_leaderboard.page import Page, Shown, picture_path
from cefrbench_leaderboard.render import render
from cefrbench_leaderboard.sharing import picture, stamp
from cefrbench_leaderboard.sharing.text import fit, plain, width, wrap
from cefrbench_leaderboard.site import build

BASE = "https://example.org/a%20b/"
SOME = {"texts": 20, "layers": (1,), "probes": ("ridge",)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("stamped")
    for name in ("one", MARKUP):
        write_made(folder / "results", name, **SOME)
    report = build(folder / "results", folder / "site", base_url=BASE.rstrip("/"), workers=1)
    return Site(folder / "results", folder / "site", report.left_out)


def metas(html: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', html))


def test_every_page_says_its_address_and_shows_a_picture_of_its_own(small: Site) -> None:
    for page in small.pages:
        html = small.read(page)
        assert not re.search("<!--(address|built|site)-->", html), page
        found = metas(html)
        address = BASE + ("" if page == "index.html" else page)
        assert f'<link rel="canonical" href="{address}">' in html
        assert found["og:url"] == address
        assert found["og:image"] == BASE + picture_path(page)
        assert found["og:title"] in re.search("<title>(.*)</title>", html)[1]
        assert found["og:description"] == found["description"] != ""
        png = (small.out / picture_path(page)).read_bytes()
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", png[16:24]) == (1200, 630)


def test_the_sitemap_lists_every_page(small: Site) -> None:
    root = ET.parse(small.out / "sitemap.xml").getroot()
    found = [one.text for one in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    pages = {BASE + ("" if page == "index.html" else page) for page in small.pages}
    assert len(found) == len(set(found))
    assert set(found) == pages


def test_without_an_address_what_needs_one_is_left_out(small: Site, tmp_path: Path) -> None:
    build(small.results, tmp_path / "site", workers=1)
    html = (tmp_path / "site" / page_of("one")).read_text("utf-8")
    assert '<link rel="canonical" href="cefr-v1.html">' in html
    assert not {"og:url", "og:image"} & set(metas(html))
    assert not (tmp_path / "site" / "sitemap.xml").exists()


ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feed_lists_results_with_their_scores(small: Site) -> None:
    root = ET.parse(small.out / "feed.xml").getroot()
    found = {one.find(f"{ATOM}link").get("href"): one for one in root.iter(f"{ATOM}entry")}
    assert set(found) == {BASE + page_of("one"), BASE + page_of(MARKUP)}
    for one in (root, *found.values()):
        assert {f"{ATOM}{tag}" for tag in ("title", "id", "updated")} <= {
            child.tag for child in one
        }
        assert one.find(f"{ATOM}id").text.startswith("urn:uuid:")
    result = read_result(small.results / "one" / "cefr-v1.json")
    own = found[BASE + page_of("one")]
    started = datetime.fromisoformat(result.provenance.started).astimezone(UTC)
    assert datetime.fromisoformat(own.find(f"{ATOM}updated").text) == started.replace(microsecond=0)
    assert own.find(f"{ATOM}title").text + " · cefrbench" == unescape(
        re.search("<title>(.*)</title>", small.read(page_of("one")))[1]
    )
    assert own.find(f"{ATOM}title").text.startswith("one: QWK ")
    hostile = found[BASE + page_of(MARKUP)].find(f"{ATOM}title")
    assert hostile.text.startswith(MARKUP)
    assert len(hostile) == 0


def test_links_of_a_feed_without_an_address_are_relative_and_its_ids_stay(
    small: Site, tmp_path: Path
) -> None:
    build(small.results, tmp_path / "site", workers=1)
    here, there = (ET.parse(out / "feed.xml").getroot() for out in (tmp_path / "site", small.out))
    ids = [[one.text for one in root.iter(f"{ATOM}id")] for root in (here, there)]
    assert ids[0] == ids[1]
    links = [one.get("href") for one in here.iter(f"{ATOM}link")]
    assert all((tmp_path / "site" / link).is_file() for link in links)


def test_a_badge_holds_the_scores_and_says_when_a_result_is_partial(small: Site) -> None:
    for name in ("one", MARKUP):
        folder = Path(page_of(name)).with_suffix("")
        root = ET.fromstring(small.read(f"{folder}/badge.svg"))
        left, right = (one.text for one in root.iter("{http://www.w3.org/2000/svg}text"))
        title = unescape(re.search("<title>(.*)</title>", small.read(page_of(name)))[1])
        assert right.startswith("QWK ")
        assert f": {right} (" in title
        assert left.startswith("cefrbench cefr-v1, ")
        assert left.endswith(" corpora only")
        page = unescape(small.read(page_of(name)))
        assert f"]({BASE}{folder}/badge.svg)]({BASE}{page_of(name)})" in page


def test_a_chart_can_be_shown_on_another_page(small: Site) -> None:
    page = page_of("one")
    snippets = re.findall("<code>(&lt;a .*?)</code>", small.read(page))
    assert len(snippets) >= 3
    for snippet in map(unescape, snippets):
        root = ET.fromstring(snippet.replace("></a>", "/></a>"))
        address, anchor = root.get("href").split("#")
        assert address == BASE + page
        assert f'id="{anchor}"' in small.read(page)
        picture = root[0].get("src").removeprefix(BASE)
        assert root[0].get("alt")
        svg = ET.fromstring((small.out / picture).read_bytes())
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in (small.out / picture).read_text("utf-8")


def test_two_builds_are_equal_and_another_address_makes_no_result_anew(
    small: Site, tmp_path: Path
) -> None:
    def files(out: Path) -> dict[str, bytes]:
        paths = (path for path in out.rglob("*") if path.is_file())
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}

    first = build(small.results, tmp_path / "site", base_url="http://other.example", workers=1)
    again = build(small.results, tmp_path / "site", base_url=BASE, workers=1)
    assert (first.made, again.made) == (2, 0)
    assert files(tmp_path / "site") == files(small.out)


@pytest.mark.parametrize(
    "address",
    ["example.org", "ftp://example.org/", "https://", "https://a b/", "http://[", "https://a/?b",
     "https://a/#b", "https://a\n/", "javascript:alert(1)"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    (tmp_path / "results").mkdir()
    words = ["build", "--results", str(tmp_path / "results"), "--out", str(tmp_path / "site")]
    done = CliRunner().invoke(leaderboard, [*words, "--base-url", address])
    assert isinstance(done.exception, UserError)
    assert "--base-url" in str(done.exception)
    assert not (tmp_path / "site").exists()


def test_an_address_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    build(tmp_path / "results", tmp_path / "site", base_url="https://a/'\"><b>&")
    html = (tmp_path / "site" / "about.html").read_text("utf-8")
    assert "<b>" not in html
    assert "https://a/&#x27;&quot;&gt;&lt;b&gt;&amp;/about.html" in html
    assert (
        ET.parse(tmp_path / "site" / "sitemap.xml").getroot()[0][0].text.startswith("https://a/'")
    )


def test_no_name_is_taken_for_what_is_filled_in() -> None:
    hostile = "<!--built--><!--site--><!--address-->"
    page = Page("a.html", hostile, "index.html", hostile)
    html = render("about.html", page, cited=hostile, trust=()).html
    filled = stamp.Stamp(BASE).fill(html, "a.html")
    for name in ("built", "site", "address"):
        assert f"<!--{name}-->" not in filled
        # The title stands once more, as the picture's text.
        escaped = f"&lt;!--{name}--&gt;"
        assert filled.count(escaped) == html.count(escaped) + 1 >= 6
    assert filled.count(BASE) == 3


def made_in_git(folder: Path) -> str:
    """Commit a folder of results at a known time; the commit."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    when = "2026-03-04T23:30:00-05:00"
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=folder, check=True,
                       env={"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when,
                            "PATH": "/usr/bin:/bin", "HOME": str(folder)})  # fmt: skip
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


def test_the_commit_and_its_date_are_those_of_the_results_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    (tmp_path / "one.json").write_text("{}", "utf-8")
    commit = made_in_git(tmp_path)
    found = stamp.make_stamp(tmp_path, "", ["2020-01-01T00:00:00"])
    assert (found.commit, found.changed, found.of_results) == (commit, False, False)
    assert found.fill("<!--built-->", "a.html").startswith(
        f'Built <time datetime="2026-03-05">2026-03-05</time>, commit <code>{commit[:12]}</code>, '
    )
    (tmp_path / "two.json").write_text("{}", "utf-8")
    changed = stamp.make_stamp(tmp_path, "", [])
    assert changed.changed
    assert "</code>, results changed since, " in changed.fill("<!--built-->", "a.html")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert "1970-01-02" in stamp.make_stamp(tmp_path, "", []).fill("<!--built-->", "a.html")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UserError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        stamp.make_stamp(tmp_path, "", [])


def test_outside_of_a_repository_the_date_is_that_of_the_newest_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    dates = ["2026-01-02T23:00:00+00:00", "2026-01-03T01:00:00+05:00", "never", ""]
    found = stamp.make_stamp(tmp_path, "", dates)
    text = found.fill("<!--built-->", "a.html")
    assert text.startswith('Results up to <time datetime="2026-01-02">')
    assert (
        stamp.make_stamp(tmp_path, "", []).fill("<!--built-->", "a.html").startswith("cefrbench ")
    )


def test_a_picture_holds_names_as_text_and_is_drawn_once(tmp_path: Path) -> None:
    name = "<script>\x00\x1b\u202egnp" + "W" * 5000
    page = Page(
        "a.html", "T", "a.html", "D", headline=f"{name}: 0.5", shown=(Shown(name, 0.4, 0.6),)
    )
    svg = picture.picture_svg(page)
    root = ET.fromstring(svg)
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "rect", "path", "circle", "text")
    }
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith("<script>") for text in texts)
    assert not any("\u202e" in text or "\x00" in text for text in texts)
    kept = picture.Pictures(tmp_path / "pictures")
    first = kept.png(page)
    assert first == picture.draw_png(svg)
    (path,) = (tmp_path / "pictures").iterdir()
    path.write_bytes(b"as it was kept")
    assert kept.png(page) == b"as it was kept"
    assert kept.png(Page("b.html", "Other", "b.html", "D")).startswith(b"\x89PNG")
    kept.finish()
    assert len(list((tmp_path / "pictures").iterdir())) == 2
    picture.Pictures(tmp_path / "pictures").finish()
    assert list((tmp_path / "pictures").iterdir()) == []


def test_lines_break_and_are_cut_where_they_must() -> None:
    assert plain(" a\n\x07b\u202e ") == "a \N{REPLACEMENT CHARACTER}b"
    assert wrap("one two three", 1000, 10, 3) == ["one two three"]
    lines = wrap("word " * 50, 200, 20, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(width(line, 20) <= 200 for line in lines)
    assert fit("x" * 5000, 100, 20).endswith("x…")
    assert width("日本", 10) == 20
    # Helvetica: H 722, a 556, m 833, b 556, u 556, r 333, g 556, of Adobe's core metrics.
    assert width("Hamburg", 1000) == 722 + 556 + 833 + 556 + 556 + 333 + 556
