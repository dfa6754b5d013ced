"""Exports: tidy CSV in full precision, tables that no name can break out of."""

import csv
import io

import pytest
from result_factory import PENALTIES, make_result

from cefrbench.results.export import (
    FORMATS,
    UNIT_SCORES,
    to_analyses_csv,
    to_corpus_csv,
    to_csv,
    to_means_csv,
    with_marks,
)
from cefrbench.results.model import AnalysisRecord
from cefrbench.statistics.scores import Scores


def made(encoder="planted", **options):
    return make_result(encoder, **{"texts": 20, "layers": (1, 2)} | options)[0]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_header_is_the_promised_one():
    assert to_csv([]) == (
        "encoder,suite,protocol,fold,corpus,layer,probe,seed,n,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent,penalty,chosen,oracle\n"
    )
    assert to_corpus_csv([]) == (
        "encoder,suite,protocol,corpus,layer,probe,seed,n,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent,spearman,recut,located,scaled,chosen,chosen_layers\n"
    )
    assert to_means_csv([]) == (
        "encoder,suite,role,protocol,probe,what,layers,"
        "qwk,macro_f1,mae,r2,accuracy,adjacent,spearman,recut,located,scaled\n"
    )


def test_a_unit_without_a_fit_stands_without_penalty_and_choice():
    result = made()
    stray = result.units[0].model_copy(update={"protocol": "no-such"})
    *rows, last = rows_of(to_csv([result.model_copy(update={"units": (*result.units, stray)})]))
    assert rows == rows_of(to_csv([result]))
    assert (last["protocol"], last["penalty"], last["chosen"]) == ("no-such", "", "0")
    assert last["oracle"] == "0"


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


def test_means_give_what_was_chosen_and_what_it_stands_beside():
    result = made()
    rows = {(r["protocol"], r["probe"], r["what"]): r for r in rows_of(to_means_csv([result]))}
    assert {what for _, _, what in rows} == {"chosen", "layer 0", "oracle", "layers"}
    for record in result.summary:
        found = {
            what: rows[record.protocol, record.probe, what]
            for what in ("chosen", "layer 0", "oracle", "layers")
        }
        assert float(found["chosen"]["qwk"]) == record.chosen.qwk
        assert float(found["chosen"]["recut"]) == record.chosen.recut
        assert found["chosen"]["layers"] == " ".join(map(str, record.chosen_layers))
        assert float(found["layer 0"]["mae"]) == record.embedding.mae
        assert float(found["oracle"]["qwk"]) == record.oracle_qwk
        # Of the folds' oracles no more is known than their QWK.
        assert found["oracle"]["recut"] == ""
        assert float(found["layers"]["macro_f1"]) == record.layer_mean.macro_f1


def test_the_form_of_the_study_has_the_layer_of_its_oracle():
    result = made(form="study")
    rows = rows_of(to_means_csv([result]))
    assert {row["what"] for row in rows} == {"oracle", "layers"}
    layers = {(r.protocol, r.probe): str(r.oracle_layer) for r in result.summary}
    for row in rows:
        if row["what"] == "oracle":
            assert row["layers"] == layers[row["protocol"], row["probe"]]
    for row in rows_of(to_csv([result])):
        best = row["layer"] == layers[row["protocol"], row["probe"]]
        assert (row["chosen"], row["oracle"]) == ("0", str(int(best)))


def test_the_oracle_of_each_fold_is_marked_beside_the_choice():
    result = made(probes=("ridge",))
    marked = {(r["protocol"], r["fold"], r["layer"]) for r in rows_of(to_csv([result]))
              if r["oracle"] == "1"}  # fmt: skip
    assert marked == {(c.protocol, c.fold, str(c.oracle_layer)) for c in result.choices}


def test_scores_of_corpora_say_which_layers_were_chosen():
    result = made()
    rows = rows_of(to_corpus_csv([result]))
    assert {(row["layer"] == "", row["chosen"]) for row in rows} == {(True, "1"), (False, "0")}
    folds = {(u.protocol, u.corpus, u.probe, u.seed, u.fold) for u in result.units}
    for row in rows:
        seed = int(row["seed"]) if row["seed"] else None
        place = row["protocol"], row["corpus"], row["probe"], seed
        layers = {c.layer for c in result.choices
                  if (c.protocol, c.probe, c.seed) == (place[0], place[2], seed)
                  and (*place, c.fold) in folds}  # fmt: skip
        expected = " ".join(map(str, sorted(layers))) if row["chosen"] == "1" else ""
        assert row["chosen_layers"] == expected


def test_a_negative_score_has_a_hyphen_in_csv():
    result = made(skill=0.0)
    assert any(unit.scores.qwk and unit.scores.qwk < 0 for unit in result.units)
    assert "−" not in to_csv([result])


# -- whole tables by hand --------------------------------------------------------------------------


def lines_of(text):
    return [line.split(",") for line in text.splitlines()]


