"""Exports: tidy CSV in full precision, tables that no name can break out of."""

import csv
import io

import pytest
from result_factory import make_result

from cefrbench.results.export import HEADER, to_csv, to_latex, to_markdown


def made(encoder="planted", **options):
    return make_result(encoder, **{"texts": 20, "layers": (1, 2)} | options)[0]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_header_is_the_promised_one():
    assert to_csv([]) == (
        "encoder,suite,protocol,fold,corpus,layer,probe,seed,n,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent\n"
    )


def test_every_unit_is_a_row_in_full_precision():
    result = made()
    rows = rows_of(to_csv([result]))
    assert len(rows) == len(result.units)
    place = ("protocol", "fold", "corpus", "layer", "probe", "seed")
    found = {tuple(row[name] for name in place): row for row in rows}
    assert len(found) == len(rows)
    for unit in result.units:
        seed = "" if unit.seed is None else str(unit.seed)
        row = found[unit.protocol, unit.fold, unit.corpus, str(unit.layer), unit.probe, seed]
        assert int(row["n"]) == unit.n
        for name in HEADER[9:]:
            value = getattr(unit.scores, name)
            assert (float(row[name]) if row[name] else None) == value


def test_folds_that_score_one_corpus_are_told_apart():
    result = made(probes=("ridge",), protocols=("iid",))
    twice = [u.model_copy(update={"fold": fold}) for u in result.units for fold in ("from-b", "a")]
    rows = rows_of(to_csv([result.model_copy(update={"units": tuple(twice)})]))
    assert [row["fold"] for row in rows] == ["a", "from-b"] * len(result.units)


def test_the_order_of_units_in_the_file_doesnt_matter():
    result = made()
    shuffled = result.model_copy(update={"units": result.units[::-1]})
    assert to_csv([shuffled]) == to_csv([result])


def test_rows_stand_by_protocol_corpus_layer_probe_seed_and_groups_come_last():
    rows = rows_of(to_csv([made()]))
    assert [r["protocol"] for r in rows] == sorted(r["protocol"] for r in rows)
    corpora = list(dict.fromkeys(r["corpus"] for r in rows if r["protocol"] == "loco"))
    assert corpora == ["alpha", "beta", "gamma", "twin-all"]
    first = [(r["layer"], r["probe"], r["seed"]) for r in rows[:3]]
    assert first == [("1", "ridge", ""), ("1", "mlp-classifier", "0"), ("1", "mlp-classifier", "1")]


def test_an_undefined_score_is_an_empty_cell():
    rows = rows_of(to_csv([made(texts=5)]))
    assert any(row["qwk"] == "" and row["accuracy"] != "" for row in rows)
    assert "nan" not in to_csv([made(texts=5)]).lower()


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@sum", "\t=x", "\r\n@x"])
def test_a_name_that_a_spreadsheet_would_run_is_quoted(name):
    rows = rows_of(to_csv([made(name)]))
    assert {row["encoder"] for row in rows} == {f"'{name.strip()}"}


def test_a_name_with_commas_quotes_and_lines_stays_one_cell():
    rows = rows_of(to_csv([made('a,"b"\r\nc')]))
    assert {row["encoder"] for row in rows} == {'a,"b" c'}


def test_tables_give_the_chosen_layer_and_the_oracle_with_the_mean_over_layers():
    result = made()
    lines = to_markdown([result]).splitlines()
    assert lines[0].startswith("| encoder | suite | probe | layer | IID QWK | IID F1 | IID MAE |")
    iid, loco = result.summary[0], next(s for s in result.summary if s.protocol == "loco")
    chosen = [cell.strip() for cell in lines[2].split("|")]
    assert chosen[1:6] == ["planted", "cefr-v1", "ridge", "chosen", f"{iid.chosen.qwk:.3f}"]
    assert chosen[9] == f"{loco.chosen.qwk:.3f}"
    oracle = [cell.strip() for cell in lines[3].split("|")]
    assert oracle[4:6] == ["oracle", f"{iid.oracle.qwk:.3f} ({iid.layer_mean.qwk:.3f})"]


def test_the_form_of_the_study_has_oracle_rows_only():
    text = to_markdown([made(form="study")])
    assert "| oracle |" in text
    assert "| chosen |" not in text


def test_results_of_several_encoders_stand_below_each_other():
    lines = to_markdown([made("first"), made("second", form="study")]).splitlines()
    assert [line.split(" ")[1] for line in lines[2:8]] == ["first"] * 4 + ["second"] * 2


def test_latex_has_as_many_cells_in_each_row_as_columns():
    text = to_latex([made(), made(protocols=("iid",))])
    begin = next(line for line in text.splitlines() if line.startswith(r"\begin{tabular}"))
    columns = begin.count("l", len(r"\begin{tabular}")) + begin.count("r", len(r"\begin{tabular}"))
    rows = [line for line in text.splitlines() if line.startswith("planted")]
    assert rows
    assert {row.count("&") + 1 for row in rows} == {columns} == {12}
    assert all(rule in text for rule in (r"\toprule", r"\midrule", r"\bottomrule"))


def test_names_cant_break_out_of_latex_or_markdown():
    name = r"a_b\input{x}%$&#~^<script>|`*[x](y)"
    latex = to_latex([made(name)])
    assert r"a\_b\textbackslash{}input\{x\}\%\$\&\#\textasciitilde{}\textasciicircum{}" in latex
    markdown = to_markdown([made(name)])
    assert "<script>" not in markdown
    assert r"\|\`\*\[x\](y)" in markdown


def test_a_negative_score_has_a_minus_sign_in_tables_and_a_hyphen_in_csv():
    result = made(skill=0.0)
    assert any(unit.scores.qwk and unit.scores.qwk < 0 for unit in result.units)
    assert "−" in to_markdown([result])
    assert "$-$" in to_latex([result])
    assert "−" not in to_csv([result])
