"""The codes that a generation can fail with are one list: what the code says, and what the public document names."""

import ast
from collections.abc import Iterator

from api.kit.openapi import document
from api.routes import ROUTES
from domain.generations.failures import FAILURES
from domain.generations.generation import SUBMIT_UNKNOWN
from domain.providers.jobs import FAILURE_CODES
from tests.architecture.source import modules

#: Whoever makes a failure, the code first or by name. Providers' codes are looked up in `FAILURE_CODES` when one is made.
MAKERS = {"AttemptFailed", "FailGeneration", "ProviderFailure", "_failure", "fail"}


def said() -> Iterator[str]:
    """Every code that stands by letter where a failure is made."""
    for module in modules("domain", "workers"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _name(node.func) in MAKERS:
                given = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
                yield from (each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_the_list_names_every_code_that_is_said_and_no_other():
    assert {*said(), *FAILURE_CODES, SUBMIT_UNKNOWN} == FAILURES.keys()
    assert {"deadline_exceeded", "quarantined", "erased"} <= set(said())


def test_the_public_document_names_them_all_in_order():
    shown = document(ROUTES, version="1", public_url="http://127.0.0.1")["components"]["schemas"]["GenerationError"]["properties"]["code"]
    assert shown["enum"] == sorted(FAILURES)
    assert all(f"`{code}`: {sentence}" in shown["description"] for code, sentence in FAILURES.items())
