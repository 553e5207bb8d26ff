"""A backup as docs/operations.md makes it, restored into an empty data directory: the steps of that page, one after the other."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daybook.engines.binaries import postgres_binaries
from tests.recovery.test_recover import SECRET, Place
from tests.support.daybook_command import COMMAND, environ, run


def pg(program: str, *words: str) -> None:
    """One of PostgreSQL's own programs, from the wheel."""
    done = subprocess.run([postgres_binaries() / program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@contextmanager
def engines_of(data: Path) -> Iterator[str]:
    """`daybook engines` on *data*: the address of its database."""
    with subprocess.Popen([COMMAND, "engines"], env=environ(data), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            shown = run("env", "--show-secrets", env=environ(data)).stdout
            [url] = [line.partition("=")[2].strip("'") for line in shown.splitlines() if line.startswith("export DATABASE_URL=")]
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


@pytest.mark.timeout(120)
async def test_a_dump_is_restored_into_other_engines_and_verified(engines, fresh_database_url, tmp_path):
    place = Place(engines, tmp_path / "first")
    place.folder.mkdir()
    async with place.house(fresh_database_url) as house:
        person = await house.person()
        generation_id, _ = await house.finished(person)
    sealed = await place.sign(fresh_database_url)
    # Database, objects and key: the three that belong together.
    pg("pg_dump", "--format=custom", f"--file={tmp_path / 'daybook.dump'}", f"--dbname={fresh_database_url}")
    second = tmp_path / "second"
    second.mkdir(mode=0o700)
    shutil.copytree(place.folder / "objects", second / "objects")
    (second / "secret-key").write_text(SECRET + "\n")
    (second / "secret-key").chmod(0o600)

    def restored() -> tuple[str, str]:
        with engines_of(second) as url:
            pg("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(tmp_path / "daybook.dump"))
            recovered = run("recover", env=environ(second))
            assert recovered.returncode == 0, recovered.stderr
            verified = run("audit", "verify", env=environ(second))
            assert verified.returncode == 0, verified.stdout + verified.stderr
        return recovered.stdout, verified.stdout

    said, verified = await asyncio.to_thread(restored)
    assert "nothing that was signed is lost; the log goes on in incarnation 1" in said
    assert sealed
    assert verified
    assert (second / "objects" / f"generations/{generation_id}").exists()
