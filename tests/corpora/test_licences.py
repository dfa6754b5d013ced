"""Which of two licences users must keep."""

from __future__ import annotations

import pytest

from cefrbench.corpora.licences import UNKNOWN, differ, restrictions, stricter


@pytest.mark.parametrize(
    ("licence", "asked"),
    [
        ("CC0", set()),
        ("cc0-1.0", set()),
        ("CC BY 4.0", {"by"}),
        ("cc-by-nc-sa-4.0", {"by", "nc", "sa"}),
        ("CC BY-NC-ND 3.0", {"by", "nc", "nd"}),
        ("cc-by-nc", {"by", "nc"}),
        ("academic use", None),
        (None, None),
    ],
)
def test_what_a_licence_asks_for(licence: str | None, asked: set[str] | None) -> None:
    assert restrictions(licence) == asked


@pytest.mark.parametrize(
    ("card", "in_rows", "kept"),
    [
        ("cc-by-nc-4.0", "CC0", "cc-by-nc-4.0"),
        ("cc-by-nc-sa-4.0", "CC BY-SA 4.0", "cc-by-nc-sa-4.0"),
        ("CC BY 4.0", "cc-by-nd-4.0", "cc-by-nd-4.0"),
        ("cc-by-nc-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0 and cc-by-sa-4.0"),
        ("on request", "CC0", "on request and CC0"),
        (UNKNOWN, "CC0", "CC0"),
        ("CC BY 4.0", None, "CC BY 4.0"),
        (None, None, UNKNOWN),
    ],
)
def test_the_stricter_one_is_kept(card: str | None, in_rows: str | None, kept: str) -> None:
    assert stricter(card, in_rows) == kept


def test_two_spellings_of_one_licence_do_not_differ() -> None:
    assert not differ("cc-by-sa-4.0", "CC BY-SA 4.0")
    assert differ("cc-by-nc-4.0", "CC0")
    assert not differ(None, "CC0")
