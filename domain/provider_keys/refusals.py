"""What is refused about provider keys. No sentence says anything of a key."""

from domain.kernel.refusals import Missing, Unprocessable


class ProviderNotFound(Missing):
    detail = "There is no provider {provider!r} that keys can be kept for."


class ProviderKeyNotFound(Missing):
    detail = "No key of yours is kept for the provider {provider!r}."


class ProviderKeyRequired(Unprocessable):
    detail = "The model {model!r} runs on a key of your own only: PUT /v1/provider-keys/{provider}."
    shown = ("errors", "provider")


class ProviderTakesNoKey(Unprocessable):
    detail = "The provider {provider!r} is part of this installation and asks for no key."
    shown = ("provider",)
