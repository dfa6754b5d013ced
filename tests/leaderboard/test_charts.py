"""Charts: nothing but shapes in the SVG, all numbers in the table, the same bytes each time."""

from __future__ import annotations

import csv
import io
import re
from xml.etree import ElementTree as ET

import pytest
from result_factory import make_result

from cefrbench.results.bands import layer_bands
from cefrbench_leaderboard.charts.chart import Chart, Table
from cefrbench_leaderboard.charts.palette import INKS, series_of
from cefrbench_leaderboard.charts.svg import clean
from cefrbench_leaderboard.entry import make_entry
from cefrbench_leaderboard.figures import figures
from cefrbench_leaderboard.views import result_charts


def charts_of(encoder: str = "one", **options: object) -> dict[str, Chart]:
    chosen = {"texts": 30, "layers": (1, 2, 3), "seeds": (0,)} | options
    result, predictions = make_result(encoder, **chosen)  # type: ignore[arg-type]
    entry = make_entry(result, predictions, figures(result, predictions), "one/cefr-v1.json")
    bands = layer_bands(result.units, [corpus.card.name for corpus in result.corpora])
    return {chart.key: chart for chart in result_charts(result, entry, bands)}


@pytest.fixture(scope="module")
def charts() -> dict[str, Chart]:
    return charts_of()


def test_a_result_has_all_its_charts(charts: dict[str, Chart]) -> None:
    assert list(charts) == ["layers", "corpora", "confusion", "residuals", "predicted", "drift"]


def test_one_layer_has_no_curve_over_layers() -> None:
    assert set(charts_of(layers=(1,))) == {"corpora", "confusion", "residuals", "predicted"}


def test_drawings_hold_shapes_and_text_alone(charts: dict[str, Chart]) -> None:
    for chart in charts.values():
        root = ET.fromstring(chart.drawing.svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "path", "line", "rect", "text", "tspan", "title"}
        names = {name for element in root.iter() for name in element.attrib}
        assert not names & {"style", "id", "class", "href", "onclick", "font-family"}


def test_every_colour_is_a_variable_of_the_style_sheet(charts: dict[str, Chart]) -> None:
    known = {f"var({ink.variable},{ink.value})" for ink in INKS} | {"none", "transparent"}
    for chart in charts.values():
        used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', chart.drawing.svg))
        assert used <= known, chart.key


def test_a_chart_tells_readers_who_do_not_see_it_what_it_shows(charts: dict[str, Chart]) -> None:
    for chart in charts.values():
        root = ET.fromstring(chart.drawing.svg)
        assert root.get("role") == "img"
        assert chart.caption in (root.get("aria-label") or "")


#: How many panels each chart has of a result with two probes, two protocols and five levels.
PANELS = {"layers": 2, "corpora": 2, "confusion": 2, "residuals": 5, "predicted": 2, "drift": 2}


def test_the_panels_of_a_page_hold_all_that_the_file_shows(charts: dict[str, Chart]) -> None:
    """Each letter and each mark stands in a panel or the legend, once."""
    for key, chart in charts.items():
        whole = ET.fromstring(chart.drawing.svg)
        parts = [ET.fromstring(panel) for panel in chart.drawing.panels]
        assert len(parts) == PANELS[key]
        letters = ["".join(one.itertext()) for one in whole.iterfind(".//{*}text")]
        shown = ["".join(one.itertext()) for part in parts for one in part.iterfind(".//text")]
        assert sorted(letters) == sorted([*shown, *(name for _, name in chart.drawing.legend)])
        marks = len(whole.findall(".//{*}title"))
        assert marks == sum(len(part.findall(".//title")) for part in parts)


def test_a_panel_fits_a_phone_and_holds_its_axes(charts: dict[str, Chart]) -> None:
    for key, chart in charts.items():
        for panel in chart.drawing.panels:
            part = ET.fromstring(panel)
            left, top, width, height = map(float, part.get("viewBox", "").split())
            assert (part.get("width"), part.get("height")) == (f"{width:.0f}", f"{height:.0f}")
            assert width <= 358, f"{key} is wider than what a phone of 390 pixels shows"
            assert part.get("aria-label", "").startswith(chart.title.split()[0])
            for text in part.iterfind("./g/*//text"):
                assert text.get("font-size") == "14"
            assert left < 0
            assert top < 0


