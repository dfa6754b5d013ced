"""Progress: a bar with rate and time left on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import io
import re
import sys
from contextlib import contextmanager

import pytest

from cefrbench.errors import UserError
from cefrbench.progress import Lines, Terminal, make_progress


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


@contextmanager
def terminal():
    """A terminal in the place of standard error while the block runs."""
    stream = FakeTerminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "100")
        yield stream


def lines(**options):
    """Progress into a list, with a clock that is set by hand."""
    clock, told = [0.0], []
    return Lines(told.append, clock=lambda: clock[0], **options), clock, told


def test_a_line_a_minute_says_what_how_far_and_how_long():
    progress, clock, told = lines()
    progress.start("features of one", 1000, "tokens")
    for second in range(1, 131):
        clock[0] = float(second)
        progress.advance(5, total=2000)
    progress.finish()
    assert told == [
        "features of one: 300 of about 2,000 tokens, 15%; 1 min 0 s so far, about 5 min 40 s left",
        "features of one: 600 of about 2,000 tokens, 30%; 2 min 0 s so far, about 4 min 40 s left",
        "features of one: done, 650 tokens in 2 min 10 s",
    ]


def test_what_is_said_between_phases_is_a_line():
    progress, _, told = lines()
    progress.say("much to do")
    assert told == ["much to do"]
    with terminal() as stream:
        make_progress().say("much\x1b to do")
        make_progress(quiet=True).say("nobody hears it")
    assert stream.getvalue() == "much\N{REPLACEMENT CHARACTER} to do\n"


@pytest.mark.parametrize("phases", [False, True])
def test_a_short_phase_is_a_line_only_where_all_are(phases):
    progress, clock, told = lines(phases=phases)
    progress.start("fits", 3, "fits")
    clock[0] = 5.0
    progress.advance(3)
    progress.start("more", 1, "fits")
    progress.finish()
    assert told == ["fits: done, 3 fits in 5 s", "more: done, 0 fits in 0 s"] * phases


def test_redirected_a_run_logs_and_a_file_gets_the_time_of_day(tmp_path, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = make_progress(log_file=tmp_path / "run.log", verbose=True)
    progress.start("fits", 3, "fits")
    progress.finish()
    for text in (stream.getvalue(), (tmp_path / "run.log").read_text()):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d fits: done, 0 fits in 0 s\n", text)


def test_silent_when_asked_to_be():
    with terminal() as stream:
        progress = make_progress(quiet=True)
        progress.start("fits", 3, "fits")
        progress.finish()
    assert stream.getvalue() == ""


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"The log .* can't be written \(Is a directory\)"):
        make_progress(log_file=tmp_path)


def test_a_terminal_shows_phase_share_and_rate(capsys):
    with terminal() as stream:
        progress = make_progress()
        assert isinstance(progress, Terminal)
        progress.start("features of one", 100, "tokens")
        progress.advance(50)
        progress.advance(10, total=120)
        progress.finish()
    shown = stream.getvalue()
    assert "features of one" in shown
    assert "50%" in shown
    assert "tokens/s" in shown
    assert capsys.readouterr().out == "", "standard output stays free for results"


def test_a_new_phase_ends_the_one_before():
    with terminal() as stream:
        progress = make_progress()
        progress.start("features", 10, "tokens")
        progress.start("fits", 10, "fits")
        progress.advance(10)
        progress.finish()
        progress.finish()
    assert "fits" in stream.getvalue()
