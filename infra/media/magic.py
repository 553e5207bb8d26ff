"""What a file is, by its first bytes; never by its name or by what its sender calls it."""

from domain.assets.media import MediaRejected

#: So many bytes suffice to know.
HEAD_BYTES = 4_096
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
EBML = b"\x1a\x45\xdf\xa3"
#: Major brands of MP4. Apple's own formats, still images (HEIC, AVIF) and sound alone (M4A) are others.
MP4_BRANDS = frozenset(
    [b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V "]
)
#: Bits of the first bytes of an MPEG frame: 11 of synchronisation, then the version, then the layer.
SYNC, LAYER, LAYER_3, VERSION, NO_VERSION = 0xFFE0, 0x06, 0x02, 0x18, 0x08
BITRATE, NO_BITRATE, RATE, NO_RATE = 0xF0, (0x00, 0xF0), 0x0C, 0x0C


def content_type_of(head: bytes) -> str:
    """A key of `domain.assets.media.CONTENT_TYPES`.   Raises MediaRejected."""
    if not head:
        raise MediaRejected("empty")
    for begins, content_type in _BEGINNINGS.items():
        if head.startswith(begins):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp" and head[8:12] in MP4_BRANDS:
        return "video/mp4"
    if head.startswith(EBML) and b"\x42\x82\x84webm" in head[:64]:
        return "video/webm"
    if is_mpeg_frame(head):
        return "audio/mpeg"
    raise MediaRejected("unknown_type")


def is_mpeg_frame(data: bytes) -> bool:
    """Does a frame of MPEG audio, layer 3, begin here?"""
    if len(data) < 4 or int.from_bytes(data[:2], "big") & SYNC != SYNC:
        return False
    known = data[1] & LAYER == LAYER_3 and data[1] & VERSION != NO_VERSION
    return known and data[2] & BITRATE not in NO_BITRATE and data[2] & RATE != NO_RATE


_BEGINNINGS = {
    PNG: "image/png",
    JPEG: "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"ID3": "audio/mpeg",
    b"OggS": "audio/ogg",
}
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}
