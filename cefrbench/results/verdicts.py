"""What a comparison says, in words that claim no more than its tests show."""

from __future__ import annotations

from cefrbench.results.compare import Comparison, Comparisons, better
from cefrbench.statistics.pairs import FEWEST_CORPORA, PairedTest

#: Names of scores in sentences.
SCORE_WORDS = {
    "qwk": "QWK",
    "macro_f1": "macro F1",
    "mae": "MAE",
    "r2": "R²",
    "accuracy": "accuracy",
    "adjacent": "adjacent accuracy",
    "spearman": "rank correlation",
    "recut": "recut QWK",
}


def verdict(pair: Comparison, report: Comparisons) -> str:
    """One or two sentences: who is better, by how much, how sure, and on which corpora.

    Parameters
    ----------
    pair : Comparison
        One of ``report.pairs``.
    report : Comparisons
    """
    name = SCORE_WORDS[pair.score]
    where = report.protocols[pair.protocol]
    here = f"on {'this corpus' if pair.corpora == 1 else f'these {pair.corpora} corpora'}"
    if pair.difference is None or pair.these is None:
        why = f"{name} is undefined, because the texts have one level only"
        if pair.score in ("spearman", "recut"):
            why += ", or a probe gives no ranks"
        if pair.difference is not None:
            why = "the texts are too few: most resamples leave a corpus with one level only"
        return f"{pair.first} and {pair.second} can't be tested against each other {where}: {why}."
    subject = f"the {name} gap" if pair.protocol == "gap" else name
    figures = f"{pair.difference:+.3f} {_interval(pair.these)}, {_p(pair.these)}"
    if not pair.these.significant:
        return (
            f"No difference shown in {subject} {where} between {pair.first} and {pair.second} "
            f"{here}: {figures}; {_allows(pair, pair.these)}."
        )
    winner, loser, sign = pair.first, pair.second, 1
    if not better(pair.score, pair.protocol, pair.difference):
        winner, loser, sign = pair.second, pair.first, -1
    claim = f"{winner} is better than {loser} {where} {here}"
    if pair.protocol == "gap":
        claim = f"{winner} has a smaller {name} gap than {loser} {where} {here}"
    figures = f"{sign * pair.difference:+.3f} {name} {_interval(pair.these, sign)}"
    figures += f", {_p(pair.these)}"
    if pair.beyond is None:
        return f"{claim}: {figures}. Fewer than {FEWEST_CORPORA} corpora say nothing about others."
    over = f"{_interval(pair.beyond, sign)}, {_p(pair.beyond)}"
    if pair.beyond.significant:
        return f"{claim} and beyond them: {figures}; over corpora {over}."
    return (
        f"{claim}: {figures}. On other corpora it is not shown: "
        f"over corpora the interval is {over}."
    )


def _allows(pair: Comparison, test: PairedTest) -> str:
    """What the interval leaves open."""
    if test.low == test.high == 0:
        return "their predictions score the same in every resample"
    if test.p < 0.05:
        return "by itself it would be one, but not among all the comparisons made here"
    above, below = test.high_holm, -test.low_holm
    if not better(pair.score, pair.protocol, 1.0):
        above, below = below, above
    first, second = f"{above:.3f} for {pair.first}", f"{below:.3f} for {pair.second}"
    return f"the interval allows a lead of up to {first} and {second}"


def _interval(test: PairedTest, sign: int = 1) -> str:
    low, high = sorted((sign * test.low_holm, sign * test.high_holm))
    return f"[{low:+.3f}, {high:+.3f}]"


def _p(test: PairedTest) -> str:
    if test.p_holm < 0.001:
        return "p < 0.001, both after Holm"
    return f"p = {p_digits(test.p_holm)}, both after Holm"


def p_digits(value: float) -> str:
    """Three decimals, but never a 0.050 that leaves open on which side of 5 % it is."""
    return f"{value:.{4 if f'{value:.3f}' == '0.050' else 3}f}"
