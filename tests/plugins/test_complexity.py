"""The reference `complexity`: its counts by hand, its languages, and what is said of them."""

from __future__ import annotations

import importlib.util
import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
from wordfreq import zipf_frequency

from cefrbench.contracts.encoder import CorpusTexts, EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.plugins import PluginHost
from cefrbench_plugins.encoders._words import (
    FEATURES,
    FREQUENCY,
    LEMMAS,
    SYLLABLES,
    WINDOW,
    Lexicon,
    moving_ratio,
)
from cefrbench_plugins.encoders.complexity import load

HOST = PluginHost(load="")
CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
TEXT = "The dogs sleep. The big dog (mine) sleeps, too!\nwhy not? I like Prague: 2 dogs."


def measured(text, language="en"):
    return dict(zip(FEATURES, Lexicon(language).measure(text), strict=True))


def test_a_text_counted_by_hand():
    found = measured(TEXT)
    lengths = [3, 6, 2, 4]  # words of its sentences; a line ends one, too
    words = sum(lengths)
    assert found["words, log"] == pytest.approx(math.log(1 + words))
    assert found["different words, log"] == pytest.approx(math.log(1 + 13))
    assert found["share of words that stand once"] == pytest.approx(11 / words)
    assert found["sentences, log"] == pytest.approx(math.log(5))
    assert found["words a sentence"] == pytest.approx(np.mean(lengths))
    assert found["spread of words a sentence"] == pytest.approx(np.std(lengths))
    assert found["words of the longest sentence, log"] == pytest.approx(math.log(7))
    assert found["commas a sentence"] == pytest.approx(1 / 4)
    assert found["colons, semicolons, dashes and brackets to words"] == pytest.approx(3 / words)
    assert found["questions and exclamations to sentences"] == pytest.approx(2 / 4)
    assert found["digits to words"] == pytest.approx(1 / words)
    assert found["share of sentences that begin small"] == pytest.approx(1 / 4)
    assert found["share of capitals inside sentences"] == pytest.approx(1 / words)
    assert found["lines to sentences"] == pytest.approx(2 / 4)
    assert found["share of long words"] == 0
    # dogs, dog: one lemma of two forms; sleep, sleeps: another.
    assert found["different lemmas, log"] == pytest.approx(math.log(1 + 11))
    assert found["forms a lemma"] == pytest.approx(13 / 11)


def test_frequencies_are_those_of_the_list():
    found = measured("The the gloomy qqzxw.")
    zipf = [zipf_frequency(word, "en", "small") for word in ("the", "the", "gloomy")]
    assert found["Zipf of words"] == pytest.approx(np.mean(zipf))
    assert found["spread of the Zipf of words"] == pytest.approx(np.std(zipf))
    assert found["Zipf of different words"] == pytest.approx(np.mean(zipf[1:]))
    assert found["share of rare words"] == pytest.approx(1 / 3)
    assert found["share of different words that are rare"] == pytest.approx(1 / 2)
    assert found["share of words in no list"] == pytest.approx(1 / 4)
    assert found["share of function words"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("count", [1, WINDOW - 1, WINDOW, WINDOW + 1, 173])
def test_the_moving_ratio_is_the_mean_of_all_windows(count):
    words = random.Random(count).choices("abcdefghij", k=count)
    size = min(WINDOW, count)
    windows = [words[start : start + size] for start in range(count - size + 1)]
    assert moving_ratio(words) == pytest.approx(np.mean([len(set(w)) / size for w in windows]))


def test_a_text_without_words_has_finite_features():
    for text in ("", "...", "12 34", "🎉"):
        assert np.isfinite(Lexicon("en").measure(text)).all()


def test_a_literal_backslash_n_is_a_line_break():
    assert measured("One dog\\nTwo cats") == measured("One dog\nTwo cats")


def test_what_is_undefined_in_the_languages_of_the_nine_corpora():
    languages = sorted({lang for c in HOST.corpora.items.values() if hasattr(c, "card")
                        for lang in c.card.languages})  # fmt: skip
    assert set(languages) >= {"ar", "cs", "de", "en", "et", "it", "pt"}
    lacking = {lang: Lexicon(lang).lacking for lang in languages}
    assert {lang: lacks for lang, lacks in lacking.items() if lacks} == {
        "ar": ("syllables",),
        "et": ("word frequencies",),
    }


@pytest.mark.parametrize(
    ("language", "constant"),
    [("et", FREQUENCY), ("ar", SYLLABLES), ("", FREQUENCY | LEMMAS | SYLLABLES), ("ja", FREQUENCY)],
)
def test_what_is_undefined_is_the_same_in_every_text(language, constant):
    for text in ("Mul on kaks venda.", "ذهبت إلى المدرسة", "昨日は友達と", ""):
        found = measured(text, language)
        assert {name: found[name] for name in constant} == constant


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the real corpora are not here")
def test_the_constants_are_about_the_means_of_learners_texts():
    found = {}
    for name, language in (("merlin-cs", "cs"), ("merlin-it", "it"), ("cows-l2h", "es")):
        rows = json.loads((CORPORA / f"{name}.json").read_text("utf-8"))[::10]
        lexicon = Lexicon(language)
        for row in rows:
            for feature, value in zip(FEATURES, lexicon.measure(row["text"]), strict=True):
                found.setdefault(feature, []).append(value)
    for feature, constant in (FREQUENCY | LEMMAS | SYLLABLES).items():
        assert abs(constant - np.mean(found[feature])) < 0.75 * np.std(found[feature]), feature


def corpus(*texts, languages):
    return CorpusTexts("made-up", texts, texts, languages, (None,) * len(texts))


def test_each_text_is_measured_in_its_own_language_and_the_gaps_are_noted():
    encoder = load("complexity", EncoderOptions())
    own = encoder.for_corpus(corpus("Ema tuli.", "Der Hund.", languages=("et", "de-AT")))
    features = own.encode(["Der Hund.", "Ema tuli."])[:, 0]
    np.testing.assert_allclose(features[0], Lexicon("de").measure("Der Hund."), rtol=1e-6)
    np.testing.assert_allclose(features[1], Lexicon("et").measure("Ema tuli."), rtol=1e-6)
    (note,) = own.notes
    assert note.startswith("no word frequencies for the language 'et'")
    assert encoder.notes == ()
    assert own.identity == encoder.identity
    assert set(own.identity.details) == {"wordfreq", "simplemma", "pyphen", "regex"}


def test_a_language_that_no_library_knows_is_noted_and_measured():
    own = load("complexity", EncoderOptions()).for_corpus(corpus("Nuqneh!", languages=("tlh",)))
    assert own.notes == (
        "no lemmas and no syllables and no word frequencies for the language 'tlh': these features "
        "of its texts are constants that say nothing",
    )
    assert np.isfinite(own.encode(["Nuqneh!"])).all()


def test_without_its_packages_it_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    gone = {"wordfreq", "pyphen"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n in gone else find(n))
    with pytest.raises(EncoderError, match=r"wordfreq, pyphen, .* 'cefrbench\[complexity\]'"):
        load("complexity", EncoderOptions())
