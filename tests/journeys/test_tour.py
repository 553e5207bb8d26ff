"""The tours of the README and of docs/audit.md, pasted line by line into a shell."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.daybook_command import COMMAND, environ
from tests.support.readme_tour import AUDIT, MARK, README, script, steps
from tests.support.verifying import bare_packages


@pytest.mark.timeout(240)
def test_every_line_of_the_tours_shows_what_its_comment_says(ups, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    up = ups(tmp_path / "data", DAYBOOK_PORT=str(port))
    up.wait_for("ready ")
    here = tmp_path / "here"
    here.mkdir()
    (here / ".venv").symlink_to(os.path.dirname(os.path.dirname(COMMAND)))
    bare_python(here / "audit" / "check" / "bin" / "python", tmp_path / "packages")
    for document in (README, AUDIT):
        walk(document, here, {**environ(up.data), "PATH": os.environ["PATH"], "HOME": str(here)}, f"http://127.0.0.1:{port}")
    with Image.open(here / "lighthouse.png") as image:
        assert image.size == (512, 512)
    assert up.stop() == 0


def walk(document: Path, here: Path, given: dict[str, str], url: str) -> None:
    """Paste the document's lines into a shell."""
    done = subprocess.run(["bash", "-c", script(url, document)], cwd=here, env=given, capture_output=True, text=True, timeout=120)
    shown = done.stdout.split(MARK)[:-1]
    told = [(step.line, step.shows, output.strip()) for step, output in zip(steps(document), shown, strict=False)]
    assert done.returncode == 0, (told[-1:], done.stderr)
    assert [(line, shows, output) for line, shows, output in told if shows and shows not in output] == []
    assert sum(bool(step.shows) for step in steps(document)) >= 8


def bare_python(path: Path, packages: Path) -> None:
    """An interpreter at *path* that has nothing but `cryptography`: the other machine."""
    packages.mkdir()
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{bare_packages(packages)}" exec "{sys.executable}" -S -s "$@"\n')
    path.chmod(0o755)


def test_the_tour_begins_by_making_an_api_token():
    lines = [step.line for step in steps()]
    first = next(index for index, line in enumerate(lines) if "/v1/" in line and "register" not in line)
    assert "/v1/api-tokens" in lines[first]
