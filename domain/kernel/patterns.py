"""Pieces of patterns that mean the same in Python and in JSON Schema (ECMA 262)."""

#: The end of the text. A bare `$` lets one last line break pass in Python, though not in JSON Schema.
END = r"$(?!\n)"
