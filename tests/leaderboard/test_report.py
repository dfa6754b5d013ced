"""The report, figures and tables of an explanation: its sentences and figures, and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import html5lib
import pytest
from report_factory import ANALYSES, HOSTILE, hostile
from result_factory import write_made

from cefrbench.cli import main
from cefrbench.errors import UserError
from cefrbench.results.explain import explain_result
from cefrbench.results.explanation import Explanation
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.report.charts import charts
from cefrbench_leaderboard.report.files import write_figures, write_html, write_latex
from cefrbench_leaderboard.report.latex import escape
from cefrbench_leaderboard.report.page import report
from cefrbench_leaderboard.report.tables import tables

KEYS = ["claim", "parts", "errors", "layers", "residuals", "label-shift", "shifts"]


@pytest.fixture(scope="module")
def drawn(explanation: Explanation) -> dict[str, Chart]:
    return {chart.key: chart for _, chart in charts(explanation)}


@pytest.fixture(scope="module")
def page(explanation: Explanation) -> str:
    return report(explanation)


def elements(page: str) -> list[ET.Element]:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return list(parser.parse(page).iter())


def numbers(chart: Chart) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(chart.table.csv())))


# -- the page ------------------------------------------------------------------------------------


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


def test_files_are_the_same_bytes_each_time(explanation: Explanation, tmp_path: Path) -> None:
    for turn in ("one", "two"):
        write_html(explanation, tmp_path / turn / "report.html")
        write_figures(explanation, tmp_path / turn / "figures")
        write_latex(explanation, tmp_path / turn / "tables")
    first = sorted(path for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(first) == 1 + 3 * len(list(charts(explanation))) + len(tables(explanation))
    for path in first:
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
        )


def test_figures_are_whole_files_of_their_kinds(
    explanation: Explanation, drawn: dict[str, Chart], tmp_path: Path
) -> None:
    written = write_figures(explanation, tmp_path)
    assert {p.name for p in written} == {f"{k}.{e}" for k in drawn for e in ("svg", "pdf", "csv")}
    for key, chart in drawn.items():
        pdf = (tmp_path / f"{key}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-")
        assert pdf.rstrip().endswith(b"%%EOF")
        assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
        at = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
        assert pdf[at : at + 4] == b"xref"
        root = ET.parse(tmp_path / f"{key}.svg").getroot()
        assert float(root.get("width", "0")) > 100
        assert "var(" not in (tmp_path / f"{key}.svg").read_text("utf-8")
        assert (tmp_path / f"{key}.csv").read_bytes() == chart.table.csv().encode()


# -- hostile names -------------------------------------------------------------------------------


def test_names_are_text_wherever_they_stand(explanation: Explanation, tmp_path: Path) -> None:
    wild = hostile(explanation)
    page = report(wild)
    assert HOSTILE in "".join(ET.tostring(elements(page)[0], encoding="unicode", method="text"))
    assert not [one for one in elements(page) if one.tag == "img"]
    write_figures(wild, tmp_path)
    for path in tmp_path.glob("*.svg"):
        assert {one.tag.rpartition("}")[2] for one in ET.parse(path).iter()} <= {
            *("svg", "g", "path", "line", "rect", "text", "title")
        }
    for path in tmp_path.glob("*.csv"):
        rows = csv.reader(io.StringIO(path.read_text("utf-8")))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_no_name_is_latex(explanation: Explanation, tmp_path: Path) -> None:
    write_latex(hostile(explanation), tmp_path / "all.tex")
    text = (tmp_path / "all.tex").read_text("utf-8")
    commands = set(re.findall(r"\\([A-Za-z]+)", text))
    assert commands <= {
        *("begin", "end", "centering", "footnotesize", "setlength", "tabcolsep", "caption"),
        *("label", "toprule", "midrule", "bottomrule", "textbf", "scriptsize"),
        *("textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater"),
        *(
            "textbar",
            "ldots",
            "usepackage",
            "resizebox",
            "ifdim",
            "width",
            "linewidth",
            "else",
            "fi",
        ),
    }
    bare = re.sub(r"\\[\\{}$&#%_]", "", text)
    assert bare.count("{") == bare.count("}")
    lines = bare.splitlines()
    assert [line for line in lines if "%" in line.removesuffix("{!}{%")] == lines[:2]
    for rows in re.findall(r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\bottomrule", text, re.DOTALL):
        for line in rows[1].splitlines():
            if line.rstrip().endswith(r"\\"):
                assert len(re.findall(r"(?<!\\)&", line)) == len(rows[0]) - 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b & 5 %", r"a\_b \& 5 \%"),
        ("\\input{x}", r"\textbackslash{}input\{x\}"),
        ("two\nlines\x00", "two lines "),
        ("\N{MINUS SIGN}0.1\N{EN DASH}0.2", "$-$0.1--0.2"),
        ("日本", "日本"),
    ],
)
def test_latex_is_escaped(text: str, written: str) -> None:
    assert escape(text) == written


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


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    return write_made(
        folder, texts=20, layers=(1, 2), probes=("ridge",), protocols=("iid", "lofo"), refits=0
    )


def test_the_command_writes_what_is_asked_for(
    result_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, figures, latex = tmp_path / "r.html", tmp_path / "figures", tmp_path / "all.tex"
    options = [
        "--html",
        html,
        "--figures",
        figures,
        "--latex",
        latex,
        "--replicates",
        200,
        "--json",
    ]
    assert main(["explain", str(result_file), *map(str, options)]) == 0
    out, err = capsys.readouterr()
    found = Explanation.model_validate(json.loads(out))
    assert html.read_text("utf-8") == report(found)
    assert {path.stem for path in figures.iterdir()} == {chart.key for _, chart in charts(found)}
    assert latex.read_text("utf-8").count(r"\begin{table}") == len(tables(found))
    assert f"Wrote {html}" in err
    assert f"Wrote {len(list(figures.iterdir()))} files to {figures}" in err


def test_without_the_package_that_draws_one_sentence_says_so(
    result_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert main(["explain", str(result_file), "--html", str(tmp_path / "r.html")]) == 1
    assert "cefrbench[leaderboard]" in capsys.readouterr().err
    latex = ["--latex", str(tmp_path / "tables"), "--replicates", "200"]
    assert main(["explain", str(result_file), *latex]) == 0
    assert (tmp_path / "tables" / "parts-table.tex").is_file()


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_html, "folder"),
        (write_figures, "file"),
        (write_latex, "file"),
        (write_latex, "f.tex"),
    ],
)
def test_a_folder_is_no_file_and_a_file_no_folder(
    explanation: Explanation,
    tmp_path: Path,
    write: Callable[[Explanation, Path], list[Path]],
    name: str,
) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "f.tex").mkdir()
    with pytest.raises(UserError, match=f"{name}' is a fo?i?l"):
        write(explanation, tmp_path / name)
    assert (tmp_path / "file").read_text() == "kept"
