"""Generative models as raters: probabilities by hand, endpoints with their manners, `given`."""

import logging
import traceback

import numpy as np
import pytest
import torch
from chat_server import KEY, serving
from tiny_models import TEXTS, write_bert, write_qwen3

from cefrbench.config import RunConfig
from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.contracts.probe import FoldRows
from cefrbench.engines.linear.given import GivenProbe
from cefrbench.engines.transformer.rating import ANSWERS, ENDING, INSTRUCTION
from cefrbench.errors import EncoderError, ProbeError
from cefrbench.plan import Job, load_corpora, make_plan
from cefrbench.plugins import PluginHost
from cefrbench.progress import Silent
from cefrbench.provenance import PhaseClock
from cefrbench.results.io import dump
from cefrbench.run import run_encoder
from cefrbench.testing import check_encoder
from cefrbench_plugins.encoders._endpoint import Endpoint, EndpointRater
from cefrbench_plugins.encoders.rater import load

HOST = PluginHost(load="")
CHAT = "{% for m in messages %}<user>{{ m.content }}</user>{% endfor %}<model>"
CPU = EncoderOptions(device="cpu")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_qwen3(tmp_path_factory.mktemp("plain"), chat="")


@pytest.fixture(scope="module")
def chatty(tmp_path_factory):
    return write_qwen3(tmp_path_factory.mktemp("chatty"), chat=CHAT)


# -- a model on this machine ----------------------------------------------------------------------


