"""What looks like a secret in a text: keys whose makers mark them, and words too random to be words.

    .venv/bin/python -m tests.security.secrets_scan --history

looks through everything that was ever committed as well, which takes a while.
"""

import argparse
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.source import ROOT

MARKED = {
    "AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub": r"\bgh[opsur]_[A-Za-z0-9]{30,}",
    "GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Google": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "JWT": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{20,}",
    "OpenAI and its like": r"\bsk-(?:ant-|or-|proj-)?[A-Za-z0-9_-]{20,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "Replicate": r"\br8_[A-Za-z0-9]{30,}",
    "Slack": r"\bxox[abposr]-[A-Za-z0-9-]{10,}",
    "Stripe": r"\b[rs]k_live_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/]{32,}",
    "ours": r"\bdb[kpr]_[A-Za-z0-9_-]{40,}",
    "password in an address": r"[a-z]+://[^\s:/@\"'{}$<>]+:(?!\*\*\*|password|secret|hunter2)[^\s:/@\"'{}$<>]{8,}@",
}
PATTERN = re.compile("|".join(f"(?P<_{number}>{pattern})" for number, pattern in enumerate(MARKED.values())))
NAMES = [*MARKED]
WORD = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
#: Bits for each character: names and paths stay below, 24 random bytes in Base64 come to more.
BITS_MIN = 4.4
HEX = re.compile(r"[0-9a-f-]+|[0-9A-F-]+")


class Found(NamedTuple):
    path: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}: {self.text[:12]}…"


def found_in(path: str, text: str) -> Iterator[Found]:
    for number, line in enumerate(text.splitlines(), 1):
        for match in PATTERN.finditer(line):
            yield Found(path, number, NAMES[int((match.lastgroup or "_0")[1:])], match[0])
        for match in WORD.finditer(line):
            if is_random(match[0]):
                yield Found(path, number, "too random for a word", match[0])


def is_random(word: str) -> bool:
    """Upper and lower case and digits, mixed as chance mixes them. Hex is left out: ids and hashes are not secret."""
    if HEX.fullmatch(word) or not (re.search("[a-z]", word) and re.search("[A-Z]", word) and re.search("[0-9]", word)):
        return False
    counts = Counter(word)
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts.values()) >= BITS_MIN


def tracked() -> dict[str, str]:
    """Path -> text of every file that git tracks."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    texts = {}
    for name in filter(None, names):
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # pictures and the like; or deleted, and not yet committed
    return texts


def history() -> Iterator[Found]:
    """Whatever any commit added."""
    command = ["git", "log", "--all", "-p", "--no-color", "--no-textconv", "--unified=0", "--format=commit %h"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as log:
        assert log.stdout is not None
        commit = path = ""
        for line in log.stdout:
            if line.startswith("commit "):
                commit = line[7:].strip()
            elif line.startswith("+++ "):
                path = line[6:].strip()
            elif line.startswith("+"):
                yield from found_in(f"{commit} {path}", line[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", action="store_true")
    everything = [found for path, text in tracked().items() for found in found_in(path, text)]
    if parser.parse_args().history:
        everything += history()
    for found in {(each.path.split(" ")[-1], each.kind, each.text): each for each in everything}.values():
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
