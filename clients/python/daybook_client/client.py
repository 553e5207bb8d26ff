"""One account at one server."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import httpx

from daybook_client.errors import NoThumbnail, Problem, Unfinished, Unreachable
from daybook_client.events import Event, events_of, lines_of
from daybook_client.objects import Asset, Balance, Generation
from daybook_client.retrying import sent

FINAL = frozenset({"succeeded", "failed", "canceled"})
ENDS = frozenset({"generation.succeeded", "generation.failed", "generation.canceled"})
#: Longer than the server waits at most for `Prefer: wait`.
TIMEOUT_SECONDS = 75.0
WAIT_SECONDS = 60
STREAM_SECONDS = 45.0


class Daybook:
    """Not for several threads at once: make one for each.

    *token*: an API token (`dbk_…`) or an access token. *tries*: so often a request is sent until it is answered.
    """

    def __init__(self, url: str, token: str = "", *, tries: int = 6, transport: httpx.BaseTransport | None = None) -> None:
        if tries < 1:
            raise ValueError("tries must be at least 1")
        self.token = token
        self._tries = tries
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def register(self, email: str, password: str, name: str | None = None) -> dict[str, Any]:
        """A new account; its access token is used from here on."""
        answer = self.post("/v1/auth/register", {"email": email, "password": password, "name": name}, repeatable=False)
        self.token = answer["access_token"]
        return cast(dict[str, Any], answer["account"])

    def login(self, email: str, password: str) -> None:
        """Goes on as somebody who has an account."""
        self.token = self.post("/v1/auth/login", {"email": email, "password": password})["access_token"]

    def submit(self, kind: str, prompt: str = "", *, key: str | None = None, **fields: Any) -> Generation:
        """Ask for a generation. *fields* are those of `POST /v1/generations`, such as model, params, inputs, tags, run_at."""
        return cast(Generation, self.post("/v1/generations", {"kind": kind, "prompt": prompt, **fields}, key=key))

    def batch(self, generations: Sequence[Mapping[str, Any]], *, key: str | None = None) -> list[Generation]:
        """Several at once: all of them or none."""
        answer = self.post("/v1/generations/batch", {"generations": [dict(each) for each in generations]}, key=key)
        return cast(list[Generation], answer["generations"])

    def generation(self, id: str) -> Generation:
        return cast(Generation, self.get(f"/v1/generations/{id}"))

    def wait(self, generation: Generation | str, *, seconds: float = 600) -> Generation:
        """The generation once it is final, whatever the outcome.   Raises Unfinished when that takes longer than *seconds*."""
        id = _id(generation)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            asked = max(1, min(WAIT_SECONDS, round(left)))
            found = cast(Generation, self._sent("GET", f"/v1/generations/{id}", headers={"Prefer": f"wait={asked}"}).json())
            if found["status"] in FINAL:
                return found
        raise Unfinished(f"{id} is not final after {seconds:.0f} s")

    def cancel(self, generation: Generation | str, *, key: str | None = None) -> Generation:
        return cast(Generation, self.post(f"/v1/generations/{_id(generation)}/cancel", None, key=key))

    def stream(self, generation: Generation | str) -> Iterator[Event]:
        """What happens to one generation: `snapshot` first, then events to its end; through any number of lost connections."""
        path = f"/v1/generations/{_id(generation)}/events"
        for event in self._events(path, None):
            yield event
            if event.type in ENDS:
                return

    def subscribe(self, *, after: int | None = None) -> Iterator[Event]:
        """What happens in the account, from now on or after position *after*; without end."""
        return self._events("/v1/events", after, resumes=True)

    def upload(self, file: Path | bytes, filename: str | None = None, *, key: str | None = None) -> Asset:
        """Store a picture, clip or sound, to be an input."""
        data = file if isinstance(file, bytes) else file.read_bytes()
        name = filename or (file.name if isinstance(file, Path) else "upload")
        key = key or str(uuid.uuid4())
        return cast(Asset, self._sent("POST", "/v1/assets", files={"file": (name, data)}, headers={"Idempotency-Key": key}).json())

    def content(self, asset: Asset, **rendition: Any) -> bytes:
        """The asset's bytes, or a rendition's (`width=`, `format=`). The signed address gets no credential: it is one."""
        return self._linked(asset["content_url"], rendition)

    def thumbnail(self, asset: Asset) -> bytes:
        """A small picture of the asset (WebP).   Raises NoThumbnail when it has none."""
        if asset["thumbnail_url"] is None:
            raise NoThumbnail(f"asset {asset['id']} has no thumbnail")
        return self._linked(asset["thumbnail_url"], {})

    def _linked(self, path: str, query: Mapping[str, Any]) -> bytes:
        link = self.get(path, redirect="false", **query)
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as plain:
            return sent(lambda: plain.get(link["url"]), tries=self._tries, repeatable=True).content

    def balance(self) -> Balance:
        return cast(Balance, self.get("/v1/credits/balance"))

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        cursor: dict[str, Any] = {}
        while True:
            page = self.get(path, **query, **cursor)
            yield from page["data"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at *path*.   Raises Problem, Unreachable."""
        return self._sent("GET", path, params=query).json()

    def post(self, path: str, body: Mapping[str, Any] | None, *, key: str | None = None, repeatable: bool = True) -> Any:
        """The JSON that *path* answers to *body*, under one Idempotency-Key however often it is sent.   Raises Problem, Unreachable."""
        json = {} if body is None else {"json": dict(body)}
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._sent("POST", path, headers=headers, repeatable=repeatable, **json).json()

    def delete(self, path: str) -> None:
        """Raises Problem, Unreachable."""
        self._sent("DELETE", path)

    def _events(self, path: str, last: int | None, *, resumes: bool = False) -> Iterator[Event]:
        """*resumes*: the stream is told from a position on, and says which."""
        failures = 0
        while True:
            resumed = {} if last is None else {"Last-Event-ID": str(last)}
            try:
                with self._http.stream(
                    "GET", path, headers=self._headers({"Accept": "text/event-stream", **resumed}), timeout=STREAM_SECONDS
                ) as answer:
                    if answer.status_code == 204:
                        return
                    if answer.status_code >= 400:
                        answer.read()
                        raise Problem(answer)
                    if resumes:
                        # Of a stream that is lost before its first event, the next goes on where it began.
                        last = last if last is not None else int(answer.headers["daybook-position"])
                    for event in events_of(lines_of(answer.iter_bytes())):
                        failures = 0
                        last = event.position if event.position is not None else last
                        yield event
            except (httpx.TransportError, Problem) as error:
                failures += 1
                if failures >= self._tries or (isinstance(error, Problem) and error.status not in (429, 502, 503, 504)):
                    raise (error if isinstance(error, Problem) else Unreachable(type(error).__name__)) from error
                time.sleep(min(5.0, 0.1 * 2**failures))

    def _sent(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, repeatable: bool = True, **more: Any
    ) -> httpx.Response:
        request = {"headers": self._headers(headers), "follow_redirects": False, **more}
        return sent(lambda: self._http.request(method, path, **request), tries=self._tries, repeatable=repeatable)

    def _headers(self, further: Mapping[str, str] | None) -> dict[str, str]:
        credential = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**credential, **(further or {})}


def _id(generation: Generation | str) -> str:
    return generation if isinstance(generation, str) else generation["id"]
