"""`ngrams`: what spelling alone gives, ridge on TF-IDF of character n-grams."""

from __future__ import annotations

from cefrbench import Estimator, Penalty, ProbeCard, ProbeOptions, ProbeSpec, Register, hookimpl

CARD = ProbeCard(
    name="ngrams",
    description="Ridge on sublinear TF-IDF of character 1- to 4-grams inside words, fitted on the "
    "training texts of each fold.",
    kind="regressor",
    params={"alpha": 1.0, "longest": 4, "min_df": 2},
    penalty=Penalty(
        name="alpha",
        values=(1e5, 1e4, 1e3, 1e2, 1e1, 1.0, 1e-1),
        strongest="largest",
    ),
    source="sklearn.feature_extraction.text.TfidfVectorizer(analyzer='char_wb'), "
    "sklearn.linear_model.Ridge",
)


def make(options: ProbeOptions) -> Estimator:
    """Make the estimator."""
    from cefrbench.engines.texts.ngrams import NgramRidge

    return NgramRidge(alpha=1.0 if options.penalty is None else options.penalty)


@hookimpl
def register_probes(register: Register) -> None:
    register(ProbeSpec(CARD, make, reads="texts"))
