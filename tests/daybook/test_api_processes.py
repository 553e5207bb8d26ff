"""`daybook api --processes N`: one port, several processes, and what happens when one of them dies."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.bench.stand import free_port
from tests.support.daybook_command import COMMAND, environ, gone_within, naming, processes, run

SECONDS = 60


class Apis:
    """A `daybook api --processes 2`, and what it logs."""

    def __init__(self, folder: Path, database_url: str, redis_url: str, *words: str, **more: str) -> None:
        self.data, self.port, self._log = folder / "data", free_port(), folder / "api.log"
        settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DAYBOOK_SECRET_KEY": "k" * 40, "DAYBOOK_PORT": str(self.port)}
        env = environ(self.data, **settings, DAYBOOK_LOG_FORMAT="json", TMPDIR=str(folder), **more)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen([COMMAND, "api", *words], env=env, stdout=log, stderr=log)

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]

    @property
    def text(self) -> str:
        return self._log.read_text()

    def wait_for(self, holds, seconds: float = SECONDS) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.text[-3000:]
            time.sleep(0.05)

    def ready(self, process: str = "api") -> int:
        return sum(line["event"] == "ready" and line["process"] == process for line in self.lines)

    def answered(self, route: str) -> Counter[str]:
        """Process -> requests in its access log."""
        return Counter(line["process"] for line in self.lines if line["event"] == "request" and line["route"] == route)

    def children(self) -> dict[str, int]:
        """Name -> process id, from the process table."""
        found = {}
        for pid, words in processes():
            if "daybook.processes" in words and f"--data={self.data}" in words:
                found[next(word.partition("=")[2] for word in words if word.startswith("--number="))] = pid
        return {f"api-{number}": pid for number, pid in sorted(found.items())}

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.connect()
        return connection

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(SECONDS)


def get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory, database_url, redis_url) -> Iterator[Apis]:
    """Two, for all tests after which they go on; ended by SIGTERM."""
    found = Apis(tmp_path_factory.mktemp("apis"), database_url, redis_url, "--processes", "2")
    try:
        found.wait_for(lambda: found.ready() == 1)
        yield found
    finally:
        assert found.stop() == 0, found.text[-3000:]
    assert naming(found.data) == []


def test_ready_is_said_once_all_are_and_each_line_names_its_process(lasting):
    ready = [line["process"] for line in lasting.lines if line["event"] == "ready"]
    assert sorted(ready[:2]) == ["api-1", "api-2"]
    assert ready[2] == "api"
    assert sorted(lasting.children()) == ["api-1", "api-2"]


def test_the_parent_has_nothing_open_but_the_port_and_the_lines_to_its_children(lasting):
    ours = {os.readlink(f"/proc/{lasting.process.pid}/fd/{each}") for each in os.listdir(f"/proc/{lasting.process.pid}/fd")}
    sockets = {each for each in ours if each.startswith("socket:")}
    # The port, the bell and its rope, and for each child a line to control it and one to hand connections on.
    assert len(sockets) == 3 + 2 * 2
    with closing(lasting.connect()) as connection:
        assert json.loads(get(connection, "/health/ready"))["dependencies"]["postgresql"]["status"] == "ok"


def test_connections_are_shared_evenly(lasting):
    before = lasting.answered("/v1/models")
    held = [lasting.connect() for _ in range(8)]
    for connection in held:
        get(connection, "/v1/models")
    lasting.wait_for(lambda: lasting.answered("/v1/models").total() == before.total() + 8)
    assert lasting.answered("/v1/models") - before == {"api-1": 4, "api-2": 4}
    for connection in held:
        connection.close()


def test_whoever_is_asked_tells_the_metrics_of_both_once(lasting):
    def told(connection: http.client.HTTPConnection) -> dict[str, Counter[str]]:
        """Name -> process -> sum over the other labels, of requests for this route."""
        found: dict[str, Counter[str]] = {}
        for family in text_string_to_metric_families(get(connection, "/metrics").decode()):
            for sample in family.samples:
                if sample.labels.get("route", "/v1/meta") == "/v1/meta":
                    found.setdefault(sample.name, Counter())[sample.labels["process"]] += int(sample.value)
        return found

    held: list[http.client.HTTPConnection] = []
    # Who has just gone may be counted still, so that the first all come to one of them.
    while len(held) < 4 or (len(lasting.answered("/v1/meta")) < 2 and len(held) < 30):
        held.append(lasting.connect())
        get(held[-1], "/v1/meta")
        lasting.wait_for(lambda: lasting.answered("/v1/meta").total() == len(held))
    logged = lasting.answered("/v1/meta")
    assert set(logged) == {"api-1", "api-2"}
    for connection in held:
        lasting.wait_for(lambda asked=connection: told(asked)["daybook_requests_total"] == logged)
        seen = told(connection)
        assert set(seen["daybook_streams_open"]) == set(seen["daybook_writer_append_seconds_count"]) == {"api-1", "api-2"}
        # What stands in the database is the same for all, and told once.
        assert set(seen["daybook_follower_lag_events"]) == {"api"}
        connection.close()


class Asking:
    """Threads that ask without a pause, on a new connection each time, until `stop`."""

    def __init__(self, apis: Apis, threads: int = 4) -> None:
        self.answered = 0
        self.errors: list[tuple[float, Exception]] = []
        self._apis, self._over = apis, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                connection = self._apis.connect()
                get(connection, "/health/live")
                connection.close()
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.errors.append((time.monotonic(), error))

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_while_one_that_was_killed_is_started_again_everybody_else_is_answered(lasting):
    before, readied = lasting.children(), lasting.ready("api-2")
    asking = Asking(lasting)
    lasting.wait_for(lambda: asking.answered > 20)
    killed = time.monotonic()
    os.kill(before["api-2"], signal.SIGKILL)
    lasting.wait_for(lambda: lasting.ready("api-2") == readied + 1)
    answered = asking.answered
    lasting.wait_for(lambda: asking.answered > answered + 20)
    asking.stop()
    # One connection of each thread may have died with the process; nobody was refused afterwards.
    assert len(asking.errors) <= 4, asking.errors
    assert all(when - killed < 1 for when, _ in asking.errors), asking.errors
    assert any(line["event"].startswith("api-2 ended (SIGKILL); starting it again in 0.2 s") for line in lasting.lines)
    after = lasting.children()
    assert after["api-1"] == before["api-1"]
    assert after["api-2"] != before["api-2"]
    assert lasting.ready() == 1


def test_one_that_drains_alone_costs_nobody_an_answer(lasting):
    readied, pid = lasting.ready("api-1"), lasting.children()["api-1"]
    asking = Asking(lasting)
    lasting.wait_for(lambda: asking.answered > 20)
    os.kill(pid, signal.SIGTERM)
    lasting.wait_for(lambda: lasting.ready("api-1") == readied + 1)
    asking.stop()
    assert asking.errors == []


@pytest.fixture
def apis(tmp_path, fresh_database_url, engines) -> Iterator[Apis]:
    """Two, for a test that ends them."""
    found = Apis(tmp_path, fresh_database_url, engines.redis_url, DAYBOOK_API_PROCESSES="2")
    found.wait_for(lambda: found.ready() == 1)
    yield found
    found.stop()


def test_sigterm_drains_who_is_inside_and_frees_the_port(apis):
    body = json.dumps({"email": "a@example.com", "password": "correct horse"}).encode()
    head = b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    inside = [socket.create_connection(("127.0.0.1", apis.port), timeout=SECONDS) for _ in range(4)]
    for guest in inside:
        guest.sendall(head + body[:-1])
    # Each process has read the half: whoever comes after the half is answered after it.
    with closing(apis.connect()) as first, closing(apis.connect()) as second:
        get(first, "/health/live")
        get(second, "/health/live")
    apis.process.send_signal(signal.SIGTERM)

    def refused() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", apis.port)) != 0

    apis.wait_for(refused)
    for guest in inside:
        guest.sendall(body[-1:])
        assert guest.recv(4096).startswith(b"HTTP/1.1 401 ")
        guest.close()
    assert apis.process.wait(SECONDS) == 0
    assert naming(apis.data) == []
    socket.create_server(("127.0.0.1", apis.port)).close()
    assert [line["event"] for line in apis.lines if line["process"] == "api"][-1] == "stopped"


def test_a_parent_that_is_killed_leaves_nobody_behind(apis):
    apis.process.kill()
    assert apis.process.wait(SECONDS) == -signal.SIGKILL
    assert gone_within(apis.data, 20)


def test_one_process_has_no_parent(tmp_path, fresh_database_url, engines):
    alone = Apis(tmp_path, fresh_database_url, engines.redis_url, "--processes", "1", DAYBOOK_API_PROCESSES="2")
    try:
        alone.wait_for(lambda: alone.ready() == 1)
        assert alone.children() == {}
        with closing(alone.connect()) as connection:
            get(connection, "/health/live")
    finally:
        assert alone.stop() == 0


@pytest.mark.parametrize("count", ["0", "65", "two"])
def test_a_wrong_number_is_refused_and_the_option_named(count, tmp_path):
    done = run("api", "--processes", count, env=environ(tmp_path))
    assert done.returncode == 2
    assert "Invalid value for '--processes'" in done.stderr
    assert done.stdout == ""


def test_a_taken_port_is_said_as_by_a_single_process(tmp_path, fresh_database_url, engines):
    with socket.socket() as taken:
        # Not even somebody who would share it: several processes here are one socket.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = {"DATABASE_URL": fresh_database_url, "REDIS_URL": engines.redis_url, "DAYBOOK_SECRET_KEY": "k" * 40}
        done = run("api", "--processes", "2", env=environ(tmp_path, DAYBOOK_PORT=str(port), **settings))
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken; choose another: DAYBOOK_PORT={port + 1}" in done.stderr


def test_processes_that_cannot_start_end_all_with_their_reason(tmp_path, fresh_database_url, engines):
    catalogue = tmp_path / "models.toml"
    catalogue.write_text("price_version = 'one'")
    broken = Apis(tmp_path, fresh_database_url, engines.redis_url, "--processes", "2", DAYBOOK_CATALOGUE=str(catalogue))
    assert broken.process.wait(SECONDS) == 2
    assert "models.toml" in broken.text
    assert "Traceback" not in broken.text
    assert naming(broken.data) == []
