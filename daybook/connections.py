"""How many PostgreSQL connections a process of each role takes at most. `up` adds them up; operators may, too."""

#: Pools for short reads, by role.
POOL = {"api": 12, "worker": 6, "dispatcher": 3, "projector": 2, "notary": 2, "scheduler": 6, "command": 3}
#: The writer's two.
JOURNAL = 2
#: LISTEN, for whoever follows the log.
TAIL = 1
#: The thread that keeps leases.
LEASES = 1
#: The projector's, the notary's and the webhooks' own: one to follow, one to listen.
FOLLOWER = 2

CONNECTIONS = {
    "api": POOL["api"] + JOURNAL + TAIL,
    "worker": POOL["worker"] + JOURNAL + TAIL + LEASES,
    "dispatcher": POOL["dispatcher"] + JOURNAL + TAIL,
    "notary": POOL["notary"] + JOURNAL + FOLLOWER,
    "projector": POOL["projector"] + FOLLOWER,
    "scheduler": POOL["scheduler"] + JOURNAL + FOLLOWER,
    "command": POOL["command"] + JOURNAL,
}
CONNECTIONS["followers"] = sum(CONNECTIONS[role] for role in ("dispatcher", "notary", "projector", "scheduler"))
