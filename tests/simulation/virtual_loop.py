"""An event loop in virtual time for many simulated processes: who runs next is the seed's choice, and nobody ever waits.

Within one process callbacks run in the order in which they were scheduled, as asyncio promises; between processes the seed
decides. A process can be stopped (all its callbacks wait, its timers become late) and killed (they never run).
"""

import asyncio
import heapq
import random
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any

PROCESS: ContextVar["Process"] = ContextVar("process")


class Process:
    """What runs together, stops together and dies together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready: deque[events.Handle] = deque()
        self.stopped = False
        self.dead = False
        #: Run beside it, in whatever order, and stop and die with it.
        self.threads: list[Process] = []
        #: Called after each of its steps.
        self.watch: Callable[[], None] | None = None
        #: Called once, when it dies.
        self.on_death: list[Callable[[], None]] = []
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)

    def __repr__(self) -> str:
        return self.name


class VirtualLoop(asyncio.BaseEventLoop):
    """`failures` are exceptions that nobody caught."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self._dice = dice
        self._time = 0.0
        self._timers: list[tuple[float, int, events.TimerHandle]] = []
        self._count = 0
        self._runnable: list[Process] = []
        self.outside = Process("outside")
        self.failures: list[str] = []
        self.steps = 0
        #: What a killed process leaves behind must not be tidied up: its `finally` blocks never ran either.
        self._tasks: list[asyncio.Task[Any]] = []

    def create_task(self, coro: Any, *, name: Any = None, context: Context | None = None) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def time(self) -> float:
        return self._time

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> events.Handle:  # type: ignore[override]
        handle = events.Handle(callback, args, self, context)
        self._enqueue(handle)
        return handle

    # Everything runs in one thread.
    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        return self.call_at(self._time + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        handle = events.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return self.create_task(work, context=process.context)

    def run_in_executor(self, executor: Any, function: Any, *args: Any) -> Any:  # type: ignore[override]
        """Whatever would happen in a thread happens at once, and is known a moment later."""
        answer = self.create_future()
        try:
            value = function(*args)
        except Exception as error:  # noqa: BLE001 It is the answer.
            self.call_later(0.001, _set_exception, answer, error)
        else:
            self.call_later(0.001, _set_result, answer, value)
        return answer

    def stop_process(self, process: Process) -> None:
        for each in (process, *process.threads):
            each.stopped = True
            if each in self._runnable:
                self._runnable.remove(each)

    def continue_process(self, process: Process) -> None:
        for each in (process, *process.threads):
            each.stopped = False
            if each.ready and not each.dead and each not in self._runnable:
                self._runnable.append(each)

    def kill_process(self, process: Process) -> None:
        self.stop_process(process)
        for each in (process, *process.threads):
            each.dead = True
            each.ready.clear()
        for act in process.on_death:
            act()

    def run_until(self, done: Callable[[], bool], *, seconds_max: float, steps_max: int) -> bool:
        """False when virtual time or the number of steps ran out before."""
        until = self._time + seconds_max
        events._set_running_loop(self)
        try:
            while not done():
                if self._time > until or self.steps > steps_max or not self._step():
                    return False
            return True
        finally:
            events._set_running_loop(None)

    def _step(self) -> bool:
        """One process runs what it has, or time passes. False when nothing will ever happen again."""
        self.steps += 1
        runnable = self._runnable
        if not runnable:
            return self._pass_time()
        process = runnable[0] if len(runnable) == 1 else runnable[int(self._dice.random() * len(runnable))]
        ready = process.ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()
            if process.watch is not None:
                process.watch()
            if process.dead or process.stopped:
                # It stopped itself, or was shot, in the middle of that.
                return True
        if not ready:
            runnable.remove(process)
        return True

    def _pass_time(self) -> bool:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            return False
        self._time = max(self._time, timers[0][0])
        while timers and timers[0][0] <= self._time:
            handle = heapq.heappop(timers)[2]
            if not handle._cancelled:
                self._enqueue(handle)
        return True

    def _enqueue(self, handle: events.Handle) -> None:
        process = handle._context.get(PROCESS, self.outside)
        if process.dead:
            return
        process.ready.append(handle)
        if not process.stopped and process not in self._runnable:
            self._runnable.append(process)

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        """Cancelled timers are thrown away when their time comes."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    def close(self) -> None:
        """Nothing runs any more; coroutines end without having the last word."""
        for task in self._tasks:
            task._log_destroy_pending = False
            with suppress(BaseException):  # whatever it still wanted to say
                task.get_coro().close()
        self._tasks.clear()
        self._timers.clear()
        self._runnable.clear()
        super().close()


def _set_result(future: "asyncio.Future[Any]", value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _set_exception(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
