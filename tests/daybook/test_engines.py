"""The embedded engines: who may use them, how they end, and what they refuse."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from daybook.engines import AlreadyRunning, EngineError, Engines, account, addresses, embedded, runtime
from daybook.engines.lock import DataLock, holder
from tests.support.owners import ROOT, gone, working_in


def test_both_engines_answer_on_sockets_only_and_only_with_their_password(engines):
    with psycopg.connect(engines.database_url) as connection, redis.Redis.from_url(engines.redis_url) as client:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert client.config_get("port") == {"port": "0"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(engines.database_url.replace("daybook:", "daybook:x", 1))
    with pytest.raises(redis.AuthenticationError), redis.Redis.from_url(engines.redis_url.replace("://:", "://:x", 1)) as stranger:
        stranger.ping()


def test_they_are_as_durable_as_a_202_promises(engines):
    with psycopg.connect(engines.database_url) as connection, redis.Redis.from_url(engines.redis_url) as client:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute("SELECT current_setting(%s)", (setting,)).fetchone() == ("on",)
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_vectors_text_in_utf8_and_an_order_that_no_locale_changes(engines, empty_database_url):
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector, upper('ä')").fetchone() == (2.0, "Ä")
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_each_engine_restarts_alone_with_its_data_and_its_address(tmp_path):
    with embedded(tmp_path / "data") as engines:
        urls = (engines.database_url, engines.redis_url)
        with redis.Redis.from_url(engines.redis_url) as client:
            client.set("kept", 1)
            engines.redis.restart()
            assert client.get("kept") == b"1"
            engines.postgres.kill()
            assert engines.dead == ["Postgres"]
            engines.postgres.start()
            assert client.ping()
        with psycopg.connect(engines.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert (engines.dead, urls) == ([], (engines.database_url, engines.redis_url))


def test_one_engine_may_be_somebody_elses(tmp_path):
    engines = Engines(tmp_path / "data", with_postgres=False)
    engines.start()
    try:
        with redis.Redis.from_url(engines.redis_url) as client:
            assert client.ping()
        assert not (tmp_path / "data" / "postgres").exists()
    finally:
        engines.stop()


def test_a_second_owner_of_a_data_directory_is_refused_with_the_first_ones_number(tmp_path, owners):
    first = owners(tmp_path / "data")
    assert owners(tmp_path / "data").line == (
        f"AlreadyRunning: another Daybook (process {first.process.pid}) uses the data directory {tmp_path / 'data'}; "
        "stop it, or name another directory with DAYBOOK_DATA_DIR"
    )
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with pytest.raises(AlreadyRunning):
        Engines(tmp_path / "link").start()
    assert holder(tmp_path / "data") == first.process.pid
    assert first.end() == 0
    assert holder(tmp_path / "data") is None


def test_others_find_the_addresses_in_the_data_directory(tmp_path):
    assert addresses(tmp_path / "data") is None
    with embedded(tmp_path / "data") as engines:
        found = addresses(tmp_path / "data")
        assert found is not None
        assert (found.database_url, found.redis_url) == (engines.database_url, engines.redis_url)


def test_the_engines_die_with_their_owner(tmp_path, owners):
    owner = owners(tmp_path / "data")
    assert working_in(tmp_path / "data")
    owner.kill()
    assert gone(tmp_path / "data")


def test_engines_that_outlived_their_owner_are_stopped_at_the_next_start(tmp_path, owners):
    first = owners(tmp_path / "data", None, "--untied")
    before = set(working_in(tmp_path / "data"))
    first.kill()
    assert set(working_in(tmp_path / "data")) & before
    second = owners(tmp_path / "data")
    assert second.line.startswith("ready 2 2 ")
    assert not set(working_in(tmp_path / "data")) & before


def test_make_clean_stops_what_outlived_its_owner_and_what_still_has_one(tmp_path, owners):
    data = tmp_path / "data"
    owners(data, None, "--untied").kill()
    owners(data / "demo")
    done = subprocess.run(
        [sys.executable, "-m", "daybook.engines.clean", str(data), "--yes"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"stopped PostgreSQL in {data}" in done.stdout
    assert f") in {data / 'demo'}" in done.stdout
    assert not data.exists()


def test_make_clean_without_a_terminal_and_without_yes_keeps_the_data(tmp_path):
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "daybook.engines.clean", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"kept {tmp_path / 'data'}\n")


def test_a_pid_file_whose_number_now_belongs_to_a_stranger_is_no_obstacle(tmp_path):
    with embedded(tmp_path / "data") as engines:
        engines.postgres.kill()
        pid_file = tmp_path / "data" / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        engines.postgres.start()
        assert engines.postgres.running


def test_an_interrupted_first_start_begins_again(tmp_path):
    (tmp_path / "data" / "postgres.new" / "base").mkdir(parents=True)
    with embedded(tmp_path / "data") as engines, psycopg.connect(engines.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_data_of_another_major_version_is_refused_by_name(tmp_path):
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(EngineError, match="was made by PostgreSQL 15, this is 18"):
        Engines(tmp_path / "data").start()
    assert holder(tmp_path / "data") is None


def test_a_runtime_directory_that_is_not_ours_is_refused(tmp_path, short_directory):
    data = tmp_path / "data"
    (short_directory / runtime.name_of(data)).symlink_to(tmp_path)
    with pytest.raises(EngineError, match="is not our own directory"):
        Engines(data, runtime_parent=str(short_directory)).start()


def test_a_cluster_whose_password_was_lost_is_an_error_that_says_so(tmp_path):
    with embedded(tmp_path / "data"):
        pass
    (tmp_path / "data" / "postgres-password").unlink()
    with pytest.raises(EngineError, match="postgres-password is not the one of"):
        Engines(tmp_path / "data").start()
    assert gone(tmp_path / "data", 0)


def test_a_redis_server_that_does_not_start_is_an_error_naming_it_and_nothing_is_left(tmp_path):
    with pytest.raises(EngineError, match="DAYBOOK_REDIS_SERVER names /nowhere"):
        Engines(tmp_path / "data", redis_server="/nowhere").start()
    with pytest.raises(EngineError, match="/bin/false does not start"):
        Engines(tmp_path / "data", redis_server="/bin/false").start()
    assert gone(tmp_path / "data", 0)


def test_passwords_and_sockets_are_for_the_owner_alone(tmp_path):
    data = tmp_path / "data"
    with embedded(data) as engines:
        assert [data.stat().st_mode & 0o777, (data / "postgres").stat().st_mode & 0o777] == [0o700, 0o700]
        for secret in ("postgres-password", "redis-password", "redis/redis.conf"):
            assert (data / secret).stat().st_mode & 0o777 == 0o600
        assert not (data / "postgres-initdb").exists()
        password = (data / "redis-password").read_text().strip()
        shown = b"".join(path.read_bytes() for path in commands(working_in(data)))
        assert password.encode() not in shown
        assert engines.dead == []


def commands(pids: list[int]) -> list[Path]:
    """The files in which the system shows what these processes were called with."""
    return [path for path in (Path(f"/proc/{pid}/cmdline") for pid in pids) if path.exists()]


@pytest.mark.skipif(os.getuid() != 0, reason="only root needs another account")
def test_where_user_namespaces_are_forbidden_root_borrows_an_account_that_reaches_data_and_binaries(short_directory, owners):
    short_directory.chmod(0o755)
    data = short_directory / "data"
    first = owners(data, None, "--no-namespaces")
    assert first.line.startswith("ready 1 1 ")
    assert (data / "postgres").stat().st_uid != 0
    first.kill()
    second = owners(data, None, "--no-namespaces")
    assert second.line.startswith("ready 2 2 ")
    assert second.end() == 0
    assert gone(data)


@pytest.mark.skipif(os.getuid() != 0, reason="only root needs another account")
def test_where_no_account_helps_root_is_told_two_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(account, "namespace", lambda: None)
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(EngineError, match="run Daybook as an ordinary user, or set DATABASE_URL"):
        Engines(tmp_path / "closed" / "data").start()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_is_no_data_directory(place, tmp_path):
    (tmp_path / "file").touch()
    assert holder(tmp_path / place) is None
    with pytest.raises(EngineError, match="cannot be made"):
        DataLock(tmp_path / place).take()
