"""The reference `ud`: its numbers by hand, whose parse is whose, and what is refused."""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from essay_factory import essays

from cefrbench.contracts.encoder import CorpusTexts, EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.essays import text_key
from cefrbench.features.compute import compute_features
from cefrbench.features.store import FeatureStore
from cefrbench_plugins.encoders._syntax import FEATURES, Word, syntax
from cefrbench_plugins.encoders.ud import load

HERE = Path(__file__).resolve().parent
CORPORA = HERE.parents[2] / "shared" / "corpora"

#: "Dogs that I saw ran home and slept ." and "Nice !"
LONG = [
    Word("Dogs", "NOUN", 5, "nsubj"),
    Word("that", "PRON", 4, "obj"),
    Word("I", "PRON", 4, "nsubj"),
    Word("saw", "VERB", 1, "acl:relcl"),
    Word("ran", "VERB", 0, "root"),
    Word("home", "ADV", 5, "advmod"),
    Word("and", "CCONJ", 8, "cc"),
    Word("slept", "VERB", 5, "conj"),
    Word(".", "PUNCT", 5, "punct"),
]
SHORT = [Word("Nice", "ADJ", 0, "root"), Word("!", "PUNCT", 1, "punct")]
TEXT = "Dogs that I saw ran home and slept. Nice!"


def conllu(sentences):
    lines = []
    for sentence in sentences:
        for place, word in enumerate(sentence, start=1):
            row = (place, word.form, "_", word.upos, "_", "_", word.head, word.deprel, "_", "_")
            lines.append("\t".join(map(str, row)))
        lines.append("")
    return "\n".join(lines) + "\n"


def document(sentences, title="", text=None):
    key = f"# text_key = {text_key(text)}\n" if text is not None else ""
    return f"# newdoc id = {title or 'x'}\n{key}{conllu(sentences)}"


def corpus(folder, *texts, titles=None, languages=None):
    titles = titles or (None,) * len(texts)
    return CorpusTexts(
        "made",
        texts,
        tuple(map(text_key, texts)),
        languages or ("en",) * len(texts),
        titles,
        folder,
    )


def read(folder, *texts, **about):
    return load("ud", EncoderOptions()).for_corpus(corpus(folder, *texts, **about))


# -- the numbers ----------------------------------------------------------------------------------


