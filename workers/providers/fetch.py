"""What a download gives, under its former name."""

from domain.outgoing.answers import Fetched as Fetched
from domain.outgoing.answers import FetchFailed as FetchFailed
