"""Charts of ladders: how far an encoder comes, kinds of shift, corrections of the prior."""

from __future__ import annotations

from typing import Final

from cefrbench.results.explanation import Explanation
from cefrbench.results.wording import METHOD_WORDS
from cefrbench_leaderboard.charts.chart import Chart, in_order, make_chart
from cefrbench_leaderboard.charts.curves import Axes, curves_spec
from cefrbench_leaderboard.charts.forest import forest_spec
from cefrbench_leaderboard.charts.palette import INSIDE, OUTSIDE, TEXT, Series, series_of
from cefrbench_leaderboard.report.rows import COVERS, figure_row

#: How rungs look, by what came of them.
_STATUS: Final = {
    "passed": Series(INSIDE, (1, 0), "circle"),
    "not shown": Series(TEXT, (1, 0), "cross"),
    "worse": Series(OUTSIDE, (1, 0), "triangle-down"),
}
#: Scores of the ladder of shifts, as series.
_SCORES: Final = {"qwk": "QWK", "recut": "recut QWK", "spearman": "Spearman"}


def claim_chart(explanation: Explanation) -> Chart | None:
    """Draw what the encoder has over each rung of the claim ladder."""
    claim = explanation.claim
    rows = [
        figure_row(rung.difference, f"over {rung.name}, {rung.status}", panel="", rung=rung.name,
                   label=rung.name, look=rung.status, status=rung.status, p=rung.p_holm)
        for rung in (claim.rungs if claim else ())
        if rung.difference is not None and rung.difference.value is not None
    ]  # fmt: skip
    if claim is None or not rows:
        return None
    missing = [rung.name for rung in claim.rungs if rung.status == "untested"]
    caption = (
        f"QWK under {claim.protocol} less that of each rung, from the humblest above. Rungs are "
        "passed or worse after Holm's correction; bars are single 95\N{NO-BREAK SPACE}% intervals "
        "of the whole procedure, and hold the corpora fixed."
        + (f" Untested, and so not passed: {', '.join(missing)}." if missing else "")
    )
    looks = {name: look for name, look in _STATUS.items() if name in in_order(rows, "look")}
    title = "How much better it is than what knows less"
    spec = forest_spec(rows, looks, "Difference in QWK")
    return make_chart("claim", title, caption, spec, "rung status value low high p", rows)


def shifts_chart(explanation: Explanation) -> Chart | None:
    """Draw scores from rung to rung of the ladder of shifts."""
    own = [one for one in explanation.shifts
           if one.probe == explanation.probe and one.figure.value is not None]  # fmt: skip
    rungs = tuple(dict.fromkeys(one.protocol for one in own))
    if len(rungs) < 2:
        return None
    rows = [
        figure_row(one.figure, f"{_SCORES[one.score]}, {one.words}", panel="",
                   series=_SCORES[one.score], step=one.protocol, protocol=one.protocol,
                   score=one.score, corpora=", ".join(one.corpora), texts=one.texts, chance=None)
        for one in own
    ]  # fmt: skip
    names = tuple(in_order(rows, "series"))
    words = {one.protocol: one.words for one in own}
    caption = (
        f"{'; '.join(f'{p}: {w}' for p, w in words.items())}. Each rung stands over the "
        "corpora that allow the rung, so heights of two rungs are of different texts; steps on "
        f"shared texts are in the table. {COVERS}"
    )
    axes = Axes(rungs, "Rung, by its protocol", "Score", size=(280, 240))
    looks = dict(zip(names, series_of(("ridge", "logistic", "ordinal")).values(), strict=False))
    title = "What the kind of shift costs"
    columns = "protocol score corpora texts value low high"
    return make_chart("shifts", title, caption, curves_spec(rows, looks, axes), columns, rows)


def label_shift_chart(explanation: Explanation) -> Chart | None:
    """Draw what corrections of the prior win or lose."""
    rows = [
        figure_row(gain, f"{one.corpus}, {METHOD_WORDS[one.method]}, {of}", corpus=one.corpus,
                   panel=f"{of}: {one.method}", label=one.corpus, method=one.method, of=of,
                   look="leaves out 0" if gain.shown else "holds 0")
        for of, field in (("classes", "gain"), ("continuous", "cut_gain"))
        for method in ("known", "bbse", "em")
        for one in explanation.label_shifts
        if one.probe == explanation.probe and one.method == method
        and (gain := getattr(one, field)) is not None and gain.value is not None
    ]  # fmt: skip
    if not rows:
        return None
    looks = {
        "leaves out 0": Series(OUTSIDE, (1, 0), "circle"),
        "holds 0": Series(TEXT, (1, 0), "cross"),
    }
    caption = (
        "Gain in QWK when predictions are corrected to the level shares of the corpus: known (its "
        "own, which nobody has beforehand), or estimated without labels (bbse, em); by their "
        f"classes, or as continuous predictions that are cut. {COVERS} They hold shares fixed."
    )
    title = "Whether another mix of levels explains it"
    spec = forest_spec(rows, looks, "Gain in QWK", 140)
    return make_chart("label-shift", title, caption, spec, "corpus of method value low high", rows)
