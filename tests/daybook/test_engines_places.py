"""The embedded engines in awkward places: start, use, SIGKILL the owner, start again on the same data."""

import os
import subprocess
from pathlib import Path

import pytest

from daybook.engines.binaries import postgres_binaries
from tests.support.owners import gone

NOBODY = 65_534
#: What a shell has in its environment, minus what the case takes away or adds.
USUAL = {"PATH": os.defpath, "HOME": "/root", "LANG": "C.UTF-8"}
LONG = "/".join("d" * 49 for _ in range(4))
CASES = {
    "a path with spaces": ("da ta/of mine", USUAL),
    "a path of 200 bytes and more": (LONG, USUAL),
    "a path that is not ASCII": ("données/日本", USUAL),
    "quotes in the path": ('it\'s "mine"', USUAL),
    "an empty environment": ("data", {}),
    "a LANG that is not installed": ("data", {**USUAL, "LANG": "xx_XX", "LC_ALL": "xx_XX.UTF-8"}),
    "no HOME": ("data", {"PATH": os.defpath}),
    "a HOME that cannot be written": ("data", {**USUAL, "HOME": "/proc"}),
    "settings of another PostgreSQL": ("data", {**USUAL, "PGDATA": "/nowhere", "PGHOST": "nowhere", "PGPORT": "1", "PGUSER": "nobody"}),
    "a runtime directory that is not there": ("data", {**USUAL, "XDG_RUNTIME_DIR": "/nowhere"}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_engines_start_survive_the_death_of_their_owner_and_start_again(case, tmp_path, owners):
    place, environ = CASES[case]
    data = tmp_path / place
    first = owners(data, environ)
    assert first.line.startswith("ready 1 1 ")
    first.kill()
    second = owners(data, environ)
    assert second.line.startswith("ready 2 2 ")
    assert second.end() == 0
    assert gone(data)
    assert not Path(second.line.split(" ", 3)[3]).exists()


def test_the_sockets_live_in_the_users_runtime_directory_when_there_is_one(tmp_path, short_directory, owners):
    owner = owners(tmp_path / "data", {**USUAL, "XDG_RUNTIME_DIR": str(short_directory)})
    runtime = Path(owner.line.split(" ", 3)[3])
    assert runtime.parent == short_directory
    assert runtime.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in runtime.rglob("*")) == [".s.PGSQL.5432", ".s.PGSQL.5432.lock", "pg", "redis.sock"]


def test_a_runtime_directory_too_deep_for_sockets_is_passed_over(tmp_path, owners):
    deep = tmp_path / LONG
    deep.mkdir(parents=True)
    assert Path(owners(tmp_path / "data", {**USUAL, "XDG_RUNTIME_DIR": str(deep)}).line.split(" ", 3)[3]).parent == Path("/tmp")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_another_user_runs_engines_of_their_own_after_root_did(short_directory, owners):
    if not reached_by_nobody(postgres_binaries() / "postgres"):
        pytest.skip("the account nobody does not reach this checkout")
    short_directory.chmod(0o755)
    assert owners(short_directory / "root").line.startswith("ready 1 1 ")
    theirs = short_directory / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    owner = owners(theirs, USUAL, f"--as={NOBODY}")
    assert owner.line.startswith("ready 1 1 ")
    owner.kill()
    assert owners(theirs, USUAL, f"--as={NOBODY}").line.startswith("ready 2 2 ")
    assert (theirs / "postgres").stat().st_uid == NOBODY


def reached_by_nobody(program: Path) -> bool:
    """Whether the account `nobody` may run *program*."""
    return subprocess.run(["test", "-x", str(program)], user=NOBODY, group=NOBODY, extra_groups=[], check=False).returncode == 0
