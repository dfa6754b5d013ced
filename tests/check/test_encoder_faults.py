"""The kit finds each fault that is planted in an encoder, and nothing else."""

import dataclasses

import faulty_encoders as faulty
import faulty_environment as environment
import pytest

from cefrbench.check.encoder.environment import is_left
from cefrbench.check.kit import KitOptions, report_encoder
from cefrbench.contracts.cards import EncoderCard
from cefrbench.contracts.encoder import EncoderSpec
from cefrbench.errors import EncoderError
from cefrbench.testing.tiny import TINY_ENCODER

CARD = EncoderCard(name="faulty", description="Under test.", licence="CC0-1.0", layers=2, width=16)


def spec(encoder, **card):
    return EncoderSpec(CARD.model_copy(update=card), lambda name, options: encoder(options))


def found(of, status="fail", **options):
    return {finding.check for finding in report_encoder(of, KitOptions(**options)).of(status)}


@pytest.mark.parametrize("sound", [TINY_ENCODER, spec(faulty.Sound)], ids=["tiny", "sound"])
def test_a_sound_encoder_has_no_finding(sound):
    report = report_encoder(sound)
    assert report.passed
    assert not report.of("note")
    assert not report.of("skip")


FAULTS = [
    (faulty.CountsRows, "encoder-order"),
    (faulty.RenamesItself, "encoder-corpus"),
    (faulty.ReadsTheClock, "encoder-corpus"),
    (faulty.AveragesTheBatch, "encoder-alone"),
    (faulty.AveragesLargeBatches, "encoder-batches"),
    (faulty.PadsWithoutMask, "encoder-alone"),
    (faulty.Drops, "encoder-repeat"),
    (faulty.CountsCalls, "encoder-repeat"),
    (faulty.GivesNan, "encoder-finite"),
    (faulty.GivesDoubles, "encoder-dtype"),
    (faulty.SwapsAxes, "encoder-shape"),
    (faulty.SqueezesOne, "encoder-shape"),
    (faulty.ReusesItsBuffer, "encoder-buffer"),
    (faulty.SeesTheFirstTokenOnly, "encoder-tells-apart"),
    (faulty.DiesOfEmptyTexts, "encoder-empty"),
    (faulty.DiesOfLongTexts, "encoder-long"),
    (faulty.KnowsTheBasicPlaneOnly, "encoder-scripts"),
    (faulty.CostsNothing, "encoder-prepare"),
    (faulty.CostsBackwards, "encoder-prepare"),
    (faulty.HidesItsPrompt, "encoder-identity-complete"),
    (faulty.HidesItsOwnPrompt, "encoder-identity-complete"),
    (faulty.HidesItsLimit, "encoder-identity-complete"),
    (faulty.ClaimsAPrompt, "encoder-identity-true"),
    (faulty.DrawsItsWeights, "encoder-reload"),
    (faulty.HashesByProcess, "encoder-process"),
    (faulty.NamesTheTime, "encoder-reload"),
    (faulty.KeepsEverything, "encoder-memory"),
    (faulty.ClosesOnce, "encoder-close"),
    (faulty.OtherName, "encoder-identity"),
    (faulty.CountsLayersDown, "encoder-identity"),
    (faulty.DoesNotLoad, "encoder-load"),
]


@pytest.mark.parametrize(("encoder", "check"), FAULTS, ids=[e.__name__ for e, _ in FAULTS])
def test_an_encoder_that(encoder, check):
    assert found(spec(encoder)) == {check}


def test_an_encoder_that_adapts_to_what_it_reads_is_found():
    assert "encoder-batches" in found(spec(faulty.AdaptsFromBatchToBatch))


def test_an_encoder_that_loses_items_is_found_before_its_features_are_judged():
    assert found(spec(faulty.LosesEmptyItems)) == {"encoder-shape"}


