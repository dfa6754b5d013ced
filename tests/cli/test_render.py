"""`show`: what a reader sees of a result, in a terminal of 80 columns."""

import io
from pathlib import Path

import pytest
from result_factory import make_result
from rich.console import Console

from cefrbench.cli.render import meaning, render_result
from cefrbench.results.intervals import summary_intervals
from cefrbench.results.model import FailureRecord


def shown(result, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    render_result(result, console)
    return console.file.getvalue()


def made(**options):
    return make_result(**{"texts": 20} | options)[0]


def record(result, protocol, probe):
    return next(s for s in result.summary if (s.protocol, s.probe) == (protocol, probe))


def line_of(text, start):
    return next(line for line in text.splitlines() if line.startswith(start))


def test_the_head_names_encoder_suite_corpora_and_texts():
    text = shown(made())
    assert "planted (last pooling, 1,000 parameters, 16 wide, layers 0–3)" in text
    assert "cefr-v1, in part: not all of it was run" in text
    assert "alpha, beta, gamma" in text
    rows = sum(corpus.texts for corpus in made().corpora)
    assert f"{rows} rows, 60 different texts" in text


def test_a_probes_line_holds_what_was_chosen_and_the_gap():
    result = made()
    iid, loco = record(result, "iid", "ridge"), record(result, "loco", "ridge")
    values = [iid.chosen.qwk, loco.chosen.qwk, iid.chosen.qwk - loco.chosen.qwk]
    assert line_of(shown(result), "ridge ").split()[1:] == [f"{value:.3f}" for value in values]


def test_beside_it_stand_layer_0_the_oracle_and_the_mean_over_layers():
    result = made()
    pair = record(result, "iid", "ridge"), record(result, "loco", "ridge")
    values = [one.embedding.qwk for one in pair]
    values += [one.oracle_qwk for one in pair]
    values += [one.layer_mean.qwk for one in pair]
    beside = shown(result).partition("Beside them")[2]
    assert line_of(beside, "ridge ").split()[1:] == [f"{value:.3f}" for value in values]


def test_a_probe_that_follows_has_neither_layer_0_nor_oracle_nor_mean():
    text = shown(made(probes=("ridge", "mlp-regressor-early")))
    beside = text.partition("Beside them")[2]
    assert line_of(beside, "mlp-regressor-early ").split()[1:] == ["–"] * 6


def test_references_stand_below_each_other_and_the_encoder_last():
    surface = made(encoder="surface", skill=0.2)
    result = made(references=(surface,))
    table = shown(result).partition("Read against")[2].partition("by corpus")[0]
    lines = [line for line in table.splitlines() if line[:1].isalpha()]
    starts = ("majority level", "surface", "own layer 0", "planted")
    places = [next(i for i, line in enumerate(lines) if line.startswith(s)) for s in starts]
    assert places == sorted(places)
    own = next(r for r in surface.summary if r.protocol == "iid" and r.probe == "ridge")
    mlp = next(r for r in surface.summary if r.protocol == "iid" and r.probe == "mlp-classifier")
    favoured = own if result.references[0].favoured == "ridge" else mlp
    assert lines[places[1]].split()[1:4] == [
        f"{value:.3f}"
        for value in (favoured.chosen.qwk, favoured.chosen.recut, favoured.chosen.spearman)
    ]


def test_below_a_chosen_score_stand_its_spread_over_seeds_its_layers_and_penalties():
    result = made()
    spread = record(result, "iid", "mlp-classifier").chosen_qwk_sd
    text = shown(result)
    assert f"±{spread:.3f}" in text
    chosen = record(result, "loco", "ridge")
    ends = [
        "–".join(dict.fromkeys(f"{value:g}" for value in (values[0], values[-1])))
        for values in (chosen.chosen_layers, chosen.chosen_penalties)
    ]
    assert f"L{ends[0]}, {ends[1]}" in text


def test_the_form_of_the_study_says_that_its_layer_is_an_oracles():
    text = " ".join(shown(made(form="study")).split())
    assert "no layer was chosen" in text
    assert "inside the training" not in text
    assert "layer 0" not in text
    assert "an oracle: best on the scored texts" in text


def test_the_corpora_of_the_probe_that_inner_cuts_favour_are_shown_and_the_group_last():
    result = made()
    means = {
        probe: [c.inner_qwk for c in result.choices if c.probe == probe]
        for probe in ("ridge", "mlp-classifier")
    }
    best = max(means, key=lambda probe: sum(means[probe]) / len(means[probe]))
    text = shown(result)
    assert f"IID by corpus: {best}, best inside the training part" in " ".join(text.split())
    _, inside, outside = text.split(" by corpus: ")
    for table, groups in ((inside, []), (outside, ["twin-all"])):
        rows = table.partition("───\n")[2].splitlines()
        names = [line.split()[0] for line in rows if line[:1].isalpha()]
        assert names[: 3 + len(groups)] == ["alpha", "beta", "gamma", *groups]
    scores = {
        (s.protocol, s.corpus): s.scores
        for s in result.scores
        if s.layer is None and s.probe == best and s.seed in (None, 0)
    }
    if best == "ridge":
        own = scores["loco", "beta"]
        shown_values = line_of(outside, "beta ").split()[2:6]
        assert shown_values == [f"{v:.3f}" for v in (own.qwk, own.recut, own.spearman, own.mae)]


@pytest.mark.parametrize("form", ["corrected", "study"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(form, width):
    names = ("elle", "icle500", "merlin-cs", "merlin-it", "cefr-asag", "zaebuc-ar")
    probes = ("ridge", "mlp-regressor", "mlp-classifier")
    text = shown(made(form=form, corpora=names, probes=probes, layers=(1, 2, 12, 36)), width)
    assert max(len(line) for line in text.splitlines()) <= width
    if width >= 80:
        assert "…" not in text
        assert all(probe in text for probe in probes)


def test_an_undefined_score_is_said_to_be_undefined_and_why():
    result = made(texts=5)  # all of one level
    text = shown(result)
    assert "undefined" in text
    assert "QWK of alpha under iid: its scored texts have one level only" in " ".join(text.split())
    assert line_of(text.partition("IID by corpus")[2], "alpha").split()[2] == "undefined"


def test_failures_of_one_cause_are_one_line_with_their_number():
    failure = FailureRecord(stage="probe", name="ordinal", cause="It didn't end.", layer=3)
    failures = (failure, failure.model_copy(update={"layer": 4}))
    text = shown(made(failures=failures))
    assert text.count("ordinal") == 1
    assert "Failed: probe ordinal (2 times): It didn't end." in text


def test_notes_skipped_folds_and_unfinished_fits_are_shown():
    result = made()
    split = result.splits[0].model_copy(update={"notes": ("level C+ has one text only",)})
    skipped = result.splits[5].model_copy(update={"skipped": "nothing is left to train on"})
    fit = result.fits[0].model_copy(update={"converged": False})
    update = {
        "splits": (split, *result.splits[1:5], skipped, *result.splits[6:]),
        "fits": (fit, *result.fits[1:]),
    }
    text = shown(result.model_copy(update=update))
    assert "Note: iid 1: level C+ has one text only." in text
    assert "Skipped: loco alpha: nothing is left to train on." in text
    assert f"1 of {len(result.fits)} fits did not converge" in text


def test_many_notes_are_cut_and_counted():
    result = made()
    split = result.splits[0].model_copy(update={"notes": tuple(f"note {i}" for i in range(40))})
    text = shown(result.model_copy(update={"splits": (split, *result.splits[1:])}))
    assert "and 29 more notes, all in the result" in text


def test_other_protocols_have_a_table_of_their_own():
    result = made()
    logo = result.protocols[1].model_copy(update={"name": "logo"})
    extra = [s.model_copy(update={"protocol": "logo"}) for s in result.summary[2:]]
    update = {
        "protocols": (*result.protocols, logo),
        "summary": (*result.summary, *extra),
    }
    text = shown(result.model_copy(update=update))
    assert "Further protocols" in text
    assert line_of(text.partition("Further")[2], "logo").split()[1] == "ridge"


def test_a_result_without_units_is_still_shown():
    failure = FailureRecord(stage="probe", name="ridge", cause="It broke.")
    text = shown(made(probes=(), failures=(failure,)))
    assert "planted" in text
    assert "Failed: probe ridge: It broke." in text


def test_names_reach_the_terminal_as_text_without_control_codes_or_markup():
    text = shown(made(encoder="\x1b[31m[bold]evil[/bold]\x07"))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]evil[/bold]" in text


def test_with_intervals_each_leading_score_carries_its_own():
    result, predictions = make_result(texts=60)
    intervals = summary_intervals(result, predictions, scores=("qwk",))
    console = Console(file=io.StringIO(), width=100, color_system=None)
    render_result(result, console, intervals)
    text = console.file.getvalue()
    said = " ".join(text.split())
    assert "95 % interval; it covers other texts scored, other texts trained on (2 refits)" in said
    assert "not other corpora, nor another choice of layer and penalty" in said
    for found in (*intervals.means.values(), *intervals.gaps.values()):
        assert f"{found['qwk'].low:.2f} to {found['qwk'].high:.2f}" in text


def test_the_end_says_what_the_numbers_come_to_and_what_to_run_next():
    result = made()
    own = record(result, "loco", "mlp-classifier")
    best = max((0.0, "majority level"), (own.embedding.qwk, "own layer 0 with mlp-classifier"))
    lead = own.chosen.qwk - best[0]
    side = "above" if lead >= 0 else "below"
    assert meaning(result, Path("my out/r.json")) == (
        f"Out of distribution (loco) planted has a QWK of {own.chosen.qwk:.3f} with "
        f"mlp-classifier: {abs(lead):.3f} {side} {best[1]}, the best of what it is read against. "
        "`cefrbench explain 'my out/r.json'` says whether that is more than noise, and why scores "
        "fall."
    )


def test_without_a_protocol_out_of_distribution_the_next_command_is_named():
    result = made(protocols=("iid",))
    assert meaning(result, Path("r.json")) == "`cefrbench explain r.json` says more of it."


def test_a_score_far_above_the_one_in_distribution_is_doubted():
    result = made()
    assert "Doubtful" not in shown(result)
    iid = record(result, "iid", "ridge")
    loco = record(result, "loco", "ridge")
    for lead, told in ((0.09, False), (0.11, True)):
        high = loco.chosen.model_copy(update={"qwk": iid.chosen.qwk + lead})
        records = tuple(
            one.model_copy(update={"chosen": high}) if one == loco else one
            for one in result.summary
        )
        text = " ".join(shown(result.model_copy(update={"summary": records})).split())
        sentence = (
            f"Doubtful: ridge has a QWK of {high.qwk:.3f} on corpora that it was not trained on "
            f"(loco), and of {iid.chosen.qwk:.3f} on those that it was (iid): that is what a probe "
            "or an encoder gives that has seen the scored texts."
        )
        assert (sentence in text) is told
