"""`cefrbench.evaluate` does what `cefrbench run` does, for names and for objects."""

import copy
import dataclasses
import inspect
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from tiny_models import write_bert
from transformers import AutoModel, AutoTokenizer

import cefrbench
from cefrbench import ProbeCard, ProbeSpec, Protocol
from cefrbench.cli import main
from cefrbench.config import RunConfig
from cefrbench.errors import UserError
from cefrbench.notebook.encoders import ByEncode
from cefrbench.plugins import PluginHost
from cefrbench.results.export import to_csv
from cefrbench.results.io import read_predictions_of, read_result
from cefrbench.testing.tiny import TinyCorpus, TinyEncoder

SMALL = {"suite": "quickstart", "probes": "ridge", "corpora": ["merlin-cs", "merlin-it"]}


@pytest.fixture
def evaluate(tmp_path):
    """`evaluate` on two samples with one probe, and a cache of its own."""

    def call(encoder, **options):
        return cefrbench.evaluate(encoder, **{**SMALL, "cache_dir": tmp_path / "cache", **options})

    return call


class Counter:
    """Counts letters: an `encode` and nothing else."""

    def __init__(self, letters="etaoin "):
        self.letters = letters
        self.calls = 0

    def encode(self, texts):
        self.calls += 1
        return [[float(text.count(letter)) for letter in self.letters] for text in texts]


def test_a_name_gives_what_the_command_line_gives(evaluate, tmp_path):
    words = ["--suite", "quickstart", "--probe", "ridge", "--encoder", "surface", "--quiet"]
    places = ["--cache-dir", str(tmp_path / "other"), "--output", str(tmp_path / "out")]
    corpora = ["--corpus", "merlin-cs", "--corpus", "merlin-it"]
    assert main(["run", *words, *places, *corpora]) == 0
    path = tmp_path / "out" / "surface" / "quickstart.json"
    by_command = read_result(path)
    found = evaluate("surface")
    volatile = {"provenance", "predictions", "checksum"}
    assert found.result.model_dump(exclude=volatile) == by_command.model_dump(exclude=volatile)
    assert found.result.provenance.command == by_command.provenance.command
    assert found.predictions.equals(read_predictions_of(by_command, path))


def test_what_is_saved_is_a_result_that_passes_its_check(evaluate, tmp_path):
    path = evaluate("surface").save(tmp_path / "out")
    assert path == tmp_path / "out" / "surface" / "quickstart.json"
    assert main(["results", "check", str(path)]) == 0


def test_units_are_a_table_with_every_unit_and_score(evaluate):
    found = evaluate("surface", probes=["ridge", "mlp-regressor"], seeds=[0, 1])
    table = found.units()
    assert len(table) == len(found.result.units)
    first = found.result.units[0]
    row = table.iloc[0]
    assert (row.encoder, row.suite, row.corpus) == ("surface", "quickstart", first.corpus)
    assert (row.qwk, row.macro_f1, row.mae) == (
        first.scores.qwk,
        first.scores.macro_f1,
        first.scores.mae,
    )
    assert set(table.seed.dropna()) == {0, 1}
    assert table.seed[table.probe == "ridge"].isna().all()
    # The CSV is another way to the same figures.
    header = to_csv([found.result]).partition("\n")[0].split(",")
    assert set(header) <= set(table.columns)


def test_without_units_the_table_has_its_columns(evaluate):
    found = evaluate("surface")
    nothing = dataclasses.replace(found, result=found.result.model_copy(update={"units": ()}))
    assert list(nothing.units().columns) == list(found.units().columns)
    assert not len(nothing.units())


def test_without_pandas_it_says_what_to_do(evaluate, monkeypatch):
    found = evaluate("surface")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(cefrbench.UserError, match=r"pip install 'cefrbench\[notebook\]'"):
        found.units()


def test_a_user_error_has_the_sentence_of_the_command_line(evaluate, capsys):
    assert main(["run", "--encoder", "minilmm", "--corpus", "merlin-cs"]) == 1
    sentence = capsys.readouterr().err
    with pytest.raises(cefrbench.UserError) as caught:
        evaluate("minilmm")
    assert str(caught.value) in sentence


