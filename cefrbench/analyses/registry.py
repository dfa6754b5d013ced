"""The analyses by name, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module

from cefrbench.analyses.studied import Analysis, Studied
from cefrbench.errors import UserError, unknown_name
from cefrbench.results.model import AnalysisNote, AnalysisRecord, FailureRecord

#: Name of each analysis, and the function that makes it, as ``module:function``.
ANALYSES = {
    "identity": "cefrbench.analyses.identity:identity",
    "erasure": "cefrbench.analyses.erasure:erasure",
    "description-length": "cefrbench.analyses.description:description_length",
    "level-within-task": "cefrbench.analyses.within_task:level_within_task",
    "recalibrate": "cefrbench.analyses.recalibrate:recalibrate",
    "few-shot": "cefrbench.analyses.few_shot:few_shot",
    "learning-curve": "cefrbench.analyses.learning_curve:learning_curve",
    "mixed": "cefrbench.analyses.mixed:mixed",
}
#: Those that look at features, which a probe that reads texts has not.
OF_FEATURES = ("identity", "erasure", "description-length")
#: What each of them says.
DESCRIPTIONS = {
    "identity": "how well corpus, family, language and task can be read off each layer",
    "erasure": "what scores are left when corpus and language are erased from the features",
    "description-length": (
        "how many bits the levels take with a layer at hand, beside shuffled levels"
    ),
    "level-within-task": (
        "how well texts of one task are ranked by level, beside texts of all tasks"
    ),
    "recalibrate": "what k labels of an unseen corpus buy that refit two numbers",
    "few-shot": "what the same labels buy as training texts",
    "learning-curve": "how scores grow with the number of training texts",
    "mixed": "how scores of an unseen family grow with the number of families trained on",
}


@dataclass(slots=True)
class Analysed:
    """What the analyses of one run gave.

    Attributes
    ----------
    records : list of AnalysisRecord
    notes : list of AnalysisNote
        What can't be done on these corpora: no failure.
    failures : list of FailureRecord
        What broke.
    """

    records: list[AnalysisRecord] = field(default_factory=list)
    notes: list[AnalysisNote] = field(default_factory=list)
    failures: list[FailureRecord] = field(default_factory=list)


def check_analyses(names: Iterable[str], form: str) -> None:
    """See that there are analyses of these names, before anything slow begins.

    Raises
    ------
    UserError
        For an unknown name, and for any analysis in the study's form, whose rows are no units.
    """
    for name in names:
        if name not in ANALYSES:
            raise unknown_name("analysis", name, ANALYSES)
        if form == "study":
            raise UserError(
                f"Analysis {name!r} can't be run in the study's form, where a text may stand on "
                "both sides of a cut: run it under cefr-v1, or give --no-analyses."
            )


def analyse(names: Iterable[str], studied: Studied, *, fail_fast: bool = False) -> Analysed:
    """Run analyses one after another; one that breaks is recorded, and the others go on.

    Parameters
    ----------
    names : iterable of str
        Each is run once.
    studied : Studied
    fail_fast : bool
        Raise what breaks.
    """
    found = Analysed()
    for name in dict.fromkeys(names):
        # What an analysis gave before it broke is no whole answer.
        records: list[AnalysisRecord] = []
        notes: list[AnalysisNote] = []
        if name in OF_FEATURES and all(spec.reads == "texts" for spec in studied.probes):
            cause = "There are no features to look at: the probe reads texts."
            found.notes.append(AnalysisNote(analysis=name, cause=cause))
            continue
        try:
            for one in _load(name)(studied):
                if isinstance(one, AnalysisRecord):
                    records.append(one)
                else:
                    notes.append(one)
        except Exception as error:
            if fail_fast:
                raise
            cause = str(error)
            if not isinstance(error, UserError):
                cause = f"{type(error).__name__}: {error}; --fail-fast shows where."
            found.failures.append(FailureRecord(stage="analysis", name=name, cause=cause))
            continue
        found.records += records
        found.notes += notes
    return found


def _load(name: str) -> Analysis:
    module, _, function = ANALYSES[name].partition(":")
    loaded: Analysis = getattr(import_module(module), function)
    return loaded
