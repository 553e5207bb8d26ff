"""Bugs that the simulation must find: each is a slip of the pen in the code of the house, or a rule that the database forgot."""

from tests.simulation.planting import Bug

_CREDITS = "domain.credits.credit_account"
_GENERATION = "domain.generations.generation"
_HANDLERS = "domain.generations.handlers"

#: In the domain.
RULES = [
    Bug(
        "the hold is not released on failure",
        _HANDLERS,
        "retryable=command.retryable, now=now)\n    _release(generation, credits, now)",
        "retryable=command.retryable, now=now)",
    ),
    Bug(
        "the hold is not released on a cancel",
        _HANDLERS,
        "generation.cancel(actor=command.actor, now=now)\n    _release(generation, credits, now)",
        "generation.cancel(actor=command.actor, now=now)",
    ),
    Bug(
        "a cancel ignores that it runs",
        _HANDLERS,
        'if generation.status == "running":\n        generation.request_cancel',
        'if generation.status == "nothing":\n        generation.request_cancel',
    ),
    Bug(
        "a retry forgets that a cancel was asked for",
        _HANDLERS,
        "if generation.cancel_requested_at is not None:\n        return _end_as_canceled",
        "if False:\n        return _end_as_canceled",
    ),
    Bug("accepted without a work row", _HANDLERS, "    work = [work_of(command)]\n", "    work: list[Any] = []\n"),
    Bug(
        "a cancel is free whatever the model says",
        _HANDLERS,
        '"full": generation.quoted}[generation.on_cancel]',
        '"full": 0}[generation.on_cancel]',
    ),
    Bug("the fence is not checked", _GENERATION, 'if attempt != self.attempt or self.status != "running":', "if False:"),
    Bug(
        "a start takes the attempt's number again",
        _GENERATION,
        "attempt=self.attempt + 1, worker=worker",
        "attempt=max(1, self.attempt), worker=worker",
    ),
    Bug(
        "an end can be recorded twice",
        _GENERATION,
        "    def _refuse_if_final(self) -> None:\n        if self.final:",
        "    def _refuse_if_final(self) -> None:\n        if False:",
    ),
    Bug("credits are held that are not there", _CREDITS, "if available < amount:", "if False:"),
    Bug("what is spent is free again", _CREDITS, 'grant["free"] += amount - spent.get(key, 0)', 'grant["free"] += amount'),
    Bug("a hold stands beside another", _CREDITS, "return {self.id.int: _ENDS}", "return {self.id.int: _HOLDS_AND_ENDS}"),
    Bug("grants that have expired are spent", "domain.credits.burning", 'grant["expires_at"] is None or grant["expires_at"] > now', "True"),
]

#: In the journal's writer and what it sends.
WRITING = [
    Bug(
        "a conflict is answered as done",
        "infra.journal.settle",
        "        if outcome == DONE:\n            next_position",
        "        if outcome in (DONE, 2):\n            next_position",
    ),
    Bug("a receipt names the position after", "infra.journal.settle", "position - 1 if item.lines", "position if item.lines"),
    Bug("the fingerprint is not looked at", "infra.journal.receipts", "if self.fingerprint != context.fingerprint:", "if False:"),
    Bug(
        "the fingerprint is not stored",
        "infra.journal.append",
        "blobs([context.fingerprint for context in contexts])",
        "blobs([None for context in contexts])",
    ),
    Bug(
        "a snapshot is of another position",
        "infra.journal.snapshotter",
        "round_.touched[stream.int].position}",
        "round_.touched[stream.int].position - 1}",
    ),
    Bug(
        "what did not land stays in the cache",
        "infra.journal.writer",
        "        self._astray = streams\n        self._preparer.cache.drop(streams)",
        "        self._astray = streams",
    ),
    Bug(
        "what moved stays in the cache", "infra.journal.settle", "return failed.union((appended and appended.moved) or ())", "return failed"
    ),
    Bug(
        "what has landed is shown at the position before",
        "infra.journal.writer",
        """            self._place(round_, landed)
            if not troubled(landed.appended):
                self._landed(round_, flight, as_decided=True)
                # The writer sends the next round in one step of the loop, and is heard in the other.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
""",
        """            if not troubled(landed.appended):
                self._landed(round_, flight, as_decided=True)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            self._place(round_, landed)
""",
    ),
    Bug(
        "readers see what is not committed",
        "infra.journal.journal",
        "self._preparer.cache.get(stream) if self._writer.settled(stream) else None",
        "self._preparer.cache.get(stream)",
    ),
]

#: In the workers.
WORKING = [
    Bug(
        "every start has one command id",
        "workers.start",
        'f"start:{generation_id}:{self._owner}:{self._claimed.claims}"',
        'f"start:{generation_id}"',
    ),
    Bug(
        "every attempt's end has one command id",
        "workers.ends",
        'f"{what}:{self._generation_id}:{self.attempt}"',
        'f"{what}:{self._generation_id}"',
    ),
    Bug(
        "a lost answer is asked for again",
        "workers.attempt",
        "if self._start.taken_over and self._ours_alone and not self._told():",
        "if False:",
    ),
    Bug("an unknown submit is given again", "workers.parking", 'if policy == "at_least_once":', 'if policy != "look_up":'),
    Bug("an unknown submit is not looked up", "workers.parking", "            if generation.submitting:\n", "            if False:\n"),
    Bug(
        "the intent is not recorded before the call",
        "workers.parking",
        "submit = await self._intend(generation, attempt, prepared)",
        "submit = generation.submit + 1",
    ),
    Bug("what may not be made twice begins unrecorded", "workers.making", "model.long or not model.repeatable or", "model.long or"),
    Bug("failures are tried again for ever", "workers.ends", "self.attempts < self._maker.attempts_max(generation)", "True"),
    Bug(
        "the quote is charged, whatever was delivered",
        "workers.ends",
        "price=generation.pricing.price_of(made.usage)",
        "price=generation.quoted",
    ),
    Bug("the bytes are not stored", "workers.storing", "        await self._put(object_key, artefact.data, found.content_type)\n", ""),
    Bug("the reaper forgets", "workers.reaper", "reaped = await self._board.reap(BATCH, since=self._begin())", "reaped = []"),
    Bug("retries are not promoted", "workers.dispatcher", "while await self._board.promote(BATCH) == BATCH:", "while False:"),
    Bug("what is scheduled does not begin", "workers.scheduler", "due = await self._due.scheduled(BATCH)", "due = []"),
]

#: In the twin: what would happen if the database forgot a rule.
DATABASE = [
    Bug(
        "the append does not look at versions",
        "tests.simulation.twin.append",
        "prior == 0 and version != head_of(log, stream, version)",
        "False",
    ),
    Bug(
        "the append takes any fact beside",
        "tests.simulation.twin.append",
        'all(event.topic in beside.split(" ") for event in after)',
        "True",
    ),
    Bug("who gives way keeps his versions", "tests.simulation.twin.append", ' + moved.get(a["e_stream"][n], 0)', ""),
    Bug("an append answers with the position before", "tests.simulation.twin.append", "Answer(log.head + 1,", "Answer(log.head,"),
    Bug(
        "recorded times follow the clock back",
        "tests.simulation.twin.append",
        "max(now, log.events[-1].recorded_at) if log.events else now",
        "now",
    ),
    Bug(
        "a command that failed changes work",
        "tests.simulation.twin.append",
        "if outcomes is None or outcomes[values[0] - 1] == DONE\n",
        "if True\n",
    ),
]

BUGS = RULES + WRITING + WORKING + DATABASE