def test_what_fails_is_a_warning_and_stands_in_the_result(evaluate, tmp_path):
    rows = [
        {"text": f"I am {number}.", "cefr_level": ("A1", "B1")[number % 2], "lang": "it"}
        for number in range(40)
    ]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "merlin-it.json").write_text(json.dumps(rows))
    with pytest.warns(UserWarning, match="1 parts of the evaluation failed.*merlin-cs"):
        found = evaluate("surface", data_dir=tmp_path / "data", protocols="iid")
    (failure,) = found.result.failures
    assert failure.name == "merlin-cs"


def test_a_corpus_is_taken_itself_or_by_its_name(evaluate):
    found = evaluate("surface", corpora=[TinyCorpus(), "merlin-cs"])
    assert [record.card.name for record in found.result.corpora] == ["tiny", "merlin-cs"]
    assert found.result.provenance.plugins == {"tiny": "given-1 (this process)"}


def test_a_probe_and_a_protocol_are_taken_themselves_or_by_their_names(evaluate):
    host = PluginHost()
    ridge, iid = host.get_probe("ridge"), host.get_protocol("iid")
    card = ridge.card.model_copy(update={"name": "strict", "penalty": None})
    strict = ProbeSpec(card, lambda _: Ridge(alpha=1e6))
    mine = Protocol(iid.card.model_copy(update={"name": "mine"}), iid.folds)
    found = evaluate("surface", probes=["ridge", strict], protocols=["iid", mine]).result
    means = {(one.protocol, one.probe): one.chosen.qwk for one in found.summary}
    assert set(means) == {(p, q) for p in ("iid", "mine") for q in ("ridge", "strict")}
    assert means["iid", "ridge"] == means["mine", "ridge"] != means["iid", "strict"]
    # Of the same card and file: by the cache's key it is the one above.
    other = ProbeSpec(card, lambda _: Ridge(alpha=1e-6))
    again = evaluate("surface", probes=other, protocols=mine).result
    assert again.summary[0].chosen.qwk != means["mine", "strict"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [("last", {0, 2}), (1, {0, 1}), (0, {0}), ([0, 2], {0, 2}), ("0-2", {0, 1, 2})],
)
def test_layers_are_words_or_numbers_and_layer_0_stands_beside_them(evaluate, layers, expected):
    found = evaluate(TinyEncoder(), layers=layers)
    assert {unit.layer for unit in found.result.units} == expected


def test_a_loaded_encoder_is_used_and_stays_open(evaluate):
    class Closable(TinyEncoder):
        closed = False

        def close(self):
            self.closed = True

    encoder = Closable()
    found = evaluate(encoder)
    assert found.result.encoder.name == "model:tiny"
    assert encoder.identity.name == "tiny"
    assert found.result.encoder.digest() == encoder.identity.digest()
    assert not encoder.closed


def test_what_a_loaded_encoder_can_not_follow_is_refused(evaluate):
    with pytest.raises(cefrbench.UserError, match="can't follow max_length, pooling"):
        evaluate(TinyEncoder(), pooling="cls", max_length=3)


def test_a_model_of_transformers_is_evaluated_as_its_folder_is(evaluate, tmp_path):
    folder = write_bert(tmp_path / "bert")
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    by_name = evaluate(str(folder))
    for found in (evaluate(model, tokenizer=tokenizer), evaluate((model, tokenizer))):
        assert found.result.encoder.name == "model:bert"
        assert found.result.encoder.layers == (0, 1, 2)
        assert found.result.units == by_name.result.units


def test_a_model_that_was_handed_over_is_left_as_it_is(evaluate, tmp_path):
    folder = write_bert(tmp_path / "bert")
    model = AutoModel.from_pretrained(folder).train()
    before, modules = copy.deepcopy(model.state_dict()), [type(m) for m in model.modules()]
    evaluate(model, tokenizer=AutoTokenizer.from_pretrained(folder), name="mine")
    assert model.training
    assert [type(m) for m in model.modules()] == modules
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_model_that_was_trained_on_never_gets_the_old_features(evaluate, tmp_path):
    folder = write_bert(tmp_path / "bert")
    model, tokenizer = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    first = evaluate(model, tokenizer=tokenizer)
    again = evaluate(model, tokenizer=tokenizer)
    assert again.result.provenance.features["texts"] == 0
    with torch.no_grad():
        # One number of one row of one matrix.
        model.embeddings.word_embeddings.weight[77, 3] += 1.0
    changed = evaluate(model, tokenizer=tokenizer)
    assert changed.result.encoder.digest() != first.result.encoder.digest()
    assert changed.result.provenance.features["texts"] > 0


