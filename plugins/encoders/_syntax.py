"""Syntax in numbers: what Universal Dependencies parses of a text come to.

Lengths, parts of speech, shapes of trees, and clauses (as Lu 2010 counts them for L2 writing,
https://doi.org/10.1075/ijcl.15.4.02lu). Shares of single relations are left out: each treebank
draws them in its own way, and left-out corpora of MERLIN were scored worse with them than without.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Word(NamedTuple):
    """One syntactic word; ``head`` is the place of its head in the sentence, from 1, 0 the root."""

    form: str
    upos: str
    head: int
    deprel: str


ParsedSentence = Sequence[Word]

#: Parts of speech (https://universaldependencies.org/u/pos/), as shares of a text's words.
_PARTS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ"),
    *("NOUN", "NUM", "PART", "PRON", "PROPN", "SCONJ", "VERB"),
)
#: Relations by which a clause hangs in another one (https://universaldependencies.org/u/dep/).
_SUBORDINATE = frozenset({"acl", "advcl", "ccomp", "csubj", "xcomp"})
_MODIFIERS = frozenset({"acl", "amod", "appos", "nmod", "nummod"})
_NOUNS = frozenset({"NOUN", "PROPN"})
_VERBS = frozenset({"AUX", "VERB"})

#: Names of the features, in order.
FEATURES = (
    "words, log",
    "sentences, log",
    "different forms, log",
    "words a sentence",
    "words of the longest sentence, log",
    "spread of words a sentence",
    "different forms over the root of words",
    "letters a word",
    *(f"share of {part}" for part in _PARTS),
    "spread of parts of speech (entropy)",
    "different pairs of parts of speech, log",
    "different relations, log",
    "verbs a sentence",
    "pronouns to nouns and pronouns",
    "punctuation to words",
    "depth of a tree",
    "depth of the deepest tree",
    "words from a word to its head",
    "longest such way of a sentence",
    "share of heads that follow",
    "dependents a head",
    "clauses a sentence",
    "words a clause",
    "share of clauses that are subordinate",
    "subordinate clauses a sentence",
    "subjects a sentence",
    "share of sentences without a verb",
    "passives a clause",
    "coordinated phrases a clause",
    "modified nouns a clause",
    "modifiers a noun",
    "open complements a verb",
)


def syntax(sentences: Sequence[ParsedSentence]) -> tuple[float, ...]:
    """Give the numbers of one text, in the order of ``FEATURES``; all 0 of a text without words.

    Punctuation is left out of words, depths and ways; forms are compared case-folded.
    """
    sentences = [s for s in sentences if any(word.upos != "PUNCT" for word in s)]
    words = [word for sentence in sentences for word in sentence if word.upos != "PUNCT"]
    if not words:
        return (0.0,) * len(FEATURES)
    return (
        *_lengths(sentences, words),
        *_parts_of_speech(sentences, words),
        *_trees(sentences),
        *_clauses(sentences, words),
    )


def _lengths(sentences: Sequence[ParsedSentence], words: Sequence[Word]) -> tuple[float, ...]:
    lengths = [sum(word.upos != "PUNCT" for word in sentence) for sentence in sentences]
    mean = len(words) / len(sentences)
    forms = len({word.form.casefold() for word in words})
    return (
        math.log(len(words)),
        math.log(len(sentences)),
        math.log(forms),
        mean,
        math.log(max(lengths)),
        math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths)),
        forms / math.sqrt(len(words)),
        sum(len(word.form) for word in words) / len(words),
    )


def _parts_of_speech(
    sentences: Sequence[ParsedSentence], words: Sequence[Word]
) -> tuple[float, ...]:
    parts = Counter(word.upos for word in words)
    shares = [count / len(words) for count in parts.values()]
    pairs = {(a.upos, b.upos) for sentence in sentences for a, b in pairwise(sentence)}
    named = parts["NOUN"] + parts["PROPN"] + parts["PRON"]
    return (
        *(parts[part] / len(words) for part in _PARTS),
        -sum(share * math.log(share) for share in shares),
        math.log(1 + len(pairs)),
        math.log(1 + len({_bare(word.deprel) for word in words})),
        parts["VERB"] / len(sentences),
        parts["PRON"] / max(1, named),
        (sum(map(len, sentences)) - len(words)) / len(words),
    )


def _trees(sentences: Sequence[ParsedSentence]) -> tuple[float, ...]:
    depths = [_depth(sentence) for sentence in sentences]
    ways = [
        [w.head - i for i, w in enumerate(sentence, start=1) if w.head and w.upos != "PUNCT"]
        for sentence in sentences
    ]
    count = max(1, sum(map(len, ways)))
    heads = sum(
        len({word.head for word in sentence if word.head and word.upos != "PUNCT"})
        for sentence in sentences
    )
    return (
        sum(depths) / len(depths),
        float(max(depths)),
        sum(abs(way) for found in ways for way in found) / count,
        sum(max(map(abs, found), default=0) for found in ways) / len(ways),
        sum(way > 0 for found in ways for way in found) / count,
        sum(map(len, ways)) / max(1, heads),
    )


def _clauses(sentences: Sequence[ParsedSentence], words: Sequence[Word]) -> tuple[float, ...]:
    """Count clauses: a sentence's main one, those that hang in it, those coordinated with one."""
    relations = Counter(_bare(word.deprel) for word in words)
    subordinate = sum(relations[relation] for relation in _SUBORDINATE)
    coordinate = sum(_bare(word.deprel) == "conj" and word.upos in _VERBS for word in words)
    clauses = len(sentences) + subordinate + coordinate
    modified = [
        (number, word.head)
        for number, sentence in enumerate(sentences)
        for word in sentence
        if word.head and _bare(word.deprel) in _MODIFIERS and sentence[word.head - 1].upos in _NOUNS
    ]
    verbless = sum(not any(word.upos in _VERBS for word in sentence) for sentence in sentences)
    return (
        clauses / len(sentences),
        len(words) / clauses,
        subordinate / clauses,
        subordinate / len(sentences),
        (relations["nsubj"] + relations["csubj"]) / len(sentences),
        verbless / len(sentences),
        sum(word.deprel.endswith(":pass") for word in words) / clauses,
        (relations["conj"] - coordinate) / clauses,
        len(set(modified)) / clauses,
        len(modified) / max(1, sum(word.upos in _NOUNS for word in words)),
        relations["xcomp"] / max(1, sum(word.upos == "VERB" for word in words)),
    )


def _depth(sentence: ParsedSentence) -> int:
    """Most words on a way from a word up to the root; a circle of heads ends where it closes."""
    deepest = 0
    for start, word in enumerate(sentence, start=1):
        if word.upos == "PUNCT":
            continue
        seen: set[int] = set()
        place = start
        while place and place not in seen:
            seen.add(place)
            place = sentence[place - 1].head
        deepest = max(deepest, len(seen))
    return deepest


def _bare(deprel: str) -> str:
    """Give a relation without its subtype: ``acl`` of ``acl:relcl``."""
    return deprel.partition(":")[0]
