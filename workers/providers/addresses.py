"""The refusal of a URL, under its former name."""

from domain.outgoing.refusals import UrlRefused as UrlRefused
