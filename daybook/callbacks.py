"""Where providers may call us back."""

from urllib.parse import urlsplit

from daybook.settings import Settings


def callback_base(settings: Settings) -> str | None:
    """The public URL when a provider can reach it: https, or a place that is allowed for tests and demonstrations. None: we only look."""
    parts = urlsplit(settings.public_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return settings.public_url if parts.scheme == "https" or f"{parts.hostname}:{port}" in settings.outgoing_allow else None
