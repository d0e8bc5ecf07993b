"""The events of what callers of the API do to the book directly: one per change, in the same commit.

They hold opaque ids and codes only. The client of an event is the one owner among the accounts that were touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from ledger import events, ids
from ledger.api.permissions import Acting
from ledger.chart import classify
from ledger.errors import DomainError
from ledger.models import Account, Hold, Transaction
from ledger.posting import Draft, Leg, Posted


def account_opened(account: Account, *, actor: Acting, now: datetime) -> None:
    events.record(
        type="account.opened",
        object_ref=account.public_id,
        client_ref=account.owner,
        actor=actor,
        after={"code": account.code, "currency": account.currency_id},
        occurred_at=now,
    )


def moved(kind: str, key: UUID, legs: Sequence[Leg], *, actor: Acting, now: datetime, reason: str) -> None:
    events.record(
        type=kind,
        object_ref=ids.encode("txn", key),
        client_ref=_owner(leg.account.code for leg in legs),
        actor=actor,
        after={"reason": reason},
        occurred_at=now,
    )


def batch_moved(
    answers: Sequence[Posted | DomainError], drafts: Sequence[Draft], *, actor: Acting, now: datetime
) -> None:
    """One event per fresh transaction of a batch, in one statement."""
    fresh = [
        (done, draft)
        for done, draft in zip(answers, drafts, strict=True)
        if isinstance(done, Posted) and not done.replayed
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, ip, device,
                                      request_id, after, occurred_at, xid)
            SELECT t.type, t.object, t.client, %s::text, %s::text, %s::text, %s::inet, %s::text, %s::text,
                   jsonb_build_object('reason', t.reason), %s::timestamptz, 0
              FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
                   AS t (type, object, client, reason, ord)
             ORDER BY t.ord""",
            [
                actor.id,
                actor.person,
                actor.on_behalf_of,
                actor.ip,
                actor.device[:200],
                actor.request_id[:64],
                now,
                ["transaction.reserved" if draft.pending else "transaction.posted" for _, draft in fresh],
                [done.public_id for done, _ in fresh],
                [_owner(leg.account.code for leg in draft.legs) for _, draft in fresh],
                [draft.reason for _, draft in fresh],
            ],
        )


def resolved(kind: str, key: UUID, original: Transaction, *, actor: Acting, now: datetime) -> None:
    codes = Account.objects.filter(entries__transaction=original).values_list("code", flat=True)
    events.record(
        type=kind,
        object_ref=ids.encode("txn", key),
        client_ref=_owner(codes),
        actor=actor,
        after={"reason": original.reason_id},
        data={"original": original.public_id},
        occurred_at=now,
    )


def hold(kind: str, row: Hold, *, actor: Acting, now: datetime, before: Mapping[str, Any] | None = None) -> None:
    events.record(
        type=kind,
        object_ref=row.public_id,
        client_ref=row.wallet.owner,
        actor=actor,
        before=before,
        after={"state": row.state, "kind": row.kind},
        occurred_at=now,
    )


def _owner(codes: Iterable[str]) -> str:
    owners = {owner for code in codes if (owner := _owner_of(code))}
    return owners.pop() if len(owners) == 1 else ""


@lru_cache(maxsize=4096)
def _owner_of(code: str) -> str:
    return classify(code)[1]
