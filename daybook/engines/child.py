"""An engine as a direct child: it ends with us, and one that outlived an earlier owner is found and stopped."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

#: All an engine inherits: no PG*, no LANG, no HOME of ours changes how it runs.
ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
PR_SET_PDEATHSIG = 1
LINUX = sys.platform.startswith("linux")
LOG_BYTES_MAX = 10 * 1024 * 1024


def spawn(
    command: Sequence[str | Path], *, cwd: Path, log: Path, user: int | None, group: int | None, death: int
) -> subprocess.Popen[bytes]:
    """Starts *command* in a session of its own (Ctrl-C is ours to handle), its output appended to *log*.

    On Linux the kernel sends it the signal *death* when the thread that called this ends: call from one that lives as long.
    """
    log.parent.mkdir(mode=0o700, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".old"))
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            preexec_fn=dies_with_parent(death),
        )


def dies_with_parent(death: int) -> Callable[[], None] | None:
    """What a child runs between fork and exec to be told of our end; None where the kernel cannot do that."""
    if not LINUX:
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death, 0, 0, 0)
        if os.getppid() != parent:  # we died before the tie held
            os._exit(1)

    return tie


def stop(process: subprocess.Popen[bytes], *signals: tuple[int, float]) -> None:
    """Sends each signal in turn and waits its seconds; SIGKILL comes last."""
    for number, seconds in (*signals, (signal.SIGKILL, 10.0)):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
    process.wait()


def stop_stray(pid_file: Path, directory: Path, *signals: tuple[int, float]) -> bool:
    """Stops an engine that an earlier owner left behind, recognised by its pid file and its working directory. True if there was one."""
    pid = _first_number(pid_file)
    if pid is None or not _works_in(pid, directory):
        return False
    for number, seconds in (*signals, (signal.SIGKILL, 10.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if _gone_within(pid, directory, seconds):
            return True
    return True


def alive(pid_file: Path) -> bool:
    """Whether any process has the number in *pid_file*; after a restart of the machine it may be somebody else's."""
    pid = _first_number(pid_file)
    try:
        os.kill(pid or 0, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return pid is not None


def _gone_within(pid: int, directory: Path, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while _works_in(pid, directory):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _first_number(file: Path) -> int | None:
    try:
        first = file.read_text(errors="replace").split("\n", 1)[0].strip()
    except (FileNotFoundError, PermissionError):
        return None
    return int(first) if first.isdigit() and int(first) > 1 else None


def _works_in(pid: int, directory: Path) -> bool:
    """Linux knows a process's working directory; elsewhere its command line must name the directory."""
    if LINUX:
        try:
            return os.path.realpath(directory) == os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return False
    listed = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(directory) in listed.stdout or "server" in listed.stdout.split("/")[-1]
