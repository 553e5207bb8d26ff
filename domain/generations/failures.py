"""Why a generation can fail: every code that its `error` can have, and what it means to its caller."""

FAILURES: dict[str, str] = {
    "auth": "The provider does not accept the key that was used.",
    "content_rejected": "The provider's rules do not allow what was asked for.",
    "deadline_exceeded": "`deadline` passed, or `start_deadline` before it began.",
    "erased": "The account's data was erased.",
    "input_unusable": "An input is gone, cannot be fetched, or is no picture.",
    "insufficient_provider_credit": "The account at the provider is out of credit.",
    "internal_error": "Something broke on our side.",
    "invalid_request": "The provider cannot make sense of the request.",
    "model_retired": "The model is no longer offered.",
    "no_output": "The provider answered without a result that can be used.",
    "overloaded": "The provider has too much to do.",
    "provider_error": "Something broke at the provider.",
    "quarantined": "It ended its process every time it was tried.",
    "rate_limited": "The provider's limit on requests is reached.",
    "storage_unavailable": "The result could not be stored.",
    "submit_unknown": "The provider may have taken the job, but its answer was lost, and asking again could be paid for twice.",
    "timeout": "The provider took longer than it may.",
}
