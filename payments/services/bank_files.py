"""Files from banks: fetched, kept untouched, then read. Status reports move payouts; statements are passed upward.

The mailbox is told to forget a file only after it is safely stored with us, so a crash in between fetches it again and
finds it already there.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.database import unit_of_work
from payments import dispatch, outbox
from payments.connectors import registry
from payments.connectors.bank.base import BankFile
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
    known = ProviderEvent.objects.filter(connector=bank, event_id=event.event_id, body_sha256=event.body_sha256)
    if known.exists():
        return 0
    event.save(force_insert=True)
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
        unit_of_work(
            lambda: outbox.put(
                "statement.received",
                key=event.public_id,
                payload={"event": event.public_id, "bank": event.connector},
            )
        )
    else:
        unit_of_work(
            lambda: dispatch.raise_exception(
                category="unreadable_file",
                key=event.public_id,
                title=f"{event.headers.get('name', 'A file')} from {event.connector} has an unknown format",
                facts={"event": event.public_id},
            )
        )
    finish(event, now)


def _apply_statuses(event: ProviderEvent, now: datetime) -> None:
    file = BankFile(
        reference=event.event_id,
        name=event.headers.get("name", ""),
        kind=event.event_type,
        content=bytes(event.body),
    )
    for status in registry.bank(event.connector).read_status(file=file):
        if withdrawal_outcomes.apply_status(status=status, connector=event.connector, now=now):
            continue
        with transaction.atomic():
            dispatch.raise_exception(
                category="unknown_payment",
                key=f"{event.connector}:{status.message_id}:{status.end_to_end_id}:{status.state}",
                title=f"{event.connector} reports a payout that is none of ours",
                facts={"end_to_end_id": status.end_to_end_id, "state": status.state, "event": event.public_id},
                amount=str(status.amount or ""),
                currency=status.currency,
            )


def finish(event: ProviderEvent, now: datetime, *, state: str = ProviderEvent.State.PROCESSED) -> None:
    """Mark a stored message as handled."""
    ProviderEvent.objects.filter(pk=event.pk).update(state=state, processed_at=now)
