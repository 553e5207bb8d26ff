"""docs/alerts.yml and docs/runbook.md: every metric is there, every alarm has its chapter, and nothing is left over."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from api.routes import ROUTES
from infra.metrics.gauges import process_gauges
from infra.metrics.registry import ProcessMetrics
from infra.metrics.roles import COUNTERS, RoleMetrics

DOCS = Path(__file__).parent.parent.parent / "docs"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
RUNBOOK = (DOCS / "runbook.md").read_text(encoding="utf-8")
NEVER: Any = None


def known() -> set[str]:
    """Every name that can be asked for."""
    process = ProcessMetrics(own_gauges=process_gauges(NEVER, NEVER, NEVER))
    texts = [generate_latest(each.registry) for each in (process, *map(RoleMetrics, COUNTERS))]
    found: set[str] = set()
    for text in texts:
        for family in text_string_to_metric_families(text.decode()):
            ends = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "gauge": [""]}[family.type]
            found |= {family.name + end for end in ends}
    return found


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bdaybook_[a-z0-9_]+", text))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_asks_for_metrics_that_are_there_and_has_its_chapter(rule):
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert names_in(rule["expr"]) <= known()
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    [chapter] = re.findall(rf"^## {rule['alert']}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert chapter.startswith("**Means** ")
    assert "**Do** " in chapter


def test_labels_in_expressions_are_those_of_the_metric():
    gauges = process_gauges(NEVER, NEVER, NEVER)
    for rule in RULES:
        for label, name in re.findall(r"by \((\w+)[^)]*\) \((daybook_\w+)", rule["expr"]):
            assert name.startswith(("daybook_request", "daybook_writer")) or label in gauges[name].labels, rule["alert"]


def test_every_chapter_is_an_alarms():
    chapters = re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)
    assert sorted(chapters) == sorted(rule["alert"] for rule in RULES)
    assert names_in(RUNBOOK) <= known()


def test_the_runbook_calls_what_is_there():
    paths = {route.template for route in ROUTES}
    for path in re.findall(r"/v1/[a-z/{}_-]+", RUNBOOK):
        assert path.rstrip("/") in paths, path


def test_every_gauge_of_the_dispatch_has_an_alarm_or_is_a_number_to_look_at():
    watched = set().union(*(names_in(rule["expr"]) for rule in RULES))
    looked_at = {"daybook_deliveries_waiting", "daybook_provider_failures_in_a_row"}
    assert process_gauges(NEVER, NEVER, NEVER).keys() - watched == looked_at
