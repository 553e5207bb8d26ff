"""Carrying out erasures: steps that may end anywhere and be taken again."""
