"""The command `daybook`. Only this package prints; everything else logs or returns.

Exit codes: 0 done · 1 failed, or what was compared differs · 2 wrong usage, or it cannot start · 130 interrupted.
"""

from daybook.cli.main import main

__all__ = ["main"]
