"""What the camera wrote into a picture. Where it was taken is told only to whoever asks for it."""

from typing import Any

from PIL import ExifTags, Image

ORIENTATIONS = {
    1: "upright", 2: "mirrored", 3: "upside down", 4: "upside down, mirrored", 5: "on its side, mirrored", 6: "turned left",
    7: "on its side, mirrored", 8: "turned right",
}  # fmt: skip


def camera(image: Image.Image, *, place: bool) -> dict[str, Any] | None:
    """{"make", "model", "software", "taken_at", "orientation", "exposure_seconds", "f_number", "iso", "focal_length_mm", "has_place"}.

    None where the picture says nothing. With *place* also {"latitude", "longitude"}.
    """
    exif = image.getexif()
    if not exif:
        return None
    details = exif.get_ifd(ExifTags.IFD.Exif)
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    told: dict[str, Any] = {
        "make": _text(exif.get(ExifTags.Base.Make)),
        "model": _text(exif.get(ExifTags.Base.Model)),
        "software": _text(exif.get(ExifTags.Base.Software)),
        "taken_at": _text(details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)),
        "orientation": ORIENTATIONS.get(exif.get(ExifTags.Base.Orientation, 1), "upright"),
        "exposure_seconds": _number(details.get(ExifTags.Base.ExposureTime)),
        "f_number": _number(details.get(ExifTags.Base.FNumber)),
        "iso": _number(details.get(ExifTags.Base.ISOSpeedRatings)),
        "focal_length_mm": _number(details.get(ExifTags.Base.FocalLength)),
        "has_place": bool(gps),
    }
    if place:
        told["latitude"] = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef))
        told["longitude"] = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef))
    return told


def _text(value: Any) -> str | None:
    """Printable text of a bounded length; cameras pad with NUL and spaces."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value if letter.isprintable()).strip()[:100] or None


def _number(value: Any) -> float | None:
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return round(number, 6) if number == number and abs(number) < 1e9 else None


def _degrees(value: Any, side: Any) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not abs(total) <= 180:
        return None
    return round(-total if side in ("S", "W") else total, 6)
