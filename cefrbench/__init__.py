"""cefrbench: do embedding models know how well somebody writes, or only which corpus it is from?

All that a plugin or a notebook needs stands here: ``from cefrbench import Corpus, hookimpl``. A
name's module is imported when the name is first asked for, so that ``import cefrbench`` costs
nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cefrbench.contracts.cards import (
        Agreement,
        CorpusCard,
        Dtype,
        EncoderCard,
        EncoderIdentity,
        HubFile,
        MethodCard,
        Penalty,
        Pooling,
        ProbeCard,
        ProtocolCard,
    )
    from cefrbench.contracts.corpus import Access, Corpus, CorpusFamily, Row, Rows, Skip
    from cefrbench.contracts.encoder import CorpusTexts, Encoder, EncoderOptions, EncoderSpec
    from cefrbench.contracts.hookspecs import hookimpl
    from cefrbench.contracts.method import (
        LayerMethod,
        Method,
        MethodOptions,
        MethodSpec,
        Prepared,
        Source,
    )
    from cefrbench.contracts.probe import (
        Estimator,
        FitsFolds,
        FitsPaths,
        FoldFit,
        FoldRows,
        Origin,
        ProbeOptions,
        ProbeSpec,
    )
    from cefrbench.contracts.protocol import Fold, Inner, Protocol, Skipped
    from cefrbench.corpora.load import load_essays
    from cefrbench.corpora.owners import OwnersCorpus, need_columns
    from cefrbench.errors import (
        CacheError,
        CorpusError,
        EncoderError,
        PluginError,
        ProbeError,
        ResultError,
        UserError,
    )
    from cefrbench.essays import EssayTable
    from cefrbench.folds import (
        FOLDS,
        Cut,
        across,
        by_corpus,
        five_folds,
        in_turn,
        parts_by_group,
        stratified_cut,
        study_cut,
    )
    from cefrbench.notebook.evaluate import evaluate
    from cefrbench.plugins import load_file
    from cefrbench.registry import Register
    from cefrbench.results.evaluation import Evaluation

__version__ = "0.1.0"

__all__ = [
    "FOLDS",
    "Access",
    "Agreement",
    "CacheError",
    "Corpus",
    "CorpusCard",
    "CorpusError",
    "CorpusFamily",
    "CorpusTexts",
    "Cut",
    "Dtype",
    "Encoder",
    "EncoderCard",
    "EncoderError",
    "EncoderIdentity",
    "EncoderOptions",
    "EncoderSpec",
    "EssayTable",
    "Estimator",
    "Evaluation",
    "FitsFolds",
    "FitsPaths",
    "Fold",
    "FoldFit",
    "FoldRows",
    "HubFile",
    "Inner",
    "LayerMethod",
    "Method",
    "MethodCard",
    "MethodOptions",
    "MethodSpec",
    "Origin",
    "OwnersCorpus",
    "Penalty",
    "PluginError",
    "Pooling",
    "Prepared",
    "ProbeCard",
    "ProbeError",
    "ProbeOptions",
    "ProbeSpec",
    "Protocol",
    "ProtocolCard",
    "Register",
    "ResultError",
    "Row",
    "Rows",
    "Skip",
    "Skipped",
    "Source",
    "UserError",
    "__version__",
    "across",
    "by_corpus",
    "evaluate",
    "five_folds",
    "hookimpl",
    "in_turn",
    "load_essays",
    "load_file",
    "need_columns",
    "parts_by_group",
    "stratified_cut",
    "study_cut",
]

#: Where each name lives; the imports above say the same to type checkers.
_HOMES = {
    name: f"{__name__}.{module}"
    for module, names in {
        "contracts.cards": (
            "Agreement CorpusCard Dtype EncoderCard EncoderIdentity HubFile MethodCard "
            "Penalty Pooling ProbeCard ProtocolCard"
        ),
        "contracts.corpus": "Access Corpus CorpusFamily Row Rows Skip",
        "contracts.encoder": "CorpusTexts Encoder EncoderOptions EncoderSpec",
        "contracts.hookspecs": "hookimpl",
        "contracts.method": "LayerMethod Method MethodOptions MethodSpec Prepared Source",
        "contracts.probe": (
            "Estimator FitsFolds FitsPaths FoldFit FoldRows Origin ProbeOptions ProbeSpec"
        ),
        "contracts.protocol": "Fold Inner Protocol Skipped",
        "corpora.load": "load_essays",
        "corpora.owners": "OwnersCorpus need_columns",
        "errors": (
            "CacheError CorpusError EncoderError PluginError ProbeError ResultError UserError"
        ),
        "essays": "EssayTable",
        "folds": (
            "FOLDS Cut across by_corpus five_folds in_turn parts_by_group stratified_cut study_cut"
        ),
        "notebook.evaluate": "evaluate",
        "plugins": "load_file",
        "registry": "Register",
        "results.evaluation": "Evaluation",
    }.items()
    for name in names.split()
}

if not TYPE_CHECKING:  # a checker that sees it takes any name for one that is there

    def __getattr__(name: str) -> object:
        """Import the module that a name lives in, and keep the name (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found


def __dir__() -> list[str]:
    """List all names, imported or not: a notebook completes them."""
    return sorted({*globals(), *__all__})