def test_a_parse_counted_by_hand():
    found = dict(zip(FEATURES, syntax([LONG, SHORT]), strict=True))
    expected = {
        "words, log": math.log(9),
        "sentences, log": math.log(2),
        "different forms, log": math.log(9),
        "words a sentence": 9 / 2,
        "words of the longest sentence, log": math.log(8),
        "spread of words a sentence": np.std([8, 1]),
        "different forms over the root of words": 3,
        "letters a word": sum(map(len, ("Dogs", "thatI", "saw", "ran", "home", "andslept", "Nice")))
        / 9,
        "share of VERB": 3 / 9,
        "share of PRON": 2 / 9,
        "share of INTJ": 0,
        "spread of parts of speech (entropy)": -sum(
            n / 9 * math.log(n / 9) for n in (3, 2, 1, 1, 1, 1)
        ),
        # NOUN PRON, PRON PRON, PRON VERB, VERB VERB, VERB ADV, ADV CCONJ, CCONJ VERB, VERB PUNCT,
        # ADJ PUNCT
        "different pairs of parts of speech, log": math.log(1 + 9),
        "different relations, log": math.log(1 + 7),
        "verbs a sentence": 3 / 2,
        "pronouns to nouns and pronouns": 2 / 3,
        "punctuation to words": 2 / 9,
        "depth of a tree": (4 + 1) / 2,
        "depth of the deepest tree": 4,
        "words from a word to its head": (4 + 2 + 1 + 3 + 1 + 1 + 3) / 7,
        "longest such way of a sentence": (4 + 0) / 2,
        "share of heads that follow": 4 / 7,
        "dependents a head": 7 / 4,
        "clauses a sentence": 4 / 2,
        "words a clause": 9 / 4,
        "share of clauses that are subordinate": 1 / 4,
        "subordinate clauses a sentence": 1 / 2,
        "subjects a sentence": 2 / 2,
        "share of sentences without a verb": 1 / 2,
        "passives a clause": 0,
        "coordinated phrases a clause": 0,
        "modified nouns a clause": 1 / 4,
        "modifiers a noun": 1,
        "open complements a verb": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert len(FEATURES) == len(set(FEATURES)) == 45


def test_nothing_and_a_circle_of_heads_are_finite():
    circle = [Word("a", "NOUN", 2, "nmod"), Word("b", "NOUN", 1, "nmod")]
    assert syntax([]) == syntax([[Word("!", "PUNCT", 0, "root")]]) == (0.0,) * len(FEATURES)
    found = dict(zip(FEATURES, syntax([circle]), strict=True))
    assert found["depth of a tree"] == 2


# -- whose parse is whose -------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_parses_are_found_by_the_hash_of_the_text_in_its_normal_form(tmp_path, ending):
    data = document([LONG, SHORT], text=TEXT) + document([SHORT], text="Nice!")
    opened = gzip.open if ending else open
    with opened(tmp_path / f"made.conllu{ending}", "wt", encoding="utf-8") as file:
        file.write(data)
    own = read(tmp_path, "nice!", TEXT.replace(" ", "\n"))
    features = own.encode([TEXT.replace(" ", "\n"), "nice!"])[:, 0]
    np.testing.assert_allclose(features, [syntax([LONG, SHORT]), syntax([SHORT])], rtol=1e-6)
    assert own.notes == ("2 of 2 texts have a parse",)
    assert set(own.reads) == {"parses", "parse of each text", "conllu"}


def test_spellings_of_several_words_and_empty_words_are_passed_over(tmp_path):
    rows = conllu([SHORT]).splitlines()
    rows = [rows[0], "1.1\tthere\t_\tADV\t_\t_\t_\t_\t_\t_", rows[1]]
    rows.insert(0, "1-2\tNice!\t_\t_\t_\t_\t_\t_\t_\t_")
    head = f"# newdoc id = a\n# text_key = {text_key('Nice!')}\n"
    (tmp_path / "made.conllu").write_text(head + "\n".join(rows) + "\n\n", "utf-8")
    np.testing.assert_allclose(read(tmp_path, "Nice!").encode(["Nice!"])[0, 0], syntax([SHORT]))


def test_without_a_hash_the_title_counts_where_it_is_one_texts_and_the_words_agree(tmp_path):
    texts = [f"Text number {n}. Nice!" for n in range(20)]
    data = "".join(document([SHORT], text=text) for text in texts)
    data += document([LONG, SHORT], "dogs.txt") + document([LONG], "cats.txt")
    (tmp_path / "made.conllu").write_text(data, "utf-8")
    titles = (*(None for _ in texts), "dogs.txt", "cats.txt")
    own = read(tmp_path, *texts, TEXT, "Elephants never forget", titles=titles)
    np.testing.assert_allclose(own.encode([TEXT])[0, 0], syntax([LONG, SHORT]), rtol=1e-6)
    assert own.notes == (
        "21 of 22 texts have a parse, 1 found by the title alone; the other 1 count as the mean "
        "text of the corpus; 1 parses are of none of the texts",
    )
    mean = np.mean([*[syntax([SHORT])] * 20, syntax([LONG, SHORT])], axis=0)
    np.testing.assert_allclose(own.encode(["Elephants never forget"])[0, 0], mean, rtol=1e-5)


def test_a_title_of_two_texts_or_two_parses_is_nobodys(tmp_path):
    texts = [f"Text number {n}. Nice!" for n in range(18)]
    data = "".join(document([SHORT], text=text) for text in texts)
    data += document([LONG], "a") * 2 + document([LONG], "b")
    (tmp_path / "made.conllu").write_text(data, "utf-8")
    titles = (*(None for _ in texts), "a", "b", "b")
    with pytest.raises(EncoderError, match="3 of 21 texts of 'made' have no parse"):
        read(tmp_path, *texts, TEXT, f"{TEXT} ", f"{TEXT}  Yes.", titles=titles)


def test_features_of_other_parses_are_never_served(tmp_path):
    one = essays("made", [(TEXT, "B1"), ("Nice!", "A1")])
    store, found = FeatureStore(tmp_path / "cache"), []
    for sentences in ([LONG], [LONG, SHORT], [LONG]):
        data = document(sentences, text=TEXT) + document([SHORT], text="Nice!")
        (tmp_path / "made.conllu").write_text(data, "utf-8")
        encoder = load("ud", EncoderOptions())
        features = compute_features(encoder, [one], store, data_dir=tmp_path)
        np.testing.assert_allclose(features.layer(1)[0], syntax(sentences), rtol=1e-6)
        found.append(features.stats["texts"])
    assert found == [2, 2, 0]


# -- what is refused ------------------------------------------------------------------------------


def test_parses_of_other_texts_are_refused_with_their_number(tmp_path):
    data = "".join(document([SHORT], text=f"{n} Nice!") for n in range(12))
    (tmp_path / "made.conllu").write_text(data, "utf-8")
    texts = [f"{n} Nice!" for n in range(2, 14)]
    with pytest.raises(EncoderError) as caught:
        read(tmp_path, *texts)
    assert "2 of 12 texts of 'made' have no parse" in str(caught.value)
    assert "2 parses are of none of them: at most 10% may lack one" in str(caught.value)


BROKEN = {
    "belongs to no document": conllu([SHORT]),
    "has the head 3 at word 1": document([[Word("a", "X", 3, "root")]]),
    "has the head None at word 1": document([SHORT]).replace("\t0\t", "\t_\t"),
    "lacks UPOS or DEPREL at word 1": document([[Word("a", "_", 0, "root")]]),
    "at word 3": document([SHORT]).replace("\n2\t", "\n3\t"),
    "can't be read": "# newdoc id = a\nno columns here\n\n",
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_file_is_one_sentence(tmp_path, sentence):
    (tmp_path / "made.conllu").write_text(BROKEN[sentence], "utf-8")
    with pytest.raises(EncoderError, match=sentence) as caught:
        read(tmp_path, "Nice!")
    assert "write the file anew" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"no gzip",
        gzip.compress(b"# newdoc id = a\n" * 99, mtime=0)[:-9],
        gzip.compress(b"\xff\xfe", mtime=0),
    ],
    ids=["plain", "cut short", "not UTF-8"],
)
def test_a_damaged_file_is_one_sentence(tmp_path, data):
    (tmp_path / "made.conllu.gz").write_bytes(data)
    with pytest.raises(EncoderError, match=r"made\.conllu\.gz' can't be read"):
        read(tmp_path, "Nice!")


