"""Who runs PostgreSQL. It refuses uid 0, so root runs it in a user namespace where root is called something else.

Nothing on the machine changes: no account is made, no mode outside the data directory is touched.
"""

import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from daybook.engines.child import ENVIRONMENT
from daybook.engines.errors import EngineError

USUAL_UID = 1000


@dataclass(frozen=True)
class Account:
    """How to start a program as somebody PostgreSQL accepts: words before the command, or another uid and gid."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None


def choose(uid: int, data: Path, binaries: Path) -> Account:
    """The account for PostgreSQL when we are *uid*; raises EngineError with two ways out when there is none."""
    if uid != 0:
        return Account()
    return namespace() or borrowed(data, binaries) or _none(data)


def namespace() -> Account | None:
    """Root under another number in a user namespace, where the kernel allows it."""
    program = shutil.which("unshare", path=ENVIRONMENT["PATH"])
    if program is None:
        return None
    number = _known_uid()
    prefix = (program, "--user", f"--map-user={number}", f"--map-group={number}")
    done = subprocess.run([*prefix, "true"], env=dict(ENVIRONMENT), capture_output=True, check=False)
    return Account(prefix) if done.returncode == 0 else None


def borrowed(data: Path, binaries: Path) -> Account | None:
    """The machine's `postgres` or `nobody`, if it can reach the data's parent and the binaries."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if _reaches(entry, data.resolve().parent) and _reaches(entry, binaries / "postgres"):
            return Account((), entry.pw_uid, entry.pw_gid)
    return None


def _known_uid() -> int:
    """initdb looks its uid up in the machine's list of users, so it must be one that is there."""
    known = sorted(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0)
    return USUAL_UID if USUAL_UID in known or not known else known[-1]


def _reaches(entry: pwd.struct_passwd, path: Path) -> bool:
    probe = ["test", "-x", str(path)]
    return subprocess.run(probe, user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], env=dict(ENVIRONMENT), check=False).returncode == 0


def _none(data: Path) -> Account:
    raise EngineError(
        f"PostgreSQL does not run as root, and no other account reaches {data}; "
        "run Daybook as an ordinary user, or set DATABASE_URL to a PostgreSQL that runs elsewhere"
    )
