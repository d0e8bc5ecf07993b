"""The drafts of a batch as the arguments of `ledger_post_batch`: one array per column, written as PostgreSQL's literal.

Ten thousand drafts pass through here at once, so each column is made in one go, and what is the same for all of them is
found out only once. Nothing here asks the database or decides what is allowed.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from ledger import database, ids
from ledger.drafts import Draft, as_json, columns, fingerprint
from ledger.money import EXACT
from ledger.reservations import declared


def of(drafts: Sequence[Draft], known: Mapping[int, Any]) -> list[tuple[Any, str]]:
    """(value, SQL type) of each argument after the first. `known`: by index the errors of those refused already, whose
    entries and conditions are left out."""
    numbers = [str(index + 1) for index in range(len(drafts)) if index not in known]
    sound = [draft for index, draft in enumerate(drafts) if index not in known]
    asking = [(n, condition) for n, draft in zip(numbers, sound, strict=True) for condition in draft.conditions]
    sources = [draft.source for draft in drafts]
    metadata = [draft.metadata for draft in drafts]
    return [
        (database.array(ids.new_texts(len(drafts))), "uuid[]"),
        (_texts([draft.reason for draft in drafts]), "text[]"),
        (database.array(["t" if draft.pending else "f" for draft in drafts]), "boolean[]"),
        (_some(_moment, [draft.expires_at for draft in drafts]), "timestamptz[]"),
        (_texts([" ".join(draft.expires_on) if draft.expires_on else None for draft in drafts]), "text[]"),
        (_some(_moment, [draft.effective_at for draft in drafts]), "timestamptz[]"),
        (_texts([draft.idempotency_key for draft in drafts]), "text[]"),
        (_texts([source.system if source else None for source in sources]), "text[]"),
        (_texts([source.kind if source else None for source in sources]), "text[]"),
        (_texts([source.id if source else None for source in sources]), "text[]"),
        (database.array(_fingerprints(drafts, known)), "bytea[]"),
        (_texts([draft.description for draft in drafts]), "text[]"),
        (_texts([value if value is None else as_json(value) for value in metadata]), "text[]"),
        (_some(str, _chains(drafts)), "int[]"),
        (_texts([known[n].code if n in known else None for n in range(len(drafts))] if known else []), "text[]"),
        (database.array([n for n, draft in zip(numbers, sound, strict=True) for _ in draft.legs]), "int[]"),
        *columns([leg for draft in sound for leg in draft.legs]),
        (database.array([number for number, _ in asking]), "int[]"),
        (database.array([str(condition.account.id) for _, condition in asking]), "bigint[]"),
        (database.array([_or_null(condition.available) for _, condition in asking]), "numeric[]"),
        (database.array([_or_null(condition.version) for _, condition in asking]), "bigint[]"),
    ]


def _fingerprints(drafts: Sequence[Draft], known: Mapping[int, Any]) -> list[str]:
    return [
        "NULL" if index in known else rf'"\\x{(_plain_fingerprint(draft) or _fingerprint(draft)).hex()}"'
        for index, draft in enumerate(drafts)
    ]


def _fingerprint(draft: Draft) -> bytes:
    """That of `posting.post`: the same transaction replays by either door."""
    phase = "pending" if draft.pending else "single"
    words = (draft.reason, draft.legs, draft.source, draft.effective_at, draft.description, draft.metadata)
    return fingerprint(phase, *words, None, *declared(draft.pending, draft.expires_at, draft.expires_on))


def _plain_fingerprint(draft: Draft) -> bytes | None:
    """The same for a draft that says nothing out of the ordinary: `fingerprint`'s text, without asking each value what
    it is; half of what a batch costs here. None for any other draft."""
    if draft.pending or draft.metadata is not None:
        return None
    legs = [f'[{leg.account.id},"{_amount(leg.amount)}"]' for leg in draft.legs]
    source = "null"
    if draft.source is not None:
        source = f"[{quoted(draft.source.system)},{quoted(draft.source.kind)},{quoted(draft.source.id)}]"
    moment = "null" if draft.effective_at is None else f'"{draft.effective_at.astimezone(UTC).isoformat()}"'
    words = f"{quoted(draft.reason)},[{','.join(legs)}],{source},{moment},{quoted(draft.description)}"
    return hashlib.blake2b(f'["single",{words},null,null]'.encode(), digest_size=16).digest()


def _amount(amount: Decimal) -> str:
    """As `fingerprint` writes it: plain digits, no zeros at the end of a fraction."""
    text = str(amount)
    if "E" in text:
        return f"{amount.normalize(EXACT):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _chains(drafts: Sequence[Draft]) -> list[int | None]:
    """The same number for neighbours of one chain, another for the next."""
    number, before = 0, None
    found: list[int | None] = []
    for draft in drafts:
        number += draft.chain != before
        before = draft.chain
        found.append(None if before is None else number)
    return found


def _texts(values: Sequence[str | None]) -> str | None:
    """Each text in quotes, quotes and backslashes escaped by a backslash; nothing where there is none."""
    if None not in values:
        together = '","'.join(values)  # type: ignore[arg-type]
        if "\\" not in together and together.count('"') == 2 * (len(values) - 1):
            return f'{{"{together}"}}' if values else None
    return _some(_escaped, values)


def _escaped(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _moment(value: datetime) -> str:
    return f'"{value.isoformat()}"'


def _some(word: Callable[[Any], str], values: Sequence[Any]) -> str | None:
    """An array of words and NULLs; none at all where all are NULL, which the database reads as the same."""
    if values.count(None) == len(values):
        return None
    return database.array(["NULL" if value is None else word(value) for value in values])


def _or_null(value: Any) -> str:
    return "NULL" if value is None else str(value)
