"""PSP settlement reports: what a provider says it pays out, kept line by line until the bank shows the money."""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from ledger.database import unit_of_work
from ledger.money import Money
from payments import dispatch
from reconciliation.models import ExternalRecord
from reconciliation.services import matching


@dispatch.handler("settlement.received")
def receive(*, payload: dict[str, Any], now: datetime) -> None:
    """Keep a payout report, once, then look whether its bank line is waiting."""
    unit_of_work(lambda: _store(payload, now))
    matching.match_waiting(now=now)


def _store(payload: dict[str, Any], now: datetime) -> None:
    source, reference = f"psp:{payload['connector']}", payload["payout_reference"]
    if ExternalRecord.objects.filter(source=source, kind="psp_payout", identity=reference).exists():
        return
    net = Money.of(payload["net"], payload["currency"])
    paid_at = parse_datetime(payload["paid_at"]) if payload.get("paid_at") else now
    payout = ExternalRecord(
        source=source,
        kind=ExternalRecord.Kind.PSP_PAYOUT,
        identity=reference,
        reference=reference,
        amount=net.amount,
        currency=net.currency,
        booked_on=paid_at.date() if paid_at else None,
        raw={"lines": payload["lines"]},
    )
    payout.save(force_insert=True)
    ExternalRecord.objects.bulk_create(
        [
            ExternalRecord(
                source=source,
                kind=ExternalRecord.Kind.PSP_LINE,
                identity=line["reference"],
                reference=line["source_reference"],
                parent=payout,
                position=position,
                amount=Money.of(line["gross"], net.currency).amount,
                fee=Money.of(line["fee"], net.currency).amount,
                currency=net.currency,
                raw=line,
            )
            for position, line in enumerate(payload["lines"], start=1)
        ],
        ignore_conflicts=True,
    )
