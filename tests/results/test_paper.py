"""The table of a paper and its figure: the figures of the result, in a form that compiles."""

import csv
import io
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest
from result_factory import make_result, write_made

from cefrbench.cli import main
from cefrbench.results.explanation import Figure
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.results.paper import PaperRow, PaperTable, read_table, to_latex, to_markdown

SMALL = {"texts": 20, "layers": (1, 2), "refits": 3, "protocols": ("iid", "loco")}
WILD = r"a_b\input{x}%$&#~^<script>|`*[x](y)"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two encoders, one of them with the results of its references beside it."""
    folder = tmp_path_factory.mktemp("out")
    length, _ = make_result("length", role="reference", skill=0.4, **SMALL)
    lost, _ = make_result("lost", role="reference", skill=0.3, **SMALL)
    write_made(folder, "length", role="reference", skill=0.4, **SMALL)
    write_made(folder, "one", references=(length, lost), **SMALL)
    write_made(folder, "two", skill=0.5, **SMALL)
    return folder


@pytest.fixture(scope="module")
def table(out):
    return read_table([out / "one/cefr-v1.json", out / "two/cefr-v1.json"])


def test_rows_are_encoders_then_references_each_once(table):
    named = [(row.encoder, row.probe, row.reference) for row in table.rows]
    assert named[:4] == [
        (name, probe, False) for name in ("one", "two") for probe in ("ridge", "mlp-classifier")
    ]
    assert [(name, below) for name, _, below in named[4:]] == [("length", True), ("lost", True)]
    assert table.columns == ("iid", "loco", "gap")


def test_figures_are_the_result_s_own_intervals(table, out):
    for encoder in ("one", "two", "length"):
        path = out / encoder / "cefr-v1.json"
        result = read_result(path)
        own = summary_intervals(result, read_predictions_of(result, path), scores=("qwk",))
        for row in (row for row in table.rows if row.encoder == encoder):
            expected = {p: own.means[p, row.probe]["qwk"] for p in ("iid", "loco")}
            expected["gap"] = own.gaps[row.probe]["qwk"]
            for name, interval in expected.items():
                found = row.figures[name]
                assert (found.value, found.low, found.high) == (
                    interval.estimate, interval.low, interval.high,
                )  # fmt: skip
                assert found.low < found.value < found.high
    records = {(r.protocol, r.probe): r for r in read_result(out / "two/cefr-v1.json").summary}
    row = next(r for r in table.rows if (r.encoder, r.probe) == ("two", "ridge"))
    assert row.figures["iid"].value == pytest.approx(records["iid", "ridge"].chosen.qwk)
    layers = {n for p in ("iid", "loco") for n in records[p, "ridge"].chosen_layers}
    assert row.layers == ", ".join(map(str, sorted(layers)))


def test_up_to_three_layers_are_listed_and_more_are_a_range(tmp_path):
    options = SMALL | {"texts": 16, "layers": (1, 2, 3, 4, 5, 6), "refits": 0}
    path = write_made(tmp_path, "one", skill=0.0, **options)
    chosen = {}
    for record in read_result(path).summary:
        chosen.setdefault(record.probe, set()).update(record.chosen_layers)
    found = {row.probe: row.layers for row in read_table([path]).rows}
    assert {len(layers) > 3 for layers in chosen.values()} == {True}
    assert found == {p: f"{min(layers)}–{max(layers)}" for p, layers in chosen.items()}
    again = write_made(tmp_path / "fewer", "one", skill=0.0, **options | {"layers": (2, 4, 6)})
    assert {row.layers for row in read_table([again]).rows} == {"2, 4, 6"}


def test_what_lacks_its_predictions_has_figures_and_no_intervals(table, out, tmp_path):
    lost = next(row for row in table.rows if row.encoder == "lost")
    assert lost.figures["iid"].value is not None
    assert lost.figures["iid"].low is None
    path = write_made(tmp_path, "alone", **SMALL)
    path.with_name(read_result(path).predictions.file).unlink()
    rows = read_table([path]).rows
    assert {row.figures["iid"].low for row in rows} == {None}
    assert all(row.figures["gap"].value is not None for row in rows)


def test_the_study_s_table_says_whose_layer_it_is(tmp_path):
    path = write_made(tmp_path, "one", form="study", texts=20, layers=(1, 2))
    table = read_table([path])
    assert all(row.layers.endswith(" (oracle)") for row in table.rows)
    assert "at the layer that is best on the scored texts themselves (an oracle)." in table.caption
    assert "chosen inside the training part" not in table.caption


def parsed(latex):
    """Cells of each line of a tabular, after its column types."""
    (columns,) = re.findall(r"\\begin\{tabular\}\{(.*)\}$", latex, flags=re.MULTILINE)
    types = re.sub(r"@\{.*?\}", "", columns).replace("[table-format=-1.3]", "").replace(" ", "")
    body = latex[latex.index(r"\begin{tabular}") :].splitlines()[1:]
    lines = [line.strip() for line in body if line.strip().endswith(r"\\")]
    return list(types), [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]


def test_latex_is_a_float_of_booktabs_and_siunitx(table):
    latex = to_latex(table)
    assert latex.startswith(
        "% Written by cefrbench results export; needs \\usepackage{booktabs,siunitx}\n"
    )
    types, (head, *rows) = parsed(latex)
    assert types == ["l", "l", "l", *["S", "l"] * 3]
    assert len(head) == 3 + 3
    assert len(rows) == len(table.rows)
    for row, own in zip(rows, table.rows, strict=True):
        assert len(row) == len(types)
        assert row[0].strip() == own.encoder
        for kind, cell in zip(types[3:], row[3:], strict=True):
            number = r"-?\d\.\d{3}"
            ends = rf"(\[\\num\{{{number}\}}, \\num\{{{number}\}}\])?"
            assert re.fullmatch(number if kind == "S" else ends, cell.strip()), cell
    assert latex.count(r"\midrule") == 2
    assert [latex.count(rule) for rule in (r"\toprule", r"\bottomrule")] == [1, 1]


def test_names_cant_break_out_of_latex_or_markdown(tmp_path):
    table = read_table([write_made(tmp_path, WILD, **SMALL)])
    latex = to_latex(table)
    assert r"a\_b\textbackslash{}input\{x\}\%\$\&\#\textasciitilde{}\textasciicircum{}" in latex
    types, (_, *rows) = parsed(latex)
    assert {len(row) for row in rows} == {len(types)}
    markdown = to_markdown(table)
    assert "<script>" not in markdown
    assert r"\|\`\*\[x\](y)" in markdown


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
def test_latex_compiles(table, tmp_path):
    known = subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, check=False).stdout
    wild = read_table([write_made(tmp_path, WILD, **SMALL)])
    tables = to_latex(table) + to_latex(wild)
    packages = r"\usepackage{booktabs,siunitx}"
    if not known:
        # What the table uses of siunitx stands in for it.
        packages = r"\usepackage{booktabs,array}\newcommand{\num}[1]{$#1$}"
        tables = tables.replace("S[table-format=-1.3]", "r")
    text = rf"\documentclass{{article}}{packages}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "paper.tex").write_text(text, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")


def test_markdown_has_each_figure_with_its_interval(table):
    lines = to_markdown(table).splitlines()
    assert lines[0] == "| encoder | probe | layers | IID QWK | loco QWK | QWK gap |"
    assert lines[6].startswith("| length (reference) |")
    one = table.rows[0].figures["iid"]
    assert f" {one.value:.3f} [{one.low:.3f}, {one.high:.3f}] |" in lines[2]
    assert lines[-1].startswith("QWK, mean over corpora (alpha, beta, gamma), at the layers")


def test_another_score_is_asked_for_by_name(out, capsys):
    command = ["results", "export", str(out / "one"), "--format", "markdown", "--score", "mae"]
    assert main(command) == 0
    assert "IID MAE" in capsys.readouterr().out


# -- the figure ----------------------------------------------------------------------------------


def test_the_figure_draws_what_the_table_says(table, out, tmp_path):
    for end in ("csv", "svg", "pdf"):
        paths = [str(out / name / "cefr-v1.json") for name in ("one", "two")]
        assert main(["figure", *paths, "--out", str(tmp_path / f"paper.{end}")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "paper.csv").read_text("utf-8"))))
    own = {(row.encoder, row.probe): row for row in table.rows}
    assert len(rows) == 4 * 3
    for row in rows:
        found = own[row["label"], row["probe"]]
        assert row["look"] == ("reference" if found.reference else "encoder")
        figure = found.figures[row["protocol"]]
        assert float(row["value"]) == pytest.approx(figure.value, abs=1e-6)
        if figure.low is not None:
            assert float(row["low"]) == pytest.approx(figure.low, abs=1e-6)
    said = " ".join(ET.parse(tmp_path / "paper.svg").getroot().itertext())
    assert all(name in said for name in ("one", "two", "length", "lost", "IID", "loco", "gap"))
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF-")


def test_a_figure_of_another_kind_is_refused_in_a_sentence(out, tmp_path, capsys):
    assert main(["figure", str(out / "one"), "--out", str(tmp_path / "paper.png")]) == 1
    assert capsys.readouterr().err == (
        "Error: A figure can't be written as 'paper.png': name a file with --out that ends in "
        ".svg, .pdf or .csv.\n"
    )


def test_a_figure_that_is_undefined_or_absent_is_a_dash():
    figures = {
        "iid": Figure(value=-0.25, low=-0.5, high=0.125),
        "loco": Figure(value=None),
        "gap": Figure(value=0.5),
    }
    row = PaperRow("cefr-v1", "one", "ridge", False, "3", figures)
    table = PaperTable("qwk", (row,), ("iid", "loco", "lofo", "gap"), "Planted.")
    line = next(line for line in to_markdown(table).splitlines() if "ridge" in line)
    assert line == "| one | ridge | 3 | −0.250 [−0.500, 0.125] | – | – | 0.500 |"
    line = next(line for line in to_latex(table).splitlines() if "ridge" in line)
    assert line == (
        r"    one & ridge & 3 & -0.250 & [\num{-0.500}, \num{0.125}]"
        r" & {--} & & {--} & & 0.500 &  \\"
    )
