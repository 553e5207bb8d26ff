"""All adapters that the contract suite runs against, by provider."""

from tests.support.providers.cases import (
    elevenlabs,
    fal,
    gemini,
    google_video,
    kie,
    openai_compatible,
    openrouter_videos,
    replicate,
    stability,
)

CASES = [
    *elevenlabs.CASES,
    *fal.CASES,
    *gemini.CASES,
    *google_video.CASES,
    *kie.CASES,
    *openai_compatible.CASES,
    *openrouter_videos.CASES,
    *replicate.CASES,
    *stability.CASES,
]
LONG_CASES = [case for case in CASES if case.long]
SHORT_CASES = [case for case in CASES if not case.long]
#: One of each adapter and of each way to read an answer: for what does not depend on what is made.
ONE_EACH = list({(case.make, bool(case.job.params.get("stream"))): case for case in reversed(CASES)}.values())
