"""A marker in every free text of every operation, then a look into everything that is kept: before an erasure, and after it."""

import asyncio
import base64
import re
import time
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
import redis

from infra.objects.directory import DirectoryStore
from infra.postgres.pool import open_pool
from infra.secrets.sealing import DataKey, unwrap
from infra.secrets.vault import open_vault
from tests.daybook.test_up import free_port
from tests.support.daybook_command import environ, run
from tests.support.everything_kept import Kept, found_in, kept_in_database, kept_in_files, kept_in_redis
from tests.support.media_files import media_file
from tests.support.personal_markers import CALLED, Document, Markers
from tests.support.signer import TestSigner

ADDRESS = "198.51.100.77"
FIRST = ["POST /v1/auth/register", "POST /v1/auth/login", "POST /v1/generations", "POST /v1/schedules", "POST /v1/webhook-endpoints"]
#: These end what the others need; the test calls them itself.
LAST = {"POST /v1/auth/logout", "POST /v1/me/erasure", "DELETE /v1/me", "POST /v1/admin/accounts/{id}/erasure"}
#: After what they undo, or with what they need.
LATE = [
    "POST /v1/admin/accounts/{id}/suspend",
    "POST /v1/admin/accounts/{id}/reactivate",
    "POST /v1/admin/accounts/{id}/password-reset",
    "POST /v1/auth/reset-password",
]
SEALED = re.compile(rb"s1\.[A-Za-z0-9_-]{38,}")
#: Not free texts: proofs of who calls, and values with a form of their own.
FIXED = {"roles": ["user"], "limits": {"api": "6000/60"}, "amount": 1, "method": "test", "inputs": []}
FIXED |= {"cron": "0 6 * * *", "time_zone": "UTC"}
#: Lists of things that must exist, and orders about many: of nobody.
FIXED |= {"fallback_models": [], "ids": None, "filter": {"account": "00000000-0000-7000-8000-000000000000"}}


