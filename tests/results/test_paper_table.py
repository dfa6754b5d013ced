"""The table of a paper: its rows, columns and caption from tiny results, and its two forms."""

from dataclasses import replace

import pytest
from result_factory import make_result, write_made

from cefrbench.errors import ResultError
from cefrbench.results.explanation import Figure
from cefrbench.results.io import read_result, write_result
from cefrbench.results.model import ReferenceRecord
from cefrbench.results.paper import PaperRow, PaperTable, read_table, to_latex, to_markdown
from cefrbench.results.selection import favoured_probe

TINY = {
    "corpora": ("alpha", "beta"),
    "texts": 10,
    "layers": (1, 2),
    "probes": ("ridge", "ordinal"),
    "protocols": ("iid", "loco"),
    "refits": 0,
}


def named(table):
    return [(row.encoder, row.probe, row.reference) for row in table.rows]


def written(folder, name, change=None, **options):
    """The file of a result, with its summary or references changed; its predictions are not."""
    if change is None:
        return write_made(folder, name, **TINY | options)
    result, predictions = make_result(name, **TINY | options)
    return write_result(change(result), predictions, folder)


# -- rows ------------------------------------------------------------------------------------------


def test_of_each_encoder_the_favoured_probe_alone_may_be_asked_for(tmp_path):
    path = written(tmp_path, "one")
    favoured = favoured_probe(read_result(path)).probe
    assert named(read_table([path])) == [("one", "ridge", False), ("one", "ordinal", False)]
    assert named(read_table([path], favoured=True)) == [("one", favoured, False)]


def test_what_is_no_candidate_stands_last_with_its_favoured_probe_and_once(tmp_path):
    length, _ = make_result("length", role="control", **TINY)
    below = written(tmp_path, "length", role="control")
    one = written(tmp_path, "one", references=(length,))
    two = written(tmp_path, "two", references=(length,))
    favoured = favoured_probe(length).probe
    own = [(name, probe, False) for name in ("one", "two") for probe in TINY["probes"]]
    expected = [*own, ("length", favoured, True)]
    assert named(read_table([below, one, two])) == expected
    assert named(read_table([one, two])) == expected
    assert named(read_table([below])) == [("length", favoured, True)]


def test_a_reference_of_a_reference_is_not_looked_for(tmp_path):
    lost, _ = make_result("lost", role="reference", **TINY)
    below = written(tmp_path, "length", role="reference", references=(lost,))
    assert [row.encoder for row in read_table([below]).rows] == ["length"]


def test_a_reference_without_a_result_has_the_figures_that_the_result_says(tmp_path):
    lost, _ = make_result("lost", role="reference", **TINY)
    path = written(tmp_path, "one", references=(lost,))
    row = read_table([path]).rows[-1]
    probe = favoured_probe(lost).probe
    qwk = {r.protocol: r.chosen.qwk for r in lost.summary if r.probe == probe}
    assert (row.suite, row.encoder, row.probe, row.reference) == ("cefr-v1", "lost", probe, True)
    assert {name: one.value for name, one in row.figures.items()} == pytest.approx(
        {**qwk, "gap": qwk["iid"] - qwk["loco"]}
    )
    assert {one.low for one in row.figures.values()} == {None}
    layers = {n for r in lost.summary if r.probe == probe for n in r.chosen_layers}
    assert row.layers == ", ".join(map(str, sorted(layers)))


def without_a_gap(result):
    """Under loco the mean is over fewer corpora: nothing is said of a gap."""
    records = [
        one.model_copy(update={"corpora": one.corpora[:1]}) if one.protocol == "loco" else one
        for one in result.summary
    ]
    return result.model_copy(update={"summary": tuple(records)})


def undefined(result, protocol, probe):
    records = [
        one.model_copy(update={"chosen": one.chosen.model_copy(update={"qwk": None})})
        if one.protocol in protocol and one.probe in probe
        else one
        for one in result.summary
    ]
    return result.model_copy(update={"summary": tuple(records)})


@pytest.mark.parametrize(
    ("change", "figures"),
    [
        (lambda one: one, {"iid", "loco", "gap"}),
        (without_a_gap, {"iid", "loco"}),
        (lambda one: undefined(one, ["iid"], ["ridge", "ordinal"]), {"iid", "loco"}),
        (lambda one: undefined(one, ["loco"], ["ridge", "ordinal"]), {"iid", "loco"}),
    ],
)
def test_a_gap_needs_both_sides_over_the_same_corpora(tmp_path, change, figures):
    lost, _ = make_result("lost", role="reference", **TINY)
    path = written(tmp_path, "one", references=(change(lost),))
    row = read_table([path]).rows[-1]
    assert row.encoder == "lost"
    assert row.figures.keys() == figures


