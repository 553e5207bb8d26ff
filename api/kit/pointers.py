"""From a msgspec error to the JSON pointer of the fault.

msgspec names the place as `$.params[...]`: a field by name, an item by index, but a map's value only by `[...]`. The
tree is at hand, so the key is found by converting again with all the other keys left out.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from api.kit.strict_json import escaped

_STEP = re.compile(r"\.(?P<field>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_MEMBER = re.compile(r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)
_KEY = "key` in `"

Convert = Callable[[Any], Any]


def fault(tree: Any, message: str, convert: Convert) -> tuple[str, str]:
    """(JSON pointer, sentence) of the first fault that *message* tells of; *convert* is what raised it on *tree*."""
    said, _, where = message.rpartition(" - at `")
    said, path = (said, where.rstrip("`")) if said else (message, "$")
    if path.startswith(_KEY):
        path = path.removeprefix(_KEY) + "[...]"
    keys = _keys(tree, path, message, convert)
    if member := _MEMBER.match(said):
        keys.append(member["name"])
    return "".join("/" + escaped(str(key)) for key in keys), said


def _keys(tree: Any, path: str, message: str, convert: Convert) -> list[str | int]:
    """The keys that lead to *path*, as far as the tree has them."""
    found: list[str | int] = []
    node = tree
    for step in _STEP.finditer(path.removeprefix("$")):
        if step["index"] and isinstance(node, list):
            key: str | int | None = int(step["index"])
        elif isinstance(node, dict):
            key = step["field"] or _culprit(tree, found, node, message, convert)
        else:
            break
        if key is None or (isinstance(node, dict) and key not in node):
            break
        found.append(key)
        node = node[key]
    return found


def _culprit(tree: Any, path: list[str | int], node: dict[str, Any], message: str, convert: Convert) -> str | None:
    """The key of the map *node* (at *path* of *tree*) that alone raises *message*."""
    for key, value in node.items():
        try:
            convert(_replaced(tree, path, {key: value}))
        except msgspec.ValidationError as error:
            if str(error) == message:
                return key
    return None


def _replaced(tree: Any, path: list[str | int], value: Any) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(tree, dict):
        return {**tree, key: _replaced(tree[key], rest, value)}
    return [_replaced(item, rest, value) if index == key else item for index, item in enumerate(tree)]
