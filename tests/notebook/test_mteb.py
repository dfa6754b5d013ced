"""The task that is written for mteb: in mteb's own run, the split and the score are ours."""

import importlib.util

import pytest
from result_factory import make_result

import cefrbench
from cefrbench.errors import UserError
from cefrbench.results.records import to_mteb

# mteb calls itself and sentence-transformers by old names.
pytestmark = [
    pytest.mark.filterwarnings(rf"ignore::{kind}:mteb\..*")
    for kind in ("DeprecationWarning", "FutureWarning")
]
CORPORA = ("elle", "merlin-cs", "cople2")


def load(text, folder):
    """Import the file that was written."""
    path = folder / "tasks.py"
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location("tasks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def minilm():
    from sentence_transformers import SentenceTransformer

    from cefrbench_plugins.encoders.minilm import model_folder

    return SentenceTransformer(str(model_folder()), device="cpu")


@pytest.fixture(scope="module")
def made(minilm, tmp_path_factory):
    """What cefrbench makes of the one vector that sentence-transformers gives."""

    class Encode:
        def encode(self, texts):
            return minilm.encode(texts, show_progress_bar=False)

    return cefrbench.evaluate(
        Encode(),
        suite="quickstart",
        corpora=CORPORA,
        probes="ridge",
        protocols=["iid", "lofo"],
        references=(),
        cache_dir=tmp_path_factory.mktemp("cache"),
    )


@pytest.fixture(scope="module")
def tasks(made, tmp_path_factory):
    return load(to_mteb(made.result, made.predictions), tmp_path_factory.mktemp("tasks"))


def test_mteb_gives_the_same_scores_on_the_same_split(made, minilm, tasks):
    import mteb

    task = tasks.CefrbenchQuickstartLofo()
    (found,) = mteb.evaluate(minilm, task, cache=None, show_progress_bar=False).task_results
    (scores,) = found.scores["test"]
    (record,) = (one for one in made.result.summary if one.protocol == "lofo")
    assert scores["main_score"] == scores["qwk"] == record.chosen.qwk
    assert scores["spearman"] == record.chosen.spearman
    for one in made.result.scores:
        if one.protocol == "lofo" and one.layer is None:
            assert scores[f"qwk_{one.corpus}"] == one.scores.qwk
    assert task.manifests == {
        one.fold: one.manifest for one in made.result.splits if one.protocol == "lofo"
    }


def test_there_is_a_class_a_protocol_whose_metadata_mteb_takes(tasks):
    from mteb.abstasks.abstask import AbsTask

    for name in ("CefrbenchQuickstartIid", "CefrbenchQuickstartLofo"):
        task = getattr(tasks, name)
        assert issubclass(task, AbsTask)
        task.metadata._validate_metadata()
        assert task.metadata.eval_langs == ["est-Latn", "ces-Latn", "por-Latn"]


def test_its_texts_and_levels_are_those_of_the_corpora(made, tasks):
    task = tasks.CefrbenchQuickstartIid()
    task.load_data()
    rows = task.dataset["default"]["test"]
    assert len(rows) == sum(one.texts for one in made.result.corpora)
    assert list(dict.fromkeys(rows["corpus"])) == list(CORPORA)
    found = task._calculate_descriptive_statistics_from_split("test")
    assert found["num_samples"] == len(rows)


def test_other_rows_are_refused_before_anything_is_encoded(tasks):
    class Changed(tasks.CefrbenchQuickstartLofo):
        fingerprints = tasks.CefrbenchQuickstartLofo.fingerprints | {"elle": "0" * 64}

    with pytest.raises(UserError, match=r"The rows of 'elle' .* 000000000000… was expected"):
        Changed().load_data()


def test_another_split_is_refused(made, tasks):
    class Changed(tasks.CefrbenchQuickstartLofo):
        manifests = tasks.CefrbenchQuickstartLofo.manifests | {"elle": "0" * 64}

    lofo = [one for one in made.result.splits if one.protocol == "lofo"]
    own = made.result.model_copy(update={"splits": tuple(lofo)})
    tasks.CefrbenchQuickstartLofo()._check_split(own)
    with pytest.raises(UserError, match="differ from those of the result"):
        Changed()._check_split(own)


def test_a_hostile_name_is_no_code(tmp_path):
    result, predictions = make_result(texts=20, layers=(1, 2))
    text = 'x\'"""\n{first}\nraise SystemExit(7)\n\\'
    card = result.protocols[0].model_copy(update={"description": text})
    changed = result.model_copy(update={"suite": text, "protocols": (card, *result.protocols[1:])})
    module = load(to_mteb(changed, predictions), tmp_path)
    (task, *_) = (one for name, one in vars(module).items() if name.startswith("Cefrbench"))
    assert task.metadata.description.startswith(text)
