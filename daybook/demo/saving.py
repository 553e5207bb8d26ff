"""Results as files, compared with what the API said of them."""

import hashlib
from pathlib import Path

from daybook_client import Asset, Daybook

from daybook.demo.disappointed import Disappointed
from daybook.demo.screen import Screen


def save(client: Daybook, asset: Asset, file: Path, screen: Screen) -> None:
    content = client.content(asset)
    digest = hashlib.sha256(content).hexdigest()
    if digest != asset["sha256"]:
        raise Disappointed(f"the bytes of {asset['id']} have sha256 {digest}, the API named {asset['sha256']}")
    keep(file, content, screen)
    seen = [f"{asset['width']} x {asset['height']}"] if asset["width"] else []
    heard = [f"{asset['duration_ms'] / 1000:.1f} s"] if asset["duration_ms"] else []
    screen.line(f"          {', '.join([*seen, *heard])}, {len(content)} bytes, sha256 {digest} as the API named it")


def keep(file: Path, content: bytes, screen: Screen) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_bytes(content)
    screen.line(f"saved     {file}")
