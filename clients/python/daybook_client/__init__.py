"""A small typed client of Daybook's REST API."""

from daybook_client.client import Daybook
from daybook_client.errors import NoThumbnail, Problem, Unfinished, Unreachable, WebhookRefused
from daybook_client.events import Event
from daybook_client.objects import Asset, Balance, Generation, GenerationCredits, GenerationError
from daybook_client.webhooks import verify_webhook

__all__ = [
    "Asset",
    "Balance",
    "Daybook",
    "Event",
    "Generation",
    "GenerationCredits",
    "GenerationError",
    "NoThumbnail",
    "Problem",
    "Unfinished",
    "Unreachable",
    "WebhookRefused",
    "verify_webhook",
]