def by_hand(folder, prompt, space):
    """Probabilities of the answers, each read alone to its last token, without a batch."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    sums = []
    for answer in ANSWERS:
        ids = tokenizer(f"{space}{answer}", add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logs = model(torch.tensor([[*start, *ids]])).logits[0].log_softmax(dim=-1)
        sums.append(sum(logs[len(start) + i - 1, token].item() for i, token in enumerate(ids)))
    shares = np.exp(sums) / np.exp(sums).sum()
    return [*shares[:4], shares[4] + shares[5]]


@pytest.mark.parametrize("kind", ["plain", "chatty"])
def test_features_are_the_probabilities_of_the_answers_by_class(kind, request):
    folder = request.getfixturevalue(kind)
    encoder = load(f"rater:{folder}", CPU)
    found = encoder.encode(encoder.prepare(TEXTS))
    assert found.shape == (len(TEXTS), 1, 5)
    for text, row in zip(TEXTS, found[:, 0], strict=True):
        prompt = f"{INSTRUCTION}{text}{ENDING}"
        space = " "
        if kind == "chatty":
            prompt, space = f"<user>{prompt}</user><model>", ""
        np.testing.assert_allclose(row, by_hand(folder, prompt, space), atol=2e-6)


def test_texts_are_cut_and_the_prompt_is_not(plain):
    encoder = load(f"rater:{plain}", EncoderOptions(device="cpu", max_length=10))
    long, short = encoder.prepare(["0123456789 and more", "0123456789"])
    assert long == short
    assert encoder.identity.max_length == 10


def test_the_identity_holds_the_whole_prompt(chatty):
    own = load(f"rater:{chatty}", CPU).identity
    other = load(f"rater:{chatty}", EncoderOptions(device="cpu", instruction="Level? ")).identity
    assert own.details["prompt"] == f"{INSTRUCTION}{{text}}{ENDING}"
    assert other.details["prompt"] == f"Level? {{text}}{ENDING}"
    assert own.details["answers"] == "1 2 3 4 5 6"
    assert own.details["chat template"] == "yes"
    assert own.digest() != other.digest()


def test_it_keeps_the_contract_of_an_encoder(plain):
    report = check_encoder(HOST.get_encoder(f"rater:{plain}"), name=f"rater:{plain}")
    assert not report.of("skip")


def test_a_model_without_the_head_that_talks_is_refused(tmp_path):
    write_bert(tmp_path / "bert")
    with pytest.raises(EncoderError, match=r"lack .* tensors of its configuration"):
        load(f"rater:{tmp_path / 'bert'}", CPU)


def test_closed_it_says_so(plain):
    encoder = load(f"rater:{plain}", CPU)
    items = encoder.prepare(["a"])
    encoder.close()
    with pytest.raises(EncoderError, match="is closed"):
        encoder.encode(items)


# -- a model behind an endpoint -------------------------------------------------------------------

SHARES = {"3": 0.5, " 3": 0.1, "4": 0.2, "5": 0.05, "6": 0.05, "Well": 0.1}


def endpoint(service, key=KEY):
    waits = []
    return Endpoint(service.url, "talker-1", key, waits.append), waits


def test_an_endpoints_probabilities_are_of_the_numbers_among_its_likeliest_tokens():
    with serving(lambda prompt: SHARES) as service:
        encoder = EndpointRater("rater:x", endpoint(service)[0], EncoderOptions())
        found = encoder.encode(["A text."])
    np.testing.assert_allclose(found[0, 0], np.array([0, 0, 0.6, 0.2, 0.1]) / 0.9, atol=1e-6)
    (asked,) = service.asked
    assert asked["messages"] == [{"role": "user", "content": f"{INSTRUCTION}A text.{ENDING}"}]
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("talker-1", 1, 0)


def test_texts_and_answers_keep_their_order_though_many_are_asked_at_once():
    def answer(prompt):
        return {str(1 + int(prompt.partition("case ")[2][0]) % 4): 1.0}

    with serving(answer) as service:
        encoder = EndpointRater("rater:x", endpoint(service)[0], EncoderOptions())
        found = encoder.encode([f"case {n % 10}" for n in range(40)])
    assert found[:, 0].argmax(axis=1).tolist() == [n % 10 % 4 for n in range(40)]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(None, "gives no log-probabilities"), ({"Well": 0.9}, "none of the numbers 1 to 6")],
)
def test_an_endpoint_that_can_be_no_rater_is_refused(answer, sentence):
    with serving(lambda prompt: answer) as service:
        encoder = EndpointRater("rater:x", endpoint(service)[0], EncoderOptions())
        with pytest.raises(EncoderError, match=sentence):
            encoder.encode(["A text."])


def test_it_waits_for_a_busy_service_and_gives_up_in_the_end():
    busy = [(503, {}), (429, {"Retry-After": "7"}), (500, {})]
    with serving(lambda prompt: SHARES, busy) as service:
        one, waits = endpoint(service)
        one.ask("text")
    assert waits == [1.0, 7.0, 4.0]
    with serving(lambda prompt: SHARES, [(429, {})] * 9) as service:
        one, waits = endpoint(service)
        with pytest.raises(EncoderError, match="answered 429 for 'talker-1'"):
            one.ask("text")
    one, waits = endpoint(service)
    with pytest.raises(EncoderError, match="can't be reached"):
        one.ask("text")
    assert len(waits) == 5


def test_the_key_is_in_no_error_log_repr_or_identity(caplog):
    caplog.set_level(logging.DEBUG)
    with serving(lambda prompt: SHARES, [(429, {}), (400, {})]) as service:
        one, _ = endpoint(service)
        encoder = EndpointRater("rater:x", one, EncoderOptions())
        with pytest.raises(EncoderError) as caught:
            encoder.encode(["text"])
        wrong, waits = endpoint(service, "sk-wrong")
        with pytest.raises(EncoderError, match=r"refuses the key \(401\): set RATER_API_KEY"):
            wrong.ask("text")
    said = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(one)
    assert "come back later, …" in said
    assert KEY not in said + encoder.identity.model_dump_json() + repr(encoder)
    assert not waits


def test_no_redirect_is_followed_because_it_would_carry_the_key_away():
    with (
        serving(lambda prompt: SHARES) as other,
        serving(lambda prompt: SHARES, [(307, {"Location": other.url})]) as service,
    ):
        with pytest.raises(EncoderError, match="answered 307"):
            endpoint(service)[0].ask("text")
        assert other.asked == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rater:http://api.example.com/v1@m", "must begin with https://"),
        ("rater:https://api.example.com/v1", "names no model"),
        ("rater:https://me:secret@api.example.com/v1@m", "no user, password or query"),
        ("rater:https://api.example.com/v1?key=secret@m", "no user, password or query"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_without_repeating_it(name, sentence):
    with pytest.raises(EncoderError, match=sentence) as caught:
        load(name, EncoderOptions())
    assert "secret@" not in str(caught.value)
    with pytest.raises(EncoderError, match="--offline forbids"):
        load("rater:https://api.example.com/v1@m", EncoderOptions(offline=True))


# -- `given` --------------------------------------------------------------------------------------


def test_given_predicts_the_mean_level_of_the_features_as_they_are():
    rng = np.random.default_rng(0)
    X = rng.dirichlet(np.ones(5), size=30).astype(np.float32)
    rows = FoldRows(np.arange(10), np.arange(10, 30), count=np.ones(10))
    ((fit,),) = GivenProbe(5).fit_folds(X, rng.integers(0, 5, 30), [rows])
    np.testing.assert_allclose(fit.predictions, (X[10:] * np.arange(5)).sum(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(fit.predictions, fit.scores)


@pytest.mark.parametrize(
    "X", [np.full((3, 4), 0.25), np.full((3, 5), 0.3), np.array([[1.5, -0.5, 0, 0, 0]])]
)
def test_given_refuses_what_are_no_probabilities(X):
    with pytest.raises(ProbeError, match="run it with an encoder `rater:MODEL`"):
        GivenProbe(5).predict(X)


def test_a_run_with_an_endpoint_holds_its_scores_and_no_key(tmp_path, monkeypatch):
    def answer(prompt):
        size = len(prompt.partition("Text:")[2])
        return {str(1 + min(4, size // 120)): 0.7, "3": 0.2}

    monkeypatch.setenv("RATER_API_KEY", KEY)
    with serving(answer) as service:
        name = f"rater:{service.url}@talker-1"
        config = RunConfig(
            suite="quickstart",
            form="corrected",
            encoders=(name,),
            corpora=("merlin-cs", "merlin-it"),
            probes=("given", "ridge"),
            protocols=("iid", "loco"),
            source="sample",
            refits=2,
        )
        job = Job(tmp_path, Silent())
        plan = make_plan(config, HOST)
        loaded = load_corpora(config, HOST, job)
        result = run_encoder(plan, name, loaded, HOST, job, PhaseClock()).result
    assert {record.probe for record in result.summary} == {"given", "ridge"}
    assert not result.failures
    given = [record for record in result.summary if record.probe == "given"]
    # Nothing is fitted, so that what was trained on makes no difference.
    assert given[0].chosen.qwk == given[1].chosen.qwk is not None
    assert KEY not in dump(result)
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ]
