"""docker-compose.yml and Dockerfile, as far as they can be checked without Docker."""

import re
from pathlib import Path

import pytest
import yaml

from daybook.variables import NAMES
from infra.catalogue.loader import load_catalogue
from tests.support.daybook_command import environ, run

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "daybook:local"}
#: The keys of the Compose specification that are used here, and the types of their values.
SHAPE = {
    "build": str, "command": list, "depends_on": dict, "environment": dict, "healthcheck": dict, "image": str, "ports": list,
    "restart": str, "stop_grace_period": str, "volumes": list,
}  # fmt: skip
HEALTHCHECK = {"test": list, "interval": str, "timeout": str, "start_period": str, "retries": int}
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}
DURATION = re.compile(r"\d+(ms|s|m|h)")


def test_the_file_has_the_shape_of_a_compose_file():
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    for name, service in SERVICES.items():
        assert {key for key in service if not isinstance(service[key], SHAPE.get(key, ()))} == set(), name
        assert service["restart"] in ("no", "unless-stopped")
        for key, value in service.get("environment", {}).items():
            assert isinstance(value, str), f"{name}: {key} must be quoted"


def test_what_a_service_waits_for_is_there_and_can_be_waited_for():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other], name


def test_every_service_that_stays_has_a_healthcheck():
    for name, service in SERVICES.items():
        if service["restart"] != "no":
            check = service["healthcheck"]
            assert {key for key in check if not isinstance(check[key], HEALTHCHECK.get(key, ()))} == set(), name
            assert check["test"][0] == "CMD"
            assert all(DURATION.fullmatch(check[key]) for key in ("interval", "timeout", "start_period") if key in check)


def test_every_volume_is_declared():
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert named == set(COMPOSE["volumes"])


def test_every_variable_of_ours_is_a_setting():
    assert len(OURS) == 6 + len(load_catalogue(None).kinds())
    for service in OURS.values():
        assert set(service["environment"]) - NAMES == set()
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"\b(DAYBOOK_[A-Z_]+)=", docker)) <= NAMES


def test_the_settings_are_accepted_once_the_passwords_are_given():
    from daybook.settings import load

    given = {"DAYBOOK_SECRET_KEY": "k" * 44, "POSTGRES_PASSWORD": "a1", "REDIS_PASSWORD": "b2", "MINIO_ROOT_PASSWORD": "c3"}
    for service in OURS.values():
        settings = load({name: filled(value, given) for name, value in service["environment"].items()})
        assert settings.warnings == ()
        assert settings.database_url == "postgresql://daybook:a1@postgres:5432/daybook"


def test_secrets_come_from_the_outside_only():
    for name in ("DAYBOOK_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "MINIO_ROOT_PASSWORD"):
        assert f"${{{name}:?" in TEXT
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "SECRET" in name:
                assert value.startswith("${")


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_ours_is_a_command(name, tmp_path):
    done = run(*OURS[name]["command"], "--help", env=environ(tmp_path))
    assert done.returncode == 0, done.stderr


def test_every_queue_has_a_worker_service_and_every_role_a_service():
    queues = {service["command"][service["command"].index("--queues") + 1] for service in OURS.values() if "--queues" in service["command"]}
    assert queues == set(load_catalogue(None).kinds())
    roles = {"api", "dispatcher", "migrate", "notary", "projector", "scheduler", "worker"}
    assert {service["command"][0] for service in OURS.values()} == roles


def filled(text: str, given: dict[str, str]) -> str:
    """*text* with `${NAME:-default}` and `${NAME:?message}` as Compose fills them in."""

    def value(match: re.Match[str]) -> str:
        if match["how"] == "?":
            return given[match["name"]]
        return given.get(match["name"]) or match["rest"]

    return re.sub(r"\$\{(?P<name>[A-Z0-9_]+):(?P<how>[-?])(?P<rest>[^}]*)\}", value, text)
