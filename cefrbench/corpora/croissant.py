"""A corpus as Croissant metadata (JSON-LD) with the fields of responsible AI.

Croissant 1.0 and its RAI vocabulary 1.0: https://docs.mlcommons.org/croissant/. What no source says
of a corpus is left out, not guessed; nothing of the texts themselves stands in it.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from cefrbench.contracts.cards import Agreement, HubFile
from cefrbench.corpora.audit import audit
from cefrbench.corpora.describe import CorpusDescription, describe
from cefrbench.corpora.licences import UNSTATED
from cefrbench.essays import Essays

#: Terms of Croissant that the specification's context names.
_TERMS: Final = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject"),
    *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
    *("path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("separator", "source", "subField", "transform"),
)
#: The context that the specification asks for.
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {name: f"cr:{name}" for name in _TERMS}
#: What the hub writes as the hash of a repository, which has none: commits are its hashes.
_NO_HASH: Final = "https://github.com/mlcommons/croissant/issues/80"

#: Fields of a row that cefrbench reads, and what they hold.
_FIELDS: Final = {
    "text": "What the learner wrote.",
    "cefr_level": "Its CEFR level, as the corpus spells it.",
    "lang": "Its language.",
}


def croissant(essays: Essays) -> dict[str, Any]:
    """Describe one corpus.

    Parameters
    ----------
    essays : Essays
        The corpus itself, not the sample of invented rows that stands for it.

    Returns
    -------
    dict
        JSON-LD; keys are those of schema.org, Croissant (``cr:``) and its RAI vocabulary.
    """
    described, card = describe(essays), essays.card
    found: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": card.name,
        "alternateName": card.title,
        "description": _description(described),
        "conformsTo": [
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "license": card.licence,
        "url": card.source,
        "citeAs": card.citation,
        "inLanguage": list(described.languages),
        "keywords": ["CEFR", "learner corpus", "language proficiency"],
    }
    if card.hub is not None:
        found["sameAs"] = f"https://huggingface.co/datasets/{card.hub.repo}"
        found["distribution"] = _distribution(card.hub, essays.revision)
        found["recordSet"] = _records()
    return found | {key: value for key, value in _responsible(essays, described).items() if value}


def _description(described: CorpusDescription) -> str:
    levels = ", ".join(f"{n:,} {level}" for level, n in described.levels.items() if n)
    return (
        f"{described.title}: {described.report.kept:,} texts of language learners, each with its "
        f"CEFR level ({levels}), as cefrbench reads them. Half of the texts have "
        f"{described.words.first:,.0f} to {described.words.third:,.0f} words."
    )


def _distribution(file: HubFile, revision: str | None) -> list[dict[str, Any]]:
    """The repository at its commit, and the file in it."""
    commit = revision or file.revision or "main"
    return [
        {
            "@type": "cr:FileObject",
            "@id": "repository",
            "name": "repository",
            "description": "The dataset repository on the Hugging Face hub.",
            "contentUrl": f"https://huggingface.co/datasets/{file.repo}/tree/{quote(commit)}",
            "encodingFormat": "git+https",
            "sha256": _NO_HASH,
        },
        {
            "@type": "cr:FileObject",
            "@id": "rows",
            "name": "rows",
            "containedIn": {"@id": "repository"},
            "contentUrl": file.file,
            "encodingFormat": "application/json",
        },
    ]


def _records() -> list[dict[str, Any]]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"texts/{name}",
            "name": name,
            "description": what,
            "dataType": "sc:Text",
            "source": {"fileObject": {"@id": "rows"}, "extract": {"jsonPath": f"$[*].{name}"}},
        }
        for name, what in _FIELDS.items()
    ]
    return [{"@type": "cr:RecordSet", "@id": "texts", "name": "texts", "field": fields}]


def _responsible(essays: Essays, described: CorpusDescription) -> dict[str, Any]:
    """What users have to know of how the corpus came about; unstated fields are empty."""
    card, found = essays.card, audit([essays])
    said = {"bias": "rai:dataBiases", "note": "rai:dataLimitations"}
    told = {key: [f"{one.message} ({one.why})." for one in found if one.severity == kind]
            for kind, key in said.items()}  # fmt: skip
    dropped = [f"{n:,} rows are dropped: {why}" for why, n in described.report.dropped.items()]
    return {
        "rai:dataCollection": _stated(card.task),
        "rai:dataAnnotationProtocol": _stated(card.rated_by),
        "rai:dataAnnotationAnalysis": _agreement(card.agreement),
        "rai:dataPreprocessingProtocol": [*card.cleaning, *dropped],
        **told,
        "rai:dataUseCases": "Measuring how well text embeddings tell the CEFR level of learners' "
        "texts, within this corpus and from or to others. Not for decisions about learners.",
        "rai:personalSensitiveInformation": "Texts by learners. cefrbench neither checks whether "
        "they name people nor publishes any text.",
    }


def _stated(text: str) -> str | None:
    return None if text == UNSTATED else text


def _agreement(agreement: Agreement | None) -> str:
    if agreement is None:
        return "No source states how far people agree on these levels."
    return f"{agreement.measure} {agreement.value:g}: {agreement.compared} ({agreement.source})"
