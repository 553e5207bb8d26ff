"""What goes wrong, as exceptions."""

from typing import Any

import httpx


class NoThumbnail(Exception):
    """The asset has no small picture."""


class Problem(Exception):
    """A refusal of the server (RFC 9457). `code` is stable, `detail` is for people, `errors` are [{pointer, detail}]."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            document = answer.json()
        except ValueError:
            document = {}
        self.document: dict[str, Any] = document if isinstance(document, dict) else {}
        self.status = answer.status_code
        self.code: str = self.document.get("code", "")
        self.detail: str = self.document.get("detail", answer.reason_phrase)
        self.errors: list[dict[str, str]] = self.document.get("errors", [])
        self.request_id: str | None = self.document.get("request_id")
        request = answer.request
        super().__init__(f"{request.method} {request.url.path} answered {self.status} {self.code}: {self.detail}".rstrip(": "))


class Unreachable(Exception):
    """No answer came, however often it was tried. What was asked for may have happened: repeat it under the same key."""


class Unfinished(Exception):
    """A generation was not final in time. It goes on."""


class WebhookRefused(Exception):
    """A delivery that is not from the server, was altered, or is too old."""
