"""`docs/events.md`, made from the event classes.

usage: python -m daybook.event_pages > docs/events.md
"""

import sys
from collections.abc import Iterator
from typing import get_type_hints

import domain.aggregates  # noqa: F401 - defines all events
from domain.kernel.facts import Fact, FirstFact

HEAD = """# Events

Everything that can stand in the log, by topic. Made from the event classes by `python -m daybook.event_pages`; a test keeps it current.

Every event also has the columns `position`, `stream`, `version`, `recorded_at`, `actor`, `account_id`, `correlation`, `causation` and
`command_id`; events that move credits have `available`, `held`, `owed`, `outside` and `book`, which sum to zero. Fields whose names
begin with `sealed_` are ciphertext under the account's own key: destroying that key erases them and leaves the rest readable.
"""
#: Fields of the library's base classes, which are columns.
COLUMNS = frozenset({"originator_id", "originator_id_type", "originator_version", "originator_topic", "timestamp", "TOPIC"})


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    room = ""
    for kind in sorted(facts(), key=lambda kind: kind.TOPIC):
        if kind.TOPIC.split(".")[0] != room:
            room = kind.TOPIC.split(".")[0]
            parts.append(f"## {room}\n")
        parts.append(_section(kind))
    return "\n".join(parts)


def facts() -> Iterator[type[Fact]]:
    """Every event class of this release."""
    waiting: list[type[Fact]] = [Fact]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("domain.") and "TOPIC" in vars(kind):
            yield kind


def _section(kind: type[Fact]) -> str:
    fields = {name: hint for name, hint in get_type_hints(kind).items() if name not in COLUMNS}
    about = vars(kind).get("__doc__") or ""
    if about.startswith(f"{kind.__name__}("):
        about = ""  # the signature, which the library puts where nothing was written
    marks = ["begins a stream"] if issubclass(kind, FirstFact) else []
    marks += ["moves credits"] if kind.postings is not Fact.postings else []
    lines = [f"### `{kind.TOPIC}`\n", f"{kind.__name__}{' · ' + ' · '.join(marks) if marks else ''}\n"]
    if about:
        lines.append(" ".join(about.split()) + "\n")
    if fields:
        lines += ["| field | type |", "|---|---|", *(f"| `{name}` | `{_spelled(hint)}` |" for name, hint in fields.items()), ""]
    return "\n".join(lines)


def _spelled(hint: object) -> str:
    text = hint.__name__ if isinstance(hint, type) and not getattr(hint, "__args__", None) else str(hint)
    for module in ("datetime.", "uuid.", "typing.", "domain.generations.events.", "domain.credits.events.", "domain.payments.shares."):
        text = text.replace(module, "")
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
