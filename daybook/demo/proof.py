"""The end of the story: the log is signed, a charge and the balance are proven, and somebody who has nothing of ours checks it."""

import asyncio
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from daybook.demo.screen import Screen
from daybook.demo.story import Told
from daybook.settings import Settings

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "verify_proof.py"
CHECK_SECONDS = 60
#: `cryptography` and what it is made of.
PACKAGES = ("cryptography", "cffi", "_cffi_backend*")
# -I and -S leave the standard library alone; then one directory of packages is added.
_START = "import runpy, sys; sys.path.append(sys.argv[1]); del sys.argv[:2]; runpy.run_path(sys.argv[0], run_name='__main__')"


def prove(settings: Settings, told: Told, screen: Screen) -> bool:
    """Whether both proofs hold."""
    from daybook.proofs import checkpoint_now, keys, proof

    note = asyncio.run(checkpoint_now(settings, lambda done, of: None, balances=True))
    origin, size, root = note.splitlines()[:3]
    screen.line(f"signed    checkpoint of {origin}: {size} entries, root {root}")
    key = _written(told.folder / "daybook.key", "".join(f"{line}\n" for line in asyncio.run(keys(settings, rotate=False))).encode())
    charge = asyncio.run(proof(settings, entry=told.charged_at, balance=None, consistency=None))
    balance = asyncio.run(proof(settings, entry=None, balance=UUID(told.account_id), consistency=None))
    files = [_written(told.folder / "charge.json", charge), _written(told.folder / "balance.json", balance)]
    screen.line("checked   by docs/verify_proof.py, in a Python that has nothing but cryptography:")
    return all(_checked(file, key, screen) for file in files)


def _checked(file: Path, key: Path, screen: Screen) -> bool:
    with TemporaryDirectory(prefix="daybook-demo-") as place:
        _bare(Path(place))
        words = [sys.executable, "-I", "-S", "-c", _START, place, str(VERIFIER), str(file), "--key", str(key)]
        done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=CHECK_SECONDS, check=False)
    screen.line(f"proof     {file}")
    for line in (done.stdout + done.stderr).splitlines():
        screen.line(f"          {line}")
    return done.returncode == 0


def _bare(place: Path) -> None:
    """Links to the packages in *place*."""
    found = find_spec("cryptography")
    assert found is not None and found.origin is not None, "the notary itself needs it"
    for name in PACKAGES:
        for package in Path(found.origin).parent.parent.glob(name):
            (place / package.name).symlink_to(package)


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
