"""Exports: tidy CSV in full precision, tables that no name can break out of."""

import csv
import io

import pytest
from result_factory import PENALTIES, make_result

from cefrbench.results.export import UNIT_SCORES, to_corpus_csv, to_csv, to_latex, to_markdown
from cefrbench.statistics.scores import Scores


def made(encoder="planted", **options):
    return make_result(encoder, **{"texts": 20, "layers": (1, 2)} | options)[0]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_header_is_the_promised_one():
    assert to_csv([]) == (
        "encoder,suite,protocol,fold,corpus,layer,probe,seed,n,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent,penalty,chosen\n"
    )
    assert to_corpus_csv([]) == (
        "encoder,suite,protocol,corpus,layer,probe,seed,n,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent,spearman,recut,located,scaled\n"
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
        for name in UNIT_SCORES:
            value = getattr(unit.scores, name)
            assert (float(row[name]) if row[name] else None) == value
    assert {float(row["penalty"]) for row in rows if row["probe"] == "ridge"} <= set(PENALTIES)
    assert {row["penalty"] for row in rows if row["probe"] == "mlp-classifier"} == {""}


def test_units_at_the_chosen_layer_and_penalty_are_marked():
    result = made()
    rows = rows_of(to_csv([result]))
    chosen = {
        (c.protocol, c.fold, c.probe, str(c.layer), "" if c.seed is None else str(c.seed)): c
        for c in result.choices
    }
    marked = [row for row in rows if row["chosen"] == "1"]
    places = [
        tuple(row[n] for n in ("protocol", "fold", "probe", "layer", "seed")) for row in marked
    ]
    assert set(places) == set(chosen)
    for row, place in zip(marked, places, strict=True):
        assert (float(row["penalty"]) if row["penalty"] else None) == chosen[place].penalty
    assert {row["chosen"] for row in rows} == {"0", "1"}
    assert {row["chosen"] for row in rows_of(to_csv([made(form="study")]))} == {"0"}


@pytest.mark.parametrize("form", ["corrected", "study"])
def test_every_score_of_a_corpus_is_a_row_ranks_too(form):
    result = made(form=form)
    rows = rows_of(to_corpus_csv([result]))
    found = {
        tuple(row[n] for n in ("protocol", "corpus", "layer", "probe", "seed")): row for row in rows
    }
    assert len(found) == len(rows) == len(result.scores)
    for score in result.scores:
        names = (score.protocol, score.corpus, score.layer, score.probe, score.seed)
        row = found[tuple("" if name is None else str(name) for name in names)]
        assert int(row["n"]) == score.n
        for name in Scores.model_fields:
            assert (float(row[name]) if row[name] else None) == getattr(score.scores, name)
    assert any(row["layer"] == "" and row["recut"] for row in rows) == (form == "corrected")
    assert any(row["layer"] and row["spearman"] for row in rows)


def test_folds_that_score_one_corpus_are_told_apart():
    result = made(probes=("ridge",), protocols=("iid",))
    units = [unit for unit in result.units if unit.fold == "1"]
    twice = [u.model_copy(update={"fold": fold}) for u in units for fold in ("from-b", "a")]
    fits = [f.model_copy(update={"fold": fold}) for f in result.fits for fold in ("from-b", "a")]
    update = {"units": tuple(twice), "fits": tuple(fits)}
    rows = rows_of(to_csv([result.model_copy(update=update)]))
    assert [row["fold"] for row in rows] == ["a", "from-b"] * len(units)


def test_the_order_of_units_in_the_file_doesnt_matter():
    result = made()
    shuffled = result.model_copy(update={"units": result.units[::-1]})
    assert to_csv([shuffled]) == to_csv([result])


def test_rows_stand_by_protocol_corpus_layer_probe_seed_and_groups_come_last():
    rows = rows_of(to_csv([made()]))
    assert [r["protocol"] for r in rows] == sorted(r["protocol"] for r in rows)
    corpora = list(dict.fromkeys(r["corpus"] for r in rows if r["protocol"] == "loco"))
    assert corpora == ["alpha", "beta", "gamma", "twin-all"]
    first = [(r["layer"], r["probe"], r["seed"]) for r in rows if r["protocol"] == "loco"][:3]
    assert first == [("0", "ridge", ""), ("0", "mlp-classifier", "0"), ("0", "mlp-classifier", "1")]


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


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tables_give_what_was_chosen_and_what_it_stands_beside():
    result = made()
    lines = to_markdown([result]).splitlines()
    assert lines[0].startswith("| encoder | suite | probe | layer | IID QWK | IID F1 | IID MAE |")
    iid, loco = result.summary[0], next(s for s in result.summary if s.protocol == "loco")
    rows = {cells(line)[3]: cells(line) for line in lines[2:6]}
    assert list(rows) == ["chosen", "layer 0", "oracle", "layers"]
    assert rows["chosen"][:3] == ["planted", "cefr-v1", "ridge"]
    titles = cells(lines[0])
    for title, record in (("IID", iid), ("loco", loco)):
        place = titles.index(f"{title} QWK")
        assert rows["chosen"][place] == f"{record.chosen.qwk:.3f}"
        assert rows["layer 0"][place] == f"{record.embedding.qwk:.3f}"
        assert rows["oracle"][place] == f"{record.oracle_qwk:.3f}"
        assert rows["layers"][place] == f"{record.layer_mean.qwk:.3f}"
        place = titles.index(f"{title} recut")
        assert rows["chosen"][place] == f"{record.chosen.recut:.3f}"
        # Of the folds' oracles no more is known than their QWK.
        assert rows["oracle"][place] == "–"


def test_the_form_of_the_study_has_oracle_rows_only():
    text = to_markdown([made(form="study")])
    assert "| oracle |" in text
    assert "| chosen |" not in text


def test_results_of_several_encoders_stand_below_each_other():
    lines = to_markdown([made("first"), made("second", form="study")]).splitlines()
    # Chosen, layer 0, oracle and all layers of two probes; the study has the last two alone.
    assert [line.split(" ")[1] for line in lines[2:14]] == ["first"] * 8 + ["second"] * 4


def test_latex_has_as_many_cells_in_each_row_as_columns():
    text = to_latex([made(), made(protocols=("iid",))])
    begin = next(line for line in text.splitlines() if line.startswith(r"\begin{tabular}"))
    columns = begin.count("l", len(r"\begin{tabular}")) + begin.count("r", len(r"\begin{tabular}"))
    rows = [line for line in text.splitlines() if line.startswith("planted")]
    assert rows
    assert {row.count("&") + 1 for row in rows} == {columns} == {16}
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
