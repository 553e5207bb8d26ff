"""The speaker: vowels have their formants, noises their bands, and the same words are the same file."""

from io import BytesIO
from itertools import combinations
from uuid import UUID

import av
import numpy as np
import pytest

from domain.providers.jobs import Job, ProviderFailure
from workers.providers.voice.encode import CONTENT_TYPES, encode
from workers.providers.voice.letters import KNOWN, RULES, number_words, sounds_of, spoken
from workers.providers.voice.phones import PHONES, VOICES, VOWELS
from workers.providers.voice.provider import PART_CHARACTERS, Voice, parted
from workers.providers.voice.speak import RATE, speak


def heard(text: str, voice: str = "tenor", speed: float = 1.0) -> np.ndarray:
    return np.frombuffer(speak(text, voice, speed), "<i2").astype(np.float64) / 32_768


def pitch_of(samples: np.ndarray) -> float:
    """By the strongest repetition between 60 and 400 Hz, in the loudest tenth of a second."""
    window = RATE // 10
    start = max(range(0, len(samples) - window, 400), key=lambda at: float((samples[at : at + window] ** 2).sum()))
    part = samples[start : start + window]
    alike = np.correlate(part, part, "full")[window - 1 :]
    low, high = RATE // 400, RATE // 60
    return RATE / (low + int(alike[low:high].argmax()))


