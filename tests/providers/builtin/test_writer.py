"""The writer selects and rearranges what it is given, says so, and is heard word by word."""

import asyncio
from uuid import UUID

import pytest

from domain.providers.jobs import Job
from workers.providers.writer.provider import Writer
from workers.providers.writer.sentences import sentences
from workers.providers.writer.task import read
from workers.providers.writer.tokens import tokens, words_within
from workers.providers.writer.write import write

POOLS = (
    "The tide pools of the northern coast hold hundreds of species. Dr. Lena Moss counted 214 species of algae there in 2019. "
    "Most visitors see only crabs and sea stars. The algae feed the crabs, and the crabs feed the gulls. When the water warms, "
    "the algae fade first. A warmer pool loses its crabs within a season. Volunteers measure the temperature of every pool twice a day."
)


def job(prompt: str = "", *, delay_ms: int = 0, **params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="text", upstream="writer-1", prompt=prompt, negative_prompt=None,
        params=params, adapter={"delay_ms": delay_ms}, timeout_seconds=60,
    )  # fmt: skip


def said(prompt: str, temperature: float = 0) -> str:
    return write(prompt, None, None, temperature)


def test_an_abbreviation_ends_no_sentence():
    assert sentences("Dr. Moss came, e.g. on Monday. She left! - One\n- Two") == [
        "Dr. Moss came, e.g. on Monday.",
        "She left!",
        "One",
        "Two",
    ]


@pytest.mark.parametrize(
    ("prompt", "name", "source"),
    [
        ("Summarise this: It rains.", "summary", "It rains."),
        ("tl;dr\nIt rains.\nIt pours.", "summary", "It rains.\nIt pours."),
        ("It rains. It pours.\nGive this a title", "title", "It rains. It pours."),
        ("How many words are in “it rains in the north”?", "count", "it rains in the north"),
        ("Where does it rain? It rains in the north.", "question", "It rains in the north."),
        ("Write about rain", "paragraph", ""),
    ],
)
def test_the_task_and_its_text_are_read_from_the_words(prompt: str, name: str, source: str):
    task = read(prompt, None)
    assert (task.name, task.source) == (name, source)


def test_the_last_message_asks_about_what_was_said_before():
    messages = [
        {"role": "user", "content": [{"type": "text", "text": POOLS}]},
        {"role": "assistant", "content": "Understood."},
        {"role": "user", "content": "Who counted the algae?"},
    ]
    assert (
        write("", messages, None, 0)
        == write(messages[-1]["content"], messages[:-1], None, 0)
        == "Dr. Lena Moss counted 214 species of algae there in 2019."
    )


def test_a_summary_is_made_of_sentences_of_the_text_in_their_order():
    every = sentences(POOLS)
    summary = sentences(said(f"Summarise in three sentences:\n{POOLS}"))
    places = [every.index(each) for each in summary]
    assert len(places) == 3 and places == sorted(places)


def test_a_summary_keeps_to_a_number_of_words():
    assert 10 < len(said(f"Summarise in 20 words: {POOLS}").split()) <= 20


def test_bullets_are_as_many_as_were_asked_for():
    lines = said(f"Give me 4 bullet points: {POOLS}").split("\n")
    assert len(lines) == 4 and all(line.startswith("- ") and line[2:] in POOLS for line in lines)


def test_a_title_is_short_and_repeats_no_word():
    title = said(f"A title for this text:\n{POOLS}").split()
    assert 2 <= len(title) <= 6 and len(set(title)) == len(title)
    assert all(word.lower() in POOLS.lower() for word in title)


def test_counts_are_counted():
    assert said("Count the words: One two three. Four!") == "The text has 4 words, 2 sentences and 20 characters."


def test_rewrites_shorten_and_mind_their_manners():
    assert said("Make it formal: hey guys, we can't fix this stuff!") == "Good day colleagues, we cannot resolve this material."
    shorter = said("Shorten: It is really very cold (as always). Basically, we just stay inside.")
    assert shorter == "It is cold. We stay inside."


def test_it_says_what_it_cannot_do():
    assert "cannot translate" in said("Translate to French: good morning")
    assert "knows nothing by itself" in said("What is the capital of France?")
    assert "none of its sentences" in said(f"What is the capital of France?\n{POOLS}")
    assert "no text" in said("Summarise in two sentences").lower()


def test_a_paragraph_is_as_long_as_was_asked_for_and_names_its_subject():
    text = said("Write 12 sentences about lighthouses")
    assert len(sentences(text)) == 12
    assert "lighthouses" in text and "template" in text


def test_the_system_message_may_name_the_task():
    assert write(POOLS, None, "Give a title for what the user sends.", 0) == said(f"Give a title:\n{POOLS}")


def test_temperature_only_chooses_between_templates():
    assert said("Write about rain", 0.9) == said("Write about rain", 0.9)
    assert len({said("Write about rain", temperature / 10) for temperature in range(10)}) > 3
    assert said(f"Summarise: {POOLS}", 0.9) == said(f"Summarise: {POOLS}")


@pytest.mark.parametrize(
    "prompt", ["", "?", "猫について書いて", "\x00\ud7ff", "Summarise: …", "Title:\n" + "x" * 9_000, "Summarise: " + POOLS * 40]
)
def test_any_text_is_a_request(prompt: str):
    assert said(prompt)


async def test_it_is_heard_word_by_word_and_counted_by_the_stated_rule():
    heard: list[str] = []
    result = await Writer().generate(job(f"Who counted the algae?\n{POOLS}"), heard.append)
    assert "".join(heard) == result.output["text"] and len(heard) == 11
    assert result.output["finish_reason"] == "stop" and not result.partial
    words = 4 + len(POOLS.split())
    assert result.usage == {"token": words * 4 // 3 + 14, "input_token": words * 4 // 3, "output_token": 14}


@pytest.mark.parametrize("tokens_max", [1, 2, 3, 4, 5, 13])
async def test_it_stops_at_the_limit_and_says_so(tokens_max: int):
    heard: list[str] = []
    result = await Writer().generate(job("Write 9 sentences about rain", max_tokens=tokens_max), heard.append)
    assert result.partial and result.output["finish_reason"] == "length"
    assert "".join(heard) == result.output["text"]
    assert 0 < result.usage["output_token"] <= tokens_max == tokens_max
    assert tokens(words_within(tokens_max)) <= tokens_max < tokens(words_within(tokens_max) + 1)


async def test_a_cancel_ends_it_between_two_words():
    heard: list[str] = []
    enough = asyncio.Event()

    def say(text: str) -> None:
        heard.append(text)
        if len(heard) == 3:
            enough.set()

    writing = asyncio.create_task(Writer().generate(job("Write 9 sentences about rain", delay_ms=1), say))
    await enough.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert "".join(heard).strip() and said("Write 9 sentences about rain").startswith("".join(heard))
    assert len(heard) <= 4


async def test_a_long_request_is_worked_on_elsewhere():
    asked = []

    async def elsewhere(work, *arguments):
        asked.append(work)
        return work(*arguments)

    result = await Writer(elsewhere).generate(job(f"Summarise: {POOLS * 60}"))
    assert asked == [write] and result.output["text"]
