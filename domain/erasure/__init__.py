"""Forgetting a person: what is asked, what follows, and what stays."""
