"""The processes of one machine tell each other their metrics: a socket for each role in a directory that only we can enter.

Whoever connects gets the text and the end of the line; there is nothing to ask.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

SUFFIX = ".metrics"
#: One that does not answer in time is left out.
ASK_SECONDS = 0.5
SAMPLE = re.compile(rb"([A-Za-z_:][A-Za-z0-9_:]*)(\{)?")


@asynccontextmanager
async def told(directory: Path | None, role: str, render: Callable[[], Awaitable[bytes]]) -> AsyncIterator[None]:
    """Tell the metrics of *role* in *directory* (None: nobody asks) until the block ends."""
    if directory is None:
        yield
        return

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await render())
            await writer.drain()
        except ConnectionError as error:
            structlog.get_logger().info("metrics not told", log="error", error=type(error).__name__)
        finally:
            writer.close()

    socket = await _free(directory, role)
    server = await asyncio.start_unix_server(tell, socket)
    try:
        yield
    finally:
        server.close()
        with suppress(FileNotFoundError):  # the whole directory may be gone
            socket.unlink()


async def joined(directories: Sequence[Path], own: Mapping[str, bytes]) -> bytes:
    """*own*, which we know by process, and those of all siblings in *directories*, with a label `process`."""
    found = {socket.name.removesuffix(SUFFIX): socket for directory in directories for socket in _sockets(directory)}
    others = {process: socket for process, socket in found.items() if process not in own}
    answers = await asyncio.gather(*(_ask(socket) for socket in others.values()))
    return merged({**own, **{process: text for process, text in zip(others, answers, strict=True) if text}})


def _sockets(directory: Path) -> list[Path]:
    """A handful of names in a directory in memory."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def merged(texts: dict[str, bytes]) -> bytes:
    """One text of several: each family once, with the samples of all processes, as the format demands."""
    heads: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for process, text in texts.items():
        label, family = f'process="{process}"'.encode(), b""
        for line in filter(None, text.split(b"\n")):
            if line.startswith(b"#"):
                family = line.split(b" ", 3)[2]
                known = heads.setdefault(family, [])
                # HELP and TYPE of a family that another process has, too.
                if not any(line.split(b" ", 2)[1] == each.split(b" ", 2)[1] for each in known):
                    known.append(line)
            else:
                samples.setdefault(family, []).append(_labelled(line, label))
    return b"\n".join(line for family in heads for line in (*heads[family], *samples.get(family, ()))) + b"\n"


def _labelled(line: bytes, label: bytes) -> bytes:
    found = SAMPLE.match(line)
    assert found is not None, "written by prometheus_client"
    rest = line[found.end() :]
    return found[1] + b"{" + label + (b"," + rest if found[2] else b"}" + rest)


async def _free(directory: Path, role: str) -> Path:
    """The socket of *role*; a second process of the same role takes one with its number, a dead one's is taken over."""
    socket = directory / f"{role}{SUFFIX}"
    if await _ask(socket) is not None:
        return directory / f"{role}-{os.getpid()}{SUFFIX}"
    socket.unlink(missing_ok=True)
    return socket


async def _ask(socket: Path) -> bytes | None:
    """None when nobody answers in time."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return await reader.read(-1)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
