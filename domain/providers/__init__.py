"""Providers: the model catalogue, and what a provider is asked and answers."""
