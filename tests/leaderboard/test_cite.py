"""BibTeX: what CITATION.cff and the cards say, and nothing that breaks out of a field."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from cefrbench.contracts.cards import CorpusCard
from cefrbench_leaderboard.sharing.cite import bibtex, escaped

ROOT = Path(__file__).parents[2]
HOSTILE = "a}\n@evil{b, c = {\\input{/etc/passwd}} % $x_1^2~# & \x00\u202e"


def card(name: str, **more: str) -> CorpusCard:
    plain = {"title": "A title", "licence": "mit", "task": "t", "rated_by": "r",
             "source": "https://a.example/x{y}\\z w",
             "citation": "Doe, J. (2020). A corpus. X 1, 2–3."}  # fmt: skip
    return CorpusCard(name=name, languages=("et",), **{**plain, **more})


def entries(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Kind and fields by key; a reader of its own, which counts braces as BibTeX does."""
    found = {}
    for kind, key, body in re.findall(r"@(\w+)\{([^,\s]+),\n((?:  \w+ = .*\n)*)\}\n", text):
        fields = dict(re.findall(r"  (\w+) = \{(.*)\},\n", body))
        found[key] = (kind, fields)
    assert len(found) == len(re.findall("^@", text, re.MULTILINE)) == text.count("@")
    assert text.count("{") == text.count("}")
    return found


def test_cefrbench_and_the_study_are_cited_as_in_the_citation_file() -> None:
    stated = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    (study,) = stated["references"]
    found = entries(bibtex([]))
    assert set(found) == {"cefrbench", "lyngbaek2026multilingual"}
    kind, own = found["cefrbench"]
    assert kind == "software"
    assert own["title"] == f"{{{stated['title']}}}"
    assert own["version"] == stated["version"]
    assert own["author"] == f"{{{stated['authors'][0]['name']}}}"
    _, cited = found["lyngbaek2026multilingual"]
    assert cited["title"] == f"{{{study['title']}}}"
    assert cited["author"] == " and ".join(one["family-names"] for one in study["authors"])
    assert (cited["year"], cited["url"]) == (str(study["year"]), study["url"])
    assert study["url"].endswith(cited["eprint"])


def test_corpora_with_one_reference_are_one_entry() -> None:
    found = entries(bibtex([card("one"), card("two"), card("one")]))
    (key,) = set(found) - {"cefrbench", "lyngbaek2026multilingual"}
    _, fields = found[key]
    assert key == "one"
    assert fields["title"] == "{A title; A title}"
    assert fields["year"] == "2020"
    assert fields["note"] == "Doe, J. (2020). A corpus. X 1, 2–3."
    assert fields["url"] == r"https://a.example/x%7By%7D%5Cz%20w"


def test_no_text_breaks_out_of_its_field() -> None:
    assert escaped("50 % of {A & B}_1") == r"50 \% of (A \& B)\_1"
    found = entries(bibtex([card("a", title=HOSTILE, citation=HOSTILE)]).replace("@evil", "evil"))
    _, fields = found["a"]
    assert "\n" not in fields["note"]
    for name in ("note", "title"):
        inner = fields[name].removeprefix("{").removesuffix("}")
        assert not re.search(r"(?<!\\)[%$&#_]", inner)
        assert set(re.findall(r"\\[a-z]+", inner)) <= {
            *(r"\textbackslash", r"\textasciitilde", r"\textasciicircum")
        }
