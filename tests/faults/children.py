"""The processes below a process, from the kernel's table."""

from pathlib import Path


def grandchildren(pid: int) -> set[int]:
    """A worker's jobs run there: its child is the server that they are forked from."""
    return {each for child in _children(pid) for each in _children(child)}


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()]
    except OSError:
        # It ended meanwhile.
        return []
