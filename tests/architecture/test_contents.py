"""The tables of contents: alphabetical, complete, and every event with a topic that outlives its module."""

import re
from importlib import import_module
from itertools import pairwise

import pytest

import domain.aggregates
from api.routes import ROUTES
from domain.commands import HANDLERS
from domain.kernel.commands import Command
from domain.kernel.facts import Fact, FirstFact
from projections.read_models import READ_MODELS
from tests.architecture.source import modules

for _module in modules("domain"):
    import_module(_module.name)


def below(base: type) -> list[type]:
    """All classes that inherit from *base* in the domain, kernel excepted."""
    found: set[type] = set()
    children: list[type] = base.__subclasses__()
    for child in children:
        found |= {child, *below(child)}
    ours = [child for child in found if child.__module__.startswith("domain.") and not child.__module__.startswith("domain.kernel.")]
    return sorted(ours, key=lambda child: child.__name__)


def facts() -> list[type[Fact]]:
    """Every event of the house."""
    return [fact for fact in below(Fact) if fact is not FirstFact]


@pytest.mark.parametrize("fact", facts(), ids=lambda fact: fact.__name__)
def test_every_event_has_a_topic_of_its_own_and_an_aggregate_that_it_changes(fact):
    assert re.fullmatch(r"[a-z0-9]+([._-][a-z0-9]+)*", fact.__dict__["TOPIC"].lower())
    assert fact.__module__ not in fact.TOPIC
    assert [root.__name__ for root in domain.aggregates.AGGREGATES if fact in root.MUTATORS] != []


def test_topics_are_unique():
    topics = [fact.TOPIC for fact in facts()] + [root.TOPIC for root in domain.aggregates.AGGREGATES]
    assert sorted(topics) == sorted(set(topics))
    assert len(topics) > 20


def test_aggregates_are_listed_in_order():
    names = [root.__name__ for root in domain.aggregates.AGGREGATES]
    assert names == sorted(names)


def test_every_command_has_its_handler():
    asked = {command.__name__ for command in below(Command) if command in HANDLERS or not part_of_another(command)}
    assert asked == {command.__name__ for command in HANDLERS}


def part_of_another(command: type) -> bool:
    """Whether *command* is only ever a field of others, such as an asset of a result."""
    return any(command.__name__ in str(annotation) for other in below(Command) for annotation in other.__annotations__.values())


@pytest.mark.parametrize(
    "feature", sorted({module.name.split(".")[1] for module in modules("domain") if module.path.endswith("/handlers.py")})
)
def test_commands_are_listed_in_order(feature):
    names = [command.__name__ for command in import_module(f"domain.{feature}.handlers").HANDLERS]
    assert names == sorted(names)


def test_routes_are_listed_by_template():
    templates = [route.template if hasattr(route, "template") else str(route) for route in ROUTES]
    paths = [template.split(" ", 1)[-1] for template in templates]
    assert [(one, two) for one, two in pairwise(paths) if one > two] == []


def test_read_models_are_listed_in_order():
    assert list(READ_MODELS) == sorted(READ_MODELS)
