"""Makes `.venv` from the locks; run by `make` with whatever Python 3 is there, so it keeps to the standard library and old syntax.

    python3 -I daybook/environment.py [--choose] [test] [lint]

The environment is made once per `requirements.txt`, interpreter and place: `.venv/.made-from` says which. The locks `test` and `lint` are
added to it. A stamp is written last, so whatever was interrupted is done again from the start. With `--choose` another `python3` of the
PATH is taken when it is clearly quicker: docs/decisions/0033-the-quickest-python.md.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
MINIMUM = (3, 11)
#: Another interpreter is taken when it needs at most this share of the time. Without profile-guided optimisation a build needs 1.3 to 1.4
#: times as long.
QUICKER = 0.85
#: A machine that others use is slow for some tenths of a second, now and then: the rounds go on for longer than that.
PACE_ROUNDS = 8
PACE_TRIES = 25
CHOSEN_BY = "--chosen-by="

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


def itself():  # type: () -> str
    return "%d.%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.version_info[2], os.path.realpath(sys.executable))


class Visitor(object):
    """Something to call and to look into."""

    def __init__(self, number):  # type: (int) -> None
        self.number = number
        self.name = "visitor " + str(number)

    def plus(self, other):  # type: (int) -> int
        return self.number + other


def pace():  # type: () -> float
    """Seconds for a little of what programs do: calls, attributes, dictionaries, text. The shortest of many tries: others run beside us."""
    taken = []
    for _ in range(PACE_TRIES):
        begin = time.perf_counter()
        known = {}
        for number in range(4000):
            visitor = Visitor(number)
            known[visitor.name] = visitor.plus(3)
        ",".join(["%s=%d" % pair for pair in known.items() if pair[1] % 7])
        taken.append(time.perf_counter() - begin)
    return min(taken)


def others():  # type: () -> list
    """Every further `python3` of the PATH."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    paths = {os.path.realpath(os.path.join(folder, "python3")) for folder in folders if os.path.isabs(folder)}
    return sorted(path for path in paths - {os.path.realpath(sys.executable)} if os.access(path, os.X_OK))


def pace_of(path):  # type: (str) -> tuple
    """What *path* says of itself and its pace; ("", infinity) when it cannot make the environment."""
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        said = subprocess.check_output([path, "-I", os.path.abspath(__file__), "--pace"], stderr=subprocess.DEVNULL, timeout=30)
        name, seconds = said.decode().strip().rsplit(" ", 1)
        return name, float(seconds)
    return "", float("inf")


def chosen():  # type: () -> str
    """The interpreter for the environment: this one, or another `python3` of the PATH that is clearly quicker."""
    before = os.path.realpath(os.path.join(VENV, "bin", "python3"))
    if read(os.path.join(VENV, ".chosen-by")) == itself() and os.access(before, os.X_OK):
        return before
    rivals = others()
    if not rivals:
        return os.path.realpath(sys.executable)
    paces = {itself(): pace()}
    # In turns, because a machine is not equally quick all the time.
    for _ in range(PACE_ROUNDS):
        for path in [sys.executable, *rivals]:
            name, seconds = pace_of(path)
            paces[name] = min(seconds, paces.get(name, seconds))
    quickest = min(paces, key=lambda name: paces[name])
    if paces[quickest] > QUICKER * paces[itself()]:
        return os.path.realpath(sys.executable)
    times = paces[itself()] / paces[quickest]
    print("taking Python %s: %.1f times as quick as %s (make PYTHON=... decides otherwise)" % (quickest, times, itself()), flush=True)
    return quickest.split(" ", 1)[1]


def choose(arguments):  # type: (list) -> str
    """Goes on as the chosen interpreter. Returns who has chosen, when that is this one."""
    interpreter = chosen()
    if interpreter != os.path.realpath(sys.executable):
        os.execv(interpreter, [interpreter, "-I", os.path.abspath(__file__), CHOSEN_BY + itself(), *arguments[1:]])
    return itself()


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
    arguments = sys.argv[1:]
    if arguments == ["--pace"]:
        print("%s %.6f" % (itself(), pace()))
        return
    here = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(here, fcntl.LOCK_EX)
    try:
        chooser = choose(arguments) if arguments[:1] == ["--choose"] else ""
        if arguments and arguments[0].startswith(CHOSEN_BY):
            chooser = arguments[0][len(CHOSEN_BY) :]
        ensure()
        if chooser:
            write(os.path.join(VENV, ".chosen-by"), chooser)
        for name in arguments:
            if not name.startswith("--"):
                add("requirements-%s.txt" % name)
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the next make starts afresh")
    except OSError as error:
        sys.exit("%s cannot be made: %s" % (VENV, error))
    except subprocess.CalledProcessError as error:
        sys.exit("%s cannot be made: %s failed" % (VENV, " ".join(map(str, error.cmd))))


if __name__ == "__main__":
    main()
