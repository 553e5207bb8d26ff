"""Makes `.venv` from the locks; run by `make` with whatever Python 3 is there, so it keeps to the standard library and old syntax.

    python3 -I daybook/environment.py [test] [lint] [bench]

The environment is made once per `requirements.txt`, interpreter and place: `.venv/.made-from` says which. The locks `test` and `lint` are
added to it; `bench` (the peers we measure against, with versions of their own) gets `.venv/bench`. A stamp is written last, so whatever
was interrupted is done again from the start.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
MINIMUM = (3, 11)

# The polyglot first lines work with spaces in the path and with paths longer than the kernel takes after `#!`.
SCRIPT = """#!/bin/sh
'''exec' "$(dirname "$0")/python" "$0" "$@"
' '''
import sys

from daybook.cli import main

sys.exit(main())
"""


def check_python():  # type: () -> None
    """Leaves with one sentence naming what to install when this Python cannot make the environment."""
    have = "%d.%d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.version_info[2], sys.executable)
    if sys.version_info[:2] < MINIMUM:
        sys.exit(
            "Daybook needs Python 3.11 or newer, this is " + have + ".\n"
            "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; "
            "Fedora: dnf install python3.11; macOS: brew install python@3.12)\n"
            "or name one that is there: make PYTHON=/path/to/python3.11 ..."
        )
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        sys.exit("Python " + have + " has no ensurepip. Install it (Debian, Ubuntu: apt install " + package + ") and run make again.")


def fingerprint(name):  # type: (str) -> str
    """What an environment depends on: the lock, the interpreter, and the place (scripts hold absolute paths)."""
    with open(os.path.join(ROOT, name), "rb") as lock:
        digest = hashlib.sha256(lock.read())
    digest.update(os.fsencode(sys.version + os.path.realpath(sys.executable) + ROOT))
    return digest.hexdigest()


def read(path):  # type: (str) -> str
    """The file's text, or nothing when there is none."""
    with contextlib.suppress(OSError), open(path) as file:
        return file.read().strip()
    return ""


def write(path, text):  # type: (str, str) -> None
    """Replaces the file in one step."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def create(directory):  # type: (str) -> None
    """An empty environment in place of whatever was there."""
    if os.path.isdir(directory):
        shutil.rmtree(directory)
    subprocess.check_call([sys.executable, "-I", "-m", "venv", directory])


def install(directory, lock):  # type: (str, str) -> None
    """Installs exactly what the lock names, by hash, never building anything."""
    python = os.path.join(directory, "bin", "python")
    print("installing " + lock + " into " + os.path.relpath(directory, ROOT) + " (once) ...", flush=True)
    command = [python, "-I", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-deps"]
    done = subprocess.call([*command, "--require-hashes", "--only-binary=:all:", "-r", os.path.join(ROOT, lock)])
    if done != 0:
        sys.exit("installing %s failed; mend what pip says above and run make again (it starts afresh)" % lock)


def link():  # type: () -> None
    """Puts the checkout on the environment's path and writes `.venv/bin/daybook`."""
    python = os.path.join(VENV, "bin", "python")
    site = subprocess.check_output([python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).decode().strip()
    write(os.path.join(site, "daybook-checkout.pth"), ROOT + "\n")
    script = os.path.join(VENV, "bin", "daybook")
    write(script, SCRIPT)
    os.chmod(script, 0o755)


def ensure(directory, lock, stamp):  # type: (str, str, str) -> bool
    """Makes the environment of one lock if it is not there; says whether it had to."""
    if read(os.path.join(directory, stamp)) == fingerprint(lock):
        return False
    create(directory)
    install(directory, lock)
    if directory == VENV:
        link()
    write(os.path.join(directory, stamp), fingerprint(lock))
    return True


def add(lock):  # type: (str) -> None
    """Adds a further lock to `.venv`; one that was interrupted starts again from the empty environment."""
    stamp, begun = os.path.join(VENV, ".added-" + lock), os.path.join(VENV, ".adding")
    if read(stamp) == fingerprint(lock):
        return
    write(begun, lock)
    install(VENV, lock)
    write(stamp, fingerprint(lock))
    os.remove(begun)


def main():  # type: () -> None
    """One `make` at a time: the lock is the checkout's directory itself."""
    check_python()
    here = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(here, fcntl.LOCK_EX)
    if os.path.exists(os.path.join(VENV, ".adding")):
        shutil.rmtree(VENV)
    ensure(VENV, "requirements.txt", ".made-from")
    for name in sys.argv[1:]:
        if name == "bench":
            ensure(os.path.join(VENV, "bench"), "requirements-bench.txt", ".made-from")
        else:
            add("requirements-%s.txt" % name)


if __name__ == "__main__":
    main()
