"""The model catalogue as files: the built-in one, and one of the operator's own merged over it."""

from infra.catalogue.loader import CatalogueInvalid, load_catalogue

__all__ = ["CatalogueInvalid", "load_catalogue"]
