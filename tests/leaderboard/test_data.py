"""All data: every number of the front page from the table alone, the whole site from the archive.

The first part imports nothing of cefrbench: it reads the built pages and the table as anybody may.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from result_factory import make_result, write_made
from site_factory import MARKUP, PUBLISHED, Site

from cefrbench_leaderboard.sharing.archive import Archive, member
from cefrbench_leaderboard.site import build

SOME = {
    "corpora": ("merlin-cs", "elle", "icle500"),
    "texts": 20,
    "layers": (1, 2),
    "protocols": ("iid", "lofo"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("shared")
    results = folder / "results"
    beside, _ = make_result("surface", skill=0.3, role="reference", probes=("ridge",), **SOME)
    for name, skill in (("good", 0.9), (MARKUP, 0.5), ("=1+1", 0.4)):
        probes = ("ridge", "ordinal")
        write_made(results, name, skill=skill, probes=probes, references=(beside,), **SOME)
    write_made(results, "surface", skill=0.3, role="reference", probes=("ridge",), **SOME)
    shutil.copy(PUBLISHED, results)
    report = build(results, folder / "site", base_url="https://example.org/", workers=1)
    return Site(results, folder / "site", report.left_out)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def unpacked(shared: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(shared.out / "cefrbench-data.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "cefrbench-data"


# -- with csv alone ----------------------------------------------------------------------------


def shown(value: str, digits: int = 3) -> str:
    """Write a number of the table as pages do."""
    if not value:
        return "—"
    text = f"{float(value):.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def between(row: dict[str, str]) -> str:
    if not row["qwk_low"]:
        return ""
    low, high = shown(row["qwk_low"], 2), shown(row["qwk_high"], 2)
    return f"{low} to {high}" if "−" in low + high else f"{low}–{high}"


def cells_of(html: str, section: str) -> list[list[str]]:
    """Cells of the table of one section of a board; end tags may be left out."""
    (table,) = re.findall(rf'<section[^>]* id="{section}">.*?</table>', html, re.DOTALL)
    rows = re.split("<tr[^>]*>", table.partition("<tbody>")[2])[1:]
    cells = [re.split("<t[dh][^>]*>", row)[1:] for row in rows]
    return [[" ".join(re.sub("<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def heads_of(html: str, section: str) -> list[str]:
    (table,) = re.findall(rf'<section[^>]* id="{section}">.*?</thead>', html, re.DOTALL)
    return re.findall(r'data-col="([^"]+)"', table)


def test_every_score_of_the_front_page_follows_from_the_table_alone(site: Site) -> None:
    rows = read_member(site, "scores.csv")
    html = site.read("index.html")
    suite = re.search(r'data-suite="([^"]*)"', html)[1]
    board = re.search(r'data-probe="([^"]*)"', html)[1]
    places = [r for r in rows if (r["kind"], r["suite"], r["board"]) == ("place", suite, board)]
    sections = list(dict.fromkeys(r["section"] for r in places))
    assert sections == re.findall(
        r'<section class="board[^"]*" id="((?:full|partial)[^"]*)">', html
    )
    checked = shown_lines = 0
    for section in sections:
        own = [r for r in places if r["section"] == section]
        slugs = list(dict.fromkeys(r["slug"] for r in own))
        heads, lines = heads_of(html, section), cells_of(html, section)
        shown_lines += len(lines)
        assert len(lines) == len(slugs)
        for slug, cells in zip(slugs, lines, strict=True):
            checked += check_line(slug, dict(zip(heads, cells, strict=True)), own, rows)
    assert sections[0] == "full"
    assert any(r["rank"] == "1" for r in places)
    # Unseen, seen, their rank correlations and cuts: of every line that has them.
    assert checked >= 4 * shown_lines, (checked, shown_lines)


def test_the_headlines_figures_follow_from_the_table_alone(shared: Site) -> None:
    rows = read(shared.read("scores.csv"))
    title = re.search("<h1.*?</h1>", shared.read("index.html"), re.DOTALL)[0]
    figures = re.findall(r">(\d\.\d\d)<", title)
    assert len(figures) >= 2
    means = {shown(r["qwk"], 2) for r in rows if r["kind"] == "mean"}
    reported = [r for r in rows if r["kind"] == "reported" and r["role"] == "candidate"]
    by_place = {(r["encoder"], r["probe"], r["distribution"]): float(r["qwk"]) for r in reported}
    best: dict[str, str] = {}
    for (encoder, probe, side), value in by_place.items():
        if side == "out" and value > by_place.get((encoder, best.get(encoder, ""), "out"), -1):
            best[encoder] = probe
    for side in ("in", "out"):
        values = [by_place[encoder, probe, side] for encoder, probe in best.items()]
        means.add(f"{sum(values) / len(values):.2f}")
    assert set(figures) <= means


def check_line(slug, cells, places, rows) -> int:
    """Compare one line of a board with the table; how many numbers were compared."""
    place = next(r for r in places if r["slug"] == slug)
    where = {"suite": place["suite"], "slug": slug, "probe": place["probe"]}

    def find(kind: str, **more: str) -> dict[str, str] | None:
        wanted = {**where, "kind": kind, **more}
        found = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
        return found[0] if found else None

    # A section of results that never ran the board's main protocol has none.
    main = next((r["protocol"] for r in places if r["main"] == "yes"), None)
    expected = {"probe": place["probe"]}
    for protocol in {r["protocol"] for r in places if r["slug"] == slug}:
        score = find("score", protocol=protocol, corpus="")
        expected[protocol] = f"{shown(score['qwk'])} {between(score)}".strip()
        expected[f"spearman-{protocol}"] = shown(score["spearman"])
        expected[f"recut-{protocol}"] = shown(score["recut"])
        if protocol == main:
            expected["layer-0"] = shown(score["layer_0_qwk"])
        wanted = {**where, "kind": "score", "protocol": protocol, "counted": "yes"}
        counted = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
        mean = sum(float(r["qwk"]) for r in counted) / len(counted)
        assert abs(mean - float(score["qwk"])) < 1e-9
    if gap := find("gap"):
        expected["gap"] = f"{shown(gap['qwk'])} {between(gap)}".strip()
    for row in rows:
        if (row["kind"], row["board"], row["slug"]) == ("difference", place["board"], slug):
            value = shown(row["qwk"])
            sign = "+" if float(f"{float(row['qwk']):.3f}") > 0 else ""
            expected[f"over-{row['against']}"] = f"{sign}{value} {between(row)}".strip()
    out = [cells for cells in (find("score", protocol=main, corpus=""),) if cells]
    inside = [r for r in rows if (r["kind"], r["slug"], r["probe"], r["corpus"], r["distribution"])
              == ("score", slug, place["probe"], "", "in") and r["protocol"] == "iid"]  # fmt: skip
    if out and inside and float(inside[0]["qwk"]) > 0:
        kept = 100 * float(out[0]["qwk"]) / float(inside[0]["qwk"])
        expected["kept"] = f"{kept:.0f} %".replace("-", "−")
    if place["claim"]:
        expected["claim"] = f"{place['claim']} of {place['claim_of']}"
    ranked = next((r for r in places if (r["slug"], r["protocol"]) == (slug, main)), None)
    if ranked and ranked["rank"]:
        low, high = ranked["rank_low"], ranked["rank_high"]
        expected["rank"] = f"{ranked['rank']} {low if low == high else f'{low}–{high}'}"
    compared = [key for key in expected if key in cells]
    for key in compared:
        assert cells[key].replace("=", "") == expected[key], (slug, key)
    return len(compared)


def test_titles_and_descriptions_say_what_the_table_says(shared: Site, unpacked: Path) -> None:
    rows = read((unpacked / "scores.csv").read_text("utf-8"))
    results = {r["page"]: r for r in rows if r["kind"] == "corpus"}
    assert len(results) == 4
    for page, one in results.items():
        own = [r for r in rows if (r["kind"], r["page"], r["favoured"], r["corpus"]) ==
               ("score", page, "yes", "")]  # fmt: skip
        unseen, seen = (
            next(r["qwk"] for r in own if r["distribution"] == d) for d in ("out", "in")
        )
        title = re.search("<title>(.*)</title>", shared.read(page))[1]
        assert f": QWK {shown(unseen, 2)} unseen, {shown(seen, 2)} seen " in title, one


def test_reported_figures_stand_in_the_table(shared: Site) -> None:
    reported = [r for r in read(shared.read("scores.csv")) if r["kind"] == "reported"]
    given = list(csv.DictReader(PUBLISHED.read_text("utf-8").splitlines()[1:]))
    assert [(r["encoder"], r["probe"], float(r["qwk"])) for r in reported] == [
        (r["encoder"], r["probe"], float(r[f"{side}_qwk_best_layer"]))
        for r in given
        for side in ("iid", "ood")
    ]


def test_the_table_is_tidy_and_no_cell_is_a_formula(shared: Site) -> None:
    text = shared.read("scores.csv")
    rows = read(text)
    assert {len(row) for row in csv.reader(io.StringIO(text))} == {len(rows[0])}
    assert any(row["encoder"] == "'=1+1" for row in rows)
    columns = {row["column"] for row in read_member(shared, "columns.csv")}
    assert columns == set(rows[0])
    keys = ("kind", "suite", "slug", "encoder", "probe", "protocol", "distribution", "corpus",
            "trained_on", "corpora", "labels", "board", "section", "against")  # fmt: skip
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)


def read_member(shared: Site, name: str) -> list[dict[str, str]]:
    with tarfile.open(shared.out / "cefrbench-data.tar.gz") as archive:
        return read(archive.extractfile(f"cefrbench-data/{name}").read().decode())


# -- with cefrbench ----------------------------------------------------------------------------


def test_the_archive_makes_the_whole_site_again(
    shared: Site, unpacked: Path, tmp_path: Path
) -> None:
    def files(out: Path) -> dict[str, bytes]:
        paths = (path for path in out.rglob("*") if path.is_file())
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}

    data = tmp_path / "data"
    shutil.copytree(unpacked, data)
    listed = read((data / "predictions.csv").read_text("utf-8"))
    assert len(listed) == 4
    for one in listed:
        source = shared.out / one["address"].removeprefix("https://example.org/")
        assert hashlib.sha256(source.read_bytes()).hexdigest() == one["sha256"]
        shutil.copy(source, data / one["file"])
    build(data / "results", tmp_path / "site", base_url="https://example.org", workers=1)
    assert files(tmp_path / "site") == files(shared.out)


def test_an_archive_of_pieces_is_a_plain_tar(tmp_path: Path) -> None:
    long = "results/" + "x" * 300 + "/é.json"
    made = tmp_path / "made"
    made.write_bytes(member(long, b"{}"))
    part = tmp_path / "part"
    part.write_bytes(gzip.compress(b"b" * 700))
    with Archive(tmp_path / "a.tar.gz") as archive:
        archive.add("empty", b"")
        archive.add("block", bytes(512))
        archive.add_made(made)
        archive.add_joined("joined", 1 + 700 + 3, b"a", [part], b"ccc")
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        found = {one.name: archive.extractfile(one).read() for one in archive}
    assert found == {
        "cefrbench-data/empty": b"",
        "cefrbench-data/block": bytes(512),
        f"cefrbench-data/{long}": b"{}",
        "cefrbench-data/joined": b"a" + b"b" * 700 + b"ccc",
    }
