"""scikit-learn's own checks of an estimator: which are asked, and what a failure means here."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import SkipTest

from cefrbench.check.probe.subject import ProbeSubject, quiet
from cefrbench.check.table import CheckTable, NotApplicableError, Problem, Remark
from cefrbench.contracts.probe import ProbeOptions

CHECKS: CheckTable[ProbeSubject] = CheckTable()

_INPUT = (
    "features are a finite array of float32, levels and weights vectors of their length, always"
)
_WORDS = "it asks for words in an error message or for an attribute that nothing here reads"


def _named(names: str, reason: str) -> dict[str, str]:
    return {f"check_{name}": reason for name in names.split()}


#: Checks of scikit-learn that are left out, with the reason.
NOT_ASKED = {
    "check_classifiers_train": "learning is judged on the planted signal",
    "check_regressors_train": "learning is judged on the planted signal",
    "check_sample_weight_equivalence_on_dense_data": (
        "weights are judged within an optimiser's tolerance, and draws of rows are let pass"
    ),
    "check_sample_weight_equivalence_on_sparse_data": _INPUT,
    "check_estimators_overwrite_params": (
        "scikit-learn's own pipelines fit their steps in place; probe-clone compares the values"
    ),
    "check_dont_overwrite_parameters": "as check_estimators_overwrite_params",
    "check_parameters_default_constructible": "make() constructs the estimator",
    "check_readonly_memmap_input": "probe-inputs asks it in float32, the type of features",
    **_named(
        """
            array_api_input array_api_mixed_inputs array_api_same_namespace
            class_weight_balanced_linear_classifier class_weight_classifiers
            classifier_data_not_an_array classifier_multioutput classifiers_classes
            classifiers_multilabel_output_format_decision_function
            classifiers_multilabel_output_format_predict
            classifiers_multilabel_output_format_predict_proba
            classifiers_multilabel_representation_invariance classifiers_regression_target
            complex_data dtype_object estimator_sparse_array estimator_sparse_matrix
            estimator_sparse_tag estimators_dtypes regressor_data_not_an_array
            regressor_multioutput regressors_int sample_weights_list
            sample_weights_not_an_array sample_weights_pandas_series sample_weights_shape
            sparsify_coefficients supervised_y_2d
        """,
        _INPUT,
    ),
    **_named(
        """
            all_zero_sample_weights_error estimators_empty_data_messages fit2d_1feature
            fit2d_1sample non_transformer_estimators_n_iter requires_y_none
        """,
        _WORDS,
    ),
}

#: What a failure means in a benchmark, and how to mend it. Others are reported by their own name.
MEANING = {
    "check_estimator_cloneable": (
        "scikit-learn can't clone it",
        "let the constructor store its parameters, each under its own name, and do nothing else",
    ),
    "check_no_attributes_set_in_init": (
        "the constructor sets more than its parameters",
        "keep what fit learns in attributes that end in an underscore, and make them in fit",
    ),
    "check_estimators_fit_returns_self": (
        "fit returned something else than the estimator",
        "end fit with `return self`",
    ),
    "check_estimators_unfitted": (
        "predict before fit raises no NotFittedError",
        "begin predict with sklearn.utils.validation.check_is_fitted(self)",
    ),
    "check_methods_subset_invariance": (
        "a text is predicted otherwise alone than among others",
        "let predict depend on the fit and the row only (scaling is fitted in fit)",
    ),
    "check_methods_sample_order_invariance": (
        "predictions depend on the order of the texts that are predicted",
        "let predict depend on the fit and the row only, and give rows back in their order",
    ),
    "check_dict_unchanged": (
        "predict changes the estimator",
        "set attributes in fit only",
    ),
    "check_fit_idempotent": (
        "fitted again on the same rows, it predicts something else",
        "begin fit from nothing (warm_start=False, lists and models made anew)",
    ),
    "check_sample_weights_not_overwritten": (
        "fit changes sample_weight in place",
        "work on a copy",
    ),
}


@CHECKS.add(
    "probe-scikit-learn",
    "It keeps scikit-learn's contract: checks of `check_estimator`",
    "Folds are fitted side by side, from clones and arrays on disk, as scikit-learn fits them. "
    "Checks of input that no probe gets here (sparse, several targets) are not asked.",
    needs="probe-signature",
)
def check_contract(subject: ProbeSubject) -> Iterator[Problem | Remark]:
    """Ask scikit-learn's checks one by one; one without a sentence in MEANING is a note.

    A check that breaks off says only that the probe does not know scikit-learn's data, targets
    below 0 say, so that is a note too. All are asked on the CPU, whose sums are the same in
    batches of any size.
    """
    from sklearn.utils.estimator_checks import estimator_checks_generator

    if subject.reads_texts:
        raise NotApplicableError("it reads texts, and scikit-learn's checks give numbers")
    seed = 0 if subject.spec.card.seeded else None
    estimator = subject.spec.make(ProbeOptions(seed=seed))
    if not hasattr(estimator, "__sklearn_tags__"):
        yield Problem(
            f"{type(estimator).__name__} is no estimator to scikit-learn: it has no tags",
            "derive it from ClassifierMixin or RegressorMixin and BaseEstimator, in this order",
        )
        return
    asked, left_out = 0, 0
    broken: dict[str, list[str]] = {}
    # `check_estimator` would run all of them first, some for seconds.
    for own, check in estimator_checks_generator(estimator):
        name = getattr(check, "func", check).__name__
        if name in NOT_ASKED:
            left_out += 1
            continue
        asked += 1
        try:
            with quiet():
                check(own)
        except SkipTest:
            continue
        except AssertionError as error:
            yield _failed(name, _said(error))
            if name == "check_estimator_cloneable":
                return  # all others begin with a clone
        except Exception as error:  # noqa: BLE001 - the probe's own, on data that it may not know
            broken.setdefault(f"{type(error).__name__}: {_said(error)}", []).append(name)
    for said, names in broken.items():
        yield Problem(
            f"scikit-learn's {', '.join(names)} broke off with {said}",
            "see whether fit takes any number of rows and columns, and targets beyond 0 to 4",
            note=True,
        )
    yield Remark(f"{asked} asked, {left_out} left out")


def _failed(name: str, said: str) -> Problem:
    """Put what a check asserts into a sentence, or name the check where there is none for it."""
    if name in MEANING:
        what, mend = MEANING[name]
        return Problem(f"{what} ({name}{said and f': {said}'})", mend)
    return Problem(f"scikit-learn's {name} fails{said and f': {said}'}", f"see {name}", note=True)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
