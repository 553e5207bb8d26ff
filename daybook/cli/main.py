"""Runs one command and turns whatever it raises into one sentence and an exit code."""

import select
import sys
from collections.abc import Sequence

# Typer carries its own click and gives this base class of wrong usage no public name.
from typer import Abort
from typer._click.exceptions import ClickException

from daybook.cli.app import build
from daybook.cli.exits import FAILED, INTERRUPTED, OK, USAGE, Stop
from daybook.cli.failures import explain

STDOUT = 1


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
    except (BrokenPipeError, SystemExit):
        # Typer ends the process when a pipe breaks. If it is that of our output, its reader, such as `head`, has seen enough.
        gone = _reader_is_gone()
        if gone:
            sys.stdout = None
        return OK if gone else FAILED
    except Stop as stop:
        return _say(str(stop), stop.code)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        return _say(known, USAGE)
    return code if isinstance(code, int) else FAILED if code else OK


def _reader_is_gone() -> bool:
    looking = select.poll()
    looking.register(STDOUT, 0)
    return any(state & select.POLLERR for _, state in looking.poll(0))


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(f"daybook: {sentence}", file=sys.stderr)
    return code
