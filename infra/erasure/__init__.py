"""Erasures: what is still to be done, and the list of them outside the database."""
