"""What providers return, looked at before it is stored. Pure functions, run in child processes: a decoder may be attacked."""

from workers.media.check import Checked, check_image
from workers.media.rejected import MediaRejected
from workers.media.thumbnail import THUMBNAIL_SIDE_MAX, THUMBNAIL_TYPE, thumbnail

__all__ = ["THUMBNAIL_SIDE_MAX", "THUMBNAIL_TYPE", "Checked", "MediaRejected", "check_image", "thumbnail"]
