"""The verifier, a small log with everything in it, and files made from it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.proof_files import NAME, Log, Signer, exported, line
from tests.support.verifying import Said, bare_packages, in_process, loaded

Check = Callable[..., Said]
#: The first account has holds and charges with this one.
SEED, ROUNDS = 13, 4


@pytest.fixture(scope="session")
def verifier() -> ModuleType:
    return loaded()


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_packages(tmp_path_factory.mktemp("bare"))


@pytest.fixture
def log() -> Log:
    """Three accounts and their ledgers, facts without postings, bytes of another application, a seal; and one entry more."""
    log = Log(SEED).live(ROUNDS)
    log.seal()
    log.move(log.accounts[0], "credits.held", available=-5, held=5)
    return log


@pytest.fixture
def keys(tmp_path: Path, log: Log) -> Path:
    """The key of the log, and one that has signed nothing yet."""
    path = tmp_path / "keys.txt"
    path.write_text(f"{log.signer.vkey}\n{Signer(NAME, 2).vkey}\n")
    return path


@pytest.fixture
def check(verifier: ModuleType, tmp_path: Path, keys: Path) -> Check:
    """`check(what, *words)`: what the verifier says about a proof, the lines of an export, or bytes."""

    def run(what: Any, *words: object) -> Said:
        file = tmp_path / "file.json"
        file.write_bytes(what if isinstance(what, bytes) else exported(what) if isinstance(what, list) else line(what))
        return in_process(verifier, file, "--key", keys, *words)

    return run


@pytest.fixture
def remembered(tmp_path: Path) -> Callable[[str], Path]:
    """A note as a file."""

    def write(note: str) -> Path:
        path = tmp_path / "remembered.txt"
        path.write_bytes(note.encode())
        return path

    return write
