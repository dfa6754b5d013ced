"""The example of an encoder behind an HTTP endpoint: batches, patience, and a key kept secret."""

import email.utils
import logging
import time
import traceback

import numpy as np
import pytest
from embedding_server import KEY, WIDTH, serving, vector

from cefrbench.contracts.encoder import EncoderOptions
from cefrbench.errors import EncoderError
from cefrbench.plugins import load_file
from cefrbench.testing import check_encoder

NAME = "http-embedding:letters-1"


@pytest.fixture(scope="module")
def example(pytestconfig):
    return load_file(pytestconfig.rootpath / "docs" / "examples" / "http_encoder.py")


@pytest.fixture
def endpoint(example):
    """An endpoint that doesn't wait but notes how long it would have."""

    def make(service, key=KEY):
        waits = []
        return example.Endpoint(service.url, "letters-1", key, waits.append), waits

    return make


def test_it_keeps_the_contract_of_an_encoder(example, monkeypatch):
    with serving() as service:
        monkeypatch.setenv("EMBEDDING_URL", service.url)
        monkeypatch.setenv("EMBEDDING_API_KEY", KEY)
        from cefrbench.contracts.encoder import EncoderSpec

        report = check_encoder(EncoderSpec(example.CARD, example.load), name=NAME)
    assert not report.of("note")


def test_features_are_the_vectors_in_the_order_of_the_texts_as_one_final_layer(example, endpoint):
    with serving() as service:
        encoder = example.HttpEncoder(NAME, endpoint(service)[0], "")
        texts = ["first", "", "third one"]
        features = encoder.encode(texts)
    assert features.shape == (3, 1, WIDTH)
    assert encoder.identity.layers == (1,)
    np.testing.assert_allclose(features[[0, 2], 0], [vector(texts[0]), vector(texts[2])], rtol=1e-6)
    assert not features[1].any()


def test_many_texts_are_asked_in_batches(example, endpoint):
    with serving() as service:
        encoder = example.HttpEncoder(NAME, endpoint(service)[0], "")
        encoder.encode([f"text {i}" for i in range(150)])
    assert service.batches == [1, 64, 64, 22]


def test_it_waits_longer_after_each_failure(endpoint):
    with serving([(503, {}), (500, {}), (502, {})]) as service:
        one, waits = endpoint(service)
        one.embed(["text"])
    assert waits == [1.0, 2.0, 4.0]


def test_it_waits_as_long_as_the_service_asks(endpoint):
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    limits = [
        (429, {"Retry-After": "7"}),
        (429, {"Retry-After": date}),
        (429, {"Retry-After": "9999"}),
    ]
    with serving(limits) as service:
        one, waits = endpoint(service)
        one.embed(["text"])
    assert waits[0] == 7
    assert 25 < waits[1] <= 30
    assert waits[2] == 120


def test_it_gives_up_after_six_tries_with_one_sentence(endpoint):
    with serving([(429, {})] * 20) as service:
        one, waits = endpoint(service)
        with pytest.raises(EncoderError, match="answered 429 for 'letters-1'"):
            one.embed(["text"])
    assert len(waits) == 5


def test_a_service_that_is_away_is_tried_again_then_named(endpoint):
    with serving() as service:
        pass
    one, waits = endpoint(service)
    with pytest.raises(EncoderError, match="can't be reached"):
        one.embed(["text"])
    assert len(waits) == 5


def test_a_wrong_key_is_not_tried_again(endpoint):
    with serving() as service:
        one, waits = endpoint(service, "sk-wrong-key")
        with pytest.raises(EncoderError, match=r"refuses the key \(401\): set EMBEDDING_API_KEY"):
            one.embed(["text"])
    assert not waits


def test_no_redirect_is_followed_because_it_would_carry_the_key_away(endpoint):
    with serving() as other, serving([(307, {"Location": other.url})]) as service:
        one, _ = endpoint(service)
        with pytest.raises(EncoderError, match="answered 307"):
            one.embed(["text"])
        assert other.batches == []


def test_the_key_is_in_no_error_log_or_repr(example, endpoint, caplog):
    caplog.set_level(logging.DEBUG)
    refusals = [(429, {"Retry-After": "0"}), (400, {})]
    with serving(refusals) as service:
        one, _ = endpoint(service)
        with pytest.raises(EncoderError) as caught:
            one.embed(["text"])
        encoder = example.HttpEncoder(NAME, one, "")
    said = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(one)
    assert "come back later, …" in said
    assert "waiting 0.0 s" in said
    assert KEY not in said + encoder.identity.model_dump_json() + repr(encoder)


@pytest.mark.parametrize(
    ("url", "name", "options", "sentence"),
    [
        (None, NAME, EncoderOptions(), "set EMBEDDING_URL"),
        ("http://api.example.com/v1", NAME, EncoderOptions(), "must begin with https://"),
        ("https://api.example.com/v1", "http-embedding:", EncoderOptions(), "needs a model"),
        ("https://api.example.com/v1", NAME, EncoderOptions(offline=True), "--offline forbids"),
    ],
)
def test_what_is_missing_is_said(example, url, name, options, sentence, monkeypatch):
    monkeypatch.delenv("EMBEDDING_URL", raising=False)
    if url:
        monkeypatch.setenv("EMBEDDING_URL", url)
    with pytest.raises(EncoderError, match=sentence):
        example.load(name, options)


@pytest.mark.parametrize("answer", [{}, {"data": [{"index": 1, "embedding": [1.0]}]}, [], "no"])
def test_another_format_is_one_sentence(example, answer):
    with pytest.raises(EncoderError, match="another format"):
        example._vectors(answer, 1)
