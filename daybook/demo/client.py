"""The API as the demo uses it: a handful of plain requests, as any client would send them."""

import secrets
from collections.abc import Mapping
from typing import Any, Self

import httpx

TIMEOUT_SECONDS = 30.0


class Refused(Exception):
    """An answer that the story cannot go on with."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            reason = answer.json().get("detail", "")
        except ValueError:
            reason = answer.reason_phrase
        super().__init__(f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {reason}")
        self.status = answer.status_code


class Client:
    """One account at one server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def register(self) -> dict[str, Any]:
        """A new account with an address that nobody has."""
        body = {"email": f"demo-{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(16), "name": "Demo"}
        answer = self._sent("POST", "/v1/auth/register", json=body).json()
        self._token = answer["access_token"]
        account: dict[str, Any] = answer["account"]
        return account

    def login(self, email: str, password: str) -> None:
        """Goes on as somebody who has an account."""
        self._token = self._sent("POST", "/v1/auth/login", json={"email": email, "password": password}).json()["access_token"]

    def submit(self, body: Mapping[str, Any], key: str) -> tuple[dict[str, Any], bool]:
        """The generation, and whether the key had been used before."""
        answer = self._sent("POST", "/v1/generations", json=body, headers={"Idempotency-Key": key})
        return answer.json(), answer.headers.get("idempotency-replayed") == "true"

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that *path* answers to *body*."""
        return self._sent("POST", path, json=dict(body)).json()

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at *path*."""
        return self._sent("GET", path, params=query).json()

    def content(self, asset: Mapping[str, Any]) -> bytes:
        """The asset's bytes, from the signed address that the API names. It gets no credential: the address is one."""
        answer = self._sent("GET", asset["content_url"])
        if answer.is_redirect:
            answer = httpx.get(answer.headers["location"], timeout=TIMEOUT_SECONDS, trust_env=False)
        if answer.status_code != 200:
            raise Refused(answer)
        return answer.content

    def _sent(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        credential = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._http.request(method, path, headers={**credential, **(headers or {})}, **more)
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer
