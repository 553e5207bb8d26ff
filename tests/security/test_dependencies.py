"""The audit of the locks finds what an index knows, and never takes silence for "nothing is known"."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.architecture.source import ROOT
from tests.security import dependencies
from tests.security.dependencies import CANARY, NotAsked, advisories, audit, pinned

BAD = {"id": "PYSEC-0000-1", "aliases": ["CVE-0000-0001"], "fixed_in": ["2.0"], "withdrawn": None}


def index_that_knows(**known):
    """An index in memory: name -> advisories; what it does not have raises."""
    told = {CANARY[0]: [BAD], **known}

    def ask(name: str, version: str):
        if name not in told:
            raise NotAsked(f"{name} {version}: status 404")
        return told[name]

    return ask


def test_nothing_known_is_0(capsys):
    assert audit([("a", "1"), ("b", "2")], index_that_knows(a=[], b=[])) == 0
    assert capsys.readouterr().out == "2 packages: 0 with advisories, 0 not asked\n"


def test_an_advisory_is_1_and_is_named(capsys):
    assert audit([("a", "1"), ("b", "2")], index_that_knows(a=[BAD])) == 1
    out = capsys.readouterr().out
    assert "a 1: PYSEC-0000-1 CVE-0000-0001 (mended in 2.0)" in out
    assert "not asked: b 2: status 404" in out


def test_what_could_not_be_asked_is_2_and_not_fine():
    assert audit([("a", "1"), ("b", "2")], index_that_knows(a=[])) == 2


def test_an_index_without_advisories_is_found_out(capsys):
    assert audit([("a", "1")], index_that_knows(jinja2=[], a=[])) == 2
    assert "tells of no advisories" in capsys.readouterr().out


def test_every_package_of_every_lock_is_asked_about():
    found = pinned(sorted(ROOT.glob("requirements*.txt")))
    assert len(found) > 100
    assert {"sanic", "pyjwt", "bcrypt", "cryptography", "pillow", "pytest"} <= {name for name, _ in found}
    # Both of a package that differs by Python's version.
    assert len([version for name, version in found if name == "av"]) == 2


class Index(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = (
            json.dumps({"vulnerabilities": [BAD, {**BAD, "withdrawn": "2026-01-01"}]}).encode()
            if self.path.startswith("/pypi/a/1/")
            else b"no"
        )
        self.send_response(404 if self.path.startswith("/pypi/gone/") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        pass


def test_an_index_is_asked_over_http(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}"
    try:
        assert advisories(root, "a", "1") == [BAD]
        for name in ("gone", "no-json"):
            with pytest.raises(NotAsked):
                advisories(root, name, "1")
    finally:
        server.shutdown()
        server.server_close()
    monkeypatch.setattr(dependencies, "SECONDS", 2)
    with pytest.raises(NotAsked):
        advisories(root, "a", "1")
