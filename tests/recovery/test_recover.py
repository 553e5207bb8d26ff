"""`daybook recover`: a copy of the database that is older than the log was."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict

from daybook.proofs import checkpoint_now, keys
from daybook.recovery import OthersAtWork, recover
from daybook.settings import load
from domain.access.refusals import Erased
from domain.accounts.account import Account
from domain.erasure.commands import RequestErasure
from domain.notary.events import LogRestored
from domain.notary.notary import STREAM
from infra.erasure.erasures import PostgresErasures
from projections.audit.verify import verify
from projections.notary.publishing import LATEST
from projections.notary.refusals import LogShrunk, NotaryRefuses
from tests.support.api_house import open_house
from tests.support.daybook_command import environ, run
from tests.support.engines import database
from workers.erasure.eraser import Eraser

SECRET = "a secret of the tests, thirty-two bytes"
LEASE = """
    UPDATE dispatch.work SET state = 'leased', lease_owner = gen_random_uuid(), lease_until = now() + interval '1 day'
    WHERE generation_id = %s RETURNING 1
"""


def quiet(done, of):
    return None


class Place:
    """One object store, and databases that come and go beside it."""

    def __init__(self, engines, folder):
        self.engines = engines
        self.folder = folder

    def settings(self, url):
        return load(
            {"DATABASE_URL": url, "REDIS_URL": self.engines.redis_url, "DAYBOOK_DATA_DIR": str(self.folder), "DAYBOOK_SECRET_KEY": SECRET}
        )

    @asynccontextmanager
    async def house(self, url):
        async with open_house(url, self.engines.redis_url, self.folder, DAYBOOK_SECRET_KEY=SECRET) as found:
            yield found
            async with asyncio.timeout(30):
                while min((await found.platform.positions.current()).values()) < await found.platform.journal.head():
                    await asyncio.sleep(0.02)

    async def sign(self, url):
        return await checkpoint_now(self.settings(url), quiet, balances=False)

    def copy_of(self, url):
        """The database as it is now, under another name."""
        return database(self.engines, template=conninfo_to_dict(url)["dbname"])

    async def latest(self):
        return (self.folder / "objects" / LATEST).read_text()


@pytest.fixture
def place(engines, tmp_path):
    return Place(engines, tmp_path)


async def rows(house, query, *values):
    async with house.platform.reads.connection() as connection:
        return await (await connection.execute(query, values)).fetchall()


async def before_the_copy(place, url):
    """Two people, and work that somebody holds; all of it signed."""
    async with place.house(url) as house:
        alice, bob = await house.person(), await house.person()
        generation = await house.generation(bob)
        await rows(house, LEASE, generation)
    await place.sign(url)
    return alice, bob, generation


async def after_the_copy(place, url, alice):
    """Alice is erased, others come, and that is signed too."""
    async with place.house(url) as house:
        await house.execute(RequestErasure(account_id=alice.account_id, by="owner"))
        await Eraser(house.platform, PostgresErasures(house.platform.reads), "eraser").run()
        for _ in range(3):
            await house.person()
    await place.sign(url)


async def test_a_copy_is_made_to_fit_what_happened_since(place, fresh_database_url):
    alice, bob, generation = await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as copy:
        await after_the_copy(place, fresh_database_url, alice)
        published, settings = await place.latest(), place.settings(copy)
        with pytest.raises(LogShrunk):
            await place.sign(copy)
        assert await place.latest() == published

        found = await recover(settings)
        assert (found.incarnation, found.leases, found.erased) == (2, 1, 1)
        assert (await place.latest()).startswith("daybook.local/2\n")
        async with place.house(copy) as house:
            journal = house.platform.journal
            (restored,) = [event.fact for event in await journal.stream(STREAM) if isinstance(event.fact, LogRestored)]
            assert (restored.lost_from, restored.incarnation) == (found.lost_from, 2)
            assert (await journal.load(Account, alice.account_id)).status == "erased"
            with pytest.raises(Erased):
                await house.platform.vault.key(alice.account_id)
            assert await journal.claimed(f"email:{house.platform.vault.email_index(alice.email)}") is None
            assert await house.platform.vault.key(bob.account_id) is not None
            assert await rows(house, "SELECT state, isolate FROM dispatch.work WHERE generation_id = %s", generation) == [("ready", True)]
            assert await rows(house, "SELECT count(*) FROM access.sessions") == [(0,)]
        report = await verify(copy)
        assert report.ok, report.first_difference

        again = await recover(settings)
        assert (again.incarnation, again.lost_from, again.leases, again.erased) == (2, None, 0, 0)


@pytest.mark.long
async def test_a_copy_that_lost_nothing_goes_on_in_its_incarnation(place, fresh_database_url):
    await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as copy:
        found = await recover(place.settings(copy))
    assert (found.incarnation, found.lost_from, found.erased) == (1, None, 0)


@pytest.mark.long
async def test_a_copy_that_went_on_without_it_is_found_out_however_far_it_came(place, fresh_database_url):
    alice, _, _ = await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as copy:
        sealed = int((await place.latest()).split("\n")[1])
        await after_the_copy(place, fresh_database_url, alice)
        async with place.house(copy) as house:
            for _ in range(10):
                await house.person()
        with pytest.raises(NotaryRefuses):
            await place.sign(copy)
        found = await recover(place.settings(copy))
    assert (found.incarnation, found.lost_from, found.erased) == (2, sealed + 1, 1)


async def test_a_copy_from_before_the_key_was_changed_signs_no_fork_either(place, fresh_database_url):
    await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as copy:
        await keys(place.settings(fresh_database_url), rotate=True)
        async with place.house(fresh_database_url) as house:
            await house.person()
        await place.sign(fresh_database_url)
        found = await recover(place.settings(copy))
        assert found.incarnation == 2
        assert (await recover(place.settings(copy))).lost_from is None


@pytest.mark.long
async def test_the_second_copy_of_the_same_day_takes_a_number_of_its_own(place, fresh_database_url):
    alice, _, _ = await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as first, place.copy_of(fresh_database_url) as second:
        await after_the_copy(place, fresh_database_url, alice)
        assert (await recover(place.settings(first))).incarnation == 2
        assert (await recover(place.settings(second))).incarnation == 3


@pytest.mark.long
async def test_an_end_between_the_steps_is_made_good(place, fresh_database_url, monkeypatch):
    alice, _, _ = await before_the_copy(place, fresh_database_url)
    with place.copy_of(fresh_database_url) as copy:
        await after_the_copy(place, fresh_database_url, alice)
        settings = place.settings(copy)

        def die(step):
            if step.startswith("erasing"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await recover(settings, die)
        found = await recover(settings)
        assert (found.incarnation, found.lost_from, found.erased) == (2, None, 1)
        async with place.house(copy) as house:
            told = [event.fact for event in await house.platform.journal.stream(STREAM)]
        assert [type(fact).__name__ for fact in told].count("LogRestored") == 1


async def test_nobody_else_may_be_at_work(place, fresh_database_url):
    async with place.house(fresh_database_url):
        with pytest.raises(OthersAtWork, match="daybook api"):
            await recover(place.settings(fresh_database_url))


@pytest.mark.long
def test_the_command_says_what_it_did(place, engines, fresh_database_url):
    given = environ(place.folder, DATABASE_URL=fresh_database_url, REDIS_URL=engines.redis_url, DAYBOOK_SECRET_KEY=SECRET)
    assert run("migrate", env=given).returncode == 0
    made = run("accounts", "create", "--email", "a@example.com", "--password-stdin", env=given, stdin="correct horse\n")
    assert made.returncode == 0, made.stderr
    done = run("recover", env=given)
    assert done.returncode == 0, done.stderr
    assert "nothing that was signed is lost; the log goes on in incarnation 1" in done.stdout
