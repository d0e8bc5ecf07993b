"""Account notifications (camt.054) read as payout states.

A booked debit that carries our EndToEndId means paid. A booked credit with return information, or the
reversal of a debit, means that the money came back, tied by the original EndToEndId. Everything else on the
account (receipts, fees, returns of receipts) is no payout and is left to reconciliation. It must never call
an unbooked entry settled.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from payments.connectors.bank.account_report import AccountReport, Entry, read_reports
from payments.connectors.bank.base import PayoutStatus
from payments.connectors.bank.entry_detail import EntryDetail
from payments.connectors.bank.iso20022 import Message


@dataclass(frozen=True, kw_only=True)
class _Line:
    report: AccountReport
    entry: Entry
    detail: EntryDetail


def read_status(message: Message) -> tuple[PayoutStatus, ...]:
    """The payout states of a notification. Raises InvalidRequest (param "file") when it cannot be read
    exactly."""
    return tuple(status for line in _lines(message) for status in _status(line))


def _lines(message: Message) -> Iterator[_Line]:
    for report in read_reports(message):
        for entry in report.entries:
            for detail in entry.details:
                if detail.end_to_end_id:
                    yield _Line(report=report, entry=entry, detail=detail)


def _status(line: _Line) -> list[PayoutStatus]:
    state = _state(line.entry, line.detail)
    if not state:
        return []
    facts: dict[str, Any] = {
        "account": line.report.account,
        "report": line.report.report_id,
        "entry_status": line.entry.status,
        "reversal": line.entry.reversal,
    }
    if line.entry.status != "BOOK":
        facts["warning"] = f"The entry is not booked ({line.entry.status or 'no status'}): taken as received."
        state = "received"
    return [
        PayoutStatus(
            message_id=line.detail.message_id or line.entry.batch_message_id,
            end_to_end_id=line.detail.end_to_end_id,
            state=state,
            iso_status="",
            reason_code=line.detail.return_reason,
            reason_text=line.detail.return_text,
            amount=_amount(line),
            currency=line.entry.currency,
            bank_reference=line.detail.servicer_reference or line.entry.servicer_reference,
            occurred_at=_booked_at(line.entry),
            facts=facts,
        )
    ]


def _state(entry: Entry, detail: EntryDetail) -> str:
    """ "" when the line says nothing about a payout of ours."""
    if detail.is_return or entry.reversal:
        return "returned" if detail.credit else ""  # a debit here gives back a receipt: not a payout
    return "" if detail.credit else "settled"


def _amount(line: _Line) -> Decimal | None:
    if line.detail.amount is None and len(line.entry.details) == 1:
        return line.entry.amount
    return line.detail.amount


def _booked_at(entry: Entry) -> datetime | None:
    """The booking time; of a bare date its beginning in UTC (the date itself is the bank's, without a
    zone)."""
    if entry.booked_at or not entry.booked_on:
        return entry.booked_at
    return datetime.combine(entry.booked_on, time.min, tzinfo=UTC)
