"""A log that a restore has shortened: what an auditor is told who remembers what was lost."""

from psycopg.conninfo import conninfo_to_dict

from daybook.log_files import write_export
from daybook.proofs import checkpoint_now, keys
from daybook.recovery import recover
from daybook.settings import load
from tests.support.api_house import open_house
from tests.support.engines import database
from tests.support.verifying import in_process

SECRET = "a secret of the tests, thirty-two bytes"


def quiet(done, of):
    return None


class Installation:
    """An object store and a database, which may be a copy of another's."""

    def __init__(self, engines, folder, url):
        given = {"DATABASE_URL": url, "REDIS_URL": engines.redis_url, "DAYBOOK_DATA_DIR": str(folder), "DAYBOOK_SECRET_KEY": SECRET}
        self.engines, self.folder, self.url, self.settings = engines, folder, url, load(given)

    async def live(self):
        """Somebody comes, and all of it is signed. The checkpoint."""
        async with open_house(self.url, self.engines.redis_url, self.folder, DAYBOOK_SECRET_KEY=SECRET) as house:
            person = await house.person(credits=40)
            await house.finished(person)
        return await checkpoint_now(self.settings, quiet, balances=True)

    async def files(self, place):
        """The export and the key file."""
        (place / "daybook.key").write_text("".join(f"{line}\n" for line in await keys(self.settings, rotate=False)))
        with (place / "log.ndjson").open("wb") as file:
            await write_export(self.settings, file, quiet, account_id=None)
        return place / "log.ndjson", place / "daybook.key"


async def test_what_was_lost_is_another_history_and_what_was_kept_is_not(verifier, engines, fresh_database_url, tmp_path):
    whole = Installation(engines, tmp_path, fresh_database_url)
    kept = await whole.live()
    with database(engines, template=conninfo_to_dict(fresh_database_url)["dbname"]) as url:
        lost = await whole.live()
        copy = Installation(engines, tmp_path, url)
        assert (await recover(copy.settings)).incarnation == 2
        await copy.live()
        (tmp_path / "kept").write_text(kept, encoding="utf-8")
        (tmp_path / "lost").write_text(lost, encoding="utf-8")
        export, key = await copy.files(tmp_path)
    assert (kept.split("\n")[0], lost.split("\n")[0]) == ("daybook.local/1", "daybook.local/1")
    said = in_process(verifier, export, "--key", key, "--checkpoint", tmp_path / "kept")
    assert said.code == 0, said.err
    assert "are in the log daybook.local/2" in said.out
    said = in_process(verifier, export, "--key", key, "--checkpoint", tmp_path / "lost")
    assert said.code == 1
    assert "the log is daybook.local/2, the remembered checkpoint is of daybook.local/1" in said.err
