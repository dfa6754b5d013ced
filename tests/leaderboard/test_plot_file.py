"""Pictures that a page lays out, as files: where marks stand, what they are called, the numbers."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree as ET

import pytest

from cefrbench_leaderboard.charts.dumbbells import DumbbellRow, ReferenceLine, plot
from cefrbench_leaderboard.charts.plot_file import plot_csv, plot_svg
from cefrbench_leaderboard.entry import Estimate
from cefrbench_leaderboard.finding import LinkedFigure
from cefrbench_leaderboard.pictures import Picture, picture_files

SEEN, UNSEEN = Estimate(value=0.8, low=0.7, high=0.85), Estimate(value=0.35, low=0.2, high=0.5)
MARKUP = "<img src=x onerror=alert(1)>"
PLOT = plot(
    [
        DumbbellRow("one", "one.html", (("in", SEEN), ("out", UNSEEN)), "ridge"),
        DumbbellRow(f"{MARKUP}\x00\u202e{'x' * 90}", "", (("out", Estimate(value=0.3)),)),
        DumbbellRow("many", "", tuple(("one", Estimate(value=v / 10)) for v in (3, 4, 5))),
    ],
    [ReferenceLine("length 0.25", 0.25)],
)


@pytest.fixture(scope="module")
def root() -> ET.Element:
    return ET.fromstring(plot_svg(PLOT, f"A finding of {MARKUP}").encode())


def test_marks_stand_on_the_axis_where_their_values_are(root: ET.Element) -> None:
    """From 350 to 850 pixels, over the scale that its own labels name."""
    labels = {one.text: float(one.get("x", "")) for one in root.iterfind("{*}text")}
    first, last = labels["0.2"], labels["0.8"]

    def at(value: float) -> float:
        return first + (value - 0.2) / 0.6 * (last - first)

    circles = [float(one.get("cx", "")) for one in root.iterfind("{*}circle")]
    assert circles[1:] == pytest.approx([at(v) for v in (0.8, 0.3, 0.4, 0.5)], abs=0.6)
    diamonds = [float(one.get("d", "")[1:].split()[0]) for one in root.iterfind("{*}path")]
    assert diamonds[1:] == pytest.approx([at(0.35), at(0.3)], abs=0.6)
    whiskers = [one for one in root.iterfind("{*}line") if one.get("stroke-width") == "2"]
    ends = [[float(one.get(end, "")) for end in ("x1", "x2")] for one in whiskers]
    assert ends == [pytest.approx([at(0.7), at(0.85)], abs=0.6),
                    pytest.approx([at(0.2), at(0.5)], abs=0.6)]  # fmt: skip
    (dashed,) = [one for one in root.iterfind("{*}line") if one.get("stroke-dasharray")]
    assert float(dashed.get("x1", "")) == pytest.approx(at(0.25), abs=0.6)


def test_names_are_text_that_xml_can_hold_and_long_ones_are_cut(root: ET.Element) -> None:
    assert {one.tag.rpartition("}")[2] for one in root.iter()} == {
        *("svg", "rect", "text", "line", "path", "circle")
    }
    said = [one.text or "" for one in root.iterfind("{*}text")]
    assert f"A finding of {MARKUP}" in said
    assert "one (ridge)" in said
    (cut,) = [text for text in said if text.startswith(MARKUP) and text.endswith("…")]
    assert len(cut) == 44
    assert cut.isprintable()


def test_the_csv_has_each_number_once() -> None:
    rows = list(csv.DictReader(io.StringIO(plot_csv(PLOT))))
    assert [(row["side"], row["qwk"]) for row in rows] == [
        ("seen", "0.800000"), ("unseen", "0.350000"), ("unseen", "0.300000"),
        *(("each", f"0.{v}00000") for v in (3, 4, 5)),
    ]  # fmt: skip
    assert rows[0] | {"name": "one", "note": "ridge", "low": "0.700000"} == rows[0]
    assert rows[2]["low"] == ""


def test_files_are_named_after_their_picture() -> None:
    picture = Picture("seen", ("All lose ", LinkedFigure("0.45", "#full")), "", PLOT)
    files = picture_files([picture])
    assert set(files) == {"seen.svg", "seen.csv"}
    assert "All lose 0.45" in files["seen.svg"]
