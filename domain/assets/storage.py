"""Refusals of the object store, and what a signed URL of the directory store stands for."""

import msgspec

from domain.kernel.refusals import Forbidden, Missing, Unavailable


class ObjectMissing(Missing):
    detail = "The stored object does not exist."


class StoreUnavailable(Unavailable):
    """The object store is down, full or refuses us. Nothing was half written."""

    detail = "The object store cannot be used right now. Try again in {retry_after} s."


class MediaBusy(Unavailable):
    """Too many files wait to be looked at."""

    detail = "Too many files are being looked at. Try again in {retry_after} s."


class SignedUrlRefused(Forbidden):
    detail = "The link has expired or was altered. Ask for a new one."


class SignedObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object as its signed URL allows it to be served. `path` is the file; open it at once, it may be deleted later."""

    path: str
    bytes: int
    #: A strong entity tag, with its quotes.
    etag: str
    content_type: str
    content_disposition: str
    #: Seconds until the link expires: the longest a cache may keep the answer.
    max_age_seconds: int
