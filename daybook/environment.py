"""Makes `.venv` from the locks; run by `make` with whatever Python 3 is there, so it keeps to the standard library and old syntax.

    python3 -I daybook/environment.py [test] [lint]

The environment is made once per `requirements.txt`, interpreter and place: `.venv/.made-from` says which. The locks `test` and `lint` are
added to it. A stamp is written last, so whatever was interrupted is done again from the start.
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
# Guarded: child processes of a worker import this file, and must not become the command again.
if __name__ == "__main__":
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


def create():  # type: () -> None
    """An empty environment in place of whatever was there."""
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    subprocess.check_call([sys.executable, "-I", "-m", "venv", VENV])


def install(lock):  # type: (str) -> None
    """Installs exactly what the lock names, by hash, never building anything."""
    python = os.path.join(VENV, "bin", "python")
    print("installing " + lock + " into .venv (once) ...", flush=True)
    command = [python, "-I", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-deps"]
    done = subprocess.call([*command, "--require-hashes", "--only-binary=:all:", "-r", os.path.join(ROOT, lock)])
    if done != 0:
        sys.exit("installing %s failed; mend what pip says above and run make again (it starts afresh)" % lock)


def link():  # type: () -> None
    """Puts the checkout on the environment's path and writes `.venv/bin/daybook`."""
    python = os.path.join(VENV, "bin", "python")
    site = subprocess.check_output([python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).decode().strip()
    write(os.path.join(site, "daybook-checkout.pth"), ROOT + "\n" + os.path.join(ROOT, "clients", "python") + "\n")
    script = os.path.join(VENV, "bin", "daybook")
    write(script, SCRIPT)
    os.chmod(script, 0o755)


def ensure():  # type: () -> None
    """Makes `.venv` from the runtime lock if it is not there, was interrupted, or was made from something else."""
    stamp, begun = os.path.join(VENV, ".made-from"), os.path.join(VENV, ".adding")
    if read(stamp) == fingerprint("requirements.txt") and not os.path.exists(begun):
        return
    create()
    install("requirements.txt")
    link()
    write(stamp, fingerprint("requirements.txt"))


def add(lock):  # type: (str) -> None
    """Adds a further lock to `.venv`; one that was interrupted starts again from the empty environment."""
    stamp, begun = os.path.join(VENV, ".added-" + lock), os.path.join(VENV, ".adding")
    if read(stamp) == fingerprint(lock):
        return
    write(begun, lock)
    install(lock)
    write(stamp, fingerprint(lock))
    os.remove(begun)


def main():  # type: () -> None
    """One `make` at a time: the lock is the checkout's directory itself."""
    check_python()
    here = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(here, fcntl.LOCK_EX)
    try:
        ensure()
        for name in sys.argv[1:]:
            add("requirements-%s.txt" % name)
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the next make starts afresh")
    except OSError as error:
        sys.exit("%s cannot be made: %s" % (VENV, error))
    except subprocess.CalledProcessError as error:
        sys.exit("%s cannot be made: %s failed" % (VENV, " ".join(map(str, error.cmd))))


if __name__ == "__main__":
    main()
