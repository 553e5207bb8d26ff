"""HTML of the documents. Everything that is not ours by letter goes through `escape`."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from api.kit.problems import status_of, title_of
from domain.kernel.refusals import Refusal

Document = dict[str, Any]
#: Where a refusal's sentence names what it is about.
_FIELD = re.compile(r"\{(\w+)\}")
METHODS = ("get", "post", "put", "patch", "delete")


def operations_page(document: Document, refusals: Mapping[str, type[Refusal]]) -> str:
    """All operations of an OpenAPI document, by tag, each with what it takes and answers; then the codes of all problems."""
    info = document["info"]
    groups = {tag["name"]: list(_operations(document, tag["name"])) for tag in document["tags"]}
    menu = "".join(f'<a href="#{escape(tag)}">{escape(tag.replace("_", " "))}</a>' for tag in (*groups, "problems"))
    body = "".join(
        f'<section id="{escape(tag)}"><h2>{escape(tag.replace("_", " "))}</h2>{"".join(rows)}</section>' for tag, rows in groups.items()
    )
    intro = "".join(f"<p>{_text(part)}</p>" for part in info["description"].split("\n\n"))
    return _html(
        "Daybook API",
        f"<header><h1>Daybook <small>{escape(info['version'])}</small></h1>{intro}"
        '<p><a href="/openapi.json">openapi.json</a></p>'
        '<input id="search" type="search" placeholder="Search operations" aria-label="Search operations"></header>'
        f"<nav>{menu}</nav><main>{body}{_problems(refusals)}{_schemas(document)}</main>",
        script=True,
    )


def problem_page(code: str, kind: type[Refusal]) -> str:
    """What *code* means and what to do about it."""
    again = "The same request may succeed later." if kind.retryable else "Repeating the same request will not help."
    detail = _FIELD.sub(r"<i>\1</i>", escape(kind.detail))
    return _html(
        title_of(code),
        f"<main class=problem><p><a href=/docs>Daybook API</a></p><h1>{escape(title_of(code))}</h1>"
        f"<p><code>{escape(code)}</code> · status <b>{status_of(kind)}</b></p>"
        f"<p>{_text(_meaning(kind))}</p><blockquote>{detail}</blockquote><p>{again}</p></main>",
    )


def _meaning(kind: type[Refusal]) -> str:
    """Its own words, or those of its kind."""
    return next((base.__doc__ for base in kind.__mro__ if base.__doc__ and issubclass(base, Refusal)), "")


def _problems(refusals: Mapping[str, type[Refusal]]) -> str:
    rows = "".join(
        f"<tr><td><a href=/problems/{escape(code)}><code>{escape(code)}</code></a></td><td><b>{status_of(kind)}</b></td>"
        f"<td>{_text(_meaning(kind).partition(chr(10))[0])}</td></tr>"
        for code, kind in refusals.items()
    )
    return f"<section id=problems><h2>problems</h2><p>The <code>code</code> of every error.</p><table>{rows}</table></section>"


def _operations(document: Document, tag: str) -> Iterator[str]:
    for template, path in document["paths"].items():
        for method in METHODS:
            operation = path.get(method)
            if operation is not None and tag in operation["tags"]:
                yield _operation(document, template, method, operation)


def _operation(document: Document, template: str, method: str, operation: Document) -> str:
    needs = "no credential" if operation["security"] == [{}] else _needs(operation.get("x-permission", {}))
    return (
        f'<details class=operation id="{escape(operation["operationId"])}"><summary><b class="{method}">{method.upper()}</b>'
        f"<code>{escape(template)}</code><span>{escape(operation['summary'])}</span></summary>"
        f"<p>{_text(operation['description'])}</p><p class=needs>Needs: {escape(needs)}</p>"
        f"{_parameters(document, operation)}{_body(operation)}{_answers(document, operation)}</details>"
    )


def _needs(permission: Document) -> str:
    parts = [f"role {permission['role']}"] if permission.get("role") else []
    if permission.get("scope"):
        parts.append(f"an access token, or an API token with scope {permission['scope']}")
    return ", ".join(parts) or "a credential"


def _parameters(document: Document, operation: Document) -> str:
    rows = []
    for given in operation["parameters"]:
        parameter = _resolved(document, given)
        required = " <i>required</i>" if parameter["required"] else ""
        rows.append(
            f"<tr><td><code>{escape(parameter['name'])}</code>{required}</td><td>{escape(parameter['in'])}</td>"
            f"<td>{_type(parameter['schema'])}</td><td>{_text(parameter.get('description', ''))}</td></tr>"
        )
    return f"<h3>Parameters</h3><table>{''.join(rows)}</table>" if rows else ""


def _body(operation: Document) -> str:
    if "requestBody" not in operation:
        return ""
    rows = "".join(f"<p>{escape(kind)}: {_type(content['schema'])}</p>" for kind, content in operation["requestBody"]["content"].items())
    return f"<h3>Body</h3>{rows}"


def _answers(document: Document, operation: Document) -> str:
    rows = []
    for status, given in operation["responses"].items():
        answer = _resolved(document, given)
        shapes = ", ".join(_type(content["schema"]) for content in answer.get("content", {}).values())
        rows.append(f"<tr><td><b>{escape(status)}</b></td><td>{_text(answer['description'])}</td><td>{shapes}</td></tr>")
    return f"<h3>Answers</h3><table>{''.join(rows)}</table>"


def _schemas(document: Document) -> str:
    shown = []
    for name, schema in document["components"]["schemas"].items():
        required = schema.get("required", ())
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code>{' <i>required</i>' if field in required else ''}</td><td>{_type(part)}</td>"
            f"<td>{_text(part.get('description', ''))}</td></tr>"
            for field, part in schema.get("properties", {}).items()
        )
        shown.append(f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
                     f"<p>{_text(schema.get('description', ''))}</p><table>{rows}</table></details>")  # fmt: skip
    return f"<section id=shapes><h2>shapes</h2>{''.join(shown)}</section>"


def _type(schema: Document) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    words = [" or ".join(kind) if isinstance(kind, list) else str(kind)]
    words += [str(schema["format"])] if "format" in schema else []
    bounds = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤", "default": "default"}
    words += [f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema]
    return escape(", ".join(words))


def _resolved(document: Document, given: Document) -> Document:
    if "$ref" not in given:
        return given
    found: Any = document
    for step in given["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _text(text: str) -> str:
    """Plain text with `code` marked."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _html(title: str, body: str, *, script: bool = False) -> str:
    load = '<script src="/docs/search.js" defer></script>' if script else ""
    return (
        f'<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f'<title>{escape(title)}</title><link rel=stylesheet href="/docs/style.css">{load}<body>{body}</body></html>'
    )
