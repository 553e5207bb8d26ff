"""Runs one command and turns whatever it raises into one sentence and an exit code."""

import sys
from collections.abc import Sequence

# Typer carries its own click and gives this base class of wrong usage no public name.
from typer import Abort
from typer._click.exceptions import ClickException

from daybook.cli.app import build
from daybook.cli.exits import FAILED, INTERRUPTED, OK, USAGE, Stop
from daybook.cli.failures import explain


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of `daybook` with *arguments* (None: those of the process)."""
    # What a terminal cannot show must not end the command.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = build()(args=None if arguments is None else list(arguments), prog_name="daybook", standalone_mode=False)
    except ClickException as mistake:
        mistake.show(sys.stderr)
        return mistake.exit_code
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has seen enough. What is buffered can go nowhere.
        sys.stdout = None
        return OK
    except Stop as stop:
        return _say(str(stop), stop.code)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        return _say(known, USAGE)
    return code if isinstance(code, int) else FAILED if code else OK


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(f"daybook: {sentence}", file=sys.stderr)
    return code
