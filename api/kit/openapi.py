"""The OpenAPI 3.1 document, made from the route table and the shapes. Nothing in it is written twice."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, get_args
from uuid import UUID

import msgspec

from api.kit import openapi_parts as parts
from api.kit.problems import PROBLEM_TYPE, Problem, status_of
from api.kit.route import Route

REF = "#/components/schemas/{name}"
Document = dict[str, Any]


def document(routes: Sequence[Route], *, version: str, public_url: str) -> Document:
    """The whole document; equal for equal routes, so it is made once."""
    routes = [route for route in routes if route.documented]
    shapes = list(dict.fromkeys(_shapes(routes)))
    schemas, components = msgspec.json.schema_components(shapes, ref_template=REF)
    schema_of = dict(zip(map(repr, shapes), schemas, strict=True))
    paths: Document = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, routes, schema_of, components)
    used = {status for path in paths.values() for operation in path.values() for status in operation["responses"]}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "Daybook", "version": version, "description": parts.DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": public_url}],
        "tags": [{"name": tag} for tag in sorted({_tag(route) for route in routes})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"bearer": parts.BEARER, "ticket": parts.TICKET},
            "headers": parts.HEADERS,
            "parameters": parts.PARAMETERS,
            "responses": {f"Problem{status}": _problem(int(status)) for status in sorted(used) if int(status) >= 400},
        },
    }


def _shapes(routes: Sequence[Route]) -> Iterator[Any]:
    yield Problem
    for route in routes:
        yield from (shape for shape in (route.body, route.query, *route.answers.values()) if is_shape(shape))


def is_shape(shape: Any) -> bool:
    """Not None (no content) and not a media type."""
    return shape is not None and not isinstance(shape, str)


def _tag(route: Route) -> str:
    return route.tag or inspect.getmodule(route.endpoint).__name__.rpartition(".")[2]  # type: ignore[union-attr]


def operation_id(route: Route) -> str:
    return f"{_tag(route)}_{route.endpoint.__name__}".strip("_")


def _operation(route: Route, routes: Sequence[Route], schema_of: Mapping[str, Document], components: Mapping[str, Document]) -> Document:
    documented = inspect.getdoc(route.endpoint) or ""
    operation: Document = {
        "operationId": operation_id(route),
        "summary": route.summary or documented.partition("\n")[0].rstrip("."),
        "description": documented or route.summary,
        "tags": [_tag(route)],
        "security": _security(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route, components), *_header_parameters(route, routes)],
        "responses": {**_answers(route, routes, schema_of), **_refusals(route, routes)},
    }
    if is_shape(route.body):
        required = NoneType not in get_args(route.body)
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema_of[repr(route.body)]}}}
    if route.form is not None:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": dict(route.form)}}}
    if route.permission.scope or route.permission.role:
        operation["x-permission"] = {"scope": route.permission.scope, "role": route.permission.role}
    return operation


def _security(route: Route) -> list[Document]:
    if route.permission.public:
        return [{}]
    return [{"bearer": []}, {"ticket": []}] if route.events else [{"bearer": []}]


def _path_parameters(route: Route) -> Iterator[Document]:
    for name in route.path_names:
        schema = parts.ID_SCHEMA if route.path_type(name) is UUID else parts.WORD_SCHEMA
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route, components: Mapping[str, Document]) -> Iterator[Document]:
    if route.query is None:
        return
    shape = components[route.query.__name__]
    for name, schema in shape.get("properties", {}).items():
        if route.events and name == parts.TICKET["name"]:
            # Stands among the credentials.
            continue
        parameter = {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": _one_of_text(schema)}
        if description := parts.QUERY_TEXTS.get(name):
            parameter["description"] = description
        yield parameter


def _one_of_text(schema: Document) -> Document:
    """Without null: a query parameter is absent or has a value."""
    plain = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    if "anyOf" in plain:
        options = [option for option in plain["anyOf"] if option != {"type": "null"}]
        if len(options) == 1:
            return {**{key: value for key, value in plain.items() if key != "anyOf"}, **options[0]}
        return {**plain, "anyOf": options}
    return plain


def _header_parameters(route: Route, routes: Sequence[Route]) -> Iterator[Document]:
    names = []
    if route.render is not None and not route.permission.public:
        names.append("IdempotencyKey")
    if route.waits:
        names.append("Prefer")
    if route.reads is not None:
        names.append("MinPosition")
    if route.etag and route.method == "GET":
        names.append("IfNoneMatch")
    if route.events:
        names.append("LastEventId")
    if is_conditional(route, routes):
        names.append("IfMatch")
    for name in names:
        yield {"$ref": f"#/components/parameters/{name}"}


def is_conditional(route: Route, routes: Sequence[Route]) -> bool:
    """Does it honour If-Match: a write to what a GET with an ETag shows."""
    return route.method in ("PATCH", "PUT", "DELETE") and any(
        other.method == "GET" and other.etag and other.template == route.template for other in routes
    )


def _answers(route: Route, routes: Sequence[Route], schema_of: Mapping[str, Document]) -> Document:
    found: Document = {}
    for status, shape in route.answers.items():
        answer: Document = {"description": parts.STATUS_TEXTS.get(status, "Done."), "headers": _headers(route, status)}
        if isinstance(shape, str):
            answer["content"] = {shape: {"schema": {"type": "string"}}}
        elif shape is not None:
            answer["content"] = {"application/json": {"schema": schema_of[repr(shape)]}}
            if links := _links(route, routes, shape):
                answer["links"] = links
        found[str(status)] = answer
    if route.etag and route.method == "GET":
        found["304"] = {"description": parts.STATUS_TEXTS[304], "headers": _headers(route, 304)}
    return found


def _headers(route: Route, status: int) -> Document:
    names = ["XRequestId"]
    if not route.free:
        names += ["RateLimit", "RateLimitPolicy"]
    if status in (201, 202, 302):
        names.append("Location")
    if route.render is not None or route.reads is not None:
        names.append("DaybookPosition")
    if route.etag and status in (200, 304):
        names.append("ETag")
    if route.render is not None:
        names.append("IdempotencyReplayed")
    if route.query is not None and "cursor" in route.query.__struct_fields__:
        names.append("Link")
    return {parts.HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def _links(route: Route, routes: Sequence[Route], shape: Any) -> Document:
    """From what a POST made to everything that can be done with it."""
    if route.method != "POST" or route.path_names or "id" not in getattr(shape, "__struct_fields__", ()):
        return {}
    within = f"{route.template}/{{id}}"
    return {
        operation_id(other): {"operationId": operation_id(other), "parameters": {"id": "$response.body#/id"}}
        for other in routes
        if other.template == within or other.template.startswith(f"{within}/")
    }


def _refusals(route: Route, routes: Sequence[Route]) -> Document:
    """What the kit may refuse for a route of this kind, and what the route itself declares."""
    statuses = {400, 422, 431, 503} if not route.free else {422, 431, 503}
    if not route.permission.public:
        # 410: the caller, or whom it is about, was erased.
        statuses |= {401, 403, 410}
    if route.path_names:
        statuses.add(404)
    if route.method != "GET":
        statuses |= {413, 415}
    if not route.free:
        statuses.add(429)
    if route.render is not None:
        statuses.add(409)
    if is_conditional(route, routes):
        statuses.add(412)
    statuses |= {status_of(refusal) for refusal in route.refusals}
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses - set(route.answers))}


def _problem(status: int) -> Document:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/XRequestId"}}
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WwwAuthenticate"}
    content = {PROBLEM_TYPE: {"schema": {"$ref": REF.format(name="Problem")}}}
    return {"description": parts.STATUS_TEXTS[status], "headers": headers, "content": content}
