"""What the front page says: its sentences against the exports, its five answers, its size."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean

import pytest
from click.testing import CliRunner
from result_factory import write_made
from site_factory import PUBLISHED, Site

from cefrbench.cli import cli
from cefrbench.results.explain import explain_result
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.samples import samples
from cefrbench.results.shifts import RUNGS
from cefrbench.statistics.draws import Replicates, mean_of, resample
from cefrbench.statistics.intervals import from_draws
from cefrbench.statistics.listing import get_statistic
from cefrbench.statistics.resampling import TextWeights
from cefrbench_leaderboard.boards import Board, boards, by_suite
from cefrbench_leaderboard.load import find_files
from cefrbench_leaderboard.pages.board import board_page
from cefrbench_leaderboard.process import read_entry
from cefrbench_leaderboard.render import short
from cefrbench_leaderboard.site import build
from cefrbench_leaderboard.standing import Made
from cefrbench_leaderboard.store import Store

CANDIDATES = {"good": 0.9, "fair": 0.6, "poor": 0.4}
NUMBER = re.compile(r"−?\d\.\d\d\b")


class Reader(HTMLParser):
    """The page as somebody reads it who has neither script nor style: its text by element."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        if tag in ("p", "li", "h1", "h2", "tr", "figcaption", "figure", "div", "section"):
            self.words.append("\n")
        if tag in ("td", "th", "i", "small", "span"):
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def text_of(html: str) -> str:
    reader = Reader()
    reader.feed(html.partition("<body>")[2])
    lines = "".join(reader.words).replace("\N{NARROW NO-BREAK SPACE}", " ").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Three candidates and two references on three corpora; nothing reported."""
    folder = tmp_path_factory.mktemp("finding") / "results"
    some = {"texts": 24, "layers": (1, 2), "probes": ("ridge",), "protocols": ("iid", "lofo")}
    for name, skill in CANDIDATES.items():
        write_made(folder, name, skill=skill, **some)
    write_made(folder, "length", skill=0.5, role="reference", **some)
    write_made(folder, "noise", skill=0.05, role="control", **some)
    out = folder.parent / "site"
    return Site(folder, out, build(folder, out, workers=1).left_out)


@pytest.fixture(scope="module")
def exported(small: Site) -> dict[tuple[str, str], dict[str, float]]:
    """Mean scores by encoder and protocol, from what ``cefrbench results export`` prints."""
    paths = [str(path) for path in sorted(small.results.glob("*/*.json"))]
    done = CliRunner().invoke(cli, ["results", "export", *paths, "--format", "corpora"])
    assert done.exit_code == 0, done.output
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(done.stdout)):
        if row["layer"] == "" and row["corpus"] in ("alpha", "beta", "gamma"):
            found.setdefault((row["encoder"], row["protocol"]), []).append(row)
    return {
        place: {name: fmean(float(row[name]) for row in rows) for name in ("qwk", "spearman")}
        for place, rows in found.items()
    }


def sentence(page: str, begins: str) -> str:
    (line,) = [line for line in text_of(page).splitlines() if line.startswith(begins)]
    return line


def numbers(text: str) -> list[str]:
    return NUMBER.findall(text)


def two(value: float | None) -> str:
    assert value is not None
    return f"{value:.2f}".replace("-", "−")


def means(exported: dict[tuple[str, str], dict[str, float]], protocol: str, of: str) -> float:
    return fmean(exported[name, protocol][of] for name in CANDIDATES)


def test_the_headline_is_the_mean_of_what_is_exported(
    small: Site, exported: dict[tuple[str, str], dict[str, float]]
) -> None:
    said = sentence(small.read("index.html"), "On corpora they have seen, three embedding models")
    assert numbers(said) == [
        two(means(exported, "iid", "qwk")),
        two(means(exported, "lofo", "qwk")),
        two(exported["length", "lofo"]["spearman"]),
        two(means(exported, "lofo", "spearman")),
    ]


def test_the_pictures_title_counts_who_loses_and_how_much(
    small: Site, exported: dict[tuple[str, str], dict[str, float]]
) -> None:
    gaps = {n: exported[n, "iid"]["qwk"] - exported[n, "lofo"]["qwk"] for n in CANDIDATES}
    assert all(gap > 0 for gap in gaps.values()), "the factory halves the skill"
    shown = 0
    for name in CANDIDATES:
        path = small.results / name / "cefr-v1.json"
        result = read_result(path)
        found = summary_intervals(result, read_predictions_of(result, path), scores=("qwk",))
        shown += (found.gaps["ridge"]["qwk"].low or 0.0) > 0
    said = sentence(small.read("index.html"), "All 3 models lose on unseen corpora")
    assert said == (
        f"All 3 models lose on unseen corpora, shown for {shown}; "
        f"on average {two(fmean(gaps.values()))}"
    )


def test_how_sure_is_the_interval_of_the_mean_over_models(small: Site) -> None:
    drawn: dict[str, list[Replicates]] = {"iid": [], "lofo": []}
    weights, qwk = TextWeights(), get_statistic("qwk")
    for name in CANDIDATES:
        path = small.results / name / "cefr-v1.json"
        result = read_result(path)
        found = samples(result, read_predictions_of(result, path))
        for protocol, draws in drawn.items():
            draws.append(resample(found[protocol, "ridge"], qwk, weights).draws())
    seen, unseen = (from_draws(mean_of(drawn[protocol]), qwk) for protocol in ("iid", "lofo"))
    assert (
        f"would lie between {two(seen.low)} to {two(seen.high)} seen and "
        f"{two(unseen.low)} to {two(unseen.high)} unseen"
    ) in sentence(small.read("index.html"), "How sure.")


def test_the_ladders_title_holds_its_first_and_last_rung(
    small: Site, exported: dict[tuple[str, str], dict[str, float]]
) -> None:
    first, last = (means(exported, protocol, "qwk") for protocol in ("iid", "lofo"))
    said = sentence(small.read("index.html"), "From the same corpora to a new family, agreement")
    assert numbers(said) == [two(first), two(last)]
    assert said.endswith(f"{100 * last / first:.0f} % is kept")


def test_each_model_and_reference_is_said_with_its_own_figures(
    small: Site, exported: dict[tuple[str, str], dict[str, float]]
) -> None:
    page = small.read("index.html")
    order = sorted(CANDIDATES, key=lambda name: -exported[name, "lofo"]["qwk"])
    sure = sentence(page, "How sure.")
    for name in (order[0], order[-1]):
        path = small.results / name / "cefr-v1.json"
        result = read_result(path)
        table = read_predictions_of(result, path)
        own = summary_intervals(result, table, scores=("qwk",)).means["lofo", "ridge"]["qwk"]
        said = f"{name} at {two(exported[name, 'lofo']['qwk'])} ({two(own.low)} to {two(own.high)})"
        assert said in sure
    against = sentence(page, "Against what.")
    for name in ("length", "noise"):
        assert f"{name} {two(exported[name, 'lofo']['qwk'])}" in against
    for name in CANDIDATES:
        (row,) = [r for r in text_of(page).splitlines() if re.match(rf"{name} seen \d", r)]
        seen, unseen = (exported[name, side]["qwk"] for side in ("iid", "lofo"))
        assert f"seen {two(seen)} " in row
        assert f"unseen {two(unseen)} " in row


def test_who_is_beaten_is_what_explain_says(small: Site) -> None:
    passed = {"length": 0, "noise": 0}
    heights = {}
    for name in CANDIDATES:
        path = small.results / name / "cefr-v1.json"
        result = read_result(path)
        claim = explain_result(
            result,
            read_predictions_of(result, path),
            path,
            references=[small.results],
        ).claim
        assert claim is not None
        heights[name] = claim.height
        for rung in claim.rungs:
            if rung.name == "length":
                passed["length"] += rung.status == "passed"
    against = sentence(small.read("index.html"), "Against what.")
    found = dict(re.findall(r"(\w+) −?\d\.\d\d \(beaten by (\d) of 3\)", against))
    assert int(found["length"]) == passed["length"]


def test_the_five_questions_are_answered_without_script(small: Site) -> None:
    text = text_of(small.read("index.html"))
    lines = text.splitlines()
    assert "What is measured. Probes read the level of learners’ texts, A1 to C2" in text
    assert "quadratic weighted kappa" in text
    assert next(line for line in lines if "agree with raters at" in line)
    sure = next(line for line in lines if line.startswith("How sure."))
    assert "95 % intervals" in sure
    assert "hold the corpora fixed" in sure
    against = next(line for line in lines if line.startswith("Against what."))
    assert "length" in against
    assert "noise" in against
    assert "Find a model" in lines
    (row,) = [line for line in lines if re.match(r"fair .* of 7", line)]
    assert len(re.findall(r"\d\.\d{3}", row)) >= 3, "unseen, seen, rank correlation"


def test_figures_of_sentences_lead_to_where_they_stand(small: Site) -> None:
    page = small.read("index.html")
    (headline,) = re.findall(r'<h1 class="finding">(.*?)</h1>', page, re.DOTALL)
    targets = re.findall(r'<a href="([^"]+)">([^<]+)</a>', headline)
    assert len(targets) == 4
    for href, _ in targets:
        path, _, anchor = href.partition("#")
        assert (small.out / (path or "index.html")).is_file()
        assert not anchor or f'id="{anchor}"' in small.read(path or "index.html")


def test_without_full_results_the_study_carries_the_headline(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "published.csv").write_bytes(PUBLISHED.read_bytes())
    build(results, tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text("utf-8")
    rows = list(csv.DictReader(PUBLISHED.read_text("utf-8").splitlines()[1:]))
    best: dict[str, dict[str, str]] = {}
    for row in rows:
        if row["role"] == "candidate":
            now = best.setdefault(row["encoder"], row)
            if float(row["ood_qwk_best_layer"]) > float(now["ood_qwk_best_layer"]):
                best[row["encoder"]] = row

    def mean(column: str) -> float:
        return fmean(float(row[column]) for row in best.values())

    seen, unseen = mean("iid_qwk_best_layer"), mean("ood_qwk_best_layer")
    said = sentence(page, "On corpora they have seen, seven embedding models")
    assert numbers(said) == [two(seen), two(unseen)]
    assert sentence(page, "All seven models lose").endswith(f"on average {two(seen - unseen)}")
    layers = [two(mean(c)) for c in ("iid_qwk_layer_mean", "ood_qwk_layer_mean")]
    assert numbers(sentence(page, "How sure.")) == layers
    assert numbers(sentence(page, "Against what.")) == ["0.45", "0.34"]
    label = text_of(page).index("Reported by the study’s authors, not run here")
    assert label < text_of(page).index("On corpora they have seen")


def test_full_results_carry_the_headline_where_there_are_any(site: Site) -> None:
    text = text_of(site.read("index.html"))
    assert "All of cefr-v1, run, every figure recomputed" in text
    assert "seven embedding models" not in text


# -- size and hostile names ------------------------------------------------------------------------


def many(board: Board, count: int) -> Board:
    """The same board with so many lines: its references, and candidates again and again."""
    (section,) = board.sections
    candidates = [line for line in section.lines if line.entry.reference is None]
    beside = [line for line in section.lines if line.entry.reference]
    lines = [
        replace(line, entry=line.entry.model_copy(update={
            "encoder": f"hf:organisation/some-embedding-model-{i}", "slug": f"model-{i}"}))
        for i in range(count)
        for line in [beside[i] if i < len(beside) else candidates[i % len(candidates)]]
    ]  # fmt: skip
    assert section.overall is not None
    slugs = tuple(line.entry.slug for line in lines if line.entry.reference is None)
    section = replace(section, lines=tuple(lines), overall=replace(section.overall, slugs=slugs))
    return replace(board, sections=(section,))


@pytest.fixture(scope="module")
def found(small: Site) -> list[Made]:
    store = Store(small.out.with_name(".site.store"))
    folders = [store.find(store.key(file)) for file in find_files(small.results)]
    return [Made(read_entry(folder), folder) for folder in folders if folder is not None]


def test_the_front_page_of_a_hundred_encoders_is_small(found: list[Made]) -> None:
    suites = by_suite(found)
    front = many(boards(suites[0])[0], 100)
    totals = {"encoders": 100, "verified": 100, "corpora": 3, "languages": 1}
    html = board_page(front, suites, front, totals, None, 0).html
    assert html.count("some-embedding-model-99") >= 1
    assert len(html.encode()) < 300_000


def test_a_thousand_lines_keep_the_front_page_below_a_megabyte(found: list[Made]) -> None:
    suites = by_suite(found)
    front = many(boards(suites[0])[0], 1003)
    totals = {"encoders": 1003, "verified": 1003, "corpora": 9, "languages": 7}
    html = board_page(front, suites, front, totals, None, 0).html
    assert len(html.encode()) < 1_000_000
    rows = re.findall(r'<tr id="e-model-(\d+)".*?(?=<tr id=|</tbody>)', html, re.DOTALL)
    assert rows == [str(i) for i in range(1003)]
    first, last = (html[html.index(f'<tr id="e-model-{i}"') :][:700] for i in (0, 999))
    assert first.count("<a href=") > 2
    assert last.partition("\n<tr")[0].count("<a href=") == 1, "its name leads to its numbers"
    assert html.count('<circle class="one"') <= 101 * len(RUNGS), "rings that touch are one"


def test_controls_of_direction_are_shown_and_turn_nothing() -> None:
    assert short("\u202eevil\u202c") == "[U+202E]evil[U+202C]"
    assert short("نموذج") == "نموذج"
    assert "\u2066" not in short("a" * 50 + "\u2066" * 50)


# -- ways in -------------------------------------------------------------------------------------


def test_a_way_ranks_anew_on_its_corpora(small: Site) -> None:
    paths = [str(small.results / name / "cefr-v1.json") for name in CANDIDATES]
    done = CliRunner().invoke(cli, ["results", "export", *paths, "--format", "corpora"])
    scores = {
        row["encoder"]: float(row["qwk"])
        for row in csv.DictReader(io.StringIO(done.stdout))
        if (row["layer"], row["protocol"], row["corpus"], row["seed"]) == ("", "lofo", "gamma", "")
    }
    lines = text_of(small.read("ways/cefr-v1/corpus/gamma.html")).splitlines()
    rows = [line for line in lines if re.match(r"(good|fair|poor) rank", line)]
    assert [row.split()[0] for row in rows] == sorted(scores, key=lambda n: -scores[n])
    for row in rows:
        unseen = re.search(r"unseen (\S+)", row)
        assert unseen is not None
        assert unseen[1] == two(scores[row.split()[0]])


def test_the_matrix_holds_every_corpus_of_every_encoder(
    small: Site, exported: dict[tuple[str, str], dict[str, float]]
) -> None:
    page = small.read("ways/cefr-v1/matrix.html")
    lines = [line for line in text_of(page).splitlines() if re.match(r"[a-z]+ −?\d\.\d\d", line)]
    assert len(lines) == 5
    for line in lines:
        name = line.split()[0]
        values = [float(v.replace("−", "-")) for v in numbers(line)]
        assert fmean(values) == pytest.approx(exported[name, "lofo"]["qwk"], abs=0.006)
