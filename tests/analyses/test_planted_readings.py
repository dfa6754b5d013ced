"""Whole runs on planted corpora: what analyses say is what was planted."""

import numpy as np
import pytest
from planted_corpora import PlantedCorpus, PlantedEncoder
from scipy.stats import norm, spearmanr

import cefrbench

TEXTS = 200


def evaluate(encoder, corpora, *analyses, cache):
    found = cefrbench.evaluate(
        encoder,
        name="planted",
        corpora=corpora,
        probes="ridge",
        protocols=("iid", "lofo"),
        references=(),
        refits=0,
        analyses=analyses,
        cache_dir=cache,
    )
    assert not found.result.failures
    return found.result


def figures(result, analysis, measure):
    return {
        (one.protocol, one.corpus, one.target): one
        for one in result.analyses
        if (one.analysis, one.measure) == (analysis, measure)
    }


def uniform(number, seed, **options):
    levels = np.random.default_rng(seed).integers(0, 5, TEXTS).tolist()
    return PlantedCorpus(number, levels, **options)


@pytest.mark.parametrize("delta", [0.0, 1.0, 3.0])
def test_the_corpus_is_read_as_far_as_it_was_planted(delta, tmp_path):
    corpora = [uniform(0, 0), uniform(1, 1)]
    encoder = PlantedEncoder(corpus=delta, level=2.0)
    result = evaluate(encoder, corpora, "identity", "erasure", cache=tmp_path)
    bayes = norm.cdf(delta / 2)
    # Four standard errors of the mean of two recalls, and some for the means of 11 other columns.
    error = 4 * np.sqrt(bayes * (1 - bayes) / (2 * TEXTS)) + 0.02
    found = figures(result, "identity", "balanced_accuracy")
    assert found[None, None, "corpus"].value == pytest.approx(bayes, abs=error)
    erased = figures(result, "erasure", "balanced_accuracy")
    assert erased["iid", None, "none"].value == pytest.approx(bayes, abs=error)
    assert erased["iid", None, "corpus"].value == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(400))
    assert erased["iid", None, "corpus"].chance == 0.5


def test_erasing_leaves_a_level_alone_that_has_nothing_to_do_with_the_corpus(tmp_path):
    corpora = [uniform(0, 0), uniform(1, 1), uniform(2, 2)]
    encoder = PlantedEncoder(corpus=5.0, level=2.0)
    result = evaluate(encoder, corpora, "erasure", cache=tmp_path)
    for measure in ("qwk", "recut", "spearman"):
        found = figures(result, "erasure", measure)
        before, after = (found["iid", None, target] for target in ("none", "corpus"))
        assert after.value == pytest.approx(before.value, abs=0.02)
        assert before.value > 0.8
        assert before.n == 3 * TEXTS
    # A corpus that stands 5 deviations off on a column that says nothing costs nothing there.
    found = figures(result, "erasure", "recut")
    assert found["lofo", None, "corpus"].value > 0.8


def test_without_erasure_the_scores_are_those_of_the_result(tmp_path):
    result = evaluate(
        PlantedEncoder(1.0, level=1.0), [uniform(0, 0), uniform(1, 1)], "erasure", cache=tmp_path
    )
    for score in result.scores:
        if score.layer is None:
            for measure in ("qwk", "recut", "spearman"):
                one = figures(result, "erasure", measure)[score.protocol, score.corpus, "none"]
                assert one.value == getattr(score.scores, measure)
                assert one.n == score.n


def test_a_level_that_is_the_corpus_alone_is_ranked_neither_before_nor_after(tmp_path):
    rng = np.random.default_rng(0)
    # Levels A1 to B1 in one, B1 to C1 in the other: features show the corpus and no level.
    corpora = [
        PlantedCorpus(0, rng.integers(0, 3, TEXTS).tolist()),
        PlantedCorpus(1, rng.integers(2, 5, TEXTS).tolist()),
    ]
    result = evaluate(PlantedEncoder(corpus=4.0), corpora, "erasure", cache=tmp_path)
    found = figures(result, "erasure", "spearman")
    for corpus in ("planted-0", "planted-1"):
        # Inside a corpus there was nothing, with and without.
        for target in ("none", "corpus"):
            assert abs(found["iid", corpus, target].value) < 4 / np.sqrt(TEXTS)


def tasked(number, seed, **options):
    """Two tasks whose texts are of other levels, as tasks of examinations are."""
    rng = np.random.default_rng(seed)
    tasks = rng.integers(0, 2, TEXTS)
    levels = rng.integers(0, 3, TEXTS) + 2 * tasks
    return PlantedCorpus(number, levels.tolist(), tasks=tasks.tolist(), **options)


