"""Matching: gathers what a line could be, lets the rules decide, and carries the sure matches out.

A sure match moves money by the movement's own service, together with the match row, in one commit. Money that arrived
and is nobody's goes to suspense at once, with an exception; money that left unexplained is an exception.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DomainError
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.models import Client, PaymentMethod, WithdrawalAttempt
from payments.services import locking, settlements, withdrawal_outcomes
from payments.services.posting import post_recipe
from reconciliation.matching import rules
from reconciliation.matching.rules import Candidate, Line, Proposal
from reconciliation.models import ExternalRecord, Match, Statement
from reconciliation.services import exceptions

SYSTEM = Actor.system("matching")
# A bank line that names a provider's payout may arrive before the provider's own report of it.
WAIT_FOR_REPORT = timedelta(hours=24)
PROVIDER_TOKENS = ("po_",)


def match_records(records: Sequence[ExternalRecord], *, bank: str, actor: Actor, now: datetime) -> Counter[str]:
    """Match each record that is not matched yet; returns how many ended "matched", "suspended", "waiting" or "open"."""
    candidates = _candidates(records, bank)
    outcomes: Counter[str] = Counter()
    for record in records:
        proposals = rules.propose(line_of(record), candidates[record.pk])
        outcomes[_carry_out(record, proposals, bank, actor, now)] += 1
    return outcomes


def preview(records: Sequence[ExternalRecord], *, bank: str) -> list[Proposal | None]:
    """What would match by itself, without writing anything."""
    candidates = _candidates(records, bank)
    return [rules.automatic(rules.propose(line_of(record), candidates[record.pk])) for record in records]


def proposals_for(record: ExternalRecord, *, bank: str) -> list[Proposal]:
    """Everything the line could be, best first, for a person to look at."""
    return rules.propose(line_of(record), _candidates([record], bank)[record.pk])


def match_waiting(*, now: datetime) -> Counter[str]:
    """Try again the bank lines that wait for a provider's report; those that waited too long go to suspense."""
    outcomes: Counter[str] = Counter()
    waiting = ExternalRecord.objects.filter(state="unmatched", kind=ExternalRecord.Kind.BANK_LINE)
    by_bank: dict[str, list[ExternalRecord]] = defaultdict(list)
    for record in waiting.order_by("id")[:500]:
        by_bank[record.source.removeprefix("bank:")].append(record)
    for bank, records in by_bank.items():
        outcomes += match_records(records, bank=bank, actor=SYSTEM, now=now)
    return outcomes


def close_statement(statement: Statement, *, now: datetime) -> None:
    """A statement is matched when none of its lines is open any more."""
    if statement.state == "parsed" and not statement.records.filter(state="unmatched").exists():
        Statement.objects.filter(pk=statement.pk, state="parsed").update(state="matched")


def line_of(record: ExternalRecord) -> Line:
    """An external record as the rules see it."""
    return Line(
        money=Money.of(record.amount, record.currency),
        end_to_end_id=record.end_to_end_id,
        is_return=record.is_return,
        text=f"{record.reference} {record.remittance}",
        name=record.counterparty_name,
        iban=record.counterparty_iban,
        on=record.booked_on or record.value_on,
    )


# --- candidates: a fixed number of queries, however many lines --------------------------------------------------------


def _candidates(records: Sequence[ExternalRecord], bank: str) -> dict[UUID, list[Candidate]]:
    lines = {record.pk: line_of(record) for record in records}
    tokens = {token for line in lines.values() for token in line.tokens}
    ours = _payouts({line.end_to_end_id for line in lines.values() if line.end_to_end_id} | tokens, bank)
    theirs = _psp_payouts(tokens)
    clients = _clients(lines.values())
    return {
        key: [
            candidate
            for reference in {line.end_to_end_id, *line.tokens}
            for candidate in (*ours.get(reference, ()), *theirs.get(reference, ()))
        ]
        + (clients if line.money.amount > 0 else [])
        for key, line in lines.items()
    }


def _payouts(references: set[str], bank: str) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = defaultdict(list)
    attempts = WithdrawalAttempt.objects.filter(
        end_to_end_id__in=references, withdrawal__connector=bank
    ).select_related("withdrawal")
    for attempt in attempts:
        net = attempt.withdrawal.net
        for kind, money in (("withdrawal", -net), ("withdrawal_return", net)):
            found[attempt.end_to_end_id].append(
                Candidate(kind=kind, ref=attempt.withdrawal.public_id, money=money, end_to_end_id=attempt.end_to_end_id)
            )
    return found


def _psp_payouts(tokens: set[str]) -> dict[str, list[Candidate]]:
    rows = ExternalRecord.objects.filter(kind="psp_payout", reference__in=tokens, state="unmatched")
    found: dict[str, list[Candidate]] = defaultdict(list)
    for row in rows:
        found[row.reference].append(
            Candidate(
                kind="psp_payout",
                ref=row.public_id,
                money=Money.of(row.amount, row.currency),
                provider_reference=row.reference,
            )
        )
    return found


