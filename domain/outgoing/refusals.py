"""Why a URL that somebody else named is not called."""

from typing import Final

from domain.kernel.limits import URL_CHARS_MAX
from domain.kernel.refusals import Unprocessable

FORM: Final = f"it must be an absolute URL of at most {URL_CHARS_MAX} characters, without spaces and control characters"
SCHEME: Final = "it must begin with https://"
USER: Final = "it must not carry a user name or a password"
PORT: Final = "its port must be 443, 8443 or 80"
#: One sentence for a name that is unknown, one that leads inside, and one that only some resolvers know: the difference would
#: answer questions about our network.
HOST: Final = "its host must be known to everybody and have public addresses only"
DOWNGRADE: Final = "it leads from https to http"


class UrlRefused(Unprocessable):
    """A URL that we would have to call breaks a rule: https, no user name, port 443, 8443 or 80, and a host whose addresses are
    all public. The rules hold when the URL is given, each time it is called, and for every redirect on the way.
    """

    detail = "The URL is refused: {rule}."
    shown = ("errors",)
