"""Events to rows and back. A subclass of the library's mapper, so that a stock application can read the log with
`MAPPER_TOPIC=infra.journal.mapper:CanonicalMapper`.
"""

from typing import Any
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, Mapper, MapperDeserialisationError, StoredEvent, Transcoder
from eventsourcing.utils import TopicError, get_topic, resolve_topic

from domain.kernel.journal_refusals import UpgradeNeeded
from infra.journal.codec import Codec


class CanonicalMapper(Mapper[UUID]):
    """Canonical JSON by the type hints of each event class. The transcoder is kept for the library and not used."""

    def __init__(self, transcoder: Transcoder | None = None, compressor: Any = None, cipher: Any = None) -> None:
        if compressor or cipher:
            raise ValueError("The log's state is canonical JSON: neither compressed nor encrypted as a whole.")
        super().__init__(transcoder or JSONTranscoder())
        self._by_kind: dict[type[Any], tuple[str, Codec]] = {}
        self._by_topic: dict[str, Codec] = {}

    def write(self, event: Any) -> tuple[str, bytes]:
        """Topic and state of *event*.   Raises TypeError when it holds what a fact may not."""
        known = self._by_kind.get(type(event))
        if known is None:
            known = self._by_kind[type(event)] = (get_topic(type(event)), Codec(type(event)))
        return known[0], known[1].encode(event)

    def read(self, stream: Any, version: int, topic: str, state: bytes) -> Any:
        """The event of a row.   Raises UpgradeNeeded for a topic that this release does not know."""
        return self.codec_of(topic).decode(stream, version, state)

    def codec_of(self, topic: str) -> Codec:
        """Raises UpgradeNeeded for a topic that this release does not know."""
        codec = self._by_topic.get(topic)
        if codec is None:
            codec = self._by_topic[topic] = Codec(_class_of(topic))
        return codec

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        topic, state = self.write(domain_event)
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        try:
            return self.read(stored_event.originator_id, stored_event.originator_version, stored_event.topic, stored_event.state)
        except ValueError as error:
            raise MapperDeserialisationError(
                f"{stored_event.topic} at version {stored_event.originator_version} of {stored_event.originator_id}: {error}"
            ) from error


def _class_of(topic: str) -> type[Any]:
    try:
        kind: type[Any] = resolve_topic(topic)
    except (TopicError, ValueError) as error:
        # Topics of ours have no module path, so an unknown one cannot even be split.
        raise UpgradeNeeded(topic=topic, retry_after=60) from error
    return kind
