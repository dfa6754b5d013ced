"""A card's mistake is one sentence: the field, its value, and what it may be."""

import pytest

from cefrbench.plugins import PluginHost

HEAD = """
from cefrbench import CorpusCard, EncoderCard, Penalty, ProbeCard, hookimpl

CORPUS = dict(name="x", title="t", languages=("en",), licence="CC0", source="https://example.org",
              citation="c", task="t", rated_by="r")
PROBE = dict(name="x", description="d", kind="regressor", source="s")
CARD = {card}


@hookimpl
def register_probes(register):
    pass
"""
SENTENCES = {
    "CorpusCard(**CORPUS | {'languages': 'en'})": (
        "CorpusCard: languages has the value 'en', which should be a tuple: ('en',)."
    ),
    "CorpusCard(**CORPUS | {'name': 'My Corpus'})": (
        "CorpusCard: name has the value 'My Corpus', which should be small letters, digits, '.', "
        "'_' and '-', the first a letter or digit, 80 at most."
    ),
    "CorpusCard(**CORPUS, license='CC0')": ("CorpusCard: license is no field of it (licence is)."),
    "CorpusCard(**CORPUS, colour='red')": "CorpusCard: colour is no field of it.",
    "CorpusCard(name='x', title='t', languages=('en',), licence='l', source='s', citation='c')": (
        "CorpusCard: task is missing; rated_by is missing."
    ),
    "ProbeCard(**PROBE | {'kind': 'regresor'})": (
        "ProbeCard: kind has the value 'regresor', which should be 'regressor' or 'classifier'."
    ),
    "Penalty(name='alpha', values=(1.0, 10.0), strongest='largest')": (
        "Penalty: The values (1.0, 10.0) of 'alpha' must go from the strongest to the weakest, and "
        "the strongest is the largest: turn them round."
    ),
    "EncoderCard(name='x', description='d', layers='six')": (
        "EncoderCard: layers has the value 'six', which should be a valid integer, unable to parse "
        "string as an integer."
    ),
}


@pytest.mark.parametrize("card", SENTENCES)
def test_a_mistake_is_told_by_field_value_and_what_it_may_be(card, tmp_path):
    (tmp_path / "own.py").write_text(HEAD.format(card=card))
    host = PluginHost(tmp_path, load="")
    (plugin,) = host.broken()
    assert plugin.error == SENTENCES[card]
    assert "ridge" in host.probes.items
