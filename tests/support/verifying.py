"""`docs/verify_proof.py` as an auditor runs it: in this process, because it is quick, or in a Python that has nothing else."""

import contextlib
import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import cryptography

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_proof.py"
#: What `cryptography` itself needs.
BESIDE = ("cryptography", "_cffi_backend*", "cffi")
_RUN = "import runpy, sys; sys.path.append(sys.argv.pop(1)); del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


class Said(NamedTuple):
    code: int
    out: str
    err: str


def loaded() -> ModuleType:
    """The file as a module of its own."""
    spec = importlib.util.spec_from_file_location("verify_proof", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bare_packages(place: Path) -> Path:
    """*place* as a directory of packages with `cryptography` and what it needs, and nothing else."""
    for name in BESIDE:
        for found in Path(cryptography.__file__).parent.parent.glob(name):
            (place / found.name).symlink_to(found)
    return place


def in_process(module: ModuleType, *words: object) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = module.main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def alone(bare: Path, *words: object) -> Said:
    """In a Python without site packages, environment and user directory, that has only what *bare* holds."""
    given = [sys.executable, "-I", "-S", "-c", _RUN, str(bare), str(VERIFIER), *map(str, words)]
    done = subprocess.run(given, capture_output=True, text=True, encoding="utf-8", timeout=60, cwd="/")
    return Said(done.returncode, done.stdout, done.stderr)
