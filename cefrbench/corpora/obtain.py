"""How to get a corpus, in one sentence: from its card alone."""

from __future__ import annotations

from cefrbench.contracts.cards import CorpusCard

DATASETS = "https://huggingface.co/datasets"


def owners_variable(card: CorpusCard) -> str:
    """Variable of the environment that says where the file of a corpus from its owner lies."""
    return f"CEFRBENCH_{card.name.upper().replace('-', '_')}"


def how_to_get(card: CorpusCard) -> str:
    """Say where a corpus is to be had, and the command that gets it."""
    name = card.name
    if card.access == "owner":
        return (
            f"Get it from its owner ({card.source}), then set {owners_variable(card)} to the path "
            f"of the file, or make DIR/{name}.json of it with `cefrbench corpora convert {name} "
            f"FILE DIR/{name}.json` and give --data-dir DIR."
        )
    if card.hub is None:
        return "Its plugin finds its rows: run it by its name."
    fetch = f"`cefrbench corpora fetch {name}` gets it from the hub ({card.hub.repo})"
    if card.access == "gated":
        return (
            f"Log in with `hf auth login` and accept its terms at {DATASETS}/{card.hub.repo}; then "
            f"{fetch}."
        )
    if card.access is None:
        return f"{fetch}, if it is there and open: that isn't stated."
    return f"{fetch}."
