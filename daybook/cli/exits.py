"""What the shell is told."""

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130


class Stop(Exception):
    """Ends a command with a sentence (which may be empty) for the person and a code for the shell."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code
