"""The environment of the peers: made by the bench itself, apart from ours."""

import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path(".venv-bench")
LOCK = Path("requirements-bench.txt")


def python() -> Path:
    """The interpreter of the peers' own environment, which is made once for each content of its lock, of the build that runs ours."""
    found = ENVIRONMENT.absolute() / "bin" / "python"
    stamp = ENVIRONMENT / "lock.txt"
    lock = f"# {sys.version} {os.path.realpath(sys.executable)}\n{LOCK.read_text(encoding='utf-8')}"
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == lock):
        print("making the environment of the peers …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(found), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
        stamp.write_text(lock, encoding="utf-8")
    return found
