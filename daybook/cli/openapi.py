"""`daybook openapi`: the contract as a file."""

import typer


def register(app: typer.Typer) -> None:
    app.command("openapi", epilog="\b\nExample:\n  daybook openapi > openapi.json")(openapi)


def openapi() -> int:
    """Print the OpenAPI 3.1 document of this release. Needs no database."""
    import json

    from api.kit.openapi import document
    from api.routes import ROUTES
    from daybook.settings import from_environment
    from daybook.version import version

    typer.echo(json.dumps(document(ROUTES, version=version(), public_url=from_environment().public_url), indent=2, ensure_ascii=True))
    return 0
