"""Every limit by its name. Reaching one is a refusal, never a hang."""

BODY_BYTES_MAX = 1 << 20
JSON_DEPTH_MAX = 64
INTEGER_MAX = 2**53 - 1
CREDITS_MAX = 1_000_000_000
PAGE_SIZE_DEFAULT = 20
PAGE_SIZE_MAX = 100
IDEMPOTENCY_KEY_CHARS_MAX = 255
REQUEST_ID_CHARS_MAX = 128
METHOD_CHARS_MAX = 20
#: Open to one process of the API; fewer where the system lets it have fewer files.
CONNECTIONS_MAX = 8_192

EMAIL_CHARS_MAX = 254
NAME_CHARS_MAX = 100
PASSWORD_CHARS_MIN = 8
PASSWORD_BYTES_MAX = 72
API_TOKENS_MAX = 50
#: Of one account; a further log-in ends the oldest.
SESSIONS_MAX = 100
REASON_CHARS_MAX = 500
PROVIDER_KEY_CHARS_MAX = 512
URL_CHARS_MAX = 2_048

PROMPT_CHARS_MAX = 8_000
NEGATIVE_PROMPT_CHARS_MAX = 2_000
TAGS_MAX = 16
TAG_CHARS_MAX = 64
IMAGE_SIDE_MIN = 64
IMAGE_SIDE_MAX = 2048
IMAGE_COUNT_MAX = 4
SEED_MAX = 2**32 - 1
FILENAME_CHARS_MAX = 200
ARTEFACT_BYTES_MAX = 64 << 20
IMAGE_PIXELS_MAX = 64_000_000

QUESTION_CHARS_MAX = 2_000
ANSWER_SCHEMA_BYTES_MAX = 16 << 10
MESSAGES_MAX = 100
MESSAGE_CHARS_MAX = 32_000
MESSAGES_CHARS_MAX = 200_000
TEXT_TOKENS_MAX = 65_536
VIDEO_SECONDS_MAX = 60
TRIGGERS_MAX = 8
INPUTS_MAX = 16
BATCH_MAX = 100
FALLBACKS_MAX = 4
SCHEDULES_MAX = 100
CRON_CHARS_MAX = 100
TIME_ZONE_CHARS_MAX = 64
INPUT_BYTES_MAX = 32 << 20

#: Of one account, of those that cost something: each is a hold in its book.
OPEN_GENERATIONS_MAX = 100_000
DEADLINE_SECONDS_DEFAULT = 3_600
DEADLINE_SECONDS_MAX = 7 * 86_400
RUN_AT_SECONDS_MAX = 366 * 86_400
PREFER_WAIT_SECONDS_MAX = 60

WRITER_QUEUE_MAX = 8_192
WRITER_BATCH_MAX = 256
SNAPSHOT_EVERY_EVENTS = 200
#: So far back may a grant begin to count.
EFFECTIVE_DAYS_MAX = 366

LEASE_SECONDS = 30
DEATHS_MAX = 3
#: So many failures of a provider in a row open its circuit: it is left alone for so long, each further time for twice as long.
CIRCUIT_FAILURES = 5
CIRCUIT_SECONDS = 30
CIRCUIT_SECONDS_MAX = 600
SIGNED_URL_SECONDS = 600

WEBHOOK_ENDPOINTS_MAX = 20
WEBHOOK_DESCRIPTION_CHARS_MAX = 500
WEBHOOK_OVERLAP_SECONDS_MAX = 86_400
#: Secrets that were replaced and still sign.
WEBHOOK_OLD_SECRETS_MAX = 5
#: A generation's output that is longer as JSON is left out of a webhook; GET has it.
WEBHOOK_OUTPUT_BYTES_MAX = 20_000
WEBHOOK_SECONDS = 20
#: Requests to one endpoint at once; one at a time while it fails.
WEBHOOKS_AT_ONCE_MAX = 4
#: So long a generation's next event waits for the one before.
WEBHOOK_ORDER_SECONDS = 3_600
DELIVERY_DAYS_MAX = 365

UPLOAD_BYTES_MAX = 100 << 20
#: An upload ends within this time, and after its first seconds never falls behind this rate.
UPLOAD_SECONDS_MAX = 600
UPLOAD_GRACE_SECONDS = 10
UPLOAD_BYTES_PER_SECOND_MIN = 16 << 10
#: Of one account, in one process.
UPLOADS_AT_ONCE_MAX = 4
#: One look at a file, in a child process.
MEDIA_SECONDS_MAX = 30
MEDIA_MEMORY_BYTES_MAX = 2 << 30
#: Looks that wait for a child process.
MEDIA_WAITING_MAX = 64
MEDIA_DURATION_SECONDS_MAX = 3_600
MEDIA_STREAMS_MAX = 8
VIDEO_SIDE_MAX = 4_096
ANIMATION_FRAMES_MAX = 1_000
ANIMATION_PIXELS_MAX = 1_000_000_000
RENDITION_WIDTH_MAX = 2_048
#: Kept of one asset; the oldest goes.
RENDITIONS_MAX = 32
SHARE_SECONDS_MIN = 60
SHARE_SECONDS_DEFAULT = 7 * 86_400
SHARE_SECONDS_MAX = 30 * 86_400
#: How long the address behind a shared link works, so that an ended share ends for everybody soon.
SHARED_URL_SECONDS = 60

#: Streams of events that an account may have open at once, in all processes.
STREAMS_MAX = 10
#: What may wait for one reader of a stream before it is closed.
STREAM_WAITING_BYTES_MAX = 1 << 20
STREAM_TICKET_SECONDS = 60

#: Generations in one order of an operator, and how far back failures are grouped.
ORDER_GENERATIONS_MAX = 100
#: What one filter of such an order may name.
FILTER_WORDS_MAX = 50
FILTER_WORD_CHARS_MAX = 100
FAILURE_DAYS_MAX = 90
#: How far back the health of providers is looked at, and the most slots that a question about scaling may assume.
HEALTH_SECONDS_MAX = 86_400
WORKER_SLOTS_MAX = 512
