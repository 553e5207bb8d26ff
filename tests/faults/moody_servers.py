"""Two providers that misbehave job by job, as a plan says: one that is waited for, and one of long jobs that calls back."""

import json
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.openai_server import OpenAIServer
from tests.support.protocol_server import ProtocolServer, Request
from tests.support.providers.cases.replicate import WHSEC
from tests.support.providers.replicate_server import ReplicateServer, signed

#: How a prompt names its job, so that a server finds it in whatever it is sent.
MARK = re.compile(rb"job number ([0-9]+)\.")
CALLBACK_SECONDS = 0.2
CALLBACKS_EACH = 3


@dataclass(frozen=True)
class Planned:
    """How the job is met: `mood` at `step`, at its first submit only (`once`) or at every one. `looks`: moods of its first looks."""

    mood: str = "well"
    step: str = ""
    once: bool = False
    looks: tuple[str, ...] = ()


Plan = Mapping[int, Planned]


def prompt_of(number: int) -> str:
    return f"a lighthouse, job number {number}."


class Asked:
    """Counts how often each job was submitted, and says how to meet what."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self.submits: Counter[int] = Counter()
        self.looks: Counter[int] = Counter()

    def submitted(self, request: Request) -> int:
        """The number of the job that was just submitted."""
        found = MARK.search(request.sent)
        assert found is not None, "a submit without a job"
        with self._lock:
            self.submits[int(found[1])] += 1
        return int(found[1])

    def mood(self, number: int, step: str) -> str:
        planned = self._plan[number]
        if planned.step != step or (planned.once and self.submits[number] > 1):
            return "well"
        return planned.mood

    def look(self, number: int) -> str:
        with self._lock:
            seen = self.looks[number]
            self.looks[number] += 1
        looks = self._plan[number].looks
        return looks[seen] if seen < len(looks) else self.mood(number, "poll")


def _meet(server: ProtocolServer, handler: Any, mood: str) -> None:
    server.known_moods()[mood](handler)


class MoodyOpenAIServer(OpenAIServer):
    """The one that is waited for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.jobs = Asked(plan)

    def meet(self, handler: Any) -> None:
        if self.step(handler.asked) == "link":
            self.well(handler)
        else:
            _meet(self, handler, self.jobs.mood(self.jobs.submitted(handler.asked), "generate"))


class MoodyReplicateServer(ReplicateServer):
    """The one of long jobs. Each submit is a prediction of its own; when it is done it says so, several times, and so does a forger.

    `api`: where it reaches the API, whatever the callback's URL names. `answers`: what the callbacks were answered with, by who sent them.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.jobs = Asked(plan)
        self.api = ""
        self.answers: Counter[tuple[str, int]] = Counter()
        self._here = threading.local()
        self._told: queue.SimpleQueue[tuple[float, str, str] | None] = queue.SimpleQueue()
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> "MoodyReplicateServer":
        super().__enter__()
        self._teller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._told.put(None)
        self._teller.join()
        super().__exit__(*error)

    def meet(self, handler: Any) -> None:
        match self.step(handler.asked):
            case "submit":
                number = self.jobs.submitted(handler.asked)
                self._here.name = f"job-{number}-{self.jobs.submits[number]}"
                _meet(self, handler, self.jobs.mood(number, "submit"))
                place = urlsplit(handler.asked.body["webhook"]).path
                self._told.put((time.monotonic() + CALLBACK_SECONDS, self._here.name, place))
            case "poll":
                self._here.name = handler.asked.path.rpartition("/")[2]
                _meet(self, handler, self.jobs.look(int(self._here.name.split("-")[1])))
            case _:
                self.well(handler)

    def well(self, handler: Any) -> None:
        if self.step(handler.asked) == "poll":
            handler.json(200, self.prediction("succeeded", output=[f"{self.origin}/out.png"]))
        else:
            super().well(handler)

    def prediction(self, status: str, **fields: Any) -> dict[str, Any]:
        return super().prediction(status, **({"id": self._here.name} | fields))

    def _tell(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while (told := self._told.get()) is not None:
                at, name, place = told
                time.sleep(max(0.0, at - time.monotonic()))
                self._call_back(client, name, place)

    def _call_back(self, client: httpx.Client, name: str, place: str) -> None:
        body = json.dumps({"id": name, "status": "succeeded", "output": [f"{self.origin}/forged.png"]}).encode()
        good = signed(WHSEC, f"msg-{name}", int(time.time()), body)
        forged = good | {"Webhook-Signature": "v1,bm90IHRoaXM="}
        calls = [("provider", place, good)] * CALLBACKS_EACH
        calls += [("forger of a signature", place, forged), ("forger of a place", place[:-4] + "AAAA", good)]
        for who, where, headers in calls:
            try:
                answer = client.post(self.api + where, content=body, headers=headers)
                self.answers[who, answer.status_code] += 1
            except httpx.TransportError:
                self.answers[who, 0] += 1
