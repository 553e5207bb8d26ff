"""Several API processes behind one port: `daybook api --processes N`. The supervisor and the start of a child are those of `up`."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import structlog

from daybook.settings import Settings
from daybook.up.child import Start
from daybook.up.listener import listen
from daybook.up.porter import Porter
from daybook.up.supervisor import Supervisor

OK, CANNOT_START = 0, 2


def run(settings: Settings, count: int, *, no_color: bool = False) -> int:
    """Keep *count* processes running until a signal; then they drain. Returns the exit code.   Raises PortTaken, EngineError."""
    from infra.logs import configure

    configure(level=settings.log_level, format=settings.log_format, process="api", no_color=no_color)
    log = structlog.get_logger()
    with ExitStack() as stack:
        porter = Porter(listen(settings.host, settings.port))
        # Where they tell each other what they count. Nobody else's API does that here: each port tells of its own processes.
        told_in = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="daybook-api-", ignore_cleanup_errors=True)))
        words = [f"--data={settings.data_dir}", f"--told-in={told_in}"]
        starts = [Start("api", words, None, number=number, line=porter.line) for number in range(1, count + 1)]
        supervisor = Supervisor(starts, None, log.warning)
        supervisor.heed_signals()
        supervisor.spawn()
        stack.callback(supervisor.stop)
        # Nobody new may come in while they finish what they have.
        stack.callback(porter.close)
        porter.start()
        supervisor.go()
        begun = False
        while not supervisor.stopping:
            ended = supervisor.tick()
            if not begun and any(code == CANNOT_START for _, code in ended):
                return CANNOT_START
            if not begun and supervisor.ready:
                begun = True
                log.info("ready", log="business", role="api", processes=count)
    log.info("stopped", log="business", role="api")
    return OK
