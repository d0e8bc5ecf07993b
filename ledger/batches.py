"""Posting many transactions in one round trip: all or none, each for itself, or in chains.

The database judges the drafts in their order, each against what the accepted ones before it left, and then writes them
as sets; a batch does exactly what its drafts do one by one. Callers use it through `ledger.posting`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger import database, ids
from ledger.drafts import Draft, Posted, as_json, check, columns, fingerprint, names
from ledger.errors import DomainError, InvalidRequest
from ledger.reservations import declared

BATCH_MAX = 10_000

Refusals = Mapping[int, DomainError]


def post_batch(drafts: Sequence[Draft], *, refused: Refusals | None = None) -> list[Posted]:
    """Write up to 10,000 transactions, all or none, in one round trip; answers are in the order of the drafts.

    A refusal names the first bad draft in `index` and lists every bad draft in `errors` (index, code, param, detail,
    facts), and nothing of the batch remains; a draft counts as bad when `post_each` would refuse it. `refused`: bad
    drafts that the caller knows already, by index. Raises what `post` raises, and ChainBroken within a chain."""
    known = _known(drafts, refused)
    try:
        rows = _call(drafts, known, partial=False)
    except DomainError as error:
        if "errors" not in error.data:
            raise
        found = {
            facts["index"]: known.get(facts["index"]) or database.named(facts.pop("code"), facts)
            for facts in error.data["errors"]
        }
        raise _together(found) from error
    return [Posted(row["id"], row["recorded_at"], row["replayed"]) for row in rows]


def post_each(drafts: Sequence[Draft], *, refused: Refusals | None = None) -> list[Posted | DomainError]:
    """Write what can be written of up to 10,000 transactions, in one round trip: one answer per draft, in their order.

    A refused draft leaves nothing, and the drafts after it meet what the accepted ones before them left. A chain with a
    refused member is refused whole: its other members with ChainBroken, which names the culprit in `broken_by`. Sent
    again, the accepted ones replay and the refused ones, which left nothing, are judged anew. Raises InvalidRequest for
    a batch that is too long."""
    known = _known(drafts, refused)
    return [
        (known.get(index) or database.named(row["code"], json.loads(row["facts"])))
        if row["code"]
        else Posted(row["id"], row["recorded_at"], row["replayed"])
        for index, row in enumerate(_call(drafts, known, partial=True))
    ]


def post_alone(draft: Draft) -> Posted:
    """A batch of one for `posting.post`, whose conditions only batches check; its refusal speaks of no batch."""
    answer = post_each([draft])[0]
    if isinstance(answer, DomainError):
        raise answer
    return answer


def _known(drafts: Sequence[Draft], refused: Refusals | None) -> dict[int, DomainError]:
    """What can be refused without asking the database: what the caller found, and what `post` would refuse at once."""
    if len(drafts) > BATCH_MAX:
        raise InvalidRequest(f"A batch has at most {BATCH_MAX:,} transactions.", param="transactions")
    found = dict(refused or {})
    chains: set[str] = set()
    before: str | None = None
    for index, draft in enumerate(drafts):
        if draft.chain is not None and draft.chain != before and draft.chain in chains:
            found.setdefault(index, InvalidRequest("The members of a chain stand next to each other.", param="chain"))
        chains |= {draft.chain} if draft.chain is not None else set()
        before = draft.chain
        if index in found:
            continue
        try:
            check(draft.reason, draft.legs)
            names(draft.idempotency_key, draft.source)
            declared(draft.pending, draft.expires_at, draft.expires_on)
        except DomainError as error:
            found[index] = error
    return found


def _call(drafts: Sequence[Draft], known: Refusals, *, partial: bool) -> list[dict[str, Any]]:
    if not drafts:
        return []
    return database.call_many("ledger_post_batch", [(partial, "boolean"), *_columns(drafts, known)])


def _together(found: Mapping[int, DomainError]) -> DomainError:
    """The refusal of a batch: that of its first bad draft, which lists them all."""
    errors = [
        {
            **{name: fact for name, fact in error.data.items() if name != "errors"},
            "index": index,
            "code": error.code,
            "param": error.param,
            "detail": error.detail,
        }
        for index, error in sorted(found.items())
    ]
    first = found[min(found)]
    first.data.update(index=min(found), errors=errors)
    return first


def _columns(drafts: Sequence[Draft], known: Refusals) -> list[tuple[str, str]]:
    """The arguments of `ledger_post_batch`: one array per column, as text, which takes a tenth of the time of lists."""
    sound = [(number, draft) for number, draft in enumerate(drafts, start=1) if number - 1 not in known]
    legs = [(number, leg) for number, draft in sound for leg in draft.legs]
    conditions = [(number, condition) for number, draft in sound for condition in draft.conditions]
    sources = [draft.source for draft in drafts]
    return [
        (database.array(str(ids.new_id()) for _ in drafts), "uuid[]"),
        (_texts(draft.reason for draft in drafts), "text[]"),
        (database.array("t" if draft.pending else "f" for draft in drafts), "boolean[]"),
        (_moments(draft.expires_at for draft in drafts), "timestamptz[]"),
        (_texts(" ".join(draft.expires_on) or None for draft in drafts), "text[]"),
        (_moments(draft.effective_at for draft in drafts), "timestamptz[]"),
        (_texts(draft.idempotency_key for draft in drafts), "text[]"),
        (_texts(source.system if source else None for source in sources), "text[]"),
        (_texts(source.kind if source else None for source in sources), "text[]"),
        (_texts(source.id if source else None for source in sources), "text[]"),
        (database.array(_fingerprints(drafts, known)), "bytea[]"),
        (_texts(draft.description for draft in drafts), "text[]"),
        (_texts(as_json(draft.metadata) for draft in drafts), "text[]"),
        (database.array(_chains(drafts)), "int[]"),
        (_texts(known[index].code if index in known else None for index in range(len(drafts))), "text[]"),
        (database.array(str(number) for number, _ in legs), "int[]"),
        *columns([leg for _, leg in legs]),
        (database.array(str(number) for number, _ in conditions), "int[]"),
        (database.array(str(condition.account.id) for _, condition in conditions), "bigint[]"),
        (database.array(_or_null(condition.available) for _, condition in conditions), "numeric[]"),
        (database.array(_or_null(condition.version) for _, condition in conditions), "bigint[]"),
    ]


def _fingerprints(drafts: Sequence[Draft], known: Refusals) -> Iterable[str]:
    return ("NULL" if index in known else rf'"\\x{_fingerprint(draft).hex()}"' for index, draft in enumerate(drafts))


def _fingerprint(draft: Draft) -> bytes:
    """That of `posting.post`: the same transaction replays by either door."""
    phase = "pending" if draft.pending else "single"
    words = (draft.reason, draft.legs, draft.source, draft.effective_at, draft.description, draft.metadata)
    return fingerprint(phase, *words, None, *declared(draft.pending, draft.expires_at, draft.expires_on))


def _chains(drafts: Sequence[Draft]) -> Iterable[str]:
    number, before = 0, None
    for draft in drafts:
        number += draft.chain != before
        before = draft.chain
        yield "NULL" if draft.chain is None else str(number)


def _texts(values: Iterable[str | None]) -> str:
    """PostgreSQL's array literal: each text in quotes, quotes and backslashes escaped by a backslash."""
    return database.array(
        "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values
    )


def _moments(values: Iterable[datetime | None]) -> str:
    return database.array("NULL" if value is None else f'"{value.isoformat()}"' for value in values)


def _or_null(value: Decimal | int | None) -> str:
    return "NULL" if value is None else str(value)
