"""What becomes of work that is done in a child process."""


class ChildDied(Exception):
    """The process that did the work is gone: killed, out of memory, crashed."""
