"""Where the story is told: on a server of its own, or on one that runs already."""

import asyncio
import contextlib
import secrets
import sys
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from daybook.demo.counter import Operator
from daybook.demo.receiver import Receiver
from daybook.demo.screen import Screen
from daybook.demo.story import tell
from daybook.settings import Settings, environment, from_environment, load
from daybook.up.listener import listen
from daybook.variables import NAMES

HOST = "127.0.0.1"
FAILED = 1
#: Settings that the demo's own server takes over. None of the others: the demo never touches a database that somebody uses.
TAKEN_OVER = frozenset({"DAYBOOK_LOG_LEVEL", "DAYBOOK_REDIS_SERVER"})


def on_server(url: str, folder: Path | None) -> int:
    """Against *url*. The book of another server is checked there: that needs its database."""
    settings = from_environment()
    screen = Screen()
    told = tell(url.rstrip("/"), folder or settings.data_dir / "demo" / "images", screen)
    if told is not None:
        screen.line(f"audit     needs the database: run `daybook audit verify` where DATABASE_URL is that of {urlsplit(url).netloc}")
    return 0 if told is not None else FAILED


def on_its_own(folder: Path | None) -> int:
    """Beside whatever else runs: a data directory of its own, a free port, nothing of DATABASE_URL and the like."""
    from daybook.up.up import run

    door = listen(HOST, 0)
    port = door.getsockname()[1]
    receiver = Receiver()
    environ = {**_environment(port), "DAYBOOK_OUTGOING_ALLOW": receiver.place}
    settings = load(environ)
    screen = Screen()
    screen.title("Daybook: every kind of generation, from the request to the settled book and its proof")
    screen.line(f"starting  PostgreSQL, Redis, API, worker; data in {settings.data_dir}")
    log = _log(settings)
    with contextlib.closing(log), contextlib.closing(receiver):
        code = run(
            settings,
            environ=environ,
            say=lambda line: screen.said(line),
            listener=door,
            log=log,
            story=lambda reaching: _story(reaching, folder, screen, receiver),
        )
    if code == 0:
        screen.line("stopped   everything; start a Daybook that stays with: make up")
    else:
        sys.stderr.write(f"daybook: the demo failed; what its processes said is in {settings.data_dir}/logs/daybook.log\n")
    return code


def _environment(port: int) -> dict[str, str]:
    others = {name: value for name, value in environment().items() if name not in NAMES or name in TAKEN_OVER}
    data = from_environment().data_dir / "demo"
    return {**others, "DAYBOOK_HOST": HOST, "DAYBOOK_PORT": str(port), "DAYBOOK_DATA_DIR": str(data), "DAYBOOK_LOG_FORMAT": "json"}


def _log(settings: Settings) -> BinaryIO:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.data_dir / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return (folder / "daybook.log").open("ab")


def _story(settings: Settings, folder: Path | None, screen: Screen, receiver: Receiver) -> int:
    told = tell(settings.public_url, folder or settings.data_dir / "images", screen, _operator(settings), receiver)
    if told is None:
        return FAILED
    from daybook.demo.proof import prove
    from daybook.verification import verified

    lines, intact = verified(settings)
    for line in lines[:2]:
        screen.line(line.strip())
    return 0 if intact and prove(settings, told, screen) else FAILED


def _operator(settings: Settings) -> Operator:
    """Somebody at the counter, for this one story."""
    from daybook.office import create_account

    operator = Operator(f"operator-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(16))
    asyncio.run(create_account(settings, email=operator.email, password=operator.password, role="operator"))
    return operator
