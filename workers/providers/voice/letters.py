"""From writing to sounds: English by rules of spelling, numbers as words, and any other letter as a syllable of its own."""

import re
import unicodedata

#: Words that spelling misleads about.
KNOWN: dict[str, str] = {
    "a": "AH", "all": "AO L", "and": "AE N D", "any": "EH N IY", "are": "AA R", "as": "AE Z", "be": "B IY",
    "beautiful": "B Y UW T IH F AH L", "been": "B IH N", "but": "B AH T", "by": "B AY", "come": "K AH M", "could": "K UH D",
    "do": "D UW", "does": "D AH Z", "done": "D AH N", "eight": "EY T", "eye": "AY", "four": "F AO R", "from": "F R AH M",
    "give": "G IH V", "go": "G OW", "good": "G UH D", "has": "HH AE Z", "have": "HH AE V", "he": "HH IY", "hello": "HH EH L OW",
    "her": "HH ER", "his": "HH IH Z", "hundred": "HH AH N D R IH D", "i": "AY", "is": "IH Z", "it": "IH T", "live": "L IH V",
    "love": "L AH V", "me": "M IY", "million": "M IH L Y AH N", "my": "M AY", "no": "N OW", "of": "AH V", "off": "AO F",
    "one": "W AH N", "or": "AO R", "our": "AW ER", "people": "P IY P AH L", "picture": "P IH K CH ER", "said": "S EH D",
    "says": "S EH Z", "she": "SH IY", "should": "SH UH D", "so": "S OW", "some": "S AH M", "sure": "SH UH R", "that": "DH AE T",
    "the": "DH AH", "their": "DH EH R", "them": "DH EH M", "then": "DH EH N", "there": "DH EH R", "these": "DH IY Z", "they": "DH EY",
    "this": "DH IH S", "those": "DH OW Z", "though": "DH OW", "thousand": "TH AW Z AH N D", "through": "TH R UW", "to": "T UW",
    "two": "T UW", "very": "V EH R IY", "was": "W AH Z", "water": "W AO T ER", "we": "W IY", "were": "W ER", "what": "W AH T",
    "where": "W EH R", "who": "HH UW", "with": "W IH DH", "word": "W ER D", "world": "W ER L D", "would": "W UH D", "you": "Y UW",
    "your": "Y AO R",
}  # fmt: skip
#: Spelling -> sounds; the first that fits at a place counts. ^ and $ are the ends of a word.
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sounds)
    for pattern, sounds in (
        *(
            (r"ation(?=s?\b)", "EY SH AH N"),
            (r"tion(?=s?\b)", "SH AH N"),
            (r"sion(?=s?\b)", "ZH AH N"),
            (r"ture\b", "CH ER"),
            (r"ough\b", "OW"),
            (r"ought", "AO T"),
            (r"eigh", "EY"),
        ),
        *(
            (r"augh", "AO"),
            (r"ight", "AY T"),
            (r"igh", "AY"),
            (r"tch", "CH"),
            (r"sch", "S K"),
            (r"\bkn", "N"),
            (r"\bwr", "R"),
            (r"\bps", "S"),
            (r"mb\b", "M"),
        ),
        *((r"ch", "CH"), (r"sh", "SH"), (r"th", "TH"), (r"ph", "F"), (r"wh", "W"), (r"ck", "K"), (r"ng\b", "NG"), (r"ng", "NG G")),
        *(
            (r"qu", "K W"),
            (r"gu(?=[eiy])", "G"),
            (r"dg(?=e)", "JH"),
            (r"ee|ea|ie(?!\b)|ey\b", "IY"),
            (r"oo", "UW"),
            (r"ou|ow(?=[nld])", "AW"),
        ),
        *(
            (r"ow", "OW"),
            (r"oa|oe\b", "OW"),
            (r"oi|oy", "OY"),
            (r"ai|ay|ei", "EY"),
            (r"au|aw", "AO"),
            (r"eu|ew|ue\b", "UW"),
            (r"ie\b", "AY"),
        ),
        *((r"air|are\b", "EH R"), (r"ear|eer", "IY R"), (r"ar", "AA R"), (r"er|ir|ur", "ER"), (r"or|oar|ore\b", "AO R")),
        *((r"a(?=[^aeiouwxy](?:es?|ed|ing)\b)", "EY"), (r"e(?=[^aeiouwxy]e(?:s)?\b)", "IY"), (r"i(?=[^aeiouwxy](?:es?|ed|ing)\b)", "AY")),
        *((r"o(?=[^aeiouwxy]e(?:s|d)?\b)", "OW"), (r"u(?=[^aeiouwxy]e(?:s|d)?\b)", "UW"), (r"(?<=[^aeiou])le\b", "AH L")),
        *((r"(?<=[td])ed\b", "IH D"), (r"(?<=[pkfs])ed\b", "T"), (r"ed\b", "D"), (r"(?<=\w)e\b", ""), (r"(?<=\w\w)es\b", "Z")),
        *((r"(?<=\w\w)y\b", "IY"), (r"(?<=\w)y\b", "AY"), (r"\by", "Y"), (r"y", "IH"), (r"c(?=[eiy])", "S"), (r"g(?=e\b)", "JH")),
        *((r"(?<=[aeiou])s(?=[aeiou])", "Z"), (r"x", "K S"), (r"([bcdfgklmnprstz])(?=\1)", "")),
        *((r"a", "AE"), (r"e", "EH"), (r"i", "IH"), (r"o\b", "OW"), (r"o", "AA"), (r"u", "AH"), (r"b", "B"), (r"c", "K"), (r"d", "D")),
        *(
            (r"f", "F"),
            (r"g", "G"),
            (r"h", "HH"),
            (r"j", "JH"),
            (r"k", "K"),
            (r"l", "L"),
            (r"m", "M"),
            (r"n", "N"),
            (r"p", "P"),
            (r"q", "K"),
        ),
        *((r"r", "R"), (r"s", "S"), (r"t", "T"), (r"v", "V"), (r"w", "W"), (r"z", "Z"), (r".", "")),
    )
)
#: Syllables for letters of other scripts, by their number: not what they sound like, but always the same.
ONSETS = ("K", "S", "T", "N", "HH", "M", "Y", "R", "W", "G", "D", "B", "L", "P", "SH")
NUCLEI = ("AA", "IY", "UW", "EH", "OW")
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
UNITS = _UNITS.split()
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SIGNS = {"&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "$": "dollar", "€": "euro", "£": "pound", "°": "degrees"}
TOKEN = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|[&%+=@$€£°]|[.,;:!?…。、！？\n-]")
#: Marks and how long they are silent, in seconds.
PAUSES = {",": 0.16, ";": 0.2, ":": 0.2, "-": 0.08, "、": 0.16, "\n": 0.3}
STOP_SECONDS = 0.34


def spoken(text: str) -> list[list[str] | float]:
    """Words as lists of sounds, and pauses as seconds, in the order of the text."""
    said: list[list[str] | float] = []
    for token in TOKEN.findall(text):
        if token[0].isalnum() or token in SIGNS:
            words = number_words(int(token)) if token.isdecimal() and len(token) < 10 else [SIGNS.get(token, token)]
            if token.isdecimal() and len(token) >= 10:
                words = [UNITS[int(digit)] for digit in token]
            said += [sounds for word in words if (sounds := sounds_of(word))]
        else:
            said.append(PAUSES.get(token, STOP_SECONDS))
    return said


def sounds_of(word: str) -> list[str]:
    """The sounds of one word."""
    plain = unicodedata.normalize("NFKD", word.casefold().replace("’", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    latin = re.sub(r"[^a-z]", "", plain)
    if latin != plain.replace("'", ""):
        return [sound for letter in plain if letter.isalpha() for sound in _syllable(letter)]
    if latin in KNOWN:
        return KNOWN[latin].split()
    sounds: list[str] = []
    place = 0
    while place < len(latin):
        made, found = next((made, found) for pattern, made in RULES if (found := pattern.match(latin, place)))
        sounds += made.split()
        place = found.end()
    return sounds or (["HH", "AH"] if latin else [])


def number_words(number: int) -> list[str]:
    """In English: 1204 is one thousand two hundred four."""
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            return [*number_words(number // size), name, *(number_words(number % size) if number % size else [])]
    if number < 20:
        return [UNITS[number]]
    return [TENS[number // 10], *([UNITS[number % 10]] if number % 10 else [])]


def _syllable(letter: str) -> tuple[str, str]:
    number = ord(letter)
    return ONSETS[number // len(NUCLEI) % len(ONSETS)], NUCLEI[number % len(NUCLEI)]
