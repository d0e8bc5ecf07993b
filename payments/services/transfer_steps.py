"""Every step of a transfer that changes it: one unit of work each, with the row locked, its event in the same commit.

A step taken twice is taken once. An answer that contradicts a final state changes nothing and becomes a case: money
that was settled or given back is never touched again by a late word of the platform.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger import events, ids, periods, posting
from ledger.database import unit_of_work
from ledger.posting import Source
from payments import decisions, dispatch, outbox
from payments.actors import Actor
from payments.models import Transfer
from payments.services import locking, trading_deal_cases, transfer_cases
from payments.states import TRANSFER

SYSTEM = Actor.system("transfers")
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
FIRST_LOOK = timedelta(seconds=2)
# The platform could not be reached or had no time for us; to people that is one cause.
_UNREACHABLE = ("unreachable", "busy", "auth_failed", "too_frequent")


def new_token() -> str:
    """Our name for one balance operation: 20 characters of a platform comment that holds 31; 90 random bits."""
    return "WW" + "".join(secrets.choice(_LETTERS) for _ in range(18))


def begin(*, transfer_id: UUID, now: datetime) -> Transfer | None:
    """Write the intention to send; the caller sends only what it gets back. None: somebody else's, or done already.

    Finding it `sent` means that an earlier attempt was cut off: it is in doubt, never sent again."""

    def work() -> Transfer | None:
        transfer = locking.locked(Transfer, transfer_id)
        if transfer.state == "sent":
            _doubt(transfer, "interrupted", now)
        if transfer.state != "reserved":
            return None
        transfer.send()
        transfer.sent_at = now
        transfer.save()
        record(transfer, SYSTEM, now, before="reserved", token=transfer.token)
        return transfer

    return unit_of_work(work)


def confirm(
    *,
    transfer_id: UUID,
    ticket: str,
    executed_at: datetime | None = None,
    actor: Actor = SYSTEM,
    now: datetime,
    **facts: Any,
) -> Transfer:
    """The platform did it, under `ticket`: both legs are posted. Raises DuplicateReference when another transfer has
    this ticket."""

    def work() -> Transfer:
        transfer = locking.locked(Transfer, transfer_id)
        if transfer.state == "confirmed" and transfer.platform_ticket == ticket:
            return transfer
        if not TRANSFER.allows("confirm", transfer.state):
            what = f"carried out under ticket {ticket}"
            _contradicted(transfer, what, now, **facts)
            trading_deal_cases.unpaired(transfer, ticket, f"{what}, but the transfer is {transfer.state}")
            return transfer
        before = transfer.state
        posting.settle(
            pending_id=_pending(transfer),
            source=Source(transfer.platform_account.platform, "deal_cash", ticket),
            effective_at=None if executed_at is None else max(transfer.created_at, min(executed_at, now)),
            description=f"Transfer {transfer.public_id}, ticket {ticket}",
            metadata=periods.landing(),
        )
        transfer.confirm()
        transfer.platform_ticket, transfer.ended_at = ticket, now
        transfer.save()
        record(transfer, actor, now, before=before, ticket=ticket, **facts)
        transfer_cases.settle(transfer, f"Confirmed under ticket {ticket}.")
        return transfer

    return unit_of_work(work)


def refuse(*, transfer_id: UUID, code: str, actor: Actor = SYSTEM, now: datetime, **facts: Any) -> Transfer:
    """The platform did not do it: the reservation is voided, the money is where it was."""

    def work() -> Transfer:
        transfer = locking.locked(Transfer, transfer_id)
        if transfer.state == "refused":
            return transfer
        if not TRANSFER.allows("refuse", transfer.state):
            _contradicted(transfer, f"refused ({code})", now, **facts)
            _late(transfer, code)
            return transfer
        before = transfer.state
        posting.void(
            pending_id=_pending(transfer),
            source=Source("payments", "transfer_refused", transfer.public_id),
            description=f"Transfer {transfer.public_id} refused: {code}",
        )
        transfer.refuse()
        transfer.reason_code, transfer.ended_at = reason_code(code), now
        transfer.save()
        record(transfer, actor, now, before=before, code=code, **facts)
        transfer_cases.settle(transfer, f"Refused: {code}.")
        return transfer

    return unit_of_work(work)


def doubt(*, transfer_id: UUID, reason: str, now: datetime, **facts: Any) -> Transfer:
    """No clear answer came: the reservation stays, the platform's history will be asked."""

    def work() -> Transfer:
        transfer = locking.locked(Transfer, transfer_id)
        if transfer.state == "sent":
            _doubt(transfer, reason, now, **facts)
        return transfer

    return unit_of_work(work)


def record(
    transfer: Transfer, actor: Actor, now: datetime, *, before: str | None, type_: str = "", **data: Any
) -> None:
    """Append the event of one step; its type is `transfer.<state>` unless it says otherwise."""
    events.record(
        type=type_ or f"transfer.{transfer.state}",
        object_ref=transfer.public_id,
        client_ref=ids.encode("cl", transfer.client_id),
        actor=actor,
        before=None if before is None else {"state": before},
        after={"state": transfer.state, "amount": transfer.money.text, "currency": transfer.currency},
        data=data or None,
        occurred_at=now,
    )


def reason_code(code: str) -> str:
    """A code that has words for clients; the platform's own code stays in the event."""
    if code in _UNREACHABLE:
        return "unreachable"
    return code if code in decisions.REASON_CODES else "platform_refused"


def _doubt(transfer: Transfer, reason: str, now: datetime, **facts: Any) -> None:
    transfer.doubt()
    transfer.save()
    record(transfer, SYSTEM, now, before="sent", reason=reason, **facts)
    outbox.put(
        "transfer.inquire",
        key=transfer.public_id,
        payload={"transfer": transfer.public_id},
        available_at=now + FIRST_LOOK,
    )


def _contradicted(transfer: Transfer, what: str, now: datetime, **facts: Any) -> None:
    record(transfer, SYSTEM, now, before=transfer.state, type_="transfer.contradicted", what=what, **facts)


def _late(transfer: Transfer, code: str) -> None:
    dispatch.raise_exception(
        category="late_after_final",
        key=f"{transfer.public_id}:refused",
        title=f"Transfer {transfer.public_id} is {transfer.state}, but the platform says that it refused it",
        facts={**transfer_cases.facts_of(transfer), "code": code, "ticket": transfer.platform_ticket},
        client_ref=ids.encode("cl", transfer.client_id),
        object_ref=transfer.public_id,
        amount=transfer.money.text,
        currency=transfer.currency,
    )


def _pending(transfer: Transfer) -> UUID:
    assert transfer.pending_transaction_id is not None  # noqa: S101 (reserved together with its pending transaction)
    return transfer.pending_transaction_id
