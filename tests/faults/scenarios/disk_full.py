"""The disk of the object directory is full while results and uploads arrive."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import httpx

from tests.faults.client import register
from tests.faults.fault import Fault, Form, Report
from tests.faults.pictures import PICTURES
from tests.faults.stack import Stack
from tests.faults.without_store import outage
from tests.support.media_files import media_file

BYTES = 16 << 20


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A file system of BYTES in memory at *place*."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={BYTES},mode=0700", "tmpfs", str(place)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)


@contextmanager
def filled(place: Path) -> Iterator[None]:
    """Not a byte is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    try:
        yield
    finally:
        filler.unlink()


def no_mount() -> str:
    """Why this machine cannot do it; empty when it can."""
    return "" if os.geteuid() == 0 else "only root may mount a file system"


async def run(running: Stack, chance: Random, form: Form) -> Report:
    folder = running.folder / "small-disk"
    data = folder / "data"
    with small_disk(data), running.fresh(folder=folder, catalogue=PICTURES) as own:
        report = await outage(own, "disk-full", chance, form, away=lambda: filled(data), read=lambda key: bytes_in(data / "objects" / key))
        return replace(report, wrong=report.wrong + await uploads(own, data))


def bytes_in(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


async def uploads(own: Stack, data: Path) -> tuple[str, ...]:
    """What is wrong with how uploads are refused while the disk is full, and taken when it is not."""
    token, _ = await register(own.url)
    picture = media_file("image/png")
    async with httpx.AsyncClient(base_url=own.url, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {token}"}) as client:
        with filled(data):
            refused = await client.post("/v1/assets", files={"file": ("a.png", picture)})
        taken = await client.post("/v1/assets", files={"file": ("a.png", picture)})
    said = (refused.status_code, refused.json().get("code"), taken.status_code)
    return () if said == (503, "service_unavailable", 201) else (f"an upload was answered {said[0]} {said[1]}, and with room {said[2]}",)


DISK_FULL = Fault(
    key="disk-full",
    breaks="Not a byte is left in the object directory while results and uploads arrive; counts from when there is room again.",
    heals_within=35,
    short=False,
    run=run,
    lacks=no_mount,
)
