"""What the authors reported: imported with its source, visibly apart, never ranked."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from site_factory import PUBLISHED, Site

from cefrbench.errors import ResultError
from cefrbench_leaderboard.published import read_published


def test_the_table_holds_every_row_with_its_source() -> None:
    published = read_published(PUBLISHED.parent)
    assert published is not None
    assert "arXiv 2604.07095" in published.source
    assert len(published.rows) == 36
    assert len(published.encoders) == 8
    surface = published.rows[0]
    assert (surface.encoder, surface.probe, surface.iid, surface.ood) == (
        "surface",
        "xgboost",
        0.446,
        0.336,
    )
    assert surface.gap == pytest.approx(0.110)


def test_a_board_shows_the_rows_of_its_probe_and_the_baseline(site: Site) -> None:
    published = read_published(PUBLISHED.parent)
    assert published is not None
    rows = published.with_probe("ordinal")
    assert {row.probe for row in rows} == {"ordinal", "xgboost"}
    assert {row.role for row in rows if row.probe == "xgboost"} == {"reference"}
    best = published.with_probe(None)
    assert len(best) == 8
    assert max(row.ood for row in best) == 0.563


def test_reported_rows_stand_in_a_section_of_their_own(site: Site) -> None:
    front = site.read("index.html")
    verified, reported = front.split('id="reported"')
    assert "Qwen/Qwen3-Embedding-8B" not in verified
    assert "Not run here, not verified, never ranked" in reported
    ranked = list(csv.DictReader(site.read("leaderboard.csv").splitlines()))
    assert not any("Qwen/" in row["encoder"] for row in ranked)


@pytest.mark.parametrize(
    "text",
    [
        "encoder,probe\n",
        "# source: x\nencoder,role,probe\na,candidate,ridge\n",
        "# source: x\nencoder\nalone\n",
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "published.csv").write_text(text, "utf-8")
    with pytest.raises(ResultError, match=r"published\.csv"):
        read_published(tmp_path)


def test_a_folder_without_it_has_no_reported_rows(tmp_path: Path) -> None:
    assert read_published(tmp_path) is None