def test_a_probe_without_any_score_has_no_row(tmp_path):
    def change(result):
        return undefined(result, ["iid", "loco"], ["ridge"])

    path = written(tmp_path, "one", change)
    path.with_name(read_result(path).predictions.file).unlink()
    with pytest.raises(ResultError, match="doesn't pass its check"):
        read_table([path])
    table = read_table([path], unchecked=True)
    assert named(table) == [("one", "ordinal", False)]
    assert table.caption.startswith(f"UNCHECKED: '{path}' doesn't pass its check")
    assert "`. QWK, mean over corpora (alpha, beta)," in table.caption
    half = written(tmp_path, "two", lambda result: undefined(result, ["iid"], ["ridge"]))
    assert named(read_table([half], unchecked=True))[0] == ("two", "ridge", False)


def test_without_predictions_each_probe_has_the_figures_that_the_summary_says(tmp_path):
    path = written(tmp_path, "one", probes=("ridge", "knn", "svm"))
    result = read_result(path)
    path.with_name(result.predictions.file).unlink()
    rows = read_table([path]).rows
    assert [row.probe for row in rows] == ["ridge", "knn", "svm"]
    for row in rows:
        own = {r.protocol: r.chosen.qwk for r in result.summary if r.probe == row.probe}
        assert {name: one.value for name, one in row.figures.items()} == pytest.approx(
            {**own, "gap": own["iid"] - own["loco"]}
        )
    lost = ReferenceRecord(encoder=result.encoder, favoured="ridge", summary=result.summary)
    lost = lost.model_copy(update={"encoder": result.encoder.model_copy(update={"name": "lost"})})
    beside = written(
        tmp_path / "two", "two", lambda one: one.model_copy(update={"references": (lost,)})
    )
    assert read_table([beside]).rows[-1].figures == rows[0].figures


def test_the_doubtful_have_figures_and_no_intervals(tmp_path):
    path = written(tmp_path, "one", without_a_gap)
    table = read_table([path], unchecked=True)
    assert {one.low for row in table.rows for one in row.figures.values()} == {None}
    assert table.columns == ("iid", "loco")
    assert "Gap: " not in table.caption


def test_other_protocols_stand_where_no_usual_one_was_run(tmp_path):
    options = {"corpora": ("alpha", "beta", "gamma")}
    both = written(tmp_path, "one", protocols=("iid", "loco", "lofo"), **options)
    assert read_table([both]).columns == ("iid", "lofo", "gap")
    names = {"loco": "by-task", "iid": "by-length"}

    def renamed(result):
        summary = [
            one.model_copy(update={"protocol": names[one.protocol]}) for one in result.summary
        ]
        return result.model_copy(update={"summary": tuple(summary)})

    lost, _ = make_result("lost", role="reference", **TINY | options)
    path = written(tmp_path, "two", references=(renamed(lost),), **options)
    table = read_table([path])
    assert table.columns == ("iid", "loco", "by-length", "by-task", "gap")
    assert table.rows[-1].figures.keys() == {"by-length", "by-task"}


# -- the caption -----------------------------------------------------------------------------------

CHOSEN = "at the layers that were chosen inside the training part (never layer 0)"
ORACLE = "at the layer that is best on the scored texts themselves (an oracle)"


def brackets(fits):
    return f"In brackets: 95 % intervals over texts scored, {fits}; corpora are held fixed."


def test_a_caption_of_one_result_says_over_what_and_how(tmp_path):
    path = written(tmp_path, "one", probes=("ridge",))
    held = "the fits held fixed"
    assert read_table([path]).caption == (
        f"QWK, mean over corpora (alpha, beta), {CHOSEN}. {brackets(held)} Gap: in less out of "
        "distribution."
    )
    alone = written(tmp_path / "iid", "one", probes=("ridge",), protocols=("iid",))
    assert read_table([alone], score="mae").caption == (
        f"MAE, mean over corpora (alpha, beta), {CHOSEN}. {brackets(held)}"
    )


def test_a_caption_of_several_tells_their_corpora_refits_and_forms_apart(tmp_path):
    below, _ = make_result("lost", role="reference", **TINY)
    paths = [
        written(tmp_path, "one", references=(below,), refits=3),
        written(tmp_path, "two", refits=2),
        written(tmp_path, "three", corpora=("alpha", "beta", "gamma"), refits=0),
        written(tmp_path, "four", form="study", corpora=("alpha",), protocols=("iid",), refits=0),
    ]
    assert read_table(paths).caption == (
        "QWK, mean over corpora (alpha, beta (two); alpha, beta, gamma (three); alpha (four)), "
        f"{CHOSEN}, or {ORACLE}. {brackets('texts trained on too (0, 2, 3 refits)')} Gap: in less "
        "out of distribution. Below the line: references, with the probe that their inner cuts "
        "favour."
    )
    fits = "texts trained on too (3 refits)"
    assert brackets(fits) in read_table(paths[:1]).caption


