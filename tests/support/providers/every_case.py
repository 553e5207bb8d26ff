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
