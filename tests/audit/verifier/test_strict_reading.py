"""One spelling of everything: what says the same in other bytes is refused, and nothing that can be read ends in a traceback."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.proof_files import Log, canonical, line
from tests.support.verifying import in_process

PROOF = Log(13).live(2).entry_proof(7)
RAW = line(PROOF)
DEEP = b"[" * 100_000


def spelled(old: bytes, new: bytes) -> bytes:
    assert RAW.count(old) >= 1, old
    return RAW.replace(old, new, 1)


SPELLINGS = {
    "a space": spelled(b'"type":', b'"type": '),
    "a space before": b" " + RAW,
    "a space after": RAW[:-1] + b" \n",
    "a tab": spelled(b"{", b"{\t"),
    "two line ends": RAW + b"\n",
    "no line end": RAW[:-1],
    "another line end": RAW[:-1] + b"\r\n",
    "two proofs": RAW + RAW,
    "indented": json.dumps(PROOF, sort_keys=True, indent=1).encode() + b"\n",
    "keys in another order": json.dumps(PROOF, separators=(",", ":"), ensure_ascii=False).encode() + b"\n",
    "a key twice": spelled(b'"type":"entry"', b'"type":"entry","type":"entry"'),
    "another value first": spelled(b'"type":"entry"', b'"type":"balance","type":"entry"'),
    "letters escaped": json.dumps(PROOF, sort_keys=True, separators=(",", ":")).encode() + b"\n",
    "a needless escape": spelled(b'"type":"entry"', b'"type":"\\u0065ntry"'),
    "a slash escaped": spelled(b"daybook-proof/1", b"daybook-proof\\/1"),
    "a fraction": spelled(b'"position":7', b'"position":7.0'),
    "an exponent": spelled(b'"position":7', b'"position":7e0'),
    "a zero before": spelled(b'"position":7', b'"position":08'),
    "minus zero": spelled(b'"held":5', b'"held":-0'),
    "a number as text": spelled(b'"position":7', b'"position":"8"'),
    "truth as a number": spelled(b'"first":true', b'"first":1'),
    "a number as truth": spelled(b'"version":', b'"version":true,"x":'),
    "a very big number": spelled(b'"position":7', b'"position":' + b"8" * 5_000),
    "a big number": spelled(b'"position":7', b'"position":' + b"8" * 30),
    "not a number": spelled(b'"position":7', b'"position":NaN'),
    "infinite": spelled(b'"position":7', b'"position":-Infinity'),
    "a byte order mark": b"\xef\xbb\xbf" + RAW,
    "no UTF-8": spelled(b"Br\xc3\xb6tchen", b"Br\xf6tchen"),
    "half a pair": spelled(b"Br\xc3\xb6tchen", b"\\ud83d"),
    "UTF-16": RAW.decode().encode("utf-16"),
    "an unknown field": line({**PROOF, "more": None}),
    "a field too few": line({name: value for name, value in PROOF.items() if name != "path"}),
    "an unknown column": line({**PROOF, "entry": {**PROOF["entry"], "more": None}}),
    "a column too few": line({**PROOF, "entry": {name: value for name, value in PROOF["entry"].items() if name != "actor"}}),
    "another format": line({**PROOF, "format": "daybook-proof/2"}),
    "another type": line({**PROOF, "type": "seal"}),
    "a type that is none": line({**PROOF, "type": ["entry"]}),
    "no type": line({name: value for name, value in PROOF.items() if name != "type"}),
    "a path that is none": line({**PROOF, "path": {}}),
    "a path of numbers": line({**PROOF, "path": [1, 2, 3]}),
    "base64 without its end": line({**PROOF, "path": [each.rstrip("=") for each in PROOF["path"]]}),
    "base64 for addresses": line({**PROOF, "path": [each.replace("/", "_").replace("+", "-")[:-2] + "_=" for each in PROOF["path"]]}),
    "base64 in lines": line({**PROOF, "path": [each[:20] + "\n" + each[20:] for each in PROOF["path"]]}),
    "an id in capitals": line({**PROOF, "entry": {**PROOF["entry"], "stream": PROOF["entry"]["stream"].upper()}}),
    "a time without its end": line({**PROOF, "entry": {**PROOF["entry"], "recorded_at": PROOF["entry"]["recorded_at"][:-1]}}),
    "digits of another script": line({**PROOF, "entry": {**PROOF["entry"], "recorded_at": "٢٠٢٦" + PROOF["entry"]["recorded_at"][4:]}}),
    "a fingerprint in capitals": line({**PROOF, "entry": {**PROOF["entry"], "fingerprint": "AB"}}),
    "an entry in a list": line({**PROOF, "entry": [PROOF["entry"]]}),
    "an entry of depth": spelled(b'"actor":"', b'"actor":' + b"[" * 900 + b"]" * 900 + b',"x":"'),
    "only depth": DEEP + b"\n",
    "depth in objects": b'{"a":' * 100_000 + b"\n",
    "a list": b"[]\n",
    "a text": b'"type"\n',
    "null": b"null\n",
    "an empty line": b"\n",
    "nothing": b"",
    "zeros": bytes(1000),
    "a zip file": b"PK\x03\x04" + bytes(range(256)),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_refused(check, spelling):
    assert check(RAW).code == 0
    said = check(spelling)
    assert (said.code, said.out) == (1, "") and " line " in said.err


def last_bits_set(text: str) -> str:
    """The same 32 bytes in base64, whose unused bits are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-2] + alphabet[alphabet.index(text[-2]) + 1] + "="


