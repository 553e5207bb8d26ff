"""Schedules whose moment has come: what they want is asked for in their owner's name."""

import logging
from uuid import UUID

import msgspec

from domain.generations.commands import RequestGeneration
from domain.generations.wanted import Fitting, Wanted, fitted, on_own_key, request_of, with_fallbacks, words_of
from domain.kernel.ids import provider_keys_stream
from domain.kernel.refusals import Gone, Refusal, Unavailable
from domain.provider_keys.provider_keys import ProviderKeys
from domain.schedules.commands import DeleteSchedule, FireSchedule
from domain.schedules.ports import DueSchedule
from domain.schedules.refusals import ScheduleNotFound
from workers.orders import Orders
from workers.platform import WorkerPlatform
from workers.ports import Recurrence

logger = logging.getLogger(__name__)

BATCH = 100


class Schedules:
    """Any number of processes may do this at once: the command is fixed by schedule and moment."""

    def __init__(self, platform: WorkerPlatform, recurrence: Recurrence, orders: Orders) -> None:
        self._platform = platform
        self._recurrence = recurrence
        self._orders = orders

    async def fire(self) -> None:
        due = await self._recurrence.due.schedules(BATCH)
        for each in due:
            try:
                await self._fire(each)
            except Unavailable:
                raise
            except Exception:
                # Those behind it are not kept waiting.
                logger.exception("schedule %s", each.schedule_id)
        self._platform.counts.count("due", len(due), what="schedule")

    async def _fire(self, due: DueSchedule) -> None:
        try:
            request = await self._request(due)
            await self._orders.send(self._command(due, request, None), f"schedule:{due.schedule_id}:{due.due_at.isoformat()}")
        except Unavailable:
            raise
        except ScheduleNotFound:
            return
        except Gone:
            await self._end(due)
        except Refusal as refusal:
            await self._pass_over(due, refusal.code)

    async def _end(self, due: DueSchedule) -> None:
        """Its owner was erased: nobody can read any more what it wants."""
        logger.info("ended: its owner was erased", extra={"schedule_id": str(due.schedule_id)})
        try:
            command = DeleteSchedule(schedule_id=due.schedule_id, account_id=due.account_id)
            await self._orders.send(command, f"schedule-erased:{due.schedule_id}")
        except ScheduleNotFound:
            return

    async def _pass_over(self, due: DueSchedule, code: str) -> None:
        """It cannot be asked for this time: that is noted, and the next moment comes."""
        logger.info("passed over: %s", code, extra={"schedule_id": str(due.schedule_id)})
        try:
            await self._orders.send(self._command(due, None, code), f"schedule-over:{due.schedule_id}:{due.due_at.isoformat()}")
        except ScheduleNotFound:
            return

    async def _request(self, due: DueSchedule) -> RequestGeneration:
        """As if its owner asked for it now.   Raises what a request can be refused for."""
        platform = self._platform
        now = platform.clock.now()
        key = await platform.vault.key(due.account_id)
        wanted = msgspec.json.decode(key.open(due.sealed), type=Wanted)
        fitting = await self._on_whose_key(due.account_id, wanted, fitted(platform.catalogue, wanted, now=now))
        fitting = with_fallbacks(platform.catalogue, wanted, fitting, now=now)
        request = request_of(
            wanted,
            fitting,
            words_of(wanted, fitting),
            generation_id=platform.ids.new(),
            account_id=due.account_id,
            key=key,
            price_version=platform.catalogue.price_version,
        )
        return msgspec.structs.replace(request, schedule_id=due.schedule_id)

    async def _on_whose_key(self, account_id: UUID, wanted: Wanted, fitting: Fitting) -> Fitting:
        """Raises ProviderKeyRequired."""
        if fitting.model.provider not in self._recurrence.key_rules.takes_keys:
            return fitting
        keys = await self._platform.journal.load(ProviderKeys, provider_keys_stream(account_id))
        terms = self._recurrence.key_rules.terms(fitting.model, fitting.params, keys.keys if keys else ())
        return on_own_key(wanted, fitting, terms.rate) if terms.own_key else fitting

    def _command(self, due: DueSchedule, request: RequestGeneration | None, code: str | None) -> FireSchedule:
        """The next moment is after now: those that were missed are passed over."""
        now = self._platform.clock.now()
        return FireSchedule(
            schedule_id=due.schedule_id,
            account_id=due.account_id,
            due_at=due.due_at,
            next_at=self._recurrence.calendar.next(due.cron, due.time_zone, after=max(now, due.due_at)),
            request=request,
            code=code,
        )
