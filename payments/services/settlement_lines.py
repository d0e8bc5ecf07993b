"""The lines of a provider's payout against our books: fees we did not know of, reserves, deposits that are settled.

Runs inside the unit of work of `payments.services.settlements.settle`. A line that the books do not explain is named
and left to a person; nothing is posted for it, and no amount is bent to make a batch fit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.connectors.psp.base import PspEvent, SettlementLine
from payments.deposit_checks import contradiction
from payments.deposit_facts import ZERO, merge
from payments.models import Deposit
from payments.postings import Line, Recipe
from payments.services import deposit_changes
from payments.services.posting import post_recipe
from payments.services.walking import Occasion

_DEPOSIT_KINDS = ("charge", "refund", "dispute", "dispute_reversal")


@dataclass(frozen=True, kw_only=True)
class Booked:
    deposits: tuple[str, ...]
    unexplained: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Batch:
    connector: str
    occasion: Occasion


def inside(lines: Iterable[SettlementLine], payout_reference: str) -> list[SettlementLine]:
    """The lines that a payout is made of, without the payout's own line."""
    return [line for line in lines if line.kind != "payout" or line.source_reference != payout_reference]


def book(*, connector: str, lines: Sequence[SettlementLine], actor: Actor, now: datetime) -> Booked:
    """Post what the lines tell us first, settle their deposits, and name the lines our books do not explain."""
    batch = _Batch(connector=connector, occasion=Occasion(actor=actor, happened_at=now, now=now))
    unexplained: list[str] = []
    by_payment: dict[str, list[SettlementLine]] = defaultdict(list)
    for line in lines:
        if line.kind in _DEPOSIT_KINDS:
            by_payment[line.payment_reference].append(line)
        elif not _post_own(batch, line):
            unexplained.append(line.reference)
    settled = [
        deposit.public_id
        for deposit in _locked(connector, by_payment)
        if _settle(batch, deposit, by_payment.pop(deposit.provider_reference), unexplained.append)
    ]
    unexplained += [line.reference for group in by_payment.values() for line in group]
    return Booked(deposits=tuple(settled), unexplained=tuple(unexplained))


def _locked(connector: str, references: Iterable[str]) -> QuerySet[Deposit]:
    known = [reference for reference in references if reference]
    ours = Deposit.objects.filter(connector=connector, provider_reference__in=known)
    return ours.select_related("client").select_for_update(of=("self",)).order_by("pk")


def _post_own(batch: _Batch, line: SettlementLine) -> bool:
    """A line that belongs to no payment: a fee of the account, or a reserve. False for any other kind."""
    money = Money.of(line.net, line.currency)
    clearing, reserve = f"psp/{batch.connector}/clearing", f"psp/{batch.connector}/reserve"
    if not money:
        return line.kind in ("fee", "reserve")
    if line.kind == "fee":
        recipe = (
            postings.psp_fee(psp=batch.connector, fee=-money)
            if money.amount < 0
            else _moved("PSP_FEE", clearing, "house/psp-fees", money)
        )
    elif line.kind == "reserve":
        recipe = (
            _moved("PSP_RESERVE_HELD", reserve, clearing, -money)
            if money.amount < 0
            else _moved("PSP_RESERVE_RELEASED", clearing, reserve, money)
        )
    else:
        return False
    post_recipe(recipe, source=Source(batch.connector, "settlement_line", line.reference))
    return True


def _moved(reason: str, debit: str, credit: str, money: Money) -> Recipe:
    return Recipe(reason, (Line("debit", debit, money), Line("credit", credit, money)))


def _settle(
    batch: _Batch, deposit: Deposit, lines: Sequence[SettlementLine], unexplained: Callable[[str], None]
) -> bool:
    """Compare one payment's lines with its deposit, learn what they tell first; True when the deposit is settled."""
    facts = deposit_changes.known(deposit)
    charges = [line for line in lines if line.kind == "charge"]
    gross, fee = (sum((getattr(line, name) for line in charges), ZERO) for name in ("gross", "fee"))
    new = replace(facts, fee=max(facts.fee or ZERO, fee)) if charges else facts
    whole = bool(charges) and gross == facts.captured and fee == new.fee
    for line in lines:
        if line.kind == "charge":
            if not whole:
                unexplained(line.reference)
        elif line.kind == "refund":
            if -line.gross > facts.refunded:
                unexplained(line.reference)
        else:
            event = _as_event(line, batch.occasion.happened_at)
            if contradiction(new, event):
                unexplained(line.reference)
            else:
                new = merge(new, event)
    new = replace(new, settled=True) if whole else new
    deposit_changes.apply(deposit=deposit, new=new, occasion=batch.occasion)
    return whole


def _as_event(line: SettlementLine, at: datetime) -> PspEvent:
    """What a dispute's line proves: its money left us or came back, with this fee, told by message or not."""
    taken = line.kind == "dispute"
    return PspEvent(
        event_id=line.reference,
        kind="dispute_funds_withdrawn" if taken else "dispute_funds_reinstated",
        payment_reference=line.payment_reference,
        object_reference=line.source_reference,
        our_reference="",
        amount=-line.gross if taken else line.gross,
        currency=line.currency,
        occurred_at=at,
        fee=line.fee if taken else -line.fee,
    )


def behind(*, connector: str, lines: Sequence[SettlementLine]) -> list[str]:
    """Public ids of the deposits of which the provider's lines know more than we do: messages that never came."""
    told: dict[str, Decimal] = defaultdict(Decimal)
    given: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.kind == "charge":
            told[line.payment_reference] += line.gross
        elif line.kind == "refund":
            given[line.payment_reference] -= line.gross
    ours = Deposit.objects.filter(connector=connector, provider_reference__in={*told, *given} - {""})
    return [
        deposit.public_id
        for deposit in ours
        if told[deposit.provider_reference] > deposit.captured or given[deposit.provider_reference] > deposit.refunded
    ]
