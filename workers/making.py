"""What an attempt makes: the provider's answer, checked and stored. Nothing in here is recorded yet."""

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, cast

import msgspec

from domain.generations.commands import NewAsset
from domain.generations.generation import Generation
from domain.generations.quote import rate_of
from domain.generations.words import Words, opened, private_params
from domain.kernel.refusals import Gone, Unavailable
from domain.ports import LongProvider, Provider, SubjectKey
from domain.providers.catalogue import Model
from domain.providers.jobs import Job, ProviderFailure, Report, Result, Say, unheard, unsaid
from workers.children import ChildDied
from workers.delivery import Said
from workers.failures import NOT_OURS, AttemptFailed, attempt_failed
from workers.gate import Gate
from workers.inputs import Inputs
from workers.isolated import generate_alone
from workers.own_keys import counted, own_key_of, told_of_own_key
from workers.patience import patiently
from workers.platform import WorkerPlatform
from workers.ports import Run
from workers.storing import Storing
from workers.tracing import Traced

logger = logging.getLogger(__name__)


class Made(msgspec.Struct, frozen=True):
    """`assets` lie in the object store; `usage` counts what is priced."""

    assets: list[NewAsset]
    usage: dict[str, int]
    sealed_output: str | None = None


class Prepared(NamedTuple):
    """A job, and what its result is sealed with."""

    model: Model
    key: SubjectKey
    words: Words
    job: Job


class Fallback(NamedTuple):
    """Who makes it instead, and what that costs."""

    model: str
    provider: str
    rate: int
    rate_unit: str
    rate_per: int


#: Final here, and no matter anywhere else. Whatever else is final may be at work, and paid for, all the same.
ELSEWHERE = frozenset({"auth", "insufficient_provider_credit", "model_retired"})
#: The same request would fare no better elsewhere, or is still at work at its provider.
AT_FAULT = frozenset({"content_rejected", "erased", "input_unusable", "invalid_request", "submit_unknown"})


