"""The limiter: Redis decides when it answers in time, this process's own counts otherwise.

Who is far from his limits does not wait for it: see `infra/limits/ample.py`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from domain.kernel.rates import Policy, Verdict
from infra.limits.ample import Ample
from infra.limits.local import LocalCounts
from infra.limits.window import SCRIPT

BUDGET_SECONDS = 0.020
REST_SECONDS = 5.0
#: Nobody waits for it, so a busy loop is no reason to take Redis for silent.
PROBE_SECONDS = 1.0
BATCH_MAX = 256
#: A call costs as much as a dozen questions in it, here and in Redis: while several come at once, more are waited for; and longer while
#: nobody waits for the answer.
CROWD, GATHER_SECONDS, REPORT_SECONDS = 3, 0.002, 0.025
UNLIMITED = 1 << 40
PREFIX = "{limits}:"
KEYS_REMEMBERED = 8_192

Question = tuple[tuple[Policy, ...], "asyncio.Future[Verdict] | None"]


class RedisLimiter:
    """Implements the port Limiter. All requests that wait in the loop share one script call.

    Redis gets 20 ms; after a miss it is left alone until it answers a question of our own, so that no request waits to find out: asked at
    once, because a moment is no silence, and then every 5 s. Meanwhile policies that hold are enforced on own counts, the others allow;
    `bypassed(bucket)` is told.
    """

    def __init__(
        self, redis: Redis, *, bypassed: Callable[[str], None], secret: bytes = b"", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """*secret* hides whom a key counts: some are addresses, and those are personal."""
        self._redis = redis
        self._secret = secret
        self._bypassed = bypassed
        self._monotonic = monotonic
        self._local = LocalCounts(lambda: int(monotonic() * 1000))
        self._log = structlog.get_logger().bind(log="error")
        self._ample = Ample(monotonic)
        self._waiting: list[Question] = []
        #: Somebody waits for an answer.
        self._urgent = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._sha: str | None = None
        self._misses = 0
        self._resting = False
        self._rest_until = 0.0
        self._probe: asyncio.Task[None] | None = None

    async def take(self, policies: Sequence[Policy]) -> Verdict:
        if self._rests():
            return self._alone(policies)
        asked = tuple(policies)
        known = self._ample.passes(asked)
        if known is not None:
            self._ask((asked, None))
            return known
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._urgent.set()
        self._ask((asked, answer))
        return await answer

    def give_back(self, policies: Sequence[Policy]) -> None:
        negative = tuple(Policy(p.bucket, p.key, p.count, p.seconds, -p.cost, p.holds) for p in policies)
        if self._rests():
            self._local.take(negative)
        else:
            self._ask((negative, None))

    async def close(self) -> None:
        """Let what is on its way arrive."""
        while self._sender is not None:
            await self._sender
        if self._probe is not None:
            await self._probe

    def _rests(self) -> bool:
        """Whether Redis is left alone; when that was long enough, it is asked beside the requests whether it answers again."""
        if self._resting and self._probe is None and self._monotonic() >= self._rest_until:
            self._probe = asyncio.create_task(self._ask_again())
        return self._resting

    async def _ask_again(self) -> None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._redis.ping()
            self._resting = False
        except Exception as failure:  # noqa: BLE001 Whatever keeps it from answering, it does not answer.
            self._rest_until = self._monotonic() + REST_SECONDS
            self._log.warning("rate limits not answered", reason=type(failure).__name__, rests=True)
        finally:
            self._probe = None

    def _ask(self, question: Question) -> None:
        self._waiting.append(question)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        """One call at a time: what arrives while one is on its way waits for the next, in a crowd a moment longer."""
        try:
            crowd = False
            while self._waiting:
                await self._gathered(crowd)
                crowd = len(self._waiting) >= CROWD
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                if all(answer is None for _, answer in self._waiting):
                    self._urgent.clear()
                verdicts = await self._decided(batch)
                for (policies, answer), verdict in zip(batch, verdicts, strict=True):
                    self._ample.told(policies, verdict, passed=answer is None)
                    if answer is not None:
                        if not answer.done():
                            answer.set_result(self._alone(policies) if verdict is None else verdict)
                    elif verdict is None and policies[0].cost > 0:
                        # It has passed; it counts here at least.
                        self._alone(policies)
        finally:
            self._sender = None

    async def _gathered(self, crowd: bool) -> None:
        if not self._urgent.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await self._urgent.wait()
        elif crowd:
            await asyncio.sleep(GATHER_SECONDS)

    async def _decided(self, batch: Sequence[Question]) -> Sequence[Verdict | None]:
        if self._resting:
            return [None] * len(batch)
        keys, arguments = _spoken(batch, self._secret)
        text = await self._within_budget(keys, arguments)
        if text is None:
            return [None] * len(batch)
        return _heard(text, batch)

    async def _within_budget(self, keys: Sequence[str], arguments: str) -> str | None:
        call = asyncio.ensure_future(self._call(keys, arguments))
        asked = self._monotonic()
        await asyncio.wait({call}, timeout=BUDGET_SECONDS)
        if not call.done() and self._monotonic() - asked > 2 * BUDGET_SECONDS:
            # The loop itself was late, not Redis: its answer may already lie in the socket.
            await asyncio.wait({call}, timeout=BUDGET_SECONDS)
        if not call.done():
            call.cancel()
            await asyncio.wait({call})
        if call.cancelled() or (failure := call.exception()) is not None:
            self._missed("no answer in time" if call.cancelled() else type(failure).__name__)
            return None
        self._misses = 0
        text = call.result()
        return text if isinstance(text, str) else text.decode()

    async def _call(self, keys: Sequence[str], arguments: str) -> Any:
        if self._sha is not None:
            try:
                return await self._redis.evalsha(self._sha, len(keys), *keys, arguments)
            except NoScriptError:
                self._sha = None
        self._sha = await self._redis.script_load(SCRIPT)
        return await self._redis.evalsha(self._sha, len(keys), *keys, arguments)

    def _missed(self, reason: str) -> None:
        self._misses += 1
        self._log.warning("rate limits not answered", reason=reason, misses=self._misses)
        self._resting = True
        # Who answers that question and misses the next call is slow: he too is left alone for a while.
        self._rest_until = self._monotonic() + (REST_SECONDS if self._misses > 1 else 0.0)
        self._rests()

    def _alone(self, policies: Sequence[Policy]) -> Verdict:
        """On own counts: only what holds can refuse, the rest is counted, reported and let through."""
        asked = [policy if policy.holds else _unlimited(policy) for policy in policies]
        verdict = self._local.take(asked)
        for policy in policies:
            if not policy.holds:
                self._bypassed(policy.bucket)
        left = tuple(max(0, left - (ask.count - policy.count)) for left, ask, policy in zip(verdict.left, asked, policies, strict=True))
        return Verdict(verdict.refused, verdict.retry_after, left, verdict.reset_seconds)


def _unlimited(policy: Policy) -> Policy:
    return Policy(policy.bucket, policy.key, policy.count + UNLIMITED, policy.seconds, policy.cost)


def _spoken(batch: Sequence[Question], secret: bytes) -> tuple[list[str], str]:
    """Keys and arguments of the script for *batch*."""
    indexes: dict[str, int] = {}
    said = [str(len(batch))]
    for policies, _ in batch:
        said.append(str(len(policies)))
        for policy in policies:
            index = indexes.setdefault(_window_key(policy.key, secret), len(indexes) + 1)
            said.append(f"{index} {policy.count} {policy.seconds} {policy.cost}")
    return list(indexes), " ".join(said)


@lru_cache(maxsize=KEYS_REMEMBERED)
def _window_key(key: str, secret: bytes) -> str:
    return PREFIX + blake2b(key.encode(), key=secret, digest_size=16).hexdigest()


def _heard(text: str, batch: Sequence[Question]) -> list[Verdict]:
    """The script's answer as one verdict for each question."""
    numbers = [int(number) for number in text.split(",")]
    verdicts = []
    at = 0
    for policies, _ in batch:
        refused, wait = numbers[at], numbers[at + 1]
        end = at + 2 + 2 * len(policies)
        verdicts.append(Verdict(refused - 1 if refused else None, wait, tuple(numbers[at + 2 : end : 2]), tuple(numbers[at + 3 : end : 2])))
        at = end
    return verdicts