def test_unused_bits_of_base64_must_be_zero(check):
    said = check(line({**PROOF, "path": [*PROOF["path"][:-1], last_bits_set(PROOF["path"][-1])]}))
    assert said.code == 1 and "canonical base64" in said.err


KEYS = {
    "an empty file": "",
    "an empty line": "\n",
    "an empty line at the end": "{key}\n\n",
    "an empty line before": "\n{key}\n",
    "no line end": "{key}",
    "a comment": "# trusted\n{key}\n",
    "the key twice": "{key}\n{key}\n",
    "white space": "{key} \n",
    "other line ends": "{key}\r\n",
    "a private key": "PRIVATE+KEY+{key}\n",
    "half a key": "log.example\n",
    "another id": "log.example+00000000+AY6XpKdnmz+7LyJ4RFEfFW5rvGdmOY4ZyUPU0qaTmqYs\n",
}


@pytest.mark.parametrize("text", KEYS.values(), ids=KEYS)
def test_a_key_file_holds_a_key_a_line_and_nothing_else(check, log, keys, text):
    keys.write_bytes(text.replace("{key}", log.signer.vkey).encode())
    said = check(log.entry_proof(3))
    assert said.code == 1
    assert said.err.startswith(f"refused: {keys} line ")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_input_ends_in_a_traceback(verifier, tmp_path, keys, data):
    """Bytes, JSON, and proofs with anything in any place."""
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda some: st.lists(some, max_size=3), max_leaves=4
    )
    fields = st.sampled_from([*PROOF, *PROOF["entry"]])
    value, name = data.draw(anything), data.draw(fields)
    proof = {**PROOF, name: value} if name in PROOF else {**PROOF, "entry": {**PROOF["entry"], name: value}}
    known = (PROOF if name in PROOF else PROOF["entry"])[name]
    content = data.draw(st.sampled_from([canonical(value), line(value), line(proof)]) | st.binary(max_size=40))
    file = tmp_path / "anything"
    file.write_bytes(content)
    for given_file, key_file in ((file, keys), (file, file), (keys, file)):
        said = in_process(verifier, given_file, "--key", key_file)
        assert (said.code == 1 and " line " in said.err) or (content == line(proof) and canonical(value) == canonical(known)), said
