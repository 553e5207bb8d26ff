"""What was loaded for the tests stays for the whole session, so the garbage collector need not go through it again and again."""

import gc


def pytest_collection_finish() -> None:
    """Thousands of tests and their modules: a tenth of a session's time is saved."""
    gc.collect()
    gc.freeze()
