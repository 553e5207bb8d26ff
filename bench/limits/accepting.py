"""What an API process must do to accept a generation, and nothing else: read it, know its token, seal its words, leave the rows, answer.

usage: python -m bench.limits.accepting PORT DSN, with {token: account id} as JSON on the standard input

On the same server, driver and encoders as the API. What waits shares a commit, as there. No model is looked up, no price, no param checked,
no limit counted, no balance known, no command repeated, nothing guarded, logged, counted or traced; whatever goes wrong ends the process.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sanic import Sanic
from sanic.response import HTTPResponse, raw

from api.shapes.generations import Generation, GenerationCredits, GenerationMetrics, GenerationUrls
from api.shapes.submissions import Submission
from domain.kernel.ids import credit_stream
from infra.postgres.arrays import adapters, blobs, encoded_texts, int4s, int8s, texts, times, uuids
from infra.postgres.prepared import Statement

PRICE = 5
HOUR = timedelta(hours=1)
VERSION = "SELECT coalesce(max(version), 0) FROM journal.events WHERE stream = %s"
HEAD = "SELECT max(position) FROM journal.events"
WRITE = Statement(
    "accepting",
    """
    WITH work AS (
        INSERT INTO dispatch.work
            (generation_id, account_id, queue, model, provider, priority, turn, rank, state, deadline, created_at, limited)
        SELECT g, a, 'image', 'bench/noop', 'noop', 0, p, p, 'ready', d, now(), false
        FROM unnest(%(w_generation)s, %(w_account)s, %(w_turn)s, %(w_deadline)s) AS w (g, a, p, d)
    )
    INSERT INTO journal.events (
        position, stream, version, topic, recorded_at, actor, account_id, correlation, command_id, first, fingerprint, status, result,
        available, held, owed, outside, book, state)
    SELECT p, s, v, t, now(), r, a, c, i, f IS NOT NULL, f, CASE WHEN f IS NOT NULL THEN 202 END, o,
           -h, h, h - h, h - h, CASE WHEN h > 0 THEN '' END, j
    FROM unnest(%(e_position)s, %(e_stream)s, %(e_version)s, %(e_topic)s, %(e_actor)s, %(e_account)s, %(e_correlation)s, %(e_command)s,
                %(e_fingerprint)s, %(e_result)s, %(e_held)s, %(e_state)s) AS e (p, s, v, t, r, a, c, i, f, o, h, j)
    """,
)


class Asked(msgspec.Struct):
    """One request: who asks for what, and who waits for the answer."""

    account: UUID
    generation: UUID
    command: UUID
    fingerprint: bytes
    held: bytes
    requested: bytes
    deadline: datetime
    committed: "asyncio.Future[int]"


class Accepting:
    """The process."""

    def __init__(self, dsn: str, accounts: dict[str, UUID]) -> None:
        self._dsn = dsn
        self._accounts = {f"Bearer {token}": account for token, account in accounts.items()}
        self._key = AESGCM(AESGCM.generate_key(256))
        self._secret = os.urandom(32)
        self._waiting: list[Asked] = []
        self._wanted = asyncio.Event()
        self._decode = msgspec.json.Decoder(Submission).decode
        self._encode = msgspec.json.Encoder(order="sorted").encode

    async def begin(self) -> None:
        """Learn where the log and the accounts' streams end."""
        self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, context=adapters())
        self._positions = itertools.count((await self._one(HEAD)) + 1)
        self._streams = {account: credit_stream(account) for account in self._accounts.values()}
        self._versions = {account: await self._one(VERSION, stream) for account, stream in self._streams.items()}
        self._writing = asyncio.create_task(self._write())
        self._writing.add_done_callback(lambda _: os._exit(1))

    async def submit(self, request: Any) -> HTTPResponse:
        headers = request.headers
        account = self._accounts[headers["authorization"]]
        body, now = self._decode(request.body), datetime.now(UTC)
        generation, deadline = UUID(bytes=os.urandom(16)), now + HOUR
        nonce, words = os.urandom(12), self._encode({"prompt": body.prompt, "negative_prompt": None, "tags": body.tags})
        sealed = "s1." + base64.urlsafe_b64encode(nonce + self._key.encrypt(nonce, words, None)).decode()
        asked = Asked(
            account,
            generation,
            UUID(bytes=hashlib.blake2b(headers["idempotency-key"].encode(), digest_size=16).digest()),
            hmac.digest(self._secret, request.body, "sha256"),
            self._encode({"amount": PRICE, "generation_id": generation, "kind": body.kind, "parts": [[account, PRICE]], "timestamp": now}),
            self._encode(_requested(body, account, sealed, now, deadline)),
            deadline,
            asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(asked)
        self._wanted.set()
        position = await asked.committed
        answer = self._encode(_shown(body, str(generation), now.isoformat(), deadline.isoformat(), position))
        return raw(answer, status=202, content_type="application/json", headers={"location": f"/v1/generations/{generation}"})

    async def _write(self) -> None:
        """Whatever waits, in one commit, again and again."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            batch, self._waiting = self._waiting, []
            positions = [next(self._positions) for _ in range(2 * len(batch))]
            await WRITE.rows(self._connection, self._columns(batch, positions))
            for asked, position in zip(batch, positions[1::2], strict=True):
                asked.committed.set_result(position)

    def _columns(self, batch: list[Asked], positions: list[int]) -> dict[str, Any]:
        for asked in batch:
            self._versions[asked.account] += 1
        twice = [asked for asked in batch for _ in range(2)]
        return {
            "w_generation": uuids([asked.generation for asked in batch]),
            "w_account": uuids([asked.account for asked in batch]),
            "w_turn": int8s(positions[1::2]),
            "w_deadline": times([asked.deadline for asked in batch]),
            "e_position": int8s(positions),
            "e_stream": uuids([stream for asked in batch for stream in (self._streams[asked.account], asked.generation)]),
            "e_version": int4s(self._versions_of(batch)),
            "e_topic": texts(["credits.held", "generations.requested"] * len(batch)),
            "e_actor": texts([f"account:{asked.account}" for asked in twice]),
            "e_account": uuids([asked.account for asked in twice]),
            "e_correlation": texts([asked.command.hex for asked in twice]),
            "e_command": uuids([asked.command for asked in twice]),
            "e_fingerprint": blobs([value for asked in batch for value in (asked.fingerprint, None)]),
            "e_result": encoded_texts(
                [value for asked in batch for value in (b'{"generation_id":"%b"}' % asked.generation.hex.encode(), None)]
            ),
            "e_held": int8s([PRICE, None] * len(batch)),
            "e_state": blobs([state for asked in batch for state in (asked.held, asked.requested)]),
        }

    def _versions_of(self, batch: list[Asked]) -> list[int]:
        """Of the hold and of the request of each; an account that asks twice in a batch counts on."""
        ahead: dict[UUID, int] = {}
        for asked in batch:
            ahead[asked.account] = ahead.get(asked.account, 0) + 1
        found = []
        for asked in batch:
            ahead[asked.account] -= 1
            found += [self._versions[asked.account] - ahead[asked.account], 1]
        return found

    async def _one(self, query: str, *values: Any) -> int:
        row = await (await self._connection.execute(query.encode(), values)).fetchone()
        assert row is not None
        return int(row[0])


def _requested(body: Submission, account: UUID, sealed: str, now: datetime, deadline: datetime) -> dict[str, Any]:
    """As long as `GenerationRequested` in the log."""
    return {
        "account_id": account,
        "batch_id": None,
        "deadline": deadline,
        "fallback_models": [],
        "inputs": [],
        "kind": body.kind,
        "model": body.model,
        "on_cancel": "free",
        "originator_topic": "generations.generation",
        "own_key": False,
        "params": body.params,
        "price_version": 1,
        "priority": body.priority,
        "provider": "noop",
        "queue": body.kind,
        "quoted": PRICE,
        "rate": PRICE,
        "rate_per": 1,
        "rate_unit": "item",
        "retry_of": None,
        "run_at": None,
        "schedule_id": None,
        "sealed": sealed,
        "start_deadline": None,
        "tag_index": [],
        "timestamp": now,
        "webhook": None,
    }


def _shown(body: Submission, id: str, now: str, deadline: str, position: int) -> Generation:
    """The API's answer."""
    url = f"http://127.0.0.1/v1/generations/{id}"
    return Generation(
        id=id,
        kind=body.kind,
        status="queued",
        prompt=body.prompt,
        model=body.model or "",
        provider="noop",
        params=body.params,
        inputs=[],
        priority=body.priority,
        tags=body.tags,
        batch_id=None,
        schedule_id=None,
        retry_of=None,
        credits=GenerationCredits(quoted=PRICE, held=PRICE, charged=0, released=0, refunded=0, charge_id=None, price_version=1),
        progress=0.0,
        queue_position=None,
        attempts=0,
        cancel_requested_at=None,
        assets=[],
        output=None,
        error=None,
        metrics=GenerationMetrics(queued_ms=None, run_ms=None),
        created_at=now,
        updated_at=now,
        run_at=None,
        started_at=None,
        finished_at=None,
        start_deadline=None,
        deadline=deadline,
        position=position,
        urls=GenerationUrls(self_=url, events=f"{url}/events", cancel=f"{url}/cancel"),
    )


def main() -> None:
    port, dsn = int(sys.argv[1]), sys.argv[2]
    accepting = Accepting(dsn, msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, UUID]))
    app = Sanic("accepting", configure_logging=False)
    app.config.MOTD = False

    async def begin(_: Any) -> None:
        await accepting.begin()

    app.before_server_start(begin)
    app.add_route(accepting.submit, "/v1/generations", methods=["POST"])
    app.run("127.0.0.1", port, single_process=True, access_log=False)


if __name__ == "__main__":
    main()
