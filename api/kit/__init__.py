"""What every endpoint shares: credentials, strict decoding, limits, idempotency, lists, freshness, errors, the OpenAPI document.

An endpoint is a short async function; its `Route` declares everything else.
"""
