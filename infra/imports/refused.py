"""Why a file cannot be taken in."""


class ImportRefused(Exception):
    """The file, or the log it should go into, is not as it must be. Nothing was written."""


class LineRefused(ImportRefused):
    """A line of the file, counted from 1, is damaged or out of place."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
