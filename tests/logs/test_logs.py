"""Log lines: one shape for everything that is said, and no personal data in any of them."""

import json
import re
import subprocess
import sys

import pytest

PREPARE = """
import logging, sys, structlog
from infra.logs import configure
configure(level={level!r}, format={format!r}, process="api")
log = structlog.get_logger()
"""


def logged(code: str, *, level: str = "info", format: str | None = "json") -> list[str]:
    """The lines that *code* writes in a process of its own: logging is set up once per process."""
    program = PREPARE.format(level=level, format=format) + code
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_a_line_has_time_level_event_process_and_book():
    line = json.loads(logged('log.info("request", log="access", route="/v1/me", status=200)')[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {"level": "info", "event": "request", "process": "api", "log": "access", "route": "/v1/me", "status": 200}


@pytest.mark.parametrize(("call", "book"), [("info", "business"), ("warning", "error"), ("error", "error")])
def test_a_line_without_a_book_gets_one_by_its_level(call, book):
    assert json.loads(logged(f'log.{call}("something")')[0])["log"] == book


def test_personal_data_and_secrets_are_withheld_whoever_logs_them():
    text = "\n".join(logged('log.info("x", email="a@example.com", password="hush", token="dbk_1", prompt="a cat", route="/v1/me")'))
    assert not re.search("a@example|hush|dbk_1|a cat", text)
    assert json.loads(text)["email"] == "(withheld)"


def test_what_our_modules_say_through_logging_looks_like_every_other_line():
    line = json.loads(logged('logging.getLogger("workers.reaper").info("taken back %d", 3, extra={"generation_id": "g1"})')[0])
    assert (line["event"], line["logger"], line["generation_id"], line["log"]) == ("taken back 3", "workers.reaper", "g1", "business")


def test_libraries_are_heard_from_warnings_on():
    lines = logged('logging.getLogger("sanic.root").info("chatter"); logging.getLogger("sanic.root").warning("trouble")')
    assert [json.loads(line)["event"] for line in lines] == ["trouble"]


def test_an_error_carries_its_traceback_but_no_local_values():
    code = 'secret = "hush"\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception("broke")'
    line = json.loads(logged(code)[0])
    assert "ZeroDivisionError" in line["exception"]
    assert "hush" not in line["exception"]
    assert "hush" not in "\n".join(logged(code, format="console"))


def test_the_level_holds():
    assert logged('log.info("quiet"); log.debug("quieter")', level="warning") == []


def test_without_a_terminal_the_lines_are_json_unless_asked_for_otherwise():
    assert logged('log.info("x")', format=None)[0].startswith("{")
    assert "\x1b" not in logged('log.info("x")', format="console")[0]
    assert not logged('log.info("x")', format="console")[0].startswith("{")
