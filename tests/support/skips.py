"""No silent skips: a test run fails when it skips a test that `tests/skips.txt` does not list with a reason."""

from pathlib import Path

import pytest

LIST = Path(__file__).parent.parent / "skips.txt"


def allowed(text: str) -> dict[str, str]:
    """`test id | reason` a line; blank lines and lines that begin with # do not count. A line without a reason is a ValueError."""
    rules = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, bar, reason = (part.strip() for part in line.partition("|"))
        if not (bar and name and reason):
            raise ValueError(f"tests/skips.txt: {line!r} is not `test id | reason`")
        rules[name] = reason
    return rules


class Skips:
    """Collects what was skipped; speaks at the end."""

    def __init__(self, rules: dict[str, str]) -> None:
        self._rules = rules
        self.unlisted: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unlisted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name in self.unlisted:
            terminalreporter.write_line(f"skipped, but not listed with a reason in tests/skips.txt: {name}", red=True)

    def _note(self, name: str) -> None:
        if not any(name == rule or name.startswith((rule + "[", rule + "::")) for rule in self._rules):
            self.unlisted.append(name)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Skips(allowed(LIST.read_text())), "daybook-skips")