def test_a_model_of_transformers_without_its_tokenizer_is_refused(evaluate, tmp_path):
    model = AutoModel.from_pretrained(write_bert(tmp_path / "bert"))
    with pytest.raises(cefrbench.UserError, match="hand its tokenizer over"):
        evaluate(model)


def test_a_model_of_sentence_transformers_shows_all_its_layers(evaluate, tmp_path):
    library = pytest.importorskip("sentence_transformers")
    model = library.SentenceTransformer(str(write_bert(tmp_path / "bert")), device="cpu")
    model.save(str(tmp_path / "saved"), create_model_card=False)
    by_name = evaluate(f"st:{tmp_path / 'saved'}")
    found = evaluate(model)
    assert found.result.encoder.layers == (0, 1, 2)
    assert found.result.units == by_name.result.units


def test_anything_with_encode_has_one_layer(evaluate):
    found = evaluate(Counter(), instruction="e")
    identity = found.result.encoder
    assert (identity.name, identity.layers, identity.width) == ("model:counter", (1,), 7)
    assert identity.instruction == "e"
    assert found.result.units


def test_the_features_are_what_encode_gives(evaluate):
    encoder = ByEncode(Counter("ab"), "x", cefrbench.EncoderOptions(instruction="a"))
    np.testing.assert_array_equal(encoder.encode(["b", "abba"]), [[[1, 1]], [[3, 2]]])


@pytest.mark.parametrize("kind", ["letters", "weights"])
def test_two_objects_never_share_features(evaluate, kind):
    class Layer(torch.nn.Linear):
        """Its last weight meets no text that tells objects apart."""

        def encode(self, texts):
            rare = [[float(len(text)), float("ж" in text)] for text in texts]
            return self(torch.tensor(rare))

    torch.manual_seed(0)
    first = Counter() if kind == "letters" else Layer(2, 2)
    other = copy.deepcopy(first)
    if kind == "letters":
        other.letters = "etaoin\t"
    else:
        with torch.no_grad():
            other.weight[0, 1] += 1
    same = evaluate(copy.deepcopy(first)).result.encoder
    assert evaluate(first).result.encoder == same
    assert evaluate(first).result.provenance.features["texts"] == 0
    assert evaluate(other).result.encoder.digest() != same.digest()


@pytest.mark.parametrize(
    ("thing", "reason"),
    [(object(), "A object can't be evaluated"), (torch.nn.Linear(2, 2), "A Linear can't be")],
)
def test_what_is_no_model_is_refused(evaluate, thing, reason):
    with pytest.raises(cefrbench.UserError, match=reason):
        evaluate(thing)


def test_an_encode_that_gives_something_else_is_refused(evaluate):
    class Flat:
        def encode(self, texts):
            return [0.0] * len(texts)

    with pytest.raises(cefrbench.EncoderError, match=r"shape \(4,\) of 4 texts"):
        evaluate(Flat())


@pytest.mark.parametrize("name", ["surface", "hf:mine"])
def test_a_name_that_leads_elsewhere_is_refused(evaluate, name):
    with pytest.raises(cefrbench.UserError, match=f"can't be called '{name}'"):
        evaluate(Counter(), name=name)


def test_the_signature_has_every_option_of_a_run():
    own = set(inspect.signature(cefrbench.evaluate).parameters)
    fixed_by_suites = {"split_seed", "scale", "form", "source"}
    fixed_by_suites |= {"own_level_encoders", "unclipped_probes"}
    fixed_by_suites |= {"references", "reference_probes"}
    assert set(RunConfig.model_fields) - fixed_by_suites - {"encoders"} <= own


def test_it_says_nothing_by_itself(tmp_path):
    code = (
        "import cefrbench; cefrbench.evaluate('surface', suite='quickstart', probes='ridge', "
        f"corpora=['merlin-cs', 'merlin-it'], cache_dir={str(tmp_path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_a_probe_that_reads_texts_is_evaluated_alone(evaluate):
    spec = ProbeSpec(
        ProbeCard(name="words", description="Words.", kind="regressor"),
        lambda options: make_pipeline(TfidfVectorizer(), Ridge()),
        reads="texts",
    )
    found = evaluate(spec).result
    assert (found.encoder.name, [card.name for card in found.probes]) == ("words", ["words"])
    assert not found.failures
    features = ProbeSpec(spec.card, spec.make)
    with pytest.raises(UserError, match="Probe 'words' reads features, so it needs an encoder"):
        evaluate(features)
