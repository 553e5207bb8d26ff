"""Several generations in one request: one commit, one position, all of them or none."""

from uuid import UUID

import msgspec

from api.kit.answer import Answer
from api.kit.call import Call
from api.reading import folded_generation
from api.shapes.generations import Batch
from api.shapes.submissions import BatchSubmission
from api.submitting import faults_at, requested
from domain.generations.commands import RequestBatch
from domain.kernel.commands import Receipt


async def submit(call: Call, body: BatchSubmission) -> Answer:
    """Ask for up to 100 generations at once.

    Their credits are held together: when they do not suffice for all, nothing is accepted. A fault names the item that has it.
    """
    batch_id = call.platform.ids.new()
    asked = []
    for number, each in enumerate(body.generations):
        with faults_at(f"/generations/{number}"):
            asked.append(msgspec.structs.replace(await requested(call, each), batch_id=batch_id))
    return await call.execute(RequestBatch(batch_id=batch_id, account_id=call.account_id, generations=asked), status=202)


async def submitted(call: Call, receipt: Receipt) -> Answer:
    """As they were when they were accepted."""
    ids = [UUID(each) for each in receipt.result["generation_ids"]]
    shown = [await folded_generation(call, each, until=receipt.position) for each in ids]
    return Answer(202, Batch(id=receipt.result["batch_id"], generations=shown), {"retry-after": "1"})
