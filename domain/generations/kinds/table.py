"""Every kind by its name. Alphabetical."""

from collections.abc import Mapping

from domain.generations.kinds import image, image_analysis, image_edit, speech, text, video
from domain.generations.kinds.kind import Kind

KINDS: Mapping[str, Kind] = {
    "image": image.KIND,
    "image_analysis": image_analysis.KIND,
    "image_edit": image_edit.KIND,
    "speech": speech.KIND,
    "text": text.KIND,
    "video": video.KIND,
}