def _clients(lines: object) -> list[Candidate]:
    seen = [line for line in lines if line.money.amount > 0]  # type: ignore[attr-defined]
    names, ibans = {line.name for line in seen if line.name}, {line.iban for line in seen if line.iban}
    methods = PaymentMethod.objects.filter(iban__in=ibans).values_list("client_id", "iban")
    known: dict[UUID, list[str]] = defaultdict(list)
    for client_id, iban in methods:
        known[client_id].append(iban)
    clients = Client.objects.filter(Q(pk__in=known) | Q(name__in=names)).order_by("id")
    return [
        Candidate(kind="client", ref=client.public_id, name=client.name, ibans=tuple(known[client.pk]))
        for client in clients
    ]


# --- carrying out -----------------------------------------------------------------------------------------------------


def _carry_out(record: ExternalRecord, proposals: list[Proposal], bank: str, actor: Actor, now: datetime) -> str:
    sure = rules.automatic(proposals)
    if sure is not None:
        try:
            unit_of_work(lambda: _match(record.pk, sure, bank, actor, now))
            return "matched"
        except DomainError as error:
            return _except(record, "amount_differs", f"{sure.candidate.ref}: {error.detail}", proposals, bank, now)
    referenced = next((p for p in proposals if p.tier <= 2), None)
    if referenced is not None:
        differs = " and ".join(referenced.differs) or "claim"
        return _except(record, "amount_differs", f"{referenced.candidate.ref}: {differs} differs", proposals, bank, now)
    if _waits_for_report(record, now):
        return "waiting"
    if record.amount > 0:
        return _except(record, "unmatched_receipt", "Received, owner unknown", proposals, bank, now)
    return _except(record, "unmatched_debit", "Bank debit that no payout of ours explains", proposals, bank, now)


def _waits_for_report(record: ExternalRecord, now: datetime) -> bool:
    named = any(token.startswith(PROVIDER_TOKENS) for token in line_of(record).tokens)
    return named and now - record.created_at < WAIT_FOR_REPORT


def _match(record_id: UUID, proposal: Proposal, bank: str, actor: Actor, now: datetime) -> None:
    record = locking.locked(ExternalRecord, record_id)
    if record.state == "matched":
        return
    candidate, money = proposal.candidate, Money.of(record.amount, record.currency)
    if candidate.kind == "withdrawal":
        withdrawal_outcomes.settle(
            end_to_end_id=candidate.end_to_end_id, connector=bank, net=-money, bank=bank, actor=actor, now=now
        )
    elif candidate.kind == "withdrawal_return":
        attempt = WithdrawalAttempt.objects.get(end_to_end_id=candidate.end_to_end_id, withdrawal__connector=bank)
        withdrawal_outcomes.return_paid(attempt_id=attempt.pk, reason_code=record.return_reason, now=now)
    else:
        _settle_psp(candidate, money, bank, actor, now)
    Match(
        record=record,
        target_ref=candidate.ref,
        rule=proposal.rule,
        tier=proposal.tier,
        score=proposal.score,
        actor=actor.id,
    ).save(force_insert=True)
    record.state = "matched"
    record.save(update_fields=["state"])
    _record(record, "record.matched", actor, now, target=candidate.ref, rule=proposal.rule)


def _settle_psp(candidate: Candidate, money: Money, bank: str, actor: Actor, now: datetime) -> None:
    payout = locking.locked(ExternalRecord, ExternalRecord.key(candidate.ref))
    settlements.settle(
        connector=payout.source.removeprefix("psp:"),
        payout_reference=payout.reference,
        net=money,
        bank=bank,
        lines=payout.raw["lines"],
        actor=actor,
        now=now,
    )
    payout.state = "matched"
    payout.save(update_fields=["state"])
    payout.lines.filter(state="unmatched").update(state="matched")


def _except(
    record: ExternalRecord, category: str, what: str, proposals: list[Proposal], bank: str, now: datetime
) -> str:
    """Nobody's yet: what arrived is booked to suspense, and a person is told, with what it could be."""
    money = Money.of(record.amount, record.currency)

    def work() -> None:
        row = locking.locked(ExternalRecord, record.pk)
        if row.state != "unmatched":
            return
        if money.amount > 0:
            post_recipe(
                postings.receipt_unmatched(bank=bank, money=money),
                source=Source("reconciliation", "receipt", row.public_id),
                description="Received, owner unknown",
            )
        row.state = "exception"
        row.save(update_fields=["state"])
        exceptions.raise_case(
            category=category,
            key=row.public_id,
            title=f"{money}: {what}",
            facts={
                "bank": bank,
                "remittance": row.remittance[:500],
                "sender": row.counterparty_name,
                "candidates": [
                    {"ref": p.candidate.ref, "rule": p.rule, "tier": p.tier, "score": p.score,
                     "agrees": list(p.agrees), "differs": list(p.differs)}
                    for p in proposals[:5]
                ],
            },
            object_ref=row.public_id,
            money=abs(money),
            now=now,
        )  # fmt: skip

    unit_of_work(work)
    return "suspended" if money.amount > 0 else "open"


def _record(record: ExternalRecord, event_type: str, actor: Actor, now: datetime, **data: str) -> None:
    events.record(
        type=event_type,
        object_ref=record.public_id,
        actor=actor,
        after={"state": record.state},
        data=data,
        occurred_at=now,
    )