class Story:
    """One person who uses everything, and the operator who serves him."""

    def __init__(self, url: str, operator: str) -> None:
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.markers = Markers({ADDRESS: "the client's address"})
        self.document = Document(self.client.get("/openapi.json").json())
        self.tokens = {"operator": operator}
        #: Fields that must have a certain value, as it is now.
        self.fixed: dict[str, object] = dict(FIXED)
        self.ids: dict[str, str] = {}

    def call(self, name: str, body: object = None, *, role: str | None = None, **query: str) -> httpx.Response:
        """With a marker in every header that a client fills as it likes."""
        method, template = name.split(" ")
        headers = {"User-Agent": self.markers.new(f"{name} User-Agent"), "X-Forwarded-For": ADDRESS}
        headers["Referer"] = f"https://{self.markers.new(f'{name} Referer')}.example.com/"
        token = self.tokens.get(role or "person")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if method == "POST":
            headers["Idempotency-Key"] = self.markers.new(f"{name} Idempotency-Key")
        return self.client.request(method, self.path(template), json=body, headers=headers, params=query)

    def path(self, template: str) -> str:
        """With the ids of what the person has."""
        for beginning, id in self.ids.items():
            template = template.replace(f"{beginning}/{{id}}", f"{beginning}/{id}")
        template = template.replace("{provider}", "replicate")
        return template.replace("{name}", "image").replace("{grant_id}", self.ids.get("a grant", "none"))

    def written(self) -> None:
        """Every operation with a body, each answered with success."""
        found = {each.name: each for each in self.document.operations() if each.body is not None and each.name not in LAST}
        order = [*FIRST, *sorted(set(found) - set(FIRST) - set(LATE)), *LATE]
        for name in order:
            operation = found[name]
            answer = self.call(name, self.document.filled(operation, self.markers, self.fixed), role=operation.role)
            hint = "; tell CHOICES, FIXED or Story.after what it needs" if answer.status_code in (404, 422) else ""
            assert answer.is_success, f"{name}: {answer.status_code} {answer.text}{hint}"
            self.after(name, answer.json() if answer.content else {})

    def after(self, name: str, answer: dict) -> None:
        match name:
            case "POST /v1/auth/register":
                self.ids["/v1/admin/accounts"] = self.account = answer["account"]["id"]
                (password,) = [each for each, where in self.markers.made.items() if where == f"{name} password"]
                self.email = answer["account"]["email"]
                self.fixed |= {"email": self.email, "password": password, "current_password": password}
                self.keep(answer)
            case "POST /v1/auth/login" | "POST /v1/auth/refresh" | "POST /v1/auth/change-password":
                self.keep(answer)
            case "POST /v1/generations":
                generation = self.finished(answer["id"])
                self.ids |= {"/v1/generations": generation["id"], "/v1/admin/charges": generation["id"]}
                self.ids["/v1/assets"] = generation["assets"][0]["id"]
                self.ids["/v1/admin/workers"] = self.call("GET /v1/admin/workers", role="operator").json()["data"][0]["id"]
                self.picture = generation["assets"][0]["sha256"]
                self.uploaded()
            case "POST /v1/admin/accounts/{id}/password-reset":
                self.fixed["token"] = answer["token"]
            case "POST /v1/admin/accounts/{id}/grants":
                self.ids["a grant"] = answer["id"]
            case "POST /v1/schedules":
                self.ids["/v1/schedules"] = answer["id"]
            case "POST /v1/webhook-endpoints":
                self.ids["/v1/webhook-endpoints"] = answer["id"]
            case "POST /v1/auth/reset-password":
                (new,) = [each for each, where in self.markers.made.items() if where == f"{name} new_password"]
                self.fixed["password"] = new
                self.keep(self.call("POST /v1/auth/login", {"email": self.email, "password": new}).json())

    def uploaded(self) -> None:
        """A file, whose name may stand in two places of the form."""
        part, field = self.markers.new("POST /v1/assets part"), self.markers.new("POST /v1/assets filename")
        for fields in ({}, {"filename": field}):
            files = {"file": (f"{part}.png", media_file("image/png"))}
            headers = {"Authorization": f"Bearer {self.tokens['person']}"}
            answer = self.client.post("/v1/assets", files=files, data=fields, headers=headers)
            assert answer.json()["filename"] == fields.get("filename", f"{part}.png")

    def keep(self, answer: dict) -> None:
        self.tokens["person"] = answer["access_token"]
        self.fixed |= {"refresh_token": answer["refresh_token"], "token": answer["access_token"]}

    def finished(self, generation_id: str) -> dict:
        end = time.monotonic() + 60
        while (found := self.call(f"GET /v1/generations/{generation_id}").json())["status"] != "succeeded":
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found

    def read(self) -> None:
        """Every GET, with a marker in each query parameter that takes any text."""
        for operation in self.document.operations():
            if operation.name.startswith("GET ") and "/docs" not in operation.name:
                query = {each: self.markers.new(f"{operation.name} ?{each}") for each in operation.queries if each != "cursor"}
                answer = self.call(operation.name, role=operation.role if operation.role == "operator" else None, **query)
                assert answer.status_code < 500, f"{operation.name}: {answer.text}"

    def erase(self) -> None:
        assert self.call("POST /v1/me/erasure", {"password": self.fixed["password"]}).status_code == 202
        end = time.monotonic() + 60
        while self.call("GET /v1/admin/accounts/{id}", role="operator").json()["status"] != "erased":
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def up(ups, place):
    port = free_port()
    settings = {
        "DAYBOOK_TRUSTED_PROXIES": "127.0.0.0/8",
        "DAYBOOK_RATE_LIMITS": "auth=1000/60,sensitive=100/60",
        "DAYBOOK_LOG_LEVEL": "debug",
        "DAYBOOK_OUTGOING_ALLOW": CALLED,
    }
    found = ups(place, DAYBOOK_PORT=str(port), **settings)
    found.url = f"http://127.0.0.1:{port}"
    assert found.wait_for("ready ")
    return found


@pytest.fixture
def story(up, place):
    words = ["accounts", "create", "--email", "op@example.com", "--role", "operator", "--password-stdin"]
    assert run(*words, env=environ(place), stdin="correct horse").returncode == 0
    login = {"email": "op@example.com", "password": "correct horse"}
    found = Story(up.url, httpx.post(f"{up.url}/v1/auth/login", json=login, trust_env=False).json()["access_token"])
    yield found
    found.client.close()


def settings_of(place: Path) -> dict[str, str]:
    shown = run("env", "--show-secrets", env=environ(place)).stdout
    return {name: value.strip("'\"") for name, value in re.findall(r"^export (\w+)=(.*)$", shown, re.MULTILINE)}


