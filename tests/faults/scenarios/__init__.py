"""Every fault, by its key, in order. One line each."""

from tests.faults.fault import Fault
from tests.faults.scenarios.api_answer_lost import API_ANSWER_LOST
from tests.faults.scenarios.identical_posts import IDENTICAL_POSTS
from tests.faults.scenarios.killed import API_KILLED, DISPATCHER_KILLED, NOTARY_KILLED, PROJECTOR_KILLED, SCHEDULER_KILLED
from tests.faults.scenarios.postgres_answer_lost import POSTGRES_ANSWER_LOST
from tests.faults.scenarios.postgres_connections import POSTGRES_CONNECTIONS
from tests.faults.scenarios.postgres_restarted import POSTGRES_KILLED, POSTGRES_RESTARTED
from tests.faults.scenarios.projector_too_old import PROJECTOR_TOO_OLD
from tests.faults.scenarios.providers_misbehave import PROVIDERS_MISBEHAVE
from tests.faults.scenarios.redis_away import REDIS_EMPTIED, REDIS_FLUSHED, REDIS_FULL, REDIS_SILENT
from tests.faults.scenarios.worker_killed import WORKER_KILLED
from tests.faults.scenarios.worker_stopped import WORKER_STOPPED

FAULTS: tuple[Fault, ...] = (
    API_ANSWER_LOST,
    API_KILLED,
    DISPATCHER_KILLED,
    IDENTICAL_POSTS,
    NOTARY_KILLED,
    POSTGRES_ANSWER_LOST,
    POSTGRES_CONNECTIONS,
    POSTGRES_KILLED,
    POSTGRES_RESTARTED,
    PROJECTOR_KILLED,
    PROJECTOR_TOO_OLD,
    PROVIDERS_MISBEHAVE,
    REDIS_EMPTIED,
    REDIS_FLUSHED,
    REDIS_FULL,
    REDIS_SILENT,
    SCHEDULER_KILLED,
    WORKER_KILLED,
    WORKER_STOPPED,
)
