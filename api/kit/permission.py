"""What a caller needs. Every route declares one of these; there is no default."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """`scope`: needed from an API token, a session has all that its roles allow. `role`: needed from anybody."""

    public: bool = False
    scope: str | None = None
    role: str | None = None
    session_only: bool = False
    #: Also answered to a suspended account.
    while_suspended: bool = False


#: No credential is asked for; a valid one still decides whose limits count.
PUBLIC = Permission(public=True)
#: Any valid credential.
ANYONE = Permission()
#: Any valid credential, also of a suspended account.
ANYONE_SUSPENDED = Permission(while_suspended=True)
#: A session; API tokens are refused (`session_required`): passwords, erasure, tokens.
SESSION = Permission(session_only=True)
#: A session, also of a suspended account: logging out.
SESSION_SUSPENDED = Permission(session_only=True, while_suspended=True)
OPERATOR = Permission(role="operator", scope="admin")
AUDITOR = Permission(role="auditor", scope="audit")


def scope(name: str, *, while_suspended: bool = False) -> Permission:
    """A session, or an API token with the scope, such as `generations:write`."""
    return Permission(scope=name, while_suspended=while_suspended)
