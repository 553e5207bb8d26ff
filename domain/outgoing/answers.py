"""What came back from a place that somebody else named."""

import msgspec


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A downloaded body, decoded. `content_type` is what the other side says, and nothing to rely on."""

    data: bytes
    content_type: str | None


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a POST; its body is never read. `retry_after` is in seconds, None when the answer names none."""

    status: int
    retry_after: float | None
    ms: int


class FetchFailed(Exception):
    """Nothing usable came. What exactly happened is for the log only. `too_large`: there is something, and it will not become less."""

    def __init__(self, happened: str, *, too_large: bool = False) -> None:
        super().__init__(happened)
        self.too_large = too_large


class PostFailed(Exception):
    """No answer came. `timed_out`: it may have arrived all the same. More than that is not told: it would answer questions about ports."""

    def __init__(self, *, timed_out: bool, ms: int) -> None:
        super().__init__("timed out" if timed_out else "no answer")
        self.timed_out, self.ms = timed_out, ms
