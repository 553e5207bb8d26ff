"""What is refused about webhooks."""

from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class WebhookEndpointNotFound(Missing):
    detail = "There is no webhook endpoint of yours with this id."


class WebhookDeliveryNotFound(Missing):
    """Deliveries are kept for some time only, and go with their endpoint."""

    detail = "There is no delivery to this endpoint with this id."


class WebhookEndpointDisabled(Conflicting):
    """Nothing is sent to an endpoint that is disabled. Enable it first."""

    detail = "The webhook endpoint is disabled; enable it first."


class TooManyWebhookEndpoints(Conflicting):
    detail = "An account has at most {limit} webhook endpoints. Delete one first."
    shown = ("limit",)


class WebhookSecretMissing(Unprocessable):
    """What goes to a `webhook_url` is signed with the account's secret. Ask for one first: POST /v1/webhook-secret."""

    detail = "There is no secret to sign with; ask for one first: POST /v1/webhook-secret."
