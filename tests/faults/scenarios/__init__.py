"""Every fault, by its key, in order. One line each."""

from tests.faults.fault import Fault
from tests.faults.scenarios.api_answer_lost import API_ANSWER_LOST
from tests.faults.scenarios.backup_restored import BACKUP_RESTORED
from tests.faults.scenarios.clocks_jump import CLOCKS_APART, CLOCKS_JUMP
from tests.faults.scenarios.disk_full import DISK_FULL
from tests.faults.scenarios.identical_posts import IDENTICAL_POSTS
from tests.faults.scenarios.job_kills_worker import JOB_KILLS_WORKER
from tests.faults.scenarios.killed import API_KILLED, DISPATCHER_KILLED, NOTARY_KILLED, PROJECTOR_KILLED, SCHEDULER_KILLED
from tests.faults.scenarios.objects_away import OBJECTS_DOWN, OBJECTS_SLOW
from tests.faults.scenarios.postgres_answer_lost import POSTGRES_ANSWER_LOST
from tests.faults.scenarios.postgres_connections import POSTGRES_CONNECTIONS
from tests.faults.scenarios.postgres_restarted import POSTGRES_KILLED, POSTGRES_RESTARTED
from tests.faults.scenarios.projector_too_old import PROJECTOR_TOO_OLD
from tests.faults.scenarios.providers_misbehave import PROVIDERS_MISBEHAVE
from tests.faults.scenarios.redis_away import REDIS_EMPTIED, REDIS_FLUSHED, REDIS_FULL, REDIS_SILENT
from tests.faults.scenarios.stopped_in_append import STOPPED_IN_APPEND
from tests.faults.scenarios.worker_killed import WORKER_KILLED
from tests.faults.scenarios.worker_stopped import WORKER_STOPPED

FAULTS: tuple[Fault, ...] = (
    API_ANSWER_LOST,
    API_KILLED,
    BACKUP_RESTORED,
    CLOCKS_APART,
    CLOCKS_JUMP,
    DISK_FULL,
    DISPATCHER_KILLED,
    IDENTICAL_POSTS,
    JOB_KILLS_WORKER,
    NOTARY_KILLED,
    OBJECTS_DOWN,
    OBJECTS_SLOW,
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
    STOPPED_IN_APPEND,
    WORKER_KILLED,
    WORKER_STOPPED,
)
