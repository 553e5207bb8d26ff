"""All adapters that the contract suite runs against, by provider."""

from tests.support.providers.cases import openai_compatible, openrouter_videos

CASES = [
    *openai_compatible.CASES,
    *openrouter_videos.CASES,
]
LONG_CASES = [case for case in CASES if case.long]
SHORT_CASES = [case for case in CASES if not case.long]
