"""Being forgotten: what is asked and answered."""

from api.kit.shapes import Body, Count, Id, Moment, Shown
from api.shapes.access import GivenPassword


class ErasureRequest(Body):
    """The password once more: nobody is forgotten by a borrowed session."""

    password: GivenPassword


class Erasure(Shown):
    """It is under way. It is done when the account's token, while it lasts, is answered with `410 erased` and its e-mail is unknown."""

    account_id: Id
    requested_at: Moment
    position: Count
