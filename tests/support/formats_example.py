"""The worked example of docs/formats.md: three events, a checkpoint, and the files that are made of them."""

from base64 import b64encode

from tests.support.proof_files import Log, column_bytes, columns_of, event_leaf, exported, ledger_stream, line, root_of

ACCOUNT = "01936b2e-7c1a-7d3e-9f00-2b5c8d1e4f60"
WHEN = "2026-11-21T09:30:00.000000Z"


def example_log() -> Log:
    """An account's book is opened, 25 credits are granted, and all balances are sealed. The key is that of the seed 01 01 … 01."""
    log = Log()
    who = {"stream": ledger_stream(ACCOUNT), "account": ACCOUNT, "actor": "anonymous", "correlation": "01936b2e7c1a", "recorded_at": WHEN}
    command = "01936b2e-7c1a-7d3e-9f00-000000000001"
    opened = {"account_id": ACCOUNT, "originator_topic": "credits.account", "timestamp": WHEN}
    log.append("credits.account_opened", opened, **who, command_id=command, fingerprint="c0ffee", status=201, result='{"name":"Zoë"}')
    granted = {"amount": 25, "grant_id": "01936b2e-7c1a-7d3e-9f00-000000000002", "priority": 100, "source": "welcome", "timestamp": WHEN}
    postings = {"available": 25, "held": 0, "owed": 0, "outside": -25, "book": "issued:welcome"}
    log.append("credits.granted", granted, **who, command_id=command, first=False, **postings)
    log.seal()
    log.events[-1] |= {"actor": "system", "command_id": "01936b2e-7c1a-7d3e-9f00-000000000003", "recorded_at": WHEN}
    return log


def blocks() -> dict[str, str]:
    """Name -> what stands in the document below the comment of that name."""
    log = example_log()
    granted, seal = log.events[1], log.events[2]
    return {
        "columns": "\n".join(column_bytes(value).hex() for value in columns_of(granted)),
        "leaves": "\n".join(event_leaf(event).hex() for event in log.events),
        "root": f"{root_of(log.leaves()).hex()}\n{b64encode(root_of(log.leaves())).decode()}",
        "key": log.signer.vkey,
        "checkpoint": log.note().rstrip("\n"),
        "entry": line(log.entry_proof(2)).decode().rstrip("\n"),
        "balance": line(log.balance_proof(ACCOUNT, seal)).decode().rstrip("\n"),
        "consistency": line(log.consistency_proof(2)).decode().rstrip("\n"),
        "export": exported(log.export(2, 3)).decode().rstrip("\n"),
    }