def test_a_key_of_the_environment_in_the_identity_is_found(monkeypatch):
    monkeypatch.setenv("FAULTY_API_KEY", "sk-0123456789")
    report = report_encoder(spec(faulty.PublishesItsKey))
    assert {finding.check for finding in report.failed} == {"encoder-secrets"}
    assert "sk-0123456789" not in report.model_dump_json()


@pytest.mark.parametrize(
    ("encoder", "variable"),
    [
        (environment.ReadsAVariable, "FAULTY_LATE_PROMPT"),
        (environment.ReadsAVariableOnImport, "FAULTY_EARLY_PROMPT"),
    ],
)
@pytest.mark.parametrize("value", [None, "query:"])
def test_a_variable_that_changes_features_under_the_same_identity_is_found(
    encoder, variable, value, monkeypatch
):
    if value is not None:
        monkeypatch.setenv(variable, value)
        monkeypatch.setattr(environment, "EARLY", value if "EARLY" in variable else "")
    report = report_encoder(spec(encoder))
    (finding,) = report.failed
    assert finding.check == "encoder-environment"
    tried = "1" if value is None else "query: kit"
    assert finding.what.startswith(f"with {variable}={tried!r} features are others")


def test_a_variable_that_stands_in_the_identity_is_no_fault():
    report = report_encoder(spec(environment.NamesWhatItReads))
    assert report.passed, report.failed
    (told,) = [f.what for f in report.findings if f.check == "encoder-environment"]
    assert told == "FAULTY_EARLY_PROMPT, FAULTY_LATE_PROMPT"


@pytest.mark.parametrize(
    "name", ["OWN_API_KEY", "APIKEY", "BASE_URLS", "Own_Cache_Dir", "HTTP_PROXY"]
)
def test_a_key_an_address_and_a_place_are_told_by_their_names(name):
    assert is_left(name)


@pytest.mark.parametrize(
    ("value", "left"), [("https://a.example", True), ("/srv/model", True), ("query:", False)]
)
def test_an_address_and_a_place_are_told_by_their_values(value, left, monkeypatch):
    monkeypatch.setenv("OWN_DIRECTION", value)
    assert is_left("OWN_DIRECTION") == left


def test_variables_of_keys_and_addresses_are_left_as_they_are(monkeypatch):
    monkeypatch.setenv("FAULTY_API_KEY", "sk-0123456789")
    report = report_encoder(spec(faulty.KeepsItsKey))
    assert report.passed
    (told,) = [f.what for f in report.findings if f.check == "encoder-environment"]
    assert told == "it reads none, or keys and addresses only"


@pytest.mark.parametrize(
    ("card", "check"),
    [
        ({"layers": 12}, "encoder-identity"),
        ({"width": 768}, "encoder-identity"),
        ({"revision": "0123abc"}, "encoder-identity"),
        ({"description": ""}, "encoder-card"),
    ],
)
def test_a_card_that_is_not_true_is_found(card, check):
    assert found(spec(faulty.Sound, **card)) == {check}


def test_a_missing_licence_is_noted():
    assert found(spec(faulty.Sound, licence=None), "note") == {"encoder-card"}


def test_an_encoder_that_refuses_an_option_is_right():
    class Refuses(faulty.Sound):
        def __init__(self, options):
            if options.instruction:
                raise EncoderError("It takes no instruction: leave --instruction out.")
            super().__init__(options)

    assert not found(spec(Refuses))


def test_offline_a_model_that_is_not_here_is_skipped_not_failed():
    report = report_encoder(spec(faulty.DoesNotLoad), KitOptions(offline=True))
    assert report.passed
    assert "The weights are gone" in report.of("skip")[0].what


def test_a_scheme_without_a_name_is_skipped():
    scheme = dataclasses.replace(spec(faulty.Sound), card=CARD.model_copy(update={"name": "hf:"}))
    report = report_encoder(scheme)
    assert report.passed
    assert "check one, as hf:NAME" in report.of("skip")[0].what
