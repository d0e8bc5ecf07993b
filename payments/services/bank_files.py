"""Files from banks: fetched, kept untouched, then read. Status reports move payouts; statements are passed upward.

The mailbox is told to forget a file only after it is safely stored with us, so a crash in between fetches it again and
finds it already there.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.database import unit_of_work
from ledger.errors import InvalidRequest
from payments import dispatch, outbox
from payments.connectors import registry
from payments.connectors.bank.base import BankFile, PayoutStatus
from payments.models import ProviderEvent
from payments.services import withdrawal_outcomes

STATUS_KINDS = ("pain.002", "camt.054")
STATEMENT_KINDS = ("camt.053", "camt.052")


def fetch(*, bank: str, now: datetime) -> int:
    """Fetch what the bank's mailbox has for us and promise to read it. Returns how many files were new."""
    dispatch.require_no_transaction()
    connector = registry.bank(bank)
    new = 0
    for file in connector.fetch_files():
        new += unit_of_work(lambda file=file: _store(bank, file))  # type: ignore[misc]
        connector.acknowledge_file(reference=file.reference)
    return new


def _store(bank: str, file: BankFile) -> int:
    event = ProviderEvent(
        connector=bank,
        event_id=file.reference,
        event_type=file.kind,
        headers={"name": file.name},
        body=file.content,
        body_sha256=hashlib.sha256(file.content).hexdigest(),
    )
    ProviderEvent.objects.bulk_create([event], ignore_conflicts=True)  # another worker may have it by now
    if not ProviderEvent.objects.filter(pk=event.pk).exists():
        return 0
    outbox.put("bank_file.read", key=event.public_id, payload={"event": event.public_id})
    return 1


@dispatch.handler("bank_file.read")
def read(*, payload: dict[str, Any], now: datetime) -> None:
    """Read one stored file: statuses are applied here, statements are promised to reconciliation."""
    event = ProviderEvent.objects.get(pk=ProviderEvent.key(payload["event"]))
    if event.state != ProviderEvent.State.STORED:
        return
    if event.event_type in STATUS_KINDS:
        _apply_statuses(event, now)
    elif event.event_type in STATEMENT_KINDS:
        _promise_statement(event, now)
    else:
        _refuse(event, "has an unknown format", now)


def _promise_statement(event: ProviderEvent, now: datetime) -> None:
    def work() -> None:
        payload = {"event": event.public_id, "bank": event.connector}
        outbox.put("statement.received", key=event.public_id, payload=payload)
        finish(event, now)

    unit_of_work(work)


def _refuse(event: ProviderEvent, why: str, now: datetime) -> None:
    def work() -> None:
        dispatch.raise_exception(
            category="unreadable_file",
            key=event.public_id,
            title=f"{event.headers.get('name', 'A file')} from {event.connector} {why}"[:200],
            facts={"event": event.public_id, "why": why},
        )
        finish(event, now, state=ProviderEvent.State.FAILED)

    unit_of_work(work)


def _apply_statuses(event: ProviderEvent, now: datetime) -> None:
    """Every status of the file, each in its own transaction: one that cannot be applied must not stop the others."""
    file = BankFile(
        reference=event.event_id,
        name=event.headers.get("name", ""),
        kind=event.event_type,
        content=bytes(event.body),
    )
    try:
        statuses = registry.bank(event.connector).read_status(file=file)
    except InvalidRequest as error:
        _refuse(event, f"cannot be read: {error.detail}", now)
        return
    failed: Exception | None = None
    for status in statuses:
        try:
            _apply(status, event, now)
        except Exception as error:  # told again below, when the rest is done
            failed = error
    if failed is not None:
        raise failed
    finish(event, now)


def _apply(status: PayoutStatus, event: ProviderEvent, now: datetime) -> None:
    if withdrawal_outcomes.apply_status(status=status, connector=event.connector, now=now):
        return
    with transaction.atomic():
        dispatch.raise_exception(
            category="unknown_payment",
            key=f"{event.connector}:{status.message_id}:{status.end_to_end_id}:{status.state}",
            title=f"{event.connector} reports a payout that is none of ours",
            facts={
                "end_to_end_id": status.end_to_end_id,
                "state": status.state,
                "amount": f"{status.amount} {status.currency}",
                "event": event.public_id,
            },
            amount=f"{status.amount:f}" if status.amount else "",
            currency=status.currency,
        )


def finish(event: ProviderEvent, now: datetime, *, state: str = ProviderEvent.State.PROCESSED) -> None:
    """Mark a stored message as handled."""
    ProviderEvent.objects.filter(pk=event.pk).update(state=state, processed_at=now)
