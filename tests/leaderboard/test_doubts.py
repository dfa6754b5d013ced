"""What makes a result doubtful stands beside its name on boards and on its page."""

import re

import pytest
from result_factory import make_result

from cefrbench.results.bands import layer_bands
from cefrbench_leaderboard.boards import boards, by_suite
from cefrbench_leaderboard.entry import make_entry
from cefrbench_leaderboard.figures import figures, write_moves
from cefrbench_leaderboard.pages.board import board_page
from cefrbench_leaderboard.pages.encoder import encoder_page
from cefrbench_leaderboard.standing import Made


@pytest.fixture(params=[0.2, 0.0], ids=["far above", "equal"])
def pages(request, tmp_path):
    """Board and page of a result whose QWK on unseen corpora is so much above the one on seen."""
    result, predictions = make_result(texts=20)
    inside = next(s for s in result.summary if (s.protocol, s.probe) == ("iid", "ridge"))
    high = inside.chosen.model_copy(update={"qwk": inside.chosen.qwk + request.param})
    records = tuple(
        one.model_copy(update={"chosen": high})
        if (one.protocol, one.probe) == ("loco", "ridge")
        else one
        for one in result.summary
    )
    result = result.model_copy(update={"summary": records})
    found = figures(result, predictions)
    entry = make_entry(result, predictions, found, "planted/cefr-v1.json")
    write_moves(found.moves, tmp_path)
    bands = layer_bands(result.units, [corpus.card.name for corpus in result.corpora])
    page, _ = encoder_page(result, entry, bands, ())
    (suite,) = by_suite([Made(entry, tmp_path)])
    (front, *_) = boards(suite)
    totals = {"encoders": 1, "verified": 1, "corpora": 3, "languages": 1}
    return request.param > 0.1, page.html, board_page(front, [suite], front, totals, None, 0).html


def test_a_doubt_stands_on_the_board_and_on_the_page(pages):
    doubtful, page, board = pages
    sentence = re.search(r'<p class="notice">Doubtful: (ridge has a QWK of [^<]+)\.</p>', page)
    assert (sentence is not None) is doubtful
    assert (">doubtful</span>" in board) is doubtful
