"""What the embedded engines refuse, each as one sentence for the person at the terminal."""


class EngineError(Exception):
    """An embedded engine cannot run here; the message says why and what helps."""


class AlreadyRunning(EngineError):
    """Another Daybook holds this data directory."""
