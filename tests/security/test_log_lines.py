"""Whatever others write, a log has only lines of ours: nothing of theirs begins one, colours a terminal, or fills a disk."""

import json
import subprocess
import sys

import pytest
import structlog

from tests.api.kit.tiny import TINY
from tests.support.api_world import fake_platform, served

HOSTILE = {
    "a line of its own": "x\n2026-01-01T00:00:00Z [error] the book is wrong",
    "a line of its own, otherwise": "x\r\n{}\x0b\x0c\x1c\x85\u2028\u2029y",
    "colours": "\x1b[31mred\x1b[2J\x9b31m",
    "written backwards": "\u202egnp.exe",
    "half a character": "\ud800",
    "NUL": "a\0b",
    "very long": "x" * 1_000_000,
}
PROGRAM = """
import json, logging, sys, structlog
from infra.logs import configure
configure(level="info", format=sys.argv[1], process="api")
for text in json.load(sys.stdin):
    structlog.get_logger().info("request", route=text)
    structlog.get_logger().info(text)
    logging.getLogger("workers.gate").warning("it failed: %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        structlog.get_logger().exception("broke")
"""


def logged(format: str) -> str:
    told = json.dumps([*HOSTILE.values()]).encode()
    return subprocess.run([sys.executable, "-c", PROGRAM, format], input=told, capture_output=True, check=True, timeout=30).stderr.decode()


def test_a_line_for_machines_is_one_object_of_ours():
    lines = [json.loads(line) for line in logged("json").split("\n") if line]
    assert len(lines) == 4 * len(HOSTILE)
    assert {line["process"] for line in lines} == {"api"}
    assert all(len(json.dumps(line)) < 25_000 for line in lines)


def test_a_line_for_people_begins_with_our_time_or_is_indented():
    text = logged("console")
    lines = text.split("\n")
    ours = [line for line in lines if line[:2] == "20" and "Z [" in line[:40]]
    assert len(ours) == 4 * len(HOSTILE)
    assert [line[:80] for line in lines if line and line not in ours and not line.startswith("    ")] == []
    assert [char for char in set(text) if not char.isprintable()] == ["\n"]
    assert max(map(len, lines)) < 25_000


@pytest.mark.parametrize(
    "request_of",
    [
        {"method": "GET", "url": "/v1/MARK"},
        {"method": "GET", "url": "/v1/big?name=MARK"},
        {"method": "GET", "url": "/v1/things/MARK"},
        {
            "method": "GET",
            "url": "/v1/big",
            "headers": {"User-Agent": "MARK", "Referer": "MARK", "X-Forwarded-For": "MARK"},
        },
        {"method": "GET", "url": "/v1/big", "headers": {"X-Request-Id": "MARK MARK"}},
        {"method": "GET", "url": "/v1/things", "headers": {"Authorization": "Bearer MARK"}},
        {"method": "POST", "url": "/v1/things", "json": {"name": "MARK"}, "headers": {"Authorization": "Bearer alice"}},
        {"method": "POST", "url": "/v1/things", "content": b"MARK", "headers": {"Authorization": "Bearer alice", "Content-Type": "MARK"}},
        {"method": "POST", "url": "/v1/login", "json": {"email": "MARK@example.com", "password": "MARK"}},
    ],
    ids=str,
)
async def test_what_a_request_says_stands_in_no_line(request_of):
    async with served(TINY, fake_platform()) as client:
        with structlog.testing.capture_logs() as lines:
            await client.request(**request_of)
    assert len(lines) >= 1
    assert "MARK" not in str(lines)
