"""docs/operations.md, the units, the Procfile and the KEDA example: what they name is there, and what they say is so."""

import configparser
import re
from pathlib import Path

import pytest
import typer
import yaml

from api.routes import ROUTES
from api.shapes.admin_fleet import QueueScale
from daybook.cli.app import build
from daybook.connections import CONNECTIONS
from daybook.processes.run import DRAIN_SECONDS
from daybook.variables import NAMES, VARIABLES
from domain.kernel.limits import BODY_BYTES_MAX, UPLOAD_BYTES_MAX
from workers.worker import GRACE_SECONDS, SLOTS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "docs" / "systemd").glob("*.service"))
ROLES = {"api", "dispatcher", "notary", "projector", "scheduler", "worker"}
COMMANDS = typer.main.get_command(build()).commands


def unit(path: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]
    return dict(parser["Service"])


def called(text: str) -> set[tuple[str, ...]]:
    """Commands of ours in *text*, with their first word or two."""
    found = re.findall(r"(?:^|[`/ (])daybook ([a-z]+)(?: ([a-z]+))?", text, re.MULTILINE)
    return {tuple(filter(None, words)) for words in found}


def test_every_command_is_there():
    asked = called("\n".join(re.findall(r"`[^`\n]+`|^(?:sudo )?(?:daybook|pg_|eval).*$", PAGE, re.MULTILINE)))
    assert len(asked) >= 8
    for first, *rest in asked:
        assert first in COMMANDS, first
        if rest and hasattr(COMMANDS[first], "commands"):
            assert rest[0] in COMMANDS[first].commands, (first, rest)


def test_every_setting_is_there_and_its_default_is_so():
    words = set(re.findall(r"\b(?:DAYBOOK|DATABASE|REDIS)_[A-Z_]+\b", PAGE))
    assert len(words) > 10
    assert words <= NAMES
    defaults = {each.name: each.default for each in VARIABLES}
    assert (defaults["DAYBOOK_DELIVERY_DAYS"], defaults["DAYBOOK_BACKUP_DAYS"]) == ("30", "35")
    assert int(defaults["DAYBOOK_UPLOAD_QUOTA_BYTES"]) == 100 << 30


def test_every_call_is_a_route():
    templates = {(route.method, route.template) for route in ROUTES}
    asked = re.findall(r"(GET|POST|PATCH)\s+(/v1/[a-z/{}_-]+)", PAGE)
    assert len(asked) > 10
    assert [each for each in asked if each not in templates] == []


def test_the_table_of_connections_is_that_of_the_code():
    table = {name: int(number) for name, number in re.findall(r"^\| ([a-z ]+) \| (\d+) \|$", PAGE, re.MULTILINE)}
    assert table == {{"command": "a command"}.get(name, name): number for name, number in CONNECTIONS.items() if name != "followers"}


def test_proxies_let_through_what_the_api_takes():
    assert (UPLOAD_BYTES_MAX, BODY_BYTES_MAX) == (100 << 20, 1 << 20)
    assert "client_max_body_size 101m;" in PAGE
    assert "max_size 101MiB" in PAGE
    assert 'proxy_set_header Forwarded "";' in PAGE
    assert "header_up -Forwarded" in PAGE
    streams = {route.template for route in ROUTES if route.events}
    [pattern] = re.findall(r"location ~ (\S+) \{", PAGE)
    assert {template for template in streams if re.search(pattern, template)} == streams


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_and_waits_for_its_drain(path):
    service = unit(path)
    words = service["ExecStart"].removeprefix("/opt/daybook/.venv/bin/daybook ").split()
    assert words in (["up"], ["%i"], ["worker", "--queues", "%i"])
    assert int(service["TimeoutStopSec"]) > DRAIN_SECONDS
    assert service["KillMode"] == "mixed"


def test_the_procfile_starts_every_role():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines())
    assert {line.split("daybook ")[1] for line in lines.values()} == ROLES | {"migrate"}
    assert set(re.findall(r"\bDAYBOOK_[A-Z_]+", "".join(lines.values()))) <= NAMES


def test_keda_reads_a_number_that_is_there():
    _, scaled = yaml.safe_load_all((ROOT / "docs" / "keda.yml").read_text(encoding="utf-8"))
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["metadata"]["valueLocation"] in QueueScale.__struct_fields__
    path, _, query = trigger["metadata"]["url"].partition("8000")[2].partition("?")
    assert path.replace("/image/", "/{name}/") in {route.template for route in ROUTES}
    assert query == f"slots={SLOTS}"
    assert (SLOTS, GRACE_SECONDS) == (16, 20)