def test_a_probe_that_reads_the_task_ranks_nothing_inside_it(tmp_path):
    corpora = [tasked(0, 0), tasked(1, 1)]
    result = evaluate(PlantedEncoder(task=6.0), corpora, "level-within-task", cache=tmp_path)
    found = figures(result, "level-within-task", "spearman")
    for protocol in ("iid", "lofo"):
        inside, over = (found[protocol, None, target] for target in ("task", "corpus"))
        # Four standard errors of a mean of two means of two correlations of a hundred texts.
        assert abs(inside.value) < 4 / np.sqrt(400)
        assert over.value > 0.6
        assert found[protocol, "planted-0", "task"].draws == 2


def test_a_probe_that_reads_the_level_ranks_it_inside_the_task_too(tmp_path):
    corpora = [tasked(0, 0), tasked(1, 1)]
    result = evaluate(PlantedEncoder(level=1.0), corpora, "level-within-task", cache=tmp_path)
    found = figures(result, "level-within-task", "spearman")
    # Of three equally frequent levels with noise of deviation 1, by simulation.
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 3, 100_000)
    expected = spearmanr(levels, levels + rng.normal(size=100_000)).statistic
    value = found["iid", None, "task"].value
    assert value == pytest.approx(expected, abs=4 * (1 - expected**2) / np.sqrt(400) + 0.02)


def test_what_these_corpora_cant_say_is_said(tmp_path):
    rng = np.random.default_rng(0)
    tasks = [0, *([1] * (TEXTS - 1))]
    one = PlantedCorpus(0, rng.integers(0, 5, TEXTS).tolist(), tasks=tasks)
    few = PlantedCorpus(1, [2] * 30 + [3] * 12, tasks=[0] * 30 + [1] * 12)
    names = ("identity", "level-within-task", "erasure")
    result = evaluate(PlantedEncoder(level=1.0), [one, few, uniform(2, 2)], *names, cache=tmp_path)
    notes = {
        (note.analysis, note.corpus, note.target): note.cause for note in result.analysis_notes
    }
    assert notes["identity", "planted-0", "task"].startswith("Fewer than two classes")
    assert notes["level-within-task", "planted-2", "task"] == "Its rows name no tasks."
    assert notes["level-within-task", "planted-1", "task"].startswith("No task has 20 texts")
    assert notes["erasure", None, "language"].startswith("All texts are in one language")
    found = figures(result, "level-within-task", "spearman")
    # The task with a single text has no part in it.
    assert found["iid", "planted-0", "task"].draws == 1
    assert found["iid", "planted-0", "task"].n == TEXTS - 1


def test_one_corpus_has_nothing_to_erase(tmp_path):
    result = cefrbench.evaluate(
        PlantedEncoder(level=1.0),
        name="planted",
        corpora=[uniform(0, 0)],
        probes="ridge",
        protocols="iid",
        references=(),
        refits=0,
        analyses=("identity", "erasure", "level-within-task"),
        cache_dir=tmp_path,
    ).result
    assert not result.analyses
    assert not result.failures
    assert {note.analysis for note in result.analysis_notes} == {
        *("identity", "erasure", "level-within-task")
    }


@pytest.mark.parametrize(("level", "saved"), [(0.0, False), (2.0, True)])
def test_features_save_bits_where_the_level_was_planted_and_none_elsewhere(level, saved, tmp_path):
    corpora = [uniform(0, 0), uniform(1, 1)]
    encoder = PlantedEncoder(corpus=3.0, level=level)
    result = evaluate(encoder, corpora, "description-length", cache=tmp_path)
    (one,) = result.analyses
    assert (one.measure, one.n, one.draws) == ("bits", 2 * TEXTS, 3)
    # Levels are equally frequent: unread, one takes log2(5) bits, and some for what is mislearned.
    assert np.log2(5) < one.chance < np.log2(5) + 0.1
    assert (one.value < one.chance - 0.5) == saved
    if not saved:
        assert one.value == pytest.approx(one.chance, abs=0.05)


def test_a_code_needs_two_blocks(tmp_path):
    few = PlantedCorpus(0, [0, 1, 2] * 13)
    result = cefrbench.evaluate(
        PlantedEncoder(level=1.0),
        name="planted",
        corpora=[few],
        probes="ridge",
        protocols="iid",
        references=(),
        refits=0,
        analyses="description-length",
        cache_dir=tmp_path,
    ).result
    assert not result.analyses
    (note,) = result.analysis_notes
    assert note.cause == "It needs two levels and 40 texts; there are 3, 39."