def loud_between(samples: np.ndarray, low: float, high: float) -> float:
    """The share of all power that lies between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(power[(at >= low) & (at < high)].sum() / power.sum())


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("hello", "HH EH L OW"), ("lighthouse", "L AY T HH AW Z"), ("generation", "G EH N ER EY SH AH N"), ("making", "M EY K IH NG"),
        ("quickly", "K W IH K L IY"), ("write", "R AY T"), ("knife", "N AY F"), ("noted", "N OW T IH D"), ("jumped", "JH AH M P T"),
        ("phone", "F OW N"), ("bottle", "B AA T AH L"), ("Niño", "N IH N OW"), ("don’t", "D AA N T"), ("hmm", "HH M"),
    ],
)  # fmt: skip
def test_words_are_spelled_out_in_sounds(word: str, sounds: str):
    assert " ".join(sounds_of(word)) == sounds


def test_letters_of_other_scripts_are_syllables_of_their_own():
    assert sounds_of("猫") == sounds_of("猫") != sounds_of("犬")
    assert len(sounds_of("привет")) == 12


def test_every_sound_that_is_written_exists():
    written = {sound for made in (*KNOWN.values(), *(made for _, made in RULES)) for sound in made.split()}
    assert written <= set(PHONES)
    assert list(KNOWN) == sorted(KNOWN)


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (17, "seventeen"), (40, "forty"), (1_204, "one thousand two hundred four"), (2_000_000, "two million")],
)
def test_numbers_are_read_as_words(number: int, words: str):
    assert " ".join(number_words(number)) == words


def test_marks_are_pauses():
    assert [each for each in spoken("Yes, no. 5%") if isinstance(each, float)] == [0.16, 0.34]
    assert len(spoken("5%")) == 2
    assert len(heard("so. so")) > len(heard("so so")) + RATE * 0.25


def test_vowels_ring_at_their_formants():
    """Where the second formant lies high, more is heard around 2,000 Hz; where the first lies high, less below 500 Hz."""
    shares = {vowel: (loud_between(heard(word), 0, 450), loud_between(heard(word), 1_700, 2_700)) for vowel, word in
              (("AA", "ah ah"), ("IY", "ee ee"), ("UW", "oo oo"))}  # fmt: skip
    assert shares["IY"][0] > 2 * shares["AA"][0] and shares["UW"][0] > 2 * shares["AA"][0]
    assert shares["IY"][1] > 3 * shares["UW"][1]


def test_hisses_are_high_and_vowels_are_low():
    assert loud_between(heard("sss s s"), 3_800, 11_000) > 0.8
    assert loud_between(heard("moon"), 0, 1_200) > 0.9


def test_every_voice_has_its_own_pitch():
    for voice, (pitch, _) in VOICES.items():
        assert pitch_of(heard("ah ah ah", voice)) == pytest.approx(pitch, rel=0.25), voice
    assert all(abs(VOICES[a][0] - VOICES[b][0]) > 25 for a, b in combinations(VOICES, 2))


def test_a_question_rises():
    def end(text: str) -> float:
        samples = heard(text)
        return pitch_of(samples[int(len(samples) * 0.6) :])

    assert end("are you here ee?") > end("are you here ee") * 1.15


def test_speed_shortens():
    slow, usual, fast = (len(heard("a small boat on the water", speed=speed)) for speed in (0.5, 1.0, 2.0))
    assert slow == pytest.approx(usual * 2, rel=0.1) and fast == pytest.approx(usual / 2, rel=0.15)


@pytest.mark.parametrize("text", ["", "…", "\x00\ud7ff", "🐈", "zzz", "1234567890123456789", "mcdrwvtps"])
def test_any_text_gives_samples_that_are_never_clipped(text: str):
    samples = heard(text)
    assert len(samples) > RATE // 20 and np.abs(samples).max() <= 0.86 and np.isfinite(samples).all()


@pytest.mark.parametrize("sound", sorted(PHONES))
def test_every_sound_is_heard(sound: str):
    from workers.providers.voice import speak as speaking

    tracks = speaking._laid_out([[sound, "AH"]], 120, 1.0, asks=False)
    assert (sound in VOWELS or PHONES[sound].noise or PHONES[sound].voice) and len(tracks.pitch) == len(tracks.voice) == len(
        tracks.formants
    )
    assert max(tracks.voice) > 0.5


@pytest.mark.parametrize(("format", "codec"), [("mp3", "mp3float"), ("ogg", "opus"), ("wav", "pcm_s16le")])
def test_a_file_is_what_was_asked_for_and_always_the_same(format: str, codec: str):
    samples = speak("a boat", "alto", 1.0)
    data = encode([samples, samples], format)
    assert data == encode([samples, samples], format)
    with av.open(BytesIO(data)) as container:
        stream = container.streams.audio[0]
        decoded = np.concatenate([frame.to_ndarray().astype(np.float64).ravel() for frame in container.decode(audio=0)])
        assert stream.codec_context.name == codec and stream.channels == 1
        assert len(decoded) / stream.rate == pytest.approx(len(samples) / RATE, abs=0.1)
    assert np.abs(decoded).max() > 0.2


def test_long_texts_are_parted_between_sentences_and_words():
    text = "One short sentence here. " * 40 + "x" * 1_000 + " " + "word " * 200
    parts = parted(text)
    assert len(parts) > 5 and max(map(len, parts)) <= PART_CHARACTERS
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert parted("!") == [""]


def job(prompt: str, **params: object) -> Job:
    return Job(
        generation_id=UUID(int=1), attempt=1, kind="speech", upstream="voice-1", prompt=prompt, negative_prompt=None, params=params,
        adapter={}, timeout_seconds=60,
    )  # fmt: skip


async def test_the_provider_speaks_part_after_part():
    told: list[float] = []
    prompt = "The sea is calm today. " * 19
    result = await Voice().generate(job(prompt, voice="bass", format="ogg", speed=2.0), told.append)
    assert result.usage == {"character": len(prompt)} and result.artefacts[0].content_type == CONTENT_TYPES["ogg"]
    assert told == [1 / 3, 2 / 3, 1.0]


@pytest.mark.parametrize("params", [{"voice": "robot"}, {"format": "flac"}, {"speed": 9.0}])
async def test_what_it_does_not_know_is_a_definite_no(params: dict[str, object]):
    with pytest.raises(ProviderFailure) as failure:
        await Voice().generate(job("hello", **params))
    assert failure.value.code == "invalid_request"
