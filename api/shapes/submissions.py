"""What a caller sends to have something generated, and what it would cost."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, When
from domain.generations.kinds.kind import EITHER
from domain.kernel.limits import BATCH_MAX, FALLBACKS_MAX, INPUTS_MAX, PROMPT_CHARS_MAX, TAG_CHARS_MAX, TAGS_MAX, URL_CHARS_MAX

Tag = Annotated[str, Meta(min_length=1, max_length=TAG_CHARS_MAX)]
ModelId = Annotated[str, Meta(min_length=1, max_length=100)]
WebhookUrl = Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX, extra_json_schema={"format": "uri"})]
Status = Literal["canceled", "failed", "queued", "running", "scheduled", "succeeded"]


class InputRef(Body):
    """Where an input comes from: one of your assets, or a public URL. Exactly one of the two."""

    asset_id: Id | None = None
    url: Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX)] | None = None


class Asked(Body):
    """What decides the price: kind, model, params, and how long the prompt is. Without `model` the kind's default is taken.

    Most kinds need a prompt; a text may have `messages` instead, and an analysis a `question`, or nothing.
    """

    kind: Literal["image", "image_analysis", "image_edit", "speech", "text", "video"]
    prompt: Annotated[str, Meta(max_length=PROMPT_CHARS_MAX, examples=["a cyberpunk cat in neon city"])] = ""
    model: ModelId | None = None
    params: Annotated[dict[str, Any], Meta(examples=[{"size": "256x256", "count": 2, "seed": 7}])] = {}
    inputs: Annotated[list[Annotated[InputRef, Meta(extra_json_schema=EITHER)]], Meta(max_length=INPUTS_MAX)] = []
    #: Tried in this order when the model before cannot make it; they must take the same params.
    fallback_models: Annotated[list[ModelId], Meta(max_length=FALLBACKS_MAX)] = []


class Submission(Asked):
    """`run_at`: not before then. `start_deadline`, `deadline`: give up if it has not begun, or not ended, by then. `webhook_url`: told of
    all its `generation.*` events, signed with your secret (POST /v1/webhook-secret).
    """

    priority: Literal["low", "normal", "high"] = "normal"
    run_at: When | None = None
    start_deadline: When | None = None
    deadline: When | None = None
    tags: Annotated[list[Tag], Meta(max_length=TAGS_MAX)] = []
    webhook_url: WebhookUrl | None = None


class BatchSubmission(Body):
    """Several generations at once: either all of them are accepted, or none."""

    generations: Annotated[list[Submission], Meta(min_length=1, max_length=BATCH_MAX)]


class Estimate(Shown):
    """The quote without the hold: `credits` is the most it can cost, with these complete params."""

    kind: str
    model: str
    provider: str
    params: dict[str, Any]
    credits: Count
    price_version: Count
    on_cancel: str


class GenerationQuery(ListQuery):
    """A filter that is given twice means either."""

    status: list[Status] = []
    kind: list[str] = []
    model: list[str] = []
    tag: Annotated[list[Tag], Meta(max_length=TAGS_MAX)] = []


class TimelineEvent(Shown):
    """One durable event of a generation. `data` depends on the type."""

    type: str
    timestamp: Moment
    recorded_at: Moment
    position: Count
    data: dict[str, Any]


class Timeline(Shown):
    """Oldest first."""

    data: list[TimelineEvent]
    next_cursor: None
