"""The tour of the README, pasted line by line into a shell."""

import os
import socket
import subprocess

from PIL import Image

from tests.support.daybook_command import COMMAND, environ
from tests.support.readme_tour import MARK, script, steps


def test_every_line_of_the_tour_shows_what_its_comment_says(ups, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    up = ups(tmp_path / "data", DAYBOOK_PORT=str(port))
    up.wait_for("ready ")
    here = tmp_path / "here"
    here.mkdir()
    (here / ".venv").symlink_to(os.path.dirname(os.path.dirname(COMMAND)))
    given = {**environ(up.data), "PATH": os.environ["PATH"], "HOME": str(here)}
    done = subprocess.run(
        ["bash", "-c", script(f"http://127.0.0.1:{port}")], cwd=here, env=given, capture_output=True, text=True, timeout=90
    )
    shown = done.stdout.split(MARK)[:-1]
    told = [(step.line, step.shows, output.strip()) for step, output in zip(steps(), shown, strict=False)]
    assert done.returncode == 0, (told[-1:], done.stderr)
    assert [(line, shows) for line, shows, output in told if shows and shows not in output] == []
    assert sum(bool(step.shows) for step in steps()) >= 9
    with Image.open(here / "lighthouse.png") as image:
        assert image.size == (512, 512)
    assert up.stop() == 0


def test_the_tour_begins_by_making_an_api_token():
    lines = [step.line for step in steps()]
    first = next(index for index, line in enumerate(lines) if "/v1/" in line and "register" not in line)
    assert "/v1/api-tokens" in lines[first]
