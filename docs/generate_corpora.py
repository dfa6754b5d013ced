"""Generate one page a built-in corpus from its card: what it is, how to get it, what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cefrbench import CorpusCard

ACCESS = {
    "open": "open: anyone may fetch it",
    "gated": "gated: its terms are accepted on the hub first",
    "owner": "from its owner, who doesn't let it be passed on",
    None: "not stated",
}


def names() -> list[str]:
    """Built-in corpora, by name; families have no page."""
    return sorted(_cards())


def corpus_page(name: str) -> str:
    """Page of one corpus."""
    from cefrbench.corpora.obtain import DATASETS, how_to_get

    card = _cards()[name]
    suites = "named explicitly, for it is in no suite" if card.optional else "part of the suites"
    hub = f"[{card.hub.repo}]({DATASETS}/{card.hub.repo}), `{card.hub.file}`" if card.hub else "·"
    facts = {
        "name": f"`{name}`, {suites}",
        "languages": ", ".join(card.languages),
        "family": f"`{card.group}`, left out together by `lofo`" if card.group else "none",
        "source": card.source,
        "on the hub": hub,
        "access": ACCESS[card.access],
        "licence": card.licence,
        "licence on the dataset's card": card.licence_card or "not stated",
        "licence in the rows": card.licence_rows or "not stated",
        "human agreement": str(card.agreement) if card.agreement else "no source read states it",
    }
    rows = "\n".join(f"| {key} | {_cell(value)} |" for key, value in facts.items())
    cleaning = "\n".join(f"- {rule}" for rule in card.cleaning) or "- Nothing."
    return f"""# {card.title}

{_sentence(card.task)} Rated by: {_sentence(card.rated_by)}

{how_to_get(card)} Look at it with `cefrbench corpora describe {name}` and
`cefrbench corpora audit {name}`.

| | |
|---|---|
{rows}

## What is done to its rows

{cleaning}

## Cite

{card.citation}

[All corpora](../corpora.md). This page is generated from the card of the corpus.
"""


def _cards() -> dict[str, CorpusCard]:
    from cefrbench import Corpus
    from cefrbench.plugins import PluginHost

    items = PluginHost(load="").corpora.items
    return {name: one.card for name, one in items.items() if isinstance(one, Corpus)}


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
