"""The track of methods on the board: a page where a result holds one, and its figures."""

import re

import pytest
from result_factory import make_result, write_made

from cefrbench.results.method_effects import tell_methods
from cefrbench.results.selection import favoured_probe
from cefrbench_leaderboard.site import build

OPTIONS = {
    "probes": ("ridge", "centre+ridge"),
    "protocols": ("iid", "lofo"),
    "seeds": (0,),
    "layers": (1,),
    "texts": 24,
}
PAGE = "ways/cefr-v1/methods.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("track")
    write_made(folder / "results", "one", **OPTIONS)
    build(folder / "results", folder / "site", workers=1)
    return folder / "site"


def test_the_page_says_what_each_method_does_to_its_probe(site):
    text = (site / PAGE).read_text()
    (row,) = re.findall(r'<tr><th scope="row">centre.*?</tr>', text)
    told = tell_methods([make_result("one", **OPTIONS)], scores=("qwk",))
    for side in ("out", "in"):
        effect = told.find("one", "centre", side)
        assert f"{effect.difference:+.3f}" in row
        assert f"{effect.test.low:+.2f} to {effect.test.high:+.2f}" in row


def test_other_ways_lead_to_it(site):
    assert "methods.html" in (site / "ways/cefr-v1/size.html").read_text()


def test_without_a_method_there_is_none(tmp_path):
    write_made(tmp_path / "results", "one", **OPTIONS | {"probes": ("ridge",)})
    build(tmp_path / "results", tmp_path / "site", workers=1)
    assert not (tmp_path / "site" / PAGE).exists()


def test_a_method_stands_for_no_encoder_that_has_a_probe():
    """Boards rank encoders: what a method makes of one is read on its own page."""
    better = [make_result("one", **OPTIONS | {"skill": skill})[0] for skill in (0.5, 0.8, 0.95)]
    assert {favoured_probe(result).probe for result in better} == {"ridge"}
    alone = make_result("one", **OPTIONS | {"probes": ("centre+ridge",)})[0]
    assert favoured_probe(alone).probe == "centre+ridge"
