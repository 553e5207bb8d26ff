"""Long jobs on their way to the provider: the intent is recorded before, the acceptance after. # ADR-0021"""

import asyncio
import logging
from datetime import timedelta
from typing import NamedTuple

import msgspec

from domain.dispatch.callbacks import callback_path
from domain.generations.commands import ParkGeneration, SubmitGeneration
from domain.generations.generation import Generation
from domain.kernel.refusals import Refusal
from domain.ports import LongProvider
from domain.providers.jobs import Job, LookUpUnsupported, Parked, ProviderFailure
from workers.failures import AttemptFailed, attempt_failed, submit_unknown
from workers.making import Maker, Prepared
from workers.orders import Orders
from workers.own_keys import told_of_own_key
from workers.platform import WorkerPlatform

logger = logging.getLogger(__name__)

#: Longer no submit is awaited, nor anything else that a provider is told.
SUBMIT_SECONDS = 60.0
FIRST_LOOK_SECONDS_MAX = 300.0


class Taken(NamedTuple):
    """The provider has it."""

    submit: int
    sealed_job: str
    poll_seconds: float


class Parking:
    """Gives jobs to providers, at most once unless their model says otherwise."""

    def __init__(self, platform: WorkerPlatform, maker: Maker, orders: Orders) -> None:
        self._platform = platform
        self._maker = maker
        self._orders = orders

    async def give(self, generation: Generation, attempt: int) -> Taken:
        """Returns once the provider has the job; an earlier attempt may have seen to that.   Raises AttemptFailed."""
        with self._maker.naming(generation, attempt):
            provider = self._maker.long(generation)
            assert provider is not None, "whoever asks knows that the job is long"
            if generation.sealed_job is not None:
                # Its work row was made anew from the log.
                return Taken(generation.submit, generation.sealed_job, 0.0)
            prepared = await self._maker.prepared(generation, attempt)
            if generation.submitting:
                found = await self._found(provider, prepared)
                if found is not None:
                    return _taken(generation.submit, prepared, found)
            prepared = await self._maker.with_inputs(generation, prepared)
            await self._maker.gate.turn(prepared.model, generation.id)
            submit = await self._intend(generation, attempt, prepared)
            return _taken(submit, prepared, await self._submit(provider, generation, prepared))

    def parking_of(self, generation: Generation, attempt: int, taken: Taken) -> ParkGeneration:
        seconds = min(taken.poll_seconds, FIRST_LOOK_SECONDS_MAX)
        return ParkGeneration(
            generation_id=generation.id,
            account_id=generation.account_id,
            attempt=attempt,
            submit=taken.submit,
            sealed_job=taken.sealed_job,
            poll_at=self._platform.clock.now() + timedelta(seconds=seconds),
        )

    async def stop(self, generation: Generation, attempt: int, sealed_job: str | None = None) -> None:
        """Ask the provider to stop what it has of the generation, as far as it can: nobody waits for its result any more."""
        provider = self._maker.long(generation)
        if provider is None:
            return
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                prepared = await self._maker.prepared(generation, attempt)
                parked = parked_of(prepared, sealed_job or generation.sealed_job)
                if parked is None and generation.submitting:
                    parked = await provider.look_up(prepared.job)
                if parked is not None:
                    await provider.cancel(prepared.job, parked)
        except (AttemptFailed, LookUpUnsupported, ProviderFailure, Refusal, TimeoutError) as failure:
            # A late result is dropped by the fence.
            logger.info("not stopped at its provider: %r", failure, extra={"generation_id": str(generation.id)})
        except Exception:
            logger.exception("stopping generation %s at its provider", generation.id)

    async def _found(self, provider: LongProvider, prepared: Prepared) -> Parked | None:
        """An earlier submit has no known end: the job it left, or None when it may be given again.   Raises AttemptFailed."""
        policy = prepared.model.on_unknown_submit
        if policy == "at_least_once":
            return None
        if policy != "look_up":
            raise submit_unknown(retryable=False)
        try:
            async with asyncio.timeout(SUBMIT_SECONDS):
                return await provider.look_up(prepared.job)
        except LookUpUnsupported:
            raise submit_unknown(retryable=False) from None
        except (ProviderFailure, TimeoutError) as failure:
            # It still is not known.
            raise submit_unknown(retryable=True) from failure

    async def _intend(self, generation: Generation, attempt: int, prepared: Prepared) -> int:
        """Record that the job is about to be given. The number stays while nobody knows what became of the last submit."""
        known = not generation.submitting or prepared.model.on_unknown_submit == "look_up"
        submit = generation.submit + 1 if known else generation.submit
        command = SubmitGeneration(generation_id=generation.id, account_id=generation.account_id, attempt=attempt, submit=submit)
        await self._orders.send(command, f"submit:{generation.id}:{attempt}")
        return submit

    async def _submit(self, provider: LongProvider, generation: Generation, prepared: Prepared) -> Parked:
        once = prepared.model.on_unknown_submit == "at_most_once"
        try:
            async with self._maker.judged(prepared.model, generation, prepared.job.attempt), asyncio.timeout(SUBMIT_SECONDS):
                return await provider.submit(prepared.job, self._callback_url(prepared.model.provider, prepared.job))
        except ProviderFailure as failure:
            if failure.outcome_unknown and not once:
                raise submit_unknown(retryable=True) from failure
            raise told_of_own_key(generation, attempt_failed(failure)) from failure
        except Exception as lost:
            # Time ran out, or a defect after the request: it may be there.
            logger.exception("a submit of generation %s", generation.id)
            raise submit_unknown(retryable=not once) from lost

    def _callback_url(self, provider: str, job: Job) -> str | None:
        if self._platform.callback_base is None:
            return None
        return self._platform.callback_base + callback_path(self._platform.vault, provider, job.generation_id, job.attempt)


def parked_of(prepared: Prepared, sealed_job: str | None) -> Parked | None:
    return None if sealed_job is None else msgspec.json.decode(prepared.key.open(sealed_job), type=Parked)


def _taken(submit: int, prepared: Prepared, parked: Parked) -> Taken:
    return Taken(submit, prepared.key.seal(msgspec.json.encode(parked).decode()), parked.poll_seconds)
