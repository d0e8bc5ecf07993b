"""Settlements: a provider pays out what it owes us. What is in it is asked of the provider and promised upward, to
reconciliation; what it changes in the books is posted when the bank shows the money, never before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import CurrencyMismatch, InvalidRequest, Unavailable
from ledger.money import Money
from ledger.posting import Posted, Source
from payments import dispatch, outbox, postings
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.psp.base import PspEvent, SettlementLine
from payments.services import settlement_lines
from payments.services.posting import post_recipe
from payments.verdict import PROCESSED, Verdict

ASK_AGAIN = timedelta(minutes=1)
EVENTS = frozenset({"payout_paid", "payout_failed"})


def apply_event(*, event: PspEvent, connector: str, now: datetime) -> Verdict:
    """Take in that a payout was made, or that it came back. Posts nothing: the bank has not spoken yet."""
    if event.kind == "payout_failed":
        return Verdict(
            state="conflict",
            reason="payout_failed",
            object_ref=event.object_reference,
            amount=f"{event.amount:f}",
            currency=event.currency,
            facts={"payout": event.object_reference, "code": event.code},
        )
    outbox.put(
        "settlement.fetch",
        key=f"{connector}:{event.object_reference}",
        payload={
            "connector": connector,
            "payout_reference": event.object_reference,
            "currency": event.currency,
            "net": Money.of(event.amount, event.currency).text,
            "paid_at": event.occurred_at.isoformat(),
            "itemised": event.facts.get("automatic") is not False,
        },
    )
    return PROCESSED


@dispatch.handler("settlement.fetch")
def fetch(*, payload: dict[str, Any], now: datetime) -> None:
    """Ask the provider for the lines of a payout and promise them upward as `settlement.received`.

    Lines that do not add up to the payout, and payouts that the provider cannot itemise, become a case; the latter
    are still promised, without lines, so that their bank line finds them."""
    dispatch.require_no_transaction()
    connector, reference = payload["connector"], payload["payout_reference"]
    net = Money.of(payload["net"], payload["currency"])
    lines: Sequence[SettlementLine] = ()
    if payload.get("itemised", True):
        try:
            lines = registry.psp(connector).settlement_lines(payout_reference=reference)
        except Unavailable:
            raise dispatch.Later(ASK_AGAIN) from None
        found = sum((line.net for line in settlement_lines.inside(lines, reference)), Decimal(0))
        if found != net.amount or any(line.currency != net.currency for line in lines):
            _raise(connector, reference, net, "The lines of a payout do not add up", found=f"{found:f}")
            return
    else:
        _raise(connector, reference, net, "A payout that the provider does not itemise")
    for deposit in settlement_lines.behind(connector=connector, lines=lines):
        outbox.put("deposit.sync", key=f"{deposit}:{reference}"[:120], payload={"deposit": deposit, "once": True})
    told = {key: payload[key] for key in ("connector", "payout_reference", "currency", "net", "paid_at")}
    outbox.put(
        "settlement.received",
        key=f"{connector}:{reference}",
        payload={**told, "lines": [as_payload(line) for line in lines]},
    )


def as_payload(line: SettlementLine) -> dict[str, str]:
    """A line as JSON: the fields of `SettlementLine`, amounts as decimal text."""
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in asdict(line).items()}


def from_payload(line: Mapping[str, Any] | SettlementLine) -> SettlementLine:
    """The line in `as_payload` form. Raises InvalidRequest (param "lines") for anything else."""
    if isinstance(line, SettlementLine):
        return line
    try:
        gross, fee, net = (Money.of(line[name], line["currency"]).amount for name in ("gross", "fee", "net"))
        return SettlementLine(
            reference=str(line["reference"]),
            kind=str(line["kind"]),
            payment_reference=str(line["payment_reference"]),
            source_reference=str(line["source_reference"]),
            gross=gross,
            fee=fee,
            net=net,
            currency=line["currency"],
        )
    except (KeyError, TypeError):
        raise InvalidRequest("This is not a settlement line.", param="lines") from None


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The posting of the payout, the public ids of the deposits that are settled by it, and the references of lines
    that our books do not explain."""

    posted: Posted
    deposits: tuple[str, ...]
    unexplained: tuple[str, ...]


def settle(
    *,
    connector: str,
    payout_reference: str,
    net: Money,
    bank: str,
    lines: Sequence[SettlementLine | Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> Settled:
    """The bank shows a payout: post it from clearing to the bank's client money, with fees not known before, and
    settle its deposits. The same payout again changes nothing.

    A line that our books do not explain becomes one case per payout. Raises Forbidden, CurrencyMismatch,
    InvalidRequest, DuplicateReference when the payout was settled with another amount or bank."""
    actor.require("reconciliation.match")
    report = [from_payload(line) for line in lines]
    if any(line.currency != net.currency for line in report):
        raise CurrencyMismatch("Lines and payout are in different currencies.", param="lines")

    def work() -> Settled:
        booked = settlement_lines.book(
            connector=connector,
            lines=settlement_lines.inside(report, payout_reference),
            actor=actor,
            now=now,
        )
        posted = post_recipe(
            postings.psp_settled(psp=connector, bank=bank, net=net),
            source=Source(connector, "settlement", payout_reference),
            description=f"Payout {payout_reference}",
            metadata={"payout": payout_reference},
        )
        if posted.replayed:
            return Settled(posted=posted, deposits=booked.deposits, unexplained=booked.unexplained)
        events.record(
            type="settlement.posted",
            object_ref=payout_reference[:60],
            actor=actor,
            after={"net": net.text, "currency": net.currency, "bank": bank},
            data={"transaction": posted.public_id, "deposits": list(booked.deposits)},
            occurred_at=now,
        )
        if booked.unexplained:
            lines_named = ", ".join(booked.unexplained[:20])
            _raise(connector, payout_reference, net, "Lines that our books do not explain", lines=lines_named)
        return Settled(posted=posted, deposits=booked.deposits, unexplained=booked.unexplained)

    return unit_of_work(work)


def _raise(connector: str, reference: str, net: Money, what: str, **facts: str) -> None:
    dispatch.raise_exception(
        category="amount_differs",
        key=f"{connector}:{reference}",
        title=f"{what}: payout {reference}",
        facts={"payout": reference, **facts},
        object_ref=reference[:60],
        amount=net.text,
        currency=net.currency,
    )