def test_each_row_of_a_table_is_this_one():
    result = made(encoder="one", corpora=("alpha",), probes=("ridge",), protocols=("iid",))
    unit = next(u for u in result.units if u.fold == "3" and u.layer == 2)
    fit = next(f for f in result.fits if f.fold == "3" and f.layer == 2)
    choice = next(c for c in result.choices if c.fold == "3")
    row = next(row for row in lines_of(to_csv([result])) if row[3] == "3" and row[5] == "2")
    scores = [getattr(unit.scores, name) for name in UNIT_SCORES]
    assert row == [
        "one", "cefr-v1", "iid", "3", "alpha", "2", "ridge", "", str(unit.n),
        *("" if value is None else repr(value) for value in scores), repr(fit.penalty),
        str(int(choice.layer == 2)), str(int(choice.oracle_layer == 2)),
    ]  # fmt: skip
    chosen = next(score for score in result.scores if score.layer is None)
    layers = " ".join(map(str, sorted({one.layer for one in result.choices})))
    row = lines_of(to_corpus_csv([result]))[1]
    values = [getattr(chosen.scores, name) for name in Scores.model_fields]
    assert row == [
        "one", "cefr-v1", "iid", "alpha", "", "ridge", "", str(chosen.n),
        *("" if value is None else repr(value) for value in values), "1", layers,
    ]  # fmt: skip
    (record,) = result.summary
    rows = lines_of(to_means_csv([result]))[1:]
    assert [row[:7] for row in rows] == [
        ["one", "cefr-v1", "candidate", "iid", "ridge", what, places]
        for what, places in (("chosen", layers), ("layer 0", "0"), ("oracle", ""), ("layers", ""))
    ]
    assert rows[2][7:] == [repr(record.oracle_qwk), *[""] * (len(Scores.model_fields) - 1)]


def test_rows_of_a_corpus_stand_by_layer_with_the_choice_first():
    rows = rows_of(to_corpus_csv([made(probes=("ridge", "mlp-classifier"))]))
    alpha = [(r["layer"], r["probe"], r["seed"]) for r in rows
             if (r["protocol"], r["corpus"]) == ("iid", "alpha")]  # fmt: skip
    seeds = (("ridge", ""), ("mlp-classifier", "0"), ("mlp-classifier", "1"))
    assert alpha == [(layer, *own) for layer in ("", "0", "1", "2") for own in seeds]


def test_names_that_a_result_does_not_list_stand_behind_those_that_it_does():
    result = made(probes=("ridge",), protocols=("iid",))
    names = {"alpha": "zeta", "beta": "eta", "gamma": "gamma"}
    scores = tuple(
        one.model_copy(update={"corpus": names[one.corpus]})
        for one in result.scores
        if one.layer == 1
    )
    rows = rows_of(to_corpus_csv([result.model_copy(update={"scores": scores})]))
    assert [row["corpus"] for row in rows] == ["gamma", "eta", "zeta"]


def test_results_stand_one_after_the_other_below_one_header():
    one, other = (made(name, probes=("ridge",)) for name in ("zeta", "alpha"))
    for make in (to_csv, to_corpus_csv, to_means_csv, to_analyses_csv):
        header, *rows = make([one]).splitlines()
        again, *more = make([other]).splitlines()
        assert header == again
        assert rows
        assert make([one, other]).splitlines() == [header, *rows, *more]


def test_figures_of_analyses_stand_as_they_are_and_no_word_is_a_formula():
    result = made(probes=("ridge",))
    figure = AnalysisRecord(
        analysis="=price", protocol="iid", layer=2, target=None, amount=8, measure="qwk",
        value=0.25, n=9, draws=3,
    )  # fmt: skip
    text = to_analyses_csv([result.model_copy(update={"analyses": (figure,)})])
    assert text == (
        "encoder,suite,analysis,protocol,probe,corpus,layer,target,amount,measure,value,chance,sd,"
        "low,high,n,draws\nplanted,cefr-v1,'=price,iid,,,2,,8,qwk,0.25,,,,,9,3\n"
    )


def test_a_line_of_means_without_a_single_score_is_left_out():
    result = made(probes=("ridge",))
    (first, *others) = result.summary
    bare = first.model_copy(
        update={
            "chosen": None, "embedding": Scores.undefined().model_copy(update={"scaled": 0.5}),
            "oracle_qwk": None, "layer_mean": Scores.undefined(),
        }
    )  # fmt: skip
    rows = rows_of(to_means_csv([result.model_copy(update={"summary": (bare, *others)})]))
    assert [row["what"] for row in rows if row["protocol"] == first.protocol] == ["layer 0"]
    assert [row["what"] for row in rows if row["protocol"] != first.protocol] == [
        "chosen", "layer 0", "oracle", "layers",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_a_last_column_says_of_each_row_why_it_is_not_to_be_trusted(kind):
    one, other = (made(name, probes=("ridge",)) for name in ("zeta", "alpha"))
    plain = FORMATS[kind]([one, other]).splitlines()
    count = len(FORMATS[kind]([one]).splitlines()) - 1
    marked = with_marks(kind, [one, other], ["=UNCHECKED", ""]).splitlines()
    assert marked == [
        f"{plain[0]},unchecked",
        *(f"{row},'=UNCHECKED" for row in plain[1 : count + 1]),
        *(f"{row}," for row in plain[count + 1 :]),
    ]
