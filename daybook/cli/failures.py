"""Errors that a person can mend, as the sentence that says how. README's troubleshooting has a line for each."""


def explain(error: Exception) -> str | None:
    """What to tell a person about *error*; None when it is a defect and deserves its traceback."""
    from daybook.engines import EngineError
    from daybook.settings import SettingsError

    if isinstance(error, SettingsError):
        return "the settings have mistakes:\n" + "\n".join(f"  {mistake}" for mistake in error.mistakes)
    if isinstance(error, EngineError):
        return str(error)
    return _of_dependencies(error)


def _of_dependencies(error: Exception) -> str | None:
    import psycopg

    from domain.kernel.refusals import Unavailable
    from infra.catalogue.checks import CatalogueInvalid
    from infra.postgres.migrate import MigrationRefused
    from infra.secrets.keyring import UnknownEpoch

    if isinstance(error, (MigrationRefused, CatalogueInvalid, UnknownEpoch)):
        return str(error)
    if isinstance(error, psycopg.OperationalError):
        # The first line names host and reason; the driver never puts a password into it.
        return f"PostgreSQL does not answer: {str(error).strip().splitlines()[0]}"
    if isinstance(error, Unavailable):
        return str(error)
    return None