def test_a_text_of_no_corpus_is_refused():
    with pytest.raises(EncoderError, match="has no parse of the text 'Nice!'"):
        load("ud", EncoderOptions()).encode(["Nice!"])


@pytest.mark.parametrize(("package", "there"), [("conllu", True), ("stanza", False)])
def test_without_a_package_it_says_what_to_install(tmp_path, monkeypatch, package, there):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == package else find(n))
    if there:
        (tmp_path / "made.conllu").write_text(document([SHORT], text="Nice!"), "utf-8")
    with pytest.raises(EncoderError, match=r"pip install 'cefrbench\[ud\]'"):
        read(tmp_path, "Nice!")


# -- parses made by stanza ------------------------------------------------------------------------

CODE = """
import json
from cefrbench.contracts.encoder import CorpusTexts, EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench_plugins.encoders.ud import load
texts = ("The dog sleeps . A cat sees the dog .", "", "A dog sleeps .")
encoder = load("ud", EncoderOptions(device="cpu"))
own = encoder.for_corpus(CorpusTexts("made", texts, texts, ("en",) * 3, (None,) * 3))
features = own.encode(texts)
print(json.dumps([features.shape, features[:, 0, :3].tolist(), own.notes, dict(own.reads)]))
try:
    encoder.for_corpus(CorpusTexts("made", ("Hund",), ("Hund",), ("de",), (None,)))
except EncoderError as error:
    print(error)
own.close()
"""


@pytest.mark.slow
def test_stanza_parses_what_has_no_file_where_its_models_are(tmp_path, monkeypatch):
    run = {"capture_output": True, "text": True, "check": True}
    models = tmp_path / "models"
    subprocess.run([sys.executable, HERE / "tiny_stanza.py", models], **run)
    monkeypatch.setenv("STANZA_RESOURCES_DIR", str(models))
    done = subprocess.run([sys.executable, "-c", CODE], **run)
    found, said = done.stdout.splitlines()
    shape, values, notes, reads = json.loads(found)
    assert shape == [3, 1, 45]
    # Words, sentences and forms: the models know where these end, and which mark is no word.
    for text, numbers in zip(values, [[8, 2, 6], [1, 1, 1], [3, 1, 3]], strict=True):
        assert np.exp(text) == pytest.approx(numbers, abs=0.01)
    assert notes == [f"parsed by stanza {reads['stanza']}"]
    assert set(reads) == {"stanza", "models for en"}
    assert "stanza's models of the language 'de' aren't here" in said
    assert "stanza.download('de')" in said


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the real parses are not here")
def test_the_parses_of_merlin_are_of_its_texts():
    from cefrbench.corpora.load import load_essays
    from cefrbench.features.compute import corpus_texts
    from cefrbench.plugins import PluginHost

    one = load_essays(PluginHost(load="").get_corpus("merlin-cs"), data_dir=CORPORA)
    own = load("ud", EncoderOptions()).for_corpus(corpus_texts(one, CORPORA))
    assert own.notes[0].startswith("434 of 439 texts have a parse; the other 5 count as")
