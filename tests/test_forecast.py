"""What a run will cost: `--plan` and the first line of a run count what the run then does."""

from __future__ import annotations

import json

from cefrbench.cli import main

OPTIONS = ["run", "--suite", "quickstart", "--encoder", "surface", "--no-references"]
OPTIONS += ["--no-analyses", "--refits", "2", "--probe", "ridge"]
OPTIONS += ["--corpus", "merlin-cs", "--corpus", "merlin-it", "--corpus", "cople2"]


def planned(tmp_path, capsys):
    assert main([*OPTIONS, "--cache-dir", str(tmp_path / "cache"), "--plan", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    return one, {phase["phase"]: phase for phase in one["phases"]}


def test_it_counts_what_the_run_then_does_and_what_the_cache_has(tmp_path, capsys):
    one, before = planned(tmp_path, capsys)
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    assert not (tmp_path / "out").exists()
    capsys.readouterr()
    done = ["--cache-dir", str(tmp_path / "cache"), "--output", str(tmp_path / "out")]
    assert main([*OPTIONS, *done]) == 0
    said = capsys.readouterr().err.splitlines()[0]
    result = json.loads((tmp_path / "out" / "surface" / "quickstart.json").read_text())
    features = result["provenance"]["features"]
    assert before["features"]["count"] == features["tokens"] > 0
    assert one["texts"] == features["texts"]
    sizes = [path.stat().st_size for path in (tmp_path / "cache" / "features").rglob("shard-*")]
    assert sum(sizes) > one["feature_bytes"] > 0
    assert one["seconds"] == sum(phase["seconds"] for phase in one["phases"])
    assert one["peak_memory_bytes"] > 2**27
    fits, again = (before[f"{kind} of ridge"]["count"] for kind in ("fits", "refits"))
    assert f"surface: {one['texts']} texts of 3 corpora; {one['texts']} to encode (" in said
    assert f"; {fits:,} fits on 1 layer of {one['width']} numbers; {again:,} refits at most" in said

    _, after = planned(tmp_path, capsys)
    assert after["features"]["count"] == after["fits of ridge"]["count"] == 0
    assert after["features"]["cached"] == features["tokens"]
    assert after["fits of ridge"]["cached"] == before["fits of ridge"]["count"] > 0
    assert main([*OPTIONS, *done, "--quiet", "--log-file", str(tmp_path / "log")]) == 0
    assert not capsys.readouterr().err
    said = (tmp_path / "log").read_text().splitlines()[0]
    assert f"3 corpora; all encoded; 0 fits on 1 layer of {one['width']} numbers, {fits:,}" in said


def test_the_table_says_what_all_comes_to(tmp_path, capsys):
    options = [*OPTIONS[:5], "--probe", "ridge", "--corpus", "merlin-cs", "--corpus", "merlin-it"]
    options += ["--cache-dir", str(tmp_path), "--encoder", "length", "--plan"]
    assert main(options) == 0
    told = capsys.readouterr().out
    assert "fits of ridge" in told
    assert "more on disk" in told
    assert "All 2 encoders" in told
