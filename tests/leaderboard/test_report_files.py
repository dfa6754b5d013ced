"""Reports, figures and tables as files: the same bytes each time, whatever the names."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from report_factory import HOSTILE, UNDRAWN, elements, hostile
from result_factory import write_made

from cefrbench.cli import main
from cefrbench.errors import UserError
from cefrbench.results.explanation import Explanation
from cefrbench.results.markup import escape_latex
from cefrbench_leaderboard.charts.palette import INKS
from cefrbench_leaderboard.charts.stack import stack_spec
from cefrbench_leaderboard.charts.svg import draw, literal
from cefrbench_leaderboard.report.charts import charts
from cefrbench_leaderboard.report.files import write_figures, write_html, write_latex
from cefrbench_leaderboard.report.page import report
from cefrbench_leaderboard.report.tables import tables


def write_all(explanation: Explanation, folder: Path) -> list[Path]:
    """Write everything, and say what."""
    written = write_html(explanation, folder / "report.html")
    written += write_figures(explanation, folder / "figures")
    return written + write_latex(explanation, folder / "tables")


@pytest.fixture(scope="module")
def written(explanation: Explanation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    files = write_all(explanation, folder)
    assert sorted(files) == sorted(path for path in folder.rglob("*") if path.is_file())
    return folder


def test_files_are_the_same_bytes_each_time(
    explanation: Explanation, written: Path, tmp_path: Path
) -> None:
    again = write_all(explanation, tmp_path)
    assert len(again) == 1 + 3 * 11 + 8
    for path in again:
        first = written / path.relative_to(tmp_path)
        assert path.read_bytes() == first.read_bytes(), path.name


def test_figures_are_whole_files_of_their_kinds(explanation: Explanation, written: Path) -> None:
    folder, ends = written / "figures", ("svg", "pdf", "csv")
    drawn = {chart.key: chart for _, chart in charts(explanation)}
    assert {p.name for p in folder.iterdir()} == {f"{k}.{e}" for k in drawn for e in ends}
    for key, chart in drawn.items():
        pdf = (folder / f"{key}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-")
        assert pdf.rstrip().endswith(b"%%EOF")
        assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
        at = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
        assert pdf[at : at + 4] == b"xref"
        root = ET.parse(folder / f"{key}.svg").getroot()
        assert float(root.get("width", "0")) > 100
        assert "var(" not in (folder / f"{key}.svg").read_text("utf-8")
        assert (folder / f"{key}.csv").read_bytes() == chart.table.csv().encode()


# -- hostile names -------------------------------------------------------------------------------


def test_names_are_text_wherever_they_stand(explanation: Explanation, tmp_path: Path) -> None:
    wild = hostile(explanation)
    page = report(wild)
    assert HOSTILE in "".join(ET.tostring(elements(page)[0], encoding="unicode", method="text"))
    assert not [one for one in elements(page) if one.tag == "img"]
    write_figures(wild, tmp_path)
    for path in tmp_path.glob("*.svg"):
        assert {one.tag.rpartition("}")[2] for one in ET.parse(path).iter()} <= {
            *("svg", "g", "path", "line", "rect", "text", "tspan", "title")
        }
    for path in tmp_path.glob("*.csv"):
        rows = csv.reader(io.StringIO(path.read_text("utf-8")))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_signs_that_no_drawing_can_hold_are_replaced(
    explanation: Explanation, tmp_path: Path
) -> None:
    wild = hostile(explanation, UNDRAWN)
    write_html(wild, tmp_path / "report.html")
    write_figures(wild, tmp_path)
    drawn = [
        path.read_text("utf-8") for path in (*tmp_path.glob("*.svg"), *tmp_path.glob("*.html"))
    ]
    assert any("a\N{REPLACEMENT CHARACTER}[31m" in text for text in drawn)
    for path in tmp_path.glob("*.svg"):
        ET.parse(path)
    assert not [sign for text in drawn for sign in "\x1b\x00\ufffe" if sign in text]


def test_a_name_in_an_expression_of_a_drawing_is_the_one_that_is_drawn() -> None:
    assert literal({"0": UNDRAWN}) == '{"0": "a\\ufffd[31m\\ufffd\\ufffd"}'
    rows = [{"label": UNDRAWN, "part": part, "value": 0.1, "low": None, "high": None, "tip": ""}
            for part in ("one", "two")]  # fmt: skip
    sums = [{**rows[0], "value": 0.2}]
    spec = stack_spec(rows, sums, {"one": INKS[0], "two": INKS[1]}, "QWK")
    assert draw(spec, "", "").svg.count("a\N{REPLACEMENT CHARACTER}[31m") == 1


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
    assert escape_latex(text) == written


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
