"""Output on a terminal and elsewhere: bars move only where they can, NO_COLOR is obeyed."""

import os
import re
import select
import subprocess
import sys

import pytest

SHOW = """
from daybook.cli.terminal import bar, console
from daybook.demo.screen import Screen
screen = Screen()
screen.title("a title")
with screen.progress(["one"]) as progress:
    progress.show(0, "running", 0.5)
    progress.show(0, "running", 0.6)
    progress.show(0, "succeeded", 1.0)
with bar("work") as advance:
    advance(1, 2)
console().print("[red]a word[/red]")
screen.line("k\\xe4se")
"""
BESIDE = """
from daybook.cli.terminal import bar
with bar("work", beside=True) as advance:
    advance(1, 2)
    print("what is made")
"""
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
MOVE = re.compile(r"\x1b\[[0-9]*[AK]")


def on_terminal(program: str = SHOW, stdout: int | None = None, **environ: str) -> str:
    """What a terminal receives; *stdout* may go elsewhere."""
    ours, theirs = os.openpty()
    given = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color", **environ}
    out = theirs if stdout is None else stdout
    process = subprocess.Popen([sys.executable, "-c", program], env=given, stdin=theirs, stdout=out, stderr=theirs)
    os.close(theirs)
    received = b""
    while select.select([ours], [], [], 20)[0]:
        try:
            received += os.read(ours, 65_536)
        except OSError:  # the last writer has gone
            break
    os.close(ours)
    assert process.wait(20) == 0, received
    return received.decode(errors="replace")


def piped(**environ: str) -> str:
    """What a pipe receives."""
    done = subprocess.run([sys.executable, "-c", SHOW], env={"PATH": os.defpath, **environ}, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8")


def test_on_a_terminal_bars_move_and_there_is_colour():
    shown = on_terminal()
    assert MOVE.search(shown)
    assert COLOUR.search(shown)


def test_no_color_takes_the_colours_away_and_nothing_else():
    shown = on_terminal(NO_COLOR="1")
    assert not COLOUR.search(shown)
    assert MOVE.search(shown)


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}], ids=["dumb", "ASCII"])
def test_a_terminal_that_cannot_move_or_show_utf8_gets_lines(environ):
    shown = on_terminal(**environ)
    assert not MOVE.search(shown)
    assert "progress  one: running 50%\r\nprogress  one: running 60%\r\nprogress  one: succeeded\r\n" in shown


def test_a_pipe_gets_a_line_for_each_new_state_and_nothing_else():
    shown = piped(LANG="C.UTF-8")
    assert shown == "a title\n\nprogress  one: running 50%\nprogress  one: running 60%\nprogress  one: succeeded\na word\nkäse\n"


def test_what_a_pipe_in_ascii_cannot_take_is_replaced():
    assert piped(PYTHONIOENCODING="ascii").endswith("k?se\n")


def test_a_bar_beside_what_is_made_goes_to_stderr_and_only_when_that_is_another_place(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        shown = on_terminal(BESIDE, out.fileno())
    assert MOVE.search(shown)
    assert "work" in shown
    assert (tmp_path / "out").read_text() == "what is made\n"
    assert on_terminal(BESIDE) == "what is made\r\n"