# -- its forms -------------------------------------------------------------------------------------


def row(encoder="a_b", suite="cefr-v1", reference=False, **figures):
    return PaperRow(suite, encoder, "ridge", reference, "1, 2", figures)


FULL = Figure(value=0.5, low=-0.25, high=0.75)
ROWS = (
    row(iid=FULL, lofo=Figure(value=0.25), gap=Figure(value=-0.125, low=-0.5, high=0.125)),
    row("two", iid=Figure(value=None)),
    row("ref", reference=True, iid=FULL),
    row("last", reference=True),
)
TABLE = PaperTable(
    "qwk", ROWS, ("iid", "lofo", "by-task", "gap"), "Said. Below the line: references, too."
)


def test_markdown_is_a_line_a_row_with_its_caption():
    assert to_markdown(TABLE) == (
        "| encoder | probe | layers | IID QWK | OOD QWK | by-task QWK | QWK gap |\n"
        "| --- | --- | --- | ---: | ---: | ---: | ---: |\n"
        "| a\\_b | ridge | 1, 2 | 0.500 [−0.250, 0.750] | 0.250 | – | −0.125 [−0.500, 0.125] |\n"
        "| two | ridge | 1, 2 | – | – | – | – |\n"
        "| ref (reference) | ridge | 1, 2 | 0.500 [−0.250, 0.750] | – | – | – |\n"
        "| last (reference) | ridge | 1, 2 | – | – | – | – |\n"
        "\n"
        "Said. References stand last, too.\n"
    )


def test_latex_is_a_float_with_two_columns_a_figure_and_one_line_above_references():
    columns = "lll" + r" S[table-format=-1.3] @{\,} l" * 4
    assert to_latex(TABLE) == (
        "% Written by cefrbench results export; needs \\usepackage{booktabs,siunitx}\n"
        "\\begin{table}\n"
        "  \\centering\\small\n"
        "  \\caption{Said. Below the line: references, too.}\n"
        "  \\label{tab:cefrbench}\n"
        f"  \\begin{{tabular}}{{{columns}}}\n"
        "    \\toprule\n"
        "    Encoder & Probe & Layers & \\multicolumn{2}{c}{IID} & \\multicolumn{2}{c}{OOD} & "
        "\\multicolumn{2}{c}{by-task} & \\multicolumn{2}{c}{gap} \\\\\n"
        "    \\midrule\n"
        "    a\\_b & ridge & 1, 2 & 0.500 & [\\num{-0.250}, \\num{0.750}] & 0.250 &  & {--} & & "
        "-0.125 & [\\num{-0.500}, \\num{0.125}] \\\\\n"
        "    two & ridge & 1, 2 & {--} & & {--} & & {--} & & {--} & \\\\\n"
        "    \\midrule\n"
        "    ref & ridge & 1, 2 & 0.500 & [\\num{-0.250}, \\num{0.750}] & {--} & & {--} & & {--} & "
        "\\\\\n"
        "    last & ridge & 1, 2 & {--} & & {--} & & {--} & & {--} & \\\\\n"
        "    \\bottomrule\n"
        "  \\end{tabular}\n"
        "\\end{table}\n"
    )


def test_several_suites_are_told_of_each_row():
    assert not TABLE.suites
    table = replace(
        TABLE, rows=(ROWS[0], row("two", suite="pa_per")), columns=("iid",), caption="c"
    )
    assert table.suites
    assert to_markdown(table).splitlines()[:4] == [
        "| suite | encoder | probe | layers | IID QWK |",
        "| --- | --- | --- | --- | ---: |",
        r"| cefr-v1 | a\_b | ridge | 1, 2 | 0.500 [−0.250, 0.750] |",
        r"| pa\_per | two | ridge | 1, 2 | – |",
    ]
    lines = to_latex(table).splitlines()
    assert r"\begin{tabular}{llll S[table-format=-1.3] @{\,} l}" in lines[5]
    assert lines[7] == r"    Suite & Encoder & Probe & Layers & \multicolumn{2}{c}{IID} \\"
    assert lines[10] == r"    pa\_per & two & ridge & 1, 2 & {--} & \\"
    assert [table.title(one) for one in ("iid", "lofo", "loco", "gap")] == [
        "IID",
        "OOD",
        "loco",
        "gap",
    ]


def test_references_alone_have_no_line_above_them():
    table = replace(TABLE, rows=ROWS[2:])
    assert to_latex(table).count(r"\midrule") == 1
