"""`daybook up`: start, what happens when something dies, and that nothing is left at the end."""

import os
import signal
import socket
import time

import httpx
import psycopg
import pytest

from daybook.engines import EngineError
from daybook.engines.lock import holder
from daybook.settings import load
from daybook.up.budget import check_budget
from tests.support.daybook_command import Up, environ, gone_within, naming, processes, run

HEALED_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def within(seconds: float, holds) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A ready one for all tests after which it goes on; ended by SIGTERM."""
    place, port = tmp_path_factory.mktemp("up"), free_port()
    found = Up(place / "da ta", place / "up.log", DAYBOOK_PORT=str(port))
    found.port = port
    try:
        assert found.wait_for("ready ") == f"ready http://127.0.0.1:{port}"
        yield found
    finally:
        code = found.stop()
    assert code == 0
    assert naming(found.data) == []


@pytest.fixture
def up(ups, tmp_path):
    """A ready one for a test that ends it, with its port as `port`."""
    port = free_port()
    found = ups(tmp_path / "da ta", DAYBOOK_PORT=str(port))
    found.port = port
    assert found.wait_for("ready ")
    return found


def test_metrics_of_all_processes_are_told_together_each_under_its_name(lasting):
    wanted = (
        'daybook_requests_total{process="api",',
        'daybook_worker_slots{process="worker"} 16.0',
        'daybook_dispatcher_bells_total{process="dispatcher"}',
        'daybook_projector_batch_events_count{process="projector"}',
        'daybook_notary_lag_events{process="notary"}',
        'daybook_scheduler_swept_total{process="scheduler"}',
        'daybook_writer_append_seconds_count{process="worker"}',
    )

    def told() -> str:
        return httpx.get(f"http://127.0.0.1:{lasting.port}/metrics", trust_env=False).text

    assert within(10, lambda: all(each in told() for each in wanted)), told()
    text = told()
    families = [line for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))


def test_the_demo_is_shown_against_a_running_server(lasting, tmp_path):
    done = run("demo", "--url", f"http://127.0.0.1:{lasting.port}/", "--save-to", str(tmp_path / "images"), env=environ(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "balance 10 credits" in done.stdout
    assert f"run `daybook audit verify` where DATABASE_URL is that of 127.0.0.1:{lasting.port}" in done.stdout
    saved = {file.name.split("-", 1)[0] + file.suffix for file in (tmp_path / "images").glob("*/*")}
    assert saved == {"1.png", "2.png", "3.png", "4.png", "5.mp4", "5.webp", "6.mp3"}
    assert run("audit", "verify", env=environ(lasting.data)).stdout.startswith("audit verify: ok\n")


def test_a_worker_of_a_queue_that_nobody_fills_is_refused(lasting):
    done = run("worker", "--queues", "image,imgae", env=environ(lasting.data))
    assert done.returncode == 2
    assert "no queue named 'imgae'; there are image, image_analysis," in done.stderr


def test_a_demo_that_reaches_nobody_fails_in_one_line(tmp_path):
    done = run("demo", "--url", "http://127.0.0.1:1", env=environ(tmp_path))
    assert done.returncode == 1
    assert done.stdout.startswith("failed    ")
    assert done.stderr == ""


def test_a_child_that_is_killed_is_started_again_and_said_so(lasting):
    before = lasting.children()
    assert sorted(before) == ["api", "followers", "worker"]
    for role, pid in before.items():
        os.kill(pid, signal.SIGKILL)
        assert lasting.wait_for(f"{role} ended (SIGKILL); starting it again in")
    assert within(HEALED_SECONDS, lambda: sorted(lasting.children()) == sorted(before) and ready(lasting.port))
    assert not set(lasting.children().values()) & set(before.values())


def test_while_the_api_is_started_again_nobody_is_refused(lasting):
    os.kill(lasting.children()["api"], signal.SIGKILL)
    answer = httpx.get(f"http://127.0.0.1:{lasting.port}/health/live", trust_env=False, timeout=HEALED_SECONDS)
    assert answer.status_code == 200


@pytest.mark.parametrize("engine", ["redis", "postgres"])
def test_an_engine_that_is_killed_is_started_again(lasting, engine):
    file = lasting.data / {"redis": "redis/redis.pid", "postgres": "postgres/postmaster.pid"}[engine]
    os.kill(int(file.read_text().split()[0]), signal.SIGKILL)
    assert lasting.wait_for("ended; starting it again")
    assert within(HEALED_SECONDS, lambda: ready(lasting.port))


def test_several_api_processes_are_children_beside_the_others(ups, tmp_path):
    """Shared connections, deaths and metrics are those of `daybook api --processes`: see test_api_processes.py."""
    port = free_port()
    up = ups(tmp_path / "da ta", DAYBOOK_PORT=str(port), DAYBOOK_API_PROCESSES="2")
    assert up.wait_for("ready ") == f"ready http://127.0.0.1:{port}"
    words = {words[words.index("daybook.processes") + 1] + words[-1]: pid for pid, words in processes() if f"--data={up.data}" in words}
    assert sorted(words)[:2] == ["api--number=1", "api--number=2"]
    assert len(words) == 4
    os.kill(words["api--number=2"], signal.SIGKILL)
    assert up.wait_for("api-2 ended (SIGKILL); starting it again in")
    assert ready(port)

    def told() -> str:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text

    wanted = (
        'daybook_streams_open{process="api-1"}',
        'daybook_streams_open{process="api-2"}',
        'daybook_worker_slots{process="worker"} 16.0',
    )
    assert within(HEALED_SECONDS, lambda: all(each in told() for each in wanted)), told()
    assert up.stop() == 0
    assert naming(up.data) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_soon_and_leaves_nothing(up, number):
    started = time.monotonic()
    assert up.stop(number) == 0
    assert time.monotonic() - started < 10
    assert naming(up.data) == []
    assert holder(up.data) is None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", up.port)) != 0


def test_after_a_sigkill_nothing_stays_and_the_next_start_finds_the_old_data(up, ups):
    account = run("accounts", "create", "--email", "a@example.com", "--password-stdin", env=environ(up.data), stdin="correct horse").stdout
    assert len(account.strip()) == 36
    up.process.kill()
    assert up.ended() == -signal.SIGKILL
    assert gone_within(up.data, 20)
    again = ups(up.data, DAYBOOK_PORT=str(up.port))
    assert again.wait_for("ready ")
    listed = run("projections", "list", env=environ(up.data)).stdout
    assert all(line.split()[3] != "0" for line in listed.splitlines()[1:])
    assert again.stop() == 0


def test_databases_that_the_settings_name_are_used_instead_of_embedded_ones(ups, tmp_path, engines, fresh_database_url):
    port = free_port()
    named = {"DATABASE_URL": fresh_database_url, "REDIS_URL": engines.redis_url, "DAYBOOK_SECRET_KEY": "k" * 40}
    up = ups(tmp_path / "data", DAYBOOK_PORT=str(port), **named)
    assert up.wait_for("ready ")
    assert not (up.data / "postgres").exists()
    assert not (up.data / "redis").exists()
    assert ready(port)
    assert up.stop() == 0
    with psycopg.connect(fresh_database_url) as connection:
        assert connection.execute("SELECT count(*) FROM read.models").fetchone()[0] > 0


def test_a_second_instance_on_the_same_data_is_refused(lasting):
    done = run("up", env=environ(lasting.data, DAYBOOK_PORT=str(free_port())))
    assert done.returncode == 2
    assert done.stderr == (
        f"daybook: another Daybook (process {lasting.process.pid}) uses the data directory {lasting.data}; "
        "stop it, or name another directory with DAYBOOK_DATA_DIR\n"
    )
    assert ready(lasting.port)


def test_a_taken_port_is_said_with_the_command_that_takes_another(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("up", env=environ(tmp_path / "data", DAYBOOK_PORT=str(port)))
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert f"DAYBOOK_PORT={port + 1} make up" in done.stderr
    assert naming(tmp_path / "data") == []


def test_a_child_that_cannot_start_ends_up_with_its_reason(ups, tmp_path):
    catalogue = tmp_path / "models.toml"
    catalogue.write_text("price_version = 'one'")
    up = ups(tmp_path / "data", DAYBOOK_PORT=str(free_port()), DAYBOOK_CATALOGUE=str(catalogue))
    assert up.ended() == 2
    assert "models.toml" in up.errors
    assert "Traceback" not in up.errors
    assert naming(up.data) == []


def test_a_database_with_too_few_connections_is_refused_with_both_numbers(tmp_path, engines, empty_database_url):
    settings = {"DATABASE_URL": empty_database_url, "REDIS_URL": engines.redis_url, "DAYBOOK_SECRET_KEY": "k" * 40}
    with pytest.raises(EngineError, match=r"PostgreSQL allows \d+ connections, Daybook on this machine needs \d+"):
        check_budget(load(environ(tmp_path, **settings)), ["api"] * 50)
