"""How the story ends early."""


class Disappointed(Exception):
    """Something is not as the story says; the sentence says what."""
