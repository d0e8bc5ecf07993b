"""Posting many transactions in one round trip: all or none, each for itself, or in chains.

The database judges the drafts in their order, each against what the accepted ones before it left, unless nothing can be
refused; then it writes them as sets. A batch does exactly what its drafts do one by one. Callers use it through
`ledger.posting`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ledger import batch_columns, database
from ledger.drafts import Draft, Posted, check, names
from ledger.errors import DomainError, InvalidRequest
from ledger.reservations import declared

BATCH_MAX = 10_000

Refusals = Mapping[int, DomainError]


def post_batch(drafts: Sequence[Draft], *, refused: Refusals | None = None) -> list[Posted]:
    """Write up to 10,000 transactions, all or none, in one round trip; answers are in the order of the drafts.

    A refusal names the first bad draft in `index` and lists every bad draft in `errors` (index, code, cause,
    param, detail, facts), and nothing of the batch remains; a draft counts as bad when `post_each` would refuse it.
    `refused`: bad drafts that the caller knows already, by index. Raises what `post` raises, and ChainBroken within a
    chain."""
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
    return [Posted(id, at, replayed) for id, at, replayed, _, _ in rows]


def post_each(drafts: Sequence[Draft], *, refused: Refusals | None = None) -> list[Posted | DomainError]:
    """Write what can be written of up to 10,000 transactions, in one round trip: one answer per draft, in their order.

    A refused draft leaves nothing, and the drafts after it meet what the accepted ones before them left. A chain with a
    refused member is refused whole: its other members with ChainBroken, which names the culprit in `broken_by`. Sent
    again, the accepted ones replay and the refused ones, which left nothing, are judged anew. Raises InvalidRequest for
    a batch that is too long."""
    known = _known(drafts, refused)
    return [
        (known.get(index) or database.named(code, json.loads(facts))) if code else Posted(id, at, replayed)
        for index, (id, at, replayed, code, facts) in enumerate(_call(drafts, known, partial=True))
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
    seen: set[tuple[Any, ...]] = set()
    for index, draft in enumerate(drafts):
        if draft.chain != before:
            if draft.chain in chains:
                apart = InvalidRequest("The members of a chain stand next to each other.", param="chain")
                found.setdefault(index, apart)
            before = draft.chain
            chains |= {before} if before is not None else set()
        if index in found:
            continue
        try:
            _check(draft, seen)
        except DomainError as error:
            found[index] = error
    return found


def _check(draft: Draft, seen: set[tuple[Any, ...]]) -> None:
    """What `post` asks of a draft. `seen`: which kinds were allowed for which reason by drafts of the same shape, two
    entries of opposite amounts, as nearly all are: they are not asked about again."""
    shape = None
    if len(draft.legs) == 2 and isinstance(draft.reason, str):
        one, other = draft.legs
        if one.amount and one.amount == other.amount.copy_negate() and one.account.currency == other.account.currency:
            shape = (draft.reason, one.amount > 0, one.account.kind, other.account.kind)
    if shape is None or shape not in seen:
        check(draft.reason, draft.legs)
    if shape is not None:
        seen.add(shape)
    names(draft.idempotency_key, draft.source)
    if draft.pending or draft.expires_at is not None or draft.expires_on:
        declared(draft.pending, draft.expires_at, draft.expires_on)


def _call(drafts: Sequence[Draft], known: Refusals, *, partial: bool) -> list[tuple[Any, ...]]:
    """One row per draft: id, recorded_at, replayed, code, facts."""
    if not drafts:
        return []
    arguments = [(partial, "boolean"), *batch_columns.of(drafts, known)]
    return database.call_table("ledger_post_batch", "id, recorded_at, replayed, code, facts::text", arguments)


def _together(found: Mapping[int, DomainError]) -> DomainError:
    """The refusal of a batch: that of its first bad draft, which lists them all."""
    errors = [
        {
            **{name: fact for name, fact in error.data.items() if name != "errors"},
            "index": index,
            "code": error.code,
            "cause": error.cause,
            "param": error.param,
            "detail": error.detail,
        }
        for index, error in sorted(found.items())
    ]
    first = found[min(found)]
    first.data.update(index=min(found), errors=errors)
    return first