def everything(up, place: Path, settings: dict[str, str]) -> list[Kept]:
    """Tables, Redis, the log files, objects, the export of the auditor, and the files of both engines but the keys' own."""
    exported = place.parent / "book.ndjson"
    exported.unlink(missing_ok=True)
    assert run("audit", "export", "--out", str(exported), env=environ(place)).returncode == 0
    return [
        *kept_in_database(settings["DATABASE_URL"]),
        *kept_in_redis(settings["REDIS_URL"]),
        *kept_in_files(place, but=["base", "global", "pg_wal"]),
        Kept("stderr of up", up.errors.encode()),
        Kept("stdout of up", "\n".join(up.said).encode()),
        Kept("audit export", exported.read_bytes()),
    ]


def in_files_of_postgres(place: Path) -> list[str]:
    """Tables and the write-ahead log itself, as they lie on disk."""
    files = [path for path in (place / "postgres").rglob("*") if path.is_file()]
    return [str(path) for path in files if re.search(rb"mk[0-9a-f]{18}", path.read_bytes())]


async def opened_by(place: Path, settings: dict[str, str], account: str, texts: set[bytes]) -> set[bytes]:
    """Those of *texts* that some key opens which is still there: subject keys, epochs, standing keys, each as if it were *account*'s."""
    objects = DirectoryStore(place / "objects", public_url="http://x", signer=TestSigner())
    async with open_pool(settings["DATABASE_URL"], size=2) as pool:
        vault = await open_vault(pool, objects, secret=settings["DAYBOOK_SECRET_KEY"].encode())
        keyring, keys = vault.epochs.keyring, []
        async with pool.connection() as connection:
            query = "SELECT account_id, epoch, wrapped FROM vault.subject_keys WHERE wrapped IS NOT NULL"
            subjects = await (await connection.execute(query)).fetchall()
            standing = await (await connection.execute("SELECT purpose, epoch, wrapped FROM vault.standing_keys")).fetchall()
        for account_id, epoch, wrapped in subjects:
            keys += [await vault.epochs.key_of(epoch), unwrap(await vault.epochs.key_of(epoch), wrapped, account_id.bytes)]
        keys += [keyring.unwrap(epoch, wrapped, purpose.encode()) for purpose, epoch, wrapped in standing]
    await objects.close()
    return {text for text in texts if any(_opens(DataKey(UUID(account), key), text) for key in keys)}


def _opens(key: DataKey, text: bytes) -> bool:
    try:
        key.open(text.decode())
    except ValueError:
        return False
    return True


def sealed_in(kept: list[Kept]) -> set[bytes]:
    return {hit.group() for piece in kept for hit in SEALED.finditer(piece.data)}


@pytest.mark.timeout(180)
def test_what_a_person_writes_is_nowhere_in_the_clear_and_after_his_erasure_nowhere_at_all(up, place, story):
    story.written()
    story.read()
    settings = settings_of(place)
    assert len(story.markers.made) > 100
    before = everything(up, place, settings)
    assert [(story.markers.made[marker], where) for marker, where in found_in(before, story.markers.made)] == []
    assert in_files_of_postgres(place) == []
    his = asyncio.run(opened_by(place, settings, story.account, sealed_in(before)))
    assert len(his) > 15

    story.erase()
    after = everything(up, place, settings)
    assert found_in(after, story.markers.made) == []
    left = sealed_in(after) & his
    assert left, "the log keeps the ciphertext, so that its proofs hold"
    assert asyncio.run(opened_by(place, settings, story.account, sealed_in(after))) == set()
    assert [path for path in (place / "objects" / "assets").rglob("*") if path.is_file()] == []
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM access.sessions WHERE account_id = %s", [story.account]).fetchone() == (0,)
    assert run("audit", "verify", env=environ(place)).returncode == 0


def test_the_search_would_notice(fresh_database_url, redis_url, tmp_path):
    """A marker in a column, in Redis and in a file, in several spellings."""
    marker = Markers().new("here")
    with psycopg.connect(fresh_database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE journal.leak (bytes bytea, doc jsonb)")
        connection.execute("INSERT INTO journal.leak VALUES (%s, %s::jsonb)", [marker.encode(), f'{{"a": "{marker.upper()}"}}'])
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"leak:{marker}", base64.b64encode(f"x{marker}".encode()))
    (tmp_path / "leak.log").write_text(marker.encode().hex())
    kept = [*kept_in_database(fresh_database_url), *kept_in_redis(redis_url), *kept_in_files(tmp_path)]
    found = {where for _, where in found_in(kept, [marker])}
    assert {where for where in found if "redis" not in where} == {"journal.leak.bytes", "journal.leak.doc", "leak.log"}
    assert len(found) == 5
