"""CPU that processes have used, by the kernel's own books: what a figure costs, whatever else the machine does meanwhile."""

import os
from collections import Counter
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of *pid*, with that of its children that ended (proc(5), fields 14 to 17). 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def parents() -> dict[int, int]:
    """Process id -> its parent's, of all that run."""
    known = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                known[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    return known


def family(pid: int) -> list[int]:
    """*pid* and all that descend from it."""
    above = parents()
    found = [pid]
    for one in found:
        found += [child for child, parent in above.items() if parent == one]
    return found


def used_by(roles: dict[str, int]) -> Counter[str]:
    """Seconds of CPU by role, each with all its children."""
    return Counter({role: sum(map(cpu_seconds, family(pid))) for role, pid in roles.items()})