class Maker:
    """Makes generations with the adapters of this process."""

    def __init__(self, platform: WorkerPlatform, run: Run) -> None:
        self._platform = platform
        self._providers: Mapping[str, Provider | LongProvider] = platform.make_providers(run_in_child=run)
        self._models = {(model.kind, model.id): model for model in platform.catalogue.models}
        self._storing = Storing(platform)
        self._inputs = Inputs(platform)
        self.gate = Gate(platform.limits, platform.health)
        self._traced = Traced(platform.journal, platform.tracing)

    async def close(self) -> None:
        for provider in self._providers.values():
            await provider.close()

    def attempts_max(self, generation: Generation) -> int:
        model = self._models.get((generation.kind, generation.model))
        return model.attempts_max if model else 1

    def fallback_of(self, generation: Generation, failure: AttemptFailed) -> Fallback | None:
        """The next of the caller's models, unless the request itself is at fault, or another answer may still be paid for."""
        definite = failure.retryable or failure.code in ELSEWHERE
        if failure.code in AT_FAULT or not definite:
            return None
        for model_id in generation.fallback_models:
            model = self._models.get((generation.kind, model_id))
            if model is not None and model.provider in self._providers:
                rate = rate_of(model, generation.params)
                return Fallback(model.id, model.provider, rate.amount, rate.unit, rate.per)
        return None

    def long(self, generation: Generation) -> LongProvider | None:
        """The adapter that parks the generation's job; None: its answer is awaited."""
        model = self._models.get((generation.kind, generation.model))
        if model is None or not model.long:
            return None
        provider = self._providers.get(model.provider)
        return provider if isinstance(provider, LongProvider) else None

    def may_begin_unrecorded(self, generation: Generation) -> bool:
        """Whether nobody is harmed when the attempt begins, is lost, and begins again as if it never had.

        Not what is read while it is written, nor what must have begun at some time: there others must know that it has.
        """
        model = self._models.get((generation.kind, generation.model))
        if model is None or model.long or not model.repeatable or model.provider not in self._providers:
            return False
        first = generation.status == "queued" and generation.attempt == 0
        return first and generation.start_deadline is None and not _read_along(generation)

    async def make(self, generation: Generation, attempt: int, said: Said, *, isolate: bool, started: Callable[[], bool]) -> Made:
        """*started*: whether its start is recorded; before that nobody hears how far it is.

        Raises AttemptFailed, and ChildDied when a child process that worked on it did not survive.
        """
        with self.naming(generation, attempt):
            prepared = await self.with_inputs(generation, await self.prepared(generation, attempt))
            model, key, _, job = prepared
            async with self._heard(generation, job, key) as say:
                say = said.hearing(job, key, say) if _read_along(job) else say
                await self.gate.turn(model, generation.id)
                async with self.judged(model, generation, attempt):
                    report = _once(started, self.report(generation, job))
                    result = await self._generate(model, job, report, say, isolate=isolate)
            return await self.stored(generation, prepared, result)

    async def prepared(self, generation: Generation, attempt: int) -> Prepared:
        """Without the inputs."""
        model = self.model_of(generation)
        key = await patiently("a key", lambda: self._platform.vault.key(generation.account_id))
        words = opened(key, generation.sealed)
        job = job_of(generation, model, words, attempt, await own_key_of(self._platform, generation))
        return Prepared(model, key, words, job)

    async def with_inputs(self, generation: Generation, prepared: Prepared) -> Prepared:
        words = prepared.words
        if not words.inputs:
            return prepared
        inputs, mask = await self._inputs.of(generation, words), await self._inputs.mask_of(generation, words)
        return prepared._replace(job=msgspec.structs.replace(prepared.job, inputs=inputs, mask=mask))

    async def stored(self, generation: Generation, prepared: Prepared, result: Result) -> Made:
        """The provider's answer, checked and stored."""
        output = None if result.output is None else prepared.key.seal(msgspec.json.encode(result.output).decode())
        assets = await self._stored(result, prepared.key, prepared.words.prompt)
        return Made(assets, counted(generation, result.usage, assets=len(assets)), output)

    @asynccontextmanager
    async def judged(self, model: Model, generation: Generation, attempt: int) -> AsyncIterator[None]:
        """How the provider did in the block counts for its health."""
        began = time.monotonic()
        try:
            yield
        except ProviderFailure as failure:
            await self.gate.failed(model, failure, own_key=generation.own_key)
            await self._traced.provider(generation.id, attempt, model.provider, time.monotonic() - began, failure.code)
            raise
        await self.gate.worked(model)
        await self._traced.provider(generation.id, attempt, model.provider, time.monotonic() - began, None)

    @contextmanager
    def naming(self, generation: Generation, attempt: int) -> Iterator[None]:
        """Whatever goes wrong in the block ends as AttemptFailed, as ChildDied, or because the generation is not ours."""
        try:
            yield
        except (AttemptFailed, ChildDied, *NOT_OURS):
            raise
        except ProviderFailure as failure:
            raise told_of_own_key(generation, attempt_failed(failure)) from failure
        except Gone as gone:
            raise AttemptFailed("erased", "The account's data was erased.", retryable=False) from gone
        except Unavailable as away:
            raise AttemptFailed("storage_unavailable", "The result could not be stored.", retryable=True) from away
        except Exception as defect:
            logger.exception("attempt %d of generation %s", attempt, generation.id)
            raise AttemptFailed("internal_error", "The attempt ended in an internal error.", retryable=True) from defect

    def model_of(self, generation: Generation) -> Model:
        found = self._models.get((generation.kind, generation.model))
        if found is None or found.provider not in self._providers:
            raise AttemptFailed("model_retired", f"The model {generation.model} is no longer offered.", retryable=False)
        return found

    async def _generate(self, model: Model, job: Job, report: Report, say: Say, *, isolate: bool) -> Result:
        try:
            async with asyncio.timeout(model.timeout_seconds):
                if isolate:
                    return await generate_alone(self._platform.make_providers, model.provider, job, report, say)
                # What is long was parked, and does not come here.
                provider = cast(Provider, self._providers[model.provider])
                return await provider.generate(job, report, say)
        except TimeoutError as error:
            # It may have worked, and billed, all the same.
            sentence = f"The provider did not answer within {model.timeout_seconds} s."
            raise ProviderFailure("timeout", sentence, outcome_unknown=not model.repeatable) from error

    def report(self, generation: Generation, job: Job) -> Report:
        if self._platform.progress is None:
            return unheard
        tell = functools.partial(self._platform.progress.tell, generation.id, account_id=generation.account_id)
        if job.attempt > 1:
            # What an earlier attempt had done is lost.
            tell(0.0)
        return tell

    @asynccontextmanager
    async def _heard(self, generation: Generation, job: Job, key: SubjectKey) -> AsyncIterator[Say]:
        """Who listens to a text while it is written, unless the caller wants it whole."""
        saying = self._platform.saying
        if saying is None or not _read_along(job):
            yield unsaid
            return
        voice = saying.voice(generation.id, account_id=generation.account_id, attempt=job.attempt, key=key)
        try:
            yield voice.say
        finally:
            await voice.end()

    async def _stored(self, result: Result, key: SubjectKey, prompt: str) -> list[NewAsset]:
        return [
            await self._storing.store(artefact, key, name=f"{slug(prompt)}-{number}") for number, artefact in enumerate(result.artefacts, 1)
        ]


def job_of(generation: Generation, model: Model, words: Words, attempt: int, own_key: str | None = None) -> Job:
    private = private_params(words)
    return Job(
        generation_id=generation.id,
        attempt=attempt,
        kind=generation.kind,
        upstream=model.upstream or model.id,
        prompt=words.prompt,
        negative_prompt=private.get("negative_prompt"),
        params={**generation.params, **private},
        adapter=model.adapter,
        timeout_seconds=model.timeout_seconds,
        api_key=own_key,
    )


def slug(prompt: str) -> str:
    """The prompt's first words as a file name without ending."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in prompt.lower()).split()
    return "-".join(words[:8])[:60].strip("-") or "image"


def _read_along(asked: Job | Generation) -> bool:
    """Its caller reads it while it is written."""
    return asked.kind == "text" and bool(asked.params.get("stream", True))


def _once(started: Callable[[], bool], report: Report) -> Report:
    """*report*, which hears nothing before."""

    def heard(share: float) -> None:
        if started():
            report(share)

    return heard
