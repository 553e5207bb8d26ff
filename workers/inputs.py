"""The inputs of a job: the caller's pictures, and those at the URLs he named."""

from uuid import UUID

from domain.assets.asset import Asset
from domain.assets.media import MediaRejected
from domain.assets.storage import ObjectMissing
from domain.generations.generation import Generation
from domain.generations.words import Words
from domain.kernel import limits
from domain.outgoing.answers import FetchFailed
from domain.outgoing.refusals import UrlRefused
from domain.providers.jobs import Input
from workers.failures import AttemptFailed
from workers.patience import patiently
from workers.platform import WorkerPlatform

MASK = "mask"


class Inputs:
    """Fetches anew for each attempt: nothing of an input is kept longer than its job."""

    def __init__(self, platform: WorkerPlatform) -> None:
        self._journal = platform.journal
        self._objects = platform.objects
        self._outgoing = platform.outgoing
        self._media = platform.media

    async def of(self, generation: Generation, words: Words) -> list[Input]:
        """In the caller's order.   Raises AttemptFailed, naming the input."""
        return [await self._input(generation, ref, f"Input {number}") for number, ref in enumerate(words.inputs, 1)]

    async def mask_of(self, generation: Generation, words: Words) -> Input | None:
        """Raises AttemptFailed."""
        ref = words.private.get(MASK)
        return None if ref is None else await self._input(generation, ref, "The mask")

    async def _input(self, generation: Generation, ref: dict[str, str], name: str) -> Input:
        if "url" in ref:
            found = await self._fetched(ref["url"], name)
        else:
            found = await self._asset(generation, UUID(ref["asset_id"]), name)
        if not found.content_type.startswith("image/"):
            raise _unusable(f"{name} is no picture.")
        return found

    async def _fetched(self, url: str, name: str) -> Input:
        """What lies there is judged by its bytes: what its server calls it does not count."""
        try:
            found = await self._outgoing.fetch(url, bytes_max=limits.INPUT_BYTES_MAX)
            examined = await self._media.examine(found.data, bytes_max=limits.INPUT_BYTES_MAX)
        except UrlRefused as refused:
            raise _unusable(f"{name} may not be fetched: its address is not allowed.") from refused
        except FetchFailed as failed:
            raise AttemptFailed("input_unusable", f"{name} could not be fetched.", retryable=True) from failed
        except MediaRejected as rejected:
            raise _unusable(f"{name} cannot be used. {rejected}") from rejected
        return Input(data=found.data, content_type=examined.content_type)

    async def _asset(self, generation: Generation, asset_id: UUID, name: str) -> Input:
        asset = await patiently("an input", lambda: self._journal.load(Asset, asset_id))
        if asset is None or asset.deleted or asset.account_id != generation.account_id:
            raise _unusable(f"{name} was deleted before the work began.")
        if asset.bytes > limits.INPUT_BYTES_MAX:
            raise _unusable(f"{name} is larger than {limits.INPUT_BYTES_MAX >> 20} MiB.")
        try:
            return Input(data=await self._objects.get(asset.object_key), content_type=asset.content_type)
        except ObjectMissing as missing:
            raise _unusable(f"{name} was deleted before the work began.") from missing


def _unusable(sentence: str) -> AttemptFailed:
    return AttemptFailed("input_unusable", sentence, retryable=False)
