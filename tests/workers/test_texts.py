"""What a worker tells of a text while it is written: every word in order, to the voice of its attempt, before it ends."""

from dataclasses import replace

from msgspec import structs

from domain.providers.catalogue import Catalogue, Model
from tests.support.fleet import Fleet

WORDS = ["Once ", "upon ", "a time."]
TELLER = Model(
    id="teller",
    kind="text",
    provider="scripted",
    title="Teller",
    description="",
    price=1,
    max_tokens=100,
    adapter={"say": WORDS},
)


class Told:
    """Saying and Voice in one, which remember."""

    def __init__(self):
        self.heard = {}

    def voice(self, generation_id, *, account_id, attempt, key):
        said = self.heard[generation_id] = [account_id, attempt]

        class Voice:
            def say(self, text):
                said.append(text)

            async def end(self):
                said.append(None)

        return Voice()


async def test_every_word_is_told_in_order_unless_the_caller_wants_the_text_whole(fleet: Fleet):
    told = Told()
    account_id = await fleet.account()
    platform = replace(fleet.platform, saying=told, catalogue=Catalogue(price_version=1, models=[TELLER], defaults={}))
    async with fleet.working(platform=platform), fleet.dispatching():
        text = {"kind": "text", "queue": "text", "params": {"max_tokens": 100, "stream": True}}
        streamed = await fleet.submit(account_id, "teller", **text)
        whole = await fleet.submit(account_id, "teller", **{**text, "params": {"max_tokens": 100, "stream": False}})
        await fleet.final(streamed, whole)
    assert told.heard == {streamed: [account_id, 1, *WORDS, None]}


async def test_words_from_an_isolated_process_are_told_too(fleet: Fleet):
    told = Told()
    account_id = await fleet.account()
    long = TELLER.adapter | {"say": [f"{number} " for number in range(3_000)]}
    models = [TELLER, structs.replace(TELLER, id="epic", adapter=long)]
    platform = replace(fleet.platform, saying=told, catalogue=Catalogue(price_version=1, models=models, defaults={}))
    text = {"kind": "text", "queue": "text", "params": {"max_tokens": 100, "stream": True}}
    asked = [await fleet.submit(account_id, each.id, **text) for each in models]
    for generation_id in asked:
        await fleet.change_work(generation_id, "isolate = true")
    async with fleet.working(platform=platform), fleet.dispatching():
        done = await fleet.final(*asked)
    assert {each.status for each in done} == {"succeeded"}
    assert told.heard == {each: [account_id, 1, *model.adapter["say"], None] for each, model in zip(asked, models, strict=True)}
