"""Schemathesis throws what the document allows, and what it does not, at the real API: once per role, all checks, a fixed seed."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.api_house import House, Person, open_house

CONFIG = Path(__file__).with_name("schemathesis.toml")
SEED = 20261121
#: Ends the session it is called with, so it has a run of its own.
LOGOUT = "/v1/auth/logout"
#: Erases whom it is called for, which may be the caller.
ERASURE = "/v1/admin/accounts/{id}/erasure"
#: Have no end, so they have tests of their own.
STREAMS = ("/v1/events", "/v1/generations/{id}/events")
APART = (LOGOUT, ERASURE, *STREAMS)


async def schemathesis(
    house: House, person: Person, examples: int, *arguments: str, folder: Path, phases: str = "examples,coverage,fuzzing,stateful"
) -> tuple[int, str]:
    """Exit code and output of one run against *house* as *person*."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"http://127.0.0.1:{house.port}/openapi.json"),
        *("--url", f"http://127.0.0.1:{house.port}", "--phases", phases, "--checks", "all", "--max-examples", str(examples)),
        *("--seed", str(SEED), "--no-color", "--continue-on-failure", "--warnings", "off", "--suppress-health-check", "all"),
        *("-H", f"Authorization: Bearer {person.access_token}", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "SCHEMATHESIS_HOOKS": "tests.contracts.hooks"},
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode(errors="replace")


def told(output: str) -> str:
    """What a run found wrong."""
    return output[output.find("= FAILURES") :][:20_000]


async def checked(database_url: str, redis_url: str, folder: Path, role: str, examples: int, *arguments: str) -> None:
    """Run as somebody with *role* who owns a little of everything; clean means: not one failure."""
    async with open_house(database_url, redis_url, folder, DAYBOOK_RATE_LIMITS="off") as house:
        person = await house.person("user", *({role} - {"user"}), credits=1_000_000)
        await house.finished(person)
        await house.api_token(person, "generations:read")
        code, output = await schemathesis(
            house, person, examples, "--exclude-path-regex", f"^({'|'.join(map(re.escape, APART))})$", *arguments, folder=folder
        )
        assert code == 0, told(output)
        assert re.search(r"Tested: +\d\d", output), output[-2_000:]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("role", "room"), [("user", None), ("operator", "/v1/admin/"), ("auditor", "/v1/audit/")])
async def test_a_short_run_is_clean(database_url, redis_url, database_folder, role, room):
    """Everything as a user; what a role opens as somebody who has it. The long form looks at everything as everybody."""
    await checked(database_url, redis_url, database_folder, role, 2, *(["--include-path-regex", f"^{room}"] if room else []))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ["user", "operator", "auditor"])
async def test_a_hundred_examples_per_operation_are_clean(database_url, redis_url, database_folder, role):
    await checked(database_url, redis_url, database_folder, role, 100)


async def test_logging_out_keeps_the_contract_too(database_url, redis_url, database_folder, tmp_path):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as house:
        person = await house.person()
        code, output = await schemathesis(house, person, 10, "--include-path", LOGOUT, folder=tmp_path, phases="coverage,fuzzing")
    assert code == 0, told(output)


async def test_erasing_an_account_keeps_the_contract_too(database_url, redis_url, database_folder, tmp_path):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as house:
        person = await house.person("user", "operator")
        code, output = await schemathesis(house, person, 10, "--include-path", ERASURE, folder=tmp_path, phases="coverage,fuzzing")
    assert code == 0, told(output)
