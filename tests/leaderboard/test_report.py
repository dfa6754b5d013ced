"""The report, figures and tables of an explanation: its sentences and figures, and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from pathlib import Path

import pytest
from report_factory import ANALYSES, elements, misplaced
from result_factory import write_made

from cefrbench.results.explain import explain_result
from cefrbench.results.explanation import Explanation
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.report.charts import charts
from cefrbench_leaderboard.report.gap import residuals_chart
from cefrbench_leaderboard.report.page import report
from cefrbench_leaderboard.report.tables import tables

KEYS = ["claim", "parts", "errors", "layers", "residuals", "label-shift", "shifts"]


@pytest.fixture(scope="module")
def drawn(explanation: Explanation) -> dict[str, Chart]:
    return {chart.key: chart for _, chart in charts(explanation)}


@pytest.fixture(scope="module")
def page(explanation: Explanation) -> str:
    return report(explanation)


def numbers(chart: Chart) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(chart.table.csv())))


# -- the page ------------------------------------------------------------------------------------


def test_the_page_is_valid_html(page: str) -> None:
    assert misplaced(elements(page)[0]) == []


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    for one in elements(page):
        assert one.tag not in ("script", "img", "link", "iframe", "object", "embed", "base")
        for name, value in one.attrib.items():
            assert not name.startswith("on"), name
            if name in ("href", "src"):
                assert value.startswith(("#", "data:text/csv;")), value
    (style,) = (one.text or "" for one in elements(page) if one.tag == "style")
    assert "url(" not in style
    assert "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_every_sentence_stands_there_with_its_figures(explanation: Explanation, page: str) -> None:
    text = "\n".join("".join(one.itertext()) for one in elements(page) if one.tag == "p")
    cells = {one.text for one in elements(page) if one.tag == "code"}
    assert explanation.sentences
    for one in explanation.sentences:
        assert one.text in text
        assert cells.issuperset(one.figures)
    ids = [one.get("id") for one in elements(page) if one.get("id")]
    targets = set(ids)
    assert len(ids) == len(targets)
    links = {one.get("href", "")[1:] for one in elements(page) if one.get("href", "")[:1] == "#"}
    assert links <= targets


def test_every_figure_has_its_numbers_below_it(drawn: dict[str, Chart], page: str) -> None:
    found = {one.get("id", "")[7:]: one for one in elements(page) if one.tag == "figure"}
    assert list(found) == list(drawn)
    for key, figure in found.items():
        assert figure.find(".//{*}svg") is not None
        assert len(figure.findall(".//tbody/tr")) == min(200, len(drawn[key].table.rows))
        (link,) = figure.findall(".//details//a")
        assert link.get("download") == f"{key}.csv"
        held = base64.b64decode(link.get("href", "").partition("base64,")[2]).decode()
        assert held == drawn[key].table.csv()
        caption = "".join(figure.find("figcaption").itertext())  # type: ignore[union-attr]
        assert drawn[key].title in caption


def test_tables_show_every_part_of_every_corpus(explanation: Explanation, page: str) -> None:
    (table,) = (one for one in tables(explanation) if one.key == "parts-table")
    own = [one for one in explanation.decompositions
           if one.probe == explanation.probe or one.corpus is None]  # fmt: skip
    place = table.columns.index("Direction")
    shown = [float(row[place].text.replace("\N{MINUS SIGN}", "-")) for row in table.rows]
    assert shown == [round(one.parts["direction"].value or 0.0, 3) for one in own]
    assert [row[place].strong for row in table.rows] == [o.parts["direction"].shown for o in own]


# -- figures -------------------------------------------------------------------------------------


def test_a_whole_explanation_has_all_its_figures(drawn: dict[str, Chart]) -> None:
    assert list(drawn) == [*KEYS, "identity", "price", "learning-curve", "mixed"]


def test_parts_in_the_csv_are_those_of_the_explanation(
    explanation: Explanation, drawn: dict[str, Chart]
) -> None:
    own = {one.corpus or "mean": one for one in explanation.decompositions
           if one.probe == explanation.probe}  # fmt: skip
    for key in ("parts", "errors"):
        rows = numbers(drawn[key])
        assert {row["corpus"] for row in rows} == set(own)
        for row in rows:
            figure = own[row["corpus"]].parts[row["part"]]  # type: ignore[index]
            for name in ("value", "low", "high"):
                assert float(row[name]) == pytest.approx(getattr(figure, name), abs=1e-6)
    for corpus in own:
        value = {
            r["part"]: float(r["value"]) for r in numbers(drawn["parts"]) if r["corpus"] == corpus
        }
        assert sum(v for part, v in value.items() if part != "gap") == pytest.approx(
            value["gap"], abs=1e-5
        )


def test_bars_of_a_line_stand_end_to_end(drawn: dict[str, Chart]) -> None:
    bars = [row for row in drawn["parts"].spec["data"]["values"] if row["of"] == "part"]
    for label in {row["label"] for row in bars}:
        own = [row for row in bars if row["label"] == label]
        for sign in (1, -1):
            ends = 0.0
            for row in (row for row in own if row["value"] * sign > 0):
                assert row["from"] == pytest.approx(ends)
                ends = row["to"]
            assert ends == pytest.approx(sum(max(0.0, sign * r["value"]) for r in own) * sign)


def test_long_names_that_begin_and_end_alike_are_two_lines(explanation: Explanation) -> None:
    text = explanation.model_dump_json()
    for name in ("alpha", "beta"):
        long = f"{'a' * 40}-{name}-{'z' * 40}"
        text = text.replace(json.dumps(name), json.dumps(long))
    wild = Explanation.model_validate_json(text)
    bars = {chart.key: chart.spec["data"]["values"] for _, chart in charts(wild)}
    assert len({row["label"] for row in bars["parts"]}) == 4
    assert len({row["panel"] for row in bars["residuals"]}) == 4


def test_layers_in_the_csv_are_those_of_the_explanation(
    explanation: Explanation, drawn: dict[str, Chart]
) -> None:
    own = {one.layer: one for one in explanation.layers if one.probe == explanation.probe}
    rows = numbers(drawn["layers"])
    assert len(rows) == 4 * len(own)
    for row in rows:
        one = own[int(row["layer"])]
        side = one.inside if row["protocol"] == explanation.inside else one.outside
        assert float(row["value"]) == pytest.approx(getattr(side, row["score"]), abs=1e-6)


def test_layer_0_is_on_no_line(drawn: dict[str, Chart]) -> None:
    placed = drawn["layers"].spec["data"]["values"]
    assert {row["layer"] for row in placed if row["apart"]} == {0}
    assert {row["layer"] for row in placed if not row["apart"]} == {1, 2}


def test_levels_stand_in_order_though_a_corpus_lacks_the_lowest(explanation: Explanation) -> None:
    own = [one.model_copy(update={"mean": None, "sd": None, "n": 0})
           if (one.corpus, one.level) == ("alpha", "A1") else one
           for one in explanation.residuals]  # fmt: skip
    alpha_first = sorted(own, key=lambda one: one.corpus != "alpha")
    chart = residuals_chart(explanation.model_copy(update={"residuals": tuple(alpha_first)}))
    assert chart is not None
    rows = numbers(chart)
    assert list(dict.fromkeys(row["level"] for row in rows)) == ["A1", "A2", "B1", "B2", "C+"]
    assert ("alpha", "A1") not in {(row["corpus"], row["level"]) for row in rows}
    places = {row["level"]: round(row["at"]) for row in chart.spec["data"]["values"]}
    assert places == {"A1": 0, "A2": 1, "B1": 2, "B2": 3, "C+": 4}


def test_rungs_without_a_test_are_named_and_not_drawn(
    explanation: Explanation, drawn: dict[str, Chart]
) -> None:
    assert explanation.claim is not None
    untested = [rung.name for rung in explanation.claim.rungs if rung.status == "untested"]
    assert untested
    drawn_rungs = [row["rung"] for row in numbers(drawn["claim"])]
    assert drawn_rungs == [r.name for r in explanation.claim.rungs if r.name not in untested]
    assert f"Untested, and so not passed: {', '.join(untested)}." in drawn["claim"].caption


def test_curves_hold_the_analyses_of_their_probe(drawn: dict[str, Chart]) -> None:
    own = [a for a in ANALYSES if a.analysis in ("recalibrate", "few-shot") and a.probe == "ridge"
           and a.measure == "qwk"]  # fmt: skip
    rows = numbers(drawn["price"])
    found = {(r["analysis"], r["corpus"], r["amount"], r["value"]) for r in rows}
    assert found == {
        (a.analysis, a.corpus or "mean of corpora", str(a.amount), f"{a.value:.6f}") for a in own
    }
    steps = {row["step"] for row in drawn["learning-curve"].spec["data"]["values"]}
    assert steps == {"100", "800", "all"}
    chances = {row["chance"] for row in numbers(drawn["identity"])}
    assert chances == {"0.250000", "0.500000"}


def test_captions_say_what_bars_and_bands_cover(drawn: dict[str, Chart]) -> None:
    for key, chart in drawn.items():
        assert re.search(r"intervals?\b|[Bb]ands? |[Bb]ars are", chart.caption), key


# -- what may be missing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"analyses": ()}, {"identity", "price", "learning-curve", "mixed"}),
        ({"claim": None}, {"claim"}),
        ({"layers": ()}, {"layers"}),
        ({"label_shifts": ()}, {"label-shift"}),
        ({"decompositions": (), "inside": None}, {"parts", "errors"}),
        ({"shifts": ()}, {"shifts"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_missing_is_left_out(
    explanation: Explanation, change: dict[str, object], gone: set[str]
) -> None:
    some = explanation.model_copy(update={"sentences": (), **change})
    left = [chart.key for _, chart in charts(some)]
    assert left == [
        k for k in [*KEYS, "identity", "price", "learning-curve", "mixed"] if k not in gone
    ]
    assert not {f"{key}-table" for key in gone} & {table.key for table in tables(some)}


def test_a_result_of_one_protocol_is_a_report_of_what_it_has(tmp_path: Path) -> None:
    path = write_made(tmp_path, texts=20, layers=(1,), probes=("ridge",), protocols=("iid",))
    result = read_result(path)
    found = explain_result(result, read_predictions_of(result, path), path, replicates=200)
    page = report(found)
    assert found.notes[0] in "".join(elements(page)[0].itertext())
    assert [chart.key for _, chart in charts(found)] == ["residuals", "identity"]