def test_the_same_numbers_give_the_same_bytes(charts: dict[str, Chart]) -> None:
    again = charts_of()
    assert {key: chart.drawing for key, chart in again.items()} == {
        key: chart.drawing for key, chart in charts.items()
    }


def test_the_table_of_the_curves_has_every_layer_of_every_probe(charts: dict[str, Chart]) -> None:
    result, _ = make_result("one", texts=30, layers=(1, 2, 3), seeds=(0,))
    rows = list(csv.DictReader(io.StringIO(charts["layers"].table.csv())))
    assert len(rows) == 2 * 2 * 4
    for row in rows:
        # A corpus is scored with the texts of all folds together.
        scores = [
            score.scores.qwk
            for score in result.scores
            if (score.protocol, score.probe, str(score.layer))
            == (row["protocol"], row["probe"], row["layer"])
            and score.corpus != "twin-all"
        ]
        assert len(scores) == 3
        assert float(row["qwk"]) == pytest.approx(sum(scores) / len(scores), abs=1e-6)
        assert float(row["low"]) < float(row["qwk"]) < float(row["high"])


def test_layer_0_is_on_the_chart_and_on_no_curve() -> None:
    charts = charts_of(layers=(1, 2, 3), probes=("ridge",), protocols=("iid",))
    assert {row[2] for row in charts["layers"].table.rows} == {0, 1, 2, 3}
    root = ET.fromstring(charts["layers"].drawing.svg)
    tips = [element.text or "" for element in root.iterfind(".//{*}title")]
    assert sum(", layer 0:" in tip for tip in tips) == 1
    (curve,) = [
        path.get("d", "")
        for path in root.iterfind(".//{*}path")
        if path.get("stroke-width") == "2" and path.get("fill") is None
    ]
    assert len(re.findall("[ML]", curve)) == 3, "three layers, of which none is the embedding's"


def test_a_probe_fitted_at_chosen_layers_alone_has_no_curve() -> None:
    charts = charts_of(probes=("ridge", "mlp-regressor-early"), layers=(1, 2, 3))
    assert {row[1] for row in charts["layers"].table.rows} == {"ridge"}
    assert {row[2] for row in charts["corpora"].table.rows} == {"ridge", "mlp-regressor-early"}


def test_confusion_shares_add_up_to_one_a_row(charts: dict[str, Chart]) -> None:
    totals: dict[tuple[object, ...], float] = {}
    for protocol, probe, gold, _, _, share in charts["confusion"].table.rows:
        assert isinstance(share, float)
        totals[protocol, probe, gold] = totals.get((protocol, probe, gold), 0.0) + share
    assert all(total == pytest.approx(1) for total in totals.values())


def test_a_name_in_a_drawing_is_escaped() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" viewBox="0 0 9 9">'
        '<path d="M0,0h9" aria-label="&lt;script&gt;" onclick="x()" style="fill:red"/></svg>'
    )
    drawn = clean(ET.fromstring(svg), "<b>", "&").svg
    assert "<script" not in drawn
    assert "&lt;script&gt;</title>" in drawn
    assert "onclick" not in drawn
    assert "style" not in drawn


def test_no_two_probes_look_alike() -> None:
    names = ("ridge", "logistic", "ordinal", "mlp-regressor", "mlp-classifier", "mine", "yours")
    looks = series_of((*names, "mlp-regressor-early", "mlp-classifier-early")).values()
    assert len({(look.ink.value, look.dash, look.shape) for look in looks}) == len(looks)


def test_the_same_probe_looks_the_same_on_every_page() -> None:
    some, all_ = series_of(("logistic",)), series_of(("ridge", "logistic", "ordinal"))
    assert some["logistic"] == all_["logistic"]
    looks = all_.values()
    assert len({look.ink.value for look in looks}) == len({look.shape for look in looks}) == 3


def test_csv_gives_no_formula_to_a_spreadsheet() -> None:
    table = Table(("name", "value"), (("=1+1", -0.5), ("-x", None), ("plain", 3)))
    assert table.csv().splitlines() == [
        "name,value",
        "'=1+1,-0.500000",
        "'-x,",
        "plain,3",
    ]
