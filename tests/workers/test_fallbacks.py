"""The caller's fallback order: when one model cannot make it, the next does, at its own price."""

from tests.support.fleet import Fleet


async def test_the_next_model_makes_what_the_first_gives_up_on(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, model="garbage", quoted=9, rate=9, fallback_models=["defective", "picture"])
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, done.model, done.fallback_models) == ("succeeded", "picture", [])
    assert len(done.asset_ids) == 1
    # The picture's price, not that of the model that was asked first; the rest of the hold goes back.
    assert (done.charged, done.released) == (5, 4)
    assert (await fleet.facts(generation_id)).count("GenerationRetrying") == 2
    assert (await fleet.credits(account)).holds == {}


async def test_what_the_request_is_at_fault_for_is_asked_of_nobody_else(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, model="refused", fallback_models=["picture"])
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, done.model, done.charged) == ("failed", "refused", 0)
    assert done.error and done.error["code"] == "content_rejected"


async def test_when_all_have_failed_it_has_failed(fleet: Fleet):
    account = await fleet.account()
    generation_id = await fleet.submit(account, model="garbage", fallback_models=["defective", "gone"])
    async with fleet.working():
        [done] = await fleet.final(generation_id)
    assert (done.status, done.model) == ("failed", "defective")
    assert done.error and done.error["code"] == "internal_error"
