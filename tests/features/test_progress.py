"""Progress: a bar with rate and time left on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager

import pytest

from cefrbench.progress import Silent, Terminal, make_progress


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


def test_silent_when_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(make_progress(), Silent)


def test_silent_when_asked_to_be():
    with terminal():
        assert isinstance(make_progress(quiet=True), Silent)


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
