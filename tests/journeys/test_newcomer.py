"""Somebody new: a checkout in an awkward place, a bare environment, port 8000 taken. `make demo`, and nothing of it stays."""

import hashlib
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.support.daybook_command import naming
from tests.support.verifying import in_process, loaded

ROOT = Path(__file__).parent.parent.parent
#: 120 bytes and more, with a space.
AWKWARD = Path("new comer's", "d" * 60, "e" * 60)
#: Generous: beside other tests on two cores everything takes longer. Alone, the second takes under 10 s.
FIRST_SECONDS, SECOND_SECONDS = 300, 120
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SAVED = re.compile(r"^saved +(.+)\n +(\d+) x (\d+), (\d+) bytes, sha256 ([0-9a-f]{64}) as the API named it$", re.MULTILINE)


@dataclass
class Newcomer:
    """A user (None: we ourselves) with a checkout, a home and a PATH."""

    user: str | None
    checkout: Path
    home: Path
    path: str

    @property
    def data(self) -> Path:
        return self.checkout / ".daybook" / "demo"

    def demo(self) -> tuple[subprocess.CompletedProcess[str], float]:
        """`env -i PATH HOME make demo`, and its seconds."""
        started = time.monotonic()
        done = subprocess.run(
            ["env", "-i", f"PATH={self.path}", f"HOME={self.home}", "make", "demo"],
            cwd=self.checkout, user=self.user, group=group_of(self.user), extra_groups=None if self.user is None else [],
            capture_output=True, text=True, encoding="utf-8", timeout=FIRST_SECONDS + 60,
        )  # fmt: skip
        return done, time.monotonic() - started


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may walk through."""
    directory = Path(tempfile.mkdtemp(prefix="daybook-newcomer-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def taken() -> Iterator[None]:
    """Port 8000 belongs to somebody: to us, if not to somebody else already."""
    with socket.socket() as listener:
        if listener.connect_ex(("127.0.0.1", 8000)) != 0:
            listener.close()
            with socket.create_server(("127.0.0.1", 8000)):
                yield
        else:
            yield


@pytest.mark.timeout(400)
def test_a_newcomer_sees_the_demo_and_sees_it_again(place, taken):
    newcomer = arrived(place, None, Path.home(), os.environ["PATH"])
    first, seconds = newcomer.demo()
    check(newcomer, first)
    assert seconds < FIRST_SECONDS
    second, seconds = newcomer.demo()
    check(newcomer, second)
    assert seconds < SECOND_SECONDS
    assert {match[1] for match in SAVED.finditer(first.stdout)}.isdisjoint(match[1] for match in SAVED.finditer(second.stdout))


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_sees_the_demo_too(place, taken):
    if not can_begin("nobody"):
        pytest.skip("only root can become somebody else")
    home = place / "home"
    home.mkdir()
    newcomer = arrived(place, "nobody", home, SYSTEM_PATH)
    warm(home)
    own(place, "nobody")
    done, seconds = newcomer.demo()
    check(newcomer, done)
    assert seconds < FIRST_SECONDS


def arrived(place: Path, user: str | None, home: Path, path: str) -> Newcomer:
    """A clone of HEAD."""
    checkout = place / AWKWARD / "daybook"
    checkout.parent.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(checkout)], check=True, timeout=60)
    assert len(os.fsencode(checkout)) > 120
    return Newcomer(user, checkout, home, path)


def check(newcomer: Newcomer, done: subprocess.CompletedProcess[str]) -> None:
    """What stands in the terminal, on the disk, and nowhere any more."""
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    assert "\x1b" not in done.stdout
    assert re.search(r"^balance 10\b", done.stdout, re.MULTILINE)
    assert len(re.findall(r"^charge 5\b", done.stdout, re.MULTILINE)) == 3
    assert re.search(r"^usage .*15 credits$", done.stdout, re.MULTILINE)
    assert re.search(r"^audit verify: ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^repeated .* same generation", done.stdout, re.MULTILINE)
    check_book(done.stdout)
    check_proofs(newcomer, done.stdout)
    check_kinds(done.stdout)
    saved = list(SAVED.finditer(done.stdout))
    assert len(saved) == len({match[5] for match in saved}) == 4
    for file, width, height, size, digest in (match.groups() for match in saved):
        content = Path(file).read_bytes()
        assert Path(file).is_relative_to(newcomer.data)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (int(size), digest)
        with Image.open(file) as image:
            image.load()
            assert image.size == (int(width), int(height))
    assert naming(newcomer.data) == []
    assert not Path((newcomer.data / "runtime").read_text()).exists()
    port = int(re.search(r"^ready +http://127\.0\.0\.1:(\d+)$", done.stdout, re.MULTILINE)[1])
    with socket.socket() as probe:
        assert port != 8000
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def check_kinds(said: str) -> None:
    """What is not an image from words."""
    for line in ("uploaded", "image_edit", "image_analysis", "video", "speech", "text", "scheduled", "canceled", "began", "recurring"):
        assert re.search(rf"^{line} ", said, re.MULTILINE), line
    assert re.search(r"heard in [1-9]\d* pieces while it was written, 1 credit$", said, re.MULTILINE)
    assert re.search(r"^delivered generation.succeeded of .* its signature holds$", said, re.MULTILINE)
    clip = re.search(r"^saved +(.+5-clip\.mp4)$", said, re.MULTILINE)[1]
    with av.open(clip) as film:
        assert {(stream.type, stream.codec_context.name) for stream in film.streams} == {("video", "h264"), ("audio", "aac")}
        assert film.duration == 5_000_000
    with Image.open(clip.replace(".mp4", "-poster.webp")) as poster:
        assert poster.format == "WEBP"


def check_book(said: str) -> None:
    """A package bought, a charge given back, a grant that lapsed: each line goes on from the one before."""
    assert re.search(r"^bought +\S+: 100 credits for 4\.99 USD, paid at the test till$", said, re.MULTILINE)
    assert re.search(r"^granted +7 credits by an operator", said, re.MULTILINE)
    assert re.search(r"^refunded +5 credits of the charge for ", said, re.MULTILINE)
    assert re.search(r"^expired +the 7 credits that nobody used$", said, re.MULTILINE)
    lines = re.findall(r"^ +(\d+)  (\w+) +(\d+) +(\d+) +(\d+)$", said, re.MULTILINE)
    assert sorted(kind for _, kind, *_ in lines) == sorted(
        ["grant"] * 3 + ["hold"] * 10 + ["capture"] * 9 + ["release", "refund", "expiry"]
    )
    available = held = 0
    for kind, amount, after, held_after in ((kind, *map(int, numbers)) for _, kind, *numbers in lines):
        available += {"grant": amount, "refund": amount, "release": amount, "hold": -amount, "expiry": -amount}.get(kind, 0)
        held += {"hold": amount, "capture": -amount, "release": -amount}.get(kind, 0)
        assert (available, held) == (after, held_after)
    # Three images, one given back, a package, one of each other kind, and an image in its time.
    assert (available, held) == (25 - 15 + 5 + 100 - 6 - 2 - 10 - 1 - 1 - 5, 0)


def check_proofs(newcomer: Newcomer, said: str) -> None:
    """Signed, written, and believed by a program that knows nothing of us; and not when a letter is changed."""
    assert re.search(r"^signed +checkpoint of daybook\.local/1: \d+ entries, root \S{44}$", said, re.MULTILINE)
    proofs = re.findall(r"^proof +(.+)\n +ok: (.+)$", said, re.MULTILINE)
    assert [sentence.split(" ")[0] for _, sentence in proofs] == ["this", "the"]
    assert re.search(r"^ +entry \d+: credits\.hold_captured, ", said, re.MULTILINE)
    assert re.search(r"^ +account \S+ after entry \d+: available 90, held 0, owed 0 ", said, re.MULTILINE)
    for file in (Path(file) for file, _ in proofs):
        assert file.is_relative_to(newcomer.data)
        assert in_process(loaded(), file, "--key", file.with_name("daybook.key")).code == 0
        file.write_bytes(file.read_bytes().replace(b'"account', b'"Account', 1))
        assert in_process(loaded(), file, "--key", file.with_name("daybook.key")).code == 1


def group_of(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid


def can_begin(user: str) -> bool:
    """Whether *user* has a Python that can make environments."""
    script = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
    try:
        words = ["env", "-i", f"PATH={SYSTEM_PATH}", "python3", "-I", "-c", script]
        return subprocess.run(words, user=user, group=group_of(user), extra_groups=[], cwd="/", capture_output=True).returncode == 0
    except (KeyError, OSError):
        return False


def warm(home: Path) -> None:
    """What pip of this machine has already, so that nothing is fetched twice."""
    for inside in (".cache/pip", ".config/pip", ".pip"):
        if (Path.home() / inside).is_dir():
            shutil.copytree(Path.home() / inside, home / inside)


def own(directory: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    for folder, _, files in os.walk(directory):
        for name in ["", *files]:
            os.chown(os.path.join(folder, name), entry.pw_uid, entry.pw_gid, follow_symlinks=False)
