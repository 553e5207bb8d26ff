"""Are there advisories about what the locks name?

    .venv/bin/python -m tests.security.dependencies [LOCK …]

Asks the package index that pip uses for each package and version. Exit code: 0 nothing is known against any of them, 1 something is,
2 it could not be asked: no index, or one that tells of no advisories. Then nothing is known, which is not the same as nothing.
"""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOT

PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
#: Something is known against this one: an index that does not say so tells of no advisories.
CANARY = ("jinja2", "2.10")
SECONDS = 20
AT_ONCE = 4

Advisories = list[dict[str, Any]]


class NotAsked(Exception):
    """Why the index cannot be asked."""


def pinned(locks: Sequence[Path]) -> list[tuple[str, str]]:
    """Every package and version, once."""
    return sorted({(name, version) for lock in locks for name, version in PINNED.findall(lock.read_text(encoding="utf-8"))})


def index() -> str:
    """The root of pip's index, without `/simple`."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False)
    if told.returncode == 0 and told.stdout.strip():
        return told.stdout.strip().rstrip("/").removesuffix("/simple")
    from pip._internal.models.index import PyPI

    return str(PyPI.url).rstrip("/")


def advisories(root: str, name: str, version: str) -> Advisories:
    """What is known against one version.   Raises NotAsked."""
    try:
        with urllib.request.urlopen(f"{root}/pypi/{name}/{version}/json", timeout=SECONDS) as answer:
            told = json.load(answer)
    except (OSError, ValueError) as error:
        reason = f"status {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        raise NotAsked(f"{name} {version}: {reason}") from error
    return [each for each in told.get("vulnerabilities", []) if not each.get("withdrawn")]


def audit(packages: Sequence[tuple[str, str]], ask: Callable[[str, str], Advisories]) -> int:
    """Prints what was found; the exit code."""
    try:
        if not ask(*CANARY):
            raise NotAsked(f"it knows of nothing against {' '.join(CANARY)}")
    except NotAsked as reason:
        print(f"not audited: the package index in use tells of no advisories ({reason})")
        return 2
    with ThreadPoolExecutor(AT_ONCE) as threads:
        told = list(threads.map(lambda package: _told(ask, package), packages))
    bad = 0
    unasked = 0
    for (name, version), found in zip(packages, told, strict=True):
        if isinstance(found, NotAsked):
            unasked += 1
            print(f"not asked: {found}")
            continue
        bad += bool(found)
        for each in found:
            fixed = ", ".join(each.get("fixed_in") or []) or "nothing yet"
            print(f"{name} {version}: {each.get('id')} {' '.join(each.get('aliases') or [])} (mended in {fixed})")
    print(f"{len(packages)} packages: {bad} with advisories, {unasked} not asked")
    return 1 if bad else 2 if unasked else 0


def _told(ask: Callable[[str, str], Advisories], package: tuple[str, str]) -> Advisories | NotAsked:
    try:
        return ask(*package)
    except NotAsked as reason:
        return reason


def main() -> int:
    locks = [Path(name) for name in sys.argv[1:]] or sorted(ROOT.glob("requirements*.txt"))
    root = index()
    return audit(pinned(locks), lambda name, version: advisories(root, name, version))


if __name__ == "__main__":
    sys.exit(main())
