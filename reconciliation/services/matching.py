"""Matching: carries the sure matches out, and hands the rest to people.

A sure match moves money by the movement's own service, together with the match row, in one commit. One line of the bank
explains one movement, and one movement one line: a second line is a second fact and never swallowed. Money that arrived
and is nobody's goes to suspense at once, with an exception; money that left unexplained is an exception.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DomainError, InvalidAmount, InvalidTransition
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.actors import Actor
from payments.models import WithdrawalAttempt
from payments.services import locking, settlements, withdrawal_outcomes
from payments.services.posting import post_recipe
from reconciliation.matching import rules
from reconciliation.matching.rules import Candidate, Proposal
from reconciliation.models import ExternalRecord, Match, Statement
from reconciliation.services import candidates, exceptions

SYSTEM = Actor.system("matching")
# A bank line that names a provider's payout may arrive before the provider's own report of it.
WAIT_FOR_REPORT = timedelta(hours=24)
PROVIDER_TOKENS = ("po_",)


def match_records(records: Sequence[ExternalRecord], *, bank: str, actor: Actor, now: datetime) -> Counter[str]:
    """Match each record that is not matched yet; returns how many ended "matched", "suspended", "waiting" or "open"."""
    found = candidates.of_records(records, bank=bank)
    outcomes: Counter[str] = Counter()
    for record in records:
        proposals = rules.propose(candidates.line_of(record), found[record.pk])
        outcomes[_carry_out(record, proposals, bank, actor, now)] += 1
    return outcomes


def preview(records: Sequence[ExternalRecord], *, bank: str) -> list[Proposal | None]:
    """What would match by itself, without writing anything."""
    found = candidates.of_records(records, bank=bank)
    return [rules.automatic(rules.propose(candidates.line_of(record), found[record.pk])) for record in records]


def proposals_for(record: ExternalRecord, *, bank: str) -> list[Proposal]:
    """Everything the line could be, best first, for a person to look at."""
    return rules.propose(candidates.line_of(record), candidates.of_records([record], bank=bank)[record.pk])


def match_waiting(*, now: datetime) -> Counter[str]:
    """Try again the bank lines that wait for a provider's report; those that waited too long go to suspense."""
    outcomes: Counter[str] = Counter()
    unmatched = ExternalRecord.objects.filter(state="unmatched", kind=ExternalRecord.Kind.BANK_LINE)
    waiting = list(unmatched.select_related("statement__account").order_by("id")[:500])
    by_bank: dict[str, list[ExternalRecord]] = defaultdict(list)
    for record in waiting:
        by_bank[record.source.removeprefix("bank:")].append(record)
    for bank, records in by_bank.items():
        outcomes += match_records(records, bank=bank, actor=SYSTEM, now=now)
    for statement in Statement.objects.filter(state="parsed", records__in=[r.pk for r in waiting]).distinct():
        close_statement(statement, now=now)
    return outcomes


def close_statement(statement: Statement, *, now: datetime) -> None:
    """A statement is matched when none of its lines is open any more."""
    if statement.state == "parsed" and not statement.records.filter(state="unmatched").exists():
        Statement.objects.filter(pk=statement.pk, state="parsed").update(state="matched")


# --- carrying out -----------------------------------------------------------------------------------------------------


def _carry_out(record: ExternalRecord, proposals: list[Proposal], bank: str, actor: Actor, now: datetime) -> str:
    sure = rules.automatic(proposals)
    if sure is not None:
        try:
            return unit_of_work(lambda: _match(record.pk, sure, bank, actor, now))
        except InvalidAmount as error:
            return _except(record, "amount_differs", f"{sure.candidate.ref}: {error.detail}", proposals, bank, now)
        except DomainError as error:
            return _except(record, "late_after_final", f"{sure.candidate.ref}: {error.detail}", proposals, bank, now)
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
    """A payout is named whose report has not come yet; one that came is a candidate, or has found its line already."""
    named = [token for token in candidates.line_of(record).tokens if token.startswith(PROVIDER_TOKENS)]
    if not named or now - record.created_at >= WAIT_FOR_REPORT:
        return False
    return not ExternalRecord.objects.filter(kind=ExternalRecord.Kind.PSP_PAYOUT, reference__in=named).exists()


def _match(record_id: UUID, proposal: Proposal, bank: str, actor: Actor, now: datetime) -> str:
    record = locking.locked(ExternalRecord, record_id)
    if record.state != "unmatched":  # another worker was here meanwhile: matched, or in suspense
        return "matched" if record.state == "matched" else "open"
    candidate, money = proposal.candidate, Money.of(record.amount, record.currency)
    if candidate.kind == "withdrawal":
        withdrawal_outcomes.settle(
            end_to_end_id=candidate.end_to_end_id, connector=bank, net=-money, bank=bank, actor=actor, now=now
        )
    elif candidate.kind == "withdrawal_return":
        attempt = WithdrawalAttempt.objects.get(end_to_end_id=candidate.end_to_end_id, withdrawal__connector=bank)
        if not withdrawal_outcomes.return_paid(attempt_id=attempt.pk, reason_code=record.return_reason, now=now):
            raise InvalidTransition("This payout was never paid.", state=attempt.state, action="return")
    else:
        _settle_psp(candidate, money, bank, actor, now)
    _require_first(record, candidate)
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
    return "matched"


def _require_first(record: ExternalRecord, candidate: Candidate) -> None:
    """No other line says the same of this movement. Call when the movement's row is locked."""
    same_side = {"record__amount__gt": 0} if record.amount > 0 else {"record__amount__lt": 0}
    if Match.objects.filter(target_ref=candidate.ref, undone_at__isnull=True, **same_side).exists():
        raise InvalidTransition("Another line of the bank is matched to it already.", action="match")


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

    def work() -> str:
        row = locking.locked(ExternalRecord, record.pk)
        if row.state != "unmatched":
            return "matched" if row.state == "matched" else "open"
        if money.amount > 0:
            post_recipe(
                postings.receipt_unmatched(bank=bank, money=money, account=candidates.account_of(record)),
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
                "account": candidates.account_of(record),
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
        return "suspended" if money.amount > 0 else "open"

    return unit_of_work(work)


def _record(record: ExternalRecord, event_type: str, actor: Actor, now: datetime, **data: str) -> None:
    events.record(
        type=event_type,
        object_ref=record.public_id,
        actor=actor,
        after={"state": record.state},
        data=data,
        occurred_at=now,
    )
