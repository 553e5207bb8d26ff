"""An upload as it arrives: a form, pushed piece by piece through a parser into a file; nothing of it is held in memory."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.kit.bodies import convert
from api.kit.places import Place
from api.kit.refusals import MediaTypeUnsupported, RequestTimeout, ValidationFailed
from api.kit.strict_json import clean_text
from api.shapes.assets import UploadFields
from domain.assets.refusals import UploadMalformed, UploadTooLarge
from domain.kernel.limits import (
    FILENAME_CHARS_MAX,
    UPLOAD_BYTES_MAX,
    UPLOAD_BYTES_PER_SECOND_MIN,
    UPLOAD_GRACE_SECONDS,
    UPLOAD_SECONDS_MAX,
)

FORM_TYPE = b"multipart/form-data"
#: What a form has beside its file: boundaries, headers, the name.
FORM_BYTES_MAX = 64 << 10
#: A name in UTF-8 has at most four bytes a character.
FIELD_BYTES_MAX = 4 * FILENAME_CHARS_MAX + 4
WRITE_BYTES = 1 << 20
FIELDS = ("file", "filename")


class Received(msgspec.Struct, kw_only=True):
    """What has arrived. `filename` is the field, None without; `part_filename` what the file's part calls itself."""

    filename: str | None
    part_filename: str | None
    bytes: int
    sha256: str

    def sent(self) -> Any:
        """What the fingerprint of the request is made of: the values of the fields, and the file's hash."""
        return {"fields": {} if self.filename is None else {"filename": self.filename}, "file": self.sha256}


def boundary_of(headers: Any) -> bytes:
    """Raises MediaTypeUnsupported, UploadMalformed, and UploadTooLarge for what is announced already, before a byte is read."""
    content_type = headers.getone("content-type", "")
    # The parser writes it as Latin-1, which not all text is.
    kind, options = parse_options_header(content_type if content_type.isascii() else "")
    if kind != FORM_TYPE:
        raise MediaTypeUnsupported(expected="multipart/form-data")
    length = headers.getone("content-length", "0")
    if length.isascii() and length.isdigit() and int(length) > UPLOAD_BYTES_MAX + FORM_BYTES_MAX:
        raise UploadTooLarge()
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise UploadMalformed(reason="the Content-Type names no boundary of 1 to 70 characters")
    return boundary


async def receive(stream: Any, boundary: bytes, path: Path, place: Place) -> Received:
    """Read the form from *stream*; its file is written to *path*.

    Raises UploadMalformed, UploadTooLarge, ValidationFailed, and RequestTimeout for whoever sends too slowly.
    """
    with _made(path) as file:
        form = _Form(boundary, file, place)
        begin, total = asyncio.get_running_loop().time(), 0
        while True:
            # Time that the bytes so far have earned: whoever falls behind the least rate is not waited for.
            earned = min(UPLOAD_SECONDS_MAX, UPLOAD_GRACE_SECONDS + total / UPLOAD_BYTES_PER_SECOND_MIN)
            try:
                async with asyncio.timeout_at(begin + earned):
                    piece = await stream.read()
            except TimeoutError as error:
                raise RequestTimeout() from error
            if not piece:
                break
            total += len(piece)
            if total > UPLOAD_BYTES_MAX + FORM_BYTES_MAX:
                raise UploadTooLarge()
            await form.take(piece)
        return await form.end()


def _made(path: Path) -> BinaryIO:
    """Not in a thread: whoever leaves while it is made would leave the file behind."""
    return path.open("xb")


class _Form:
    """The parser's callbacks. They only collect; what waits is written between the pieces."""

    def __init__(self, boundary: bytes, file: BinaryIO, place: Place) -> None:
        self._file = file
        self._place = place
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._values: dict[str, bytearray] = {}
        self._part_filename: str | None = None
        self._ended = False
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._collect: Callable[[bytes], None] = self._keep
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": lambda data, start, end: self._collect(data[start:end]),
                "on_end": self._ends,
            },
        )

    async def take(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise UploadMalformed(reason="it is not a form with the boundary that its Content-Type names") from error
        if len(self._waiting) >= WRITE_BYTES:
            await self._write()

    async def end(self) -> Received:
        if not self._ended:
            raise UploadMalformed(reason="it ends before its last boundary")
        if "file" not in self._values:
            raise _invalid("/file", "is missing")
        await self._write()
        return Received(
            filename=_name(self._values["filename"]) if "filename" in self._values else None,
            part_filename=self._part_filename,
            bytes=self._place.bytes,
            sha256=self._digest.hexdigest(),
        )

    async def _write(self) -> None:
        waiting, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(self._keep_on_disk, waiting)

    def _keep_on_disk(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)
        self._file.flush()

    def _part_begins(self) -> None:
        self._disposition = b""

    def _header_ends(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header, self._value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        kind, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if kind != b"form-data" or not name:
            raise UploadMalformed(reason="a part has no name")
        if name not in FIELDS:
            raise _invalid(f"/{name[:50]}", "is not a field of this form")
        if name in self._values:
            raise _invalid(f"/{name}", "was sent more than once")
        self._values[name] = bytearray()
        if name == "file":
            self._part_filename = options[b"filename"].decode("utf-8", "replace") if options.get(b"filename") else None
            self._collect = self._keep
        else:
            self._collect = lambda data: self._keep_field(name, data)

    def _keep(self, data: bytes) -> None:
        self._place.bytes += len(data)
        if self._place.bytes > UPLOAD_BYTES_MAX:
            raise UploadTooLarge()
        self._waiting += data

    def _keep_field(self, name: str, data: bytes) -> None:
        self._values[name] += data
        if len(self._values[name]) > FIELD_BYTES_MAX:
            raise _invalid(f"/{name}", f"has more than {FILENAME_CHARS_MAX} characters")

    def _ends(self) -> None:
        self._ended = True


def _name(value: bytearray) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("/filename", "is not UTF-8") from error
    fields: UploadFields = convert({"filename": clean_text(text, "/filename")}, UploadFields)
    return fields.filename


def _invalid(pointer: str, said: str) -> ValidationFailed:
    return ValidationFailed(reason=f"{pointer} {said}", errors=[(pointer, said)])


def named(received: Received, ending: str) -> str:
    """The asset's file name: as asked for, else as the sender's machine calls it, as far as that can be a name here."""
    if received.filename is not None:
        return received.filename
    last = (received.part_filename or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(char for char in last if char.isprintable()).strip()[:FILENAME_CHARS_MAX]
    return plain if plain.strip(".") else f"upload.{ending}"
