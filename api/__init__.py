"""How Daybook is reached over HTTP. `routes.py` is the table of contents; `kit` is what every endpoint shares."""
