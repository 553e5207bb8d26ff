"""Stability AI's pictures. The format is known from third parties only (see docs/providers.md)."""
