"""Withdrawals as the client sees them: what it would cost, asking for it, completing it, calling it off.

The whole amount moves into a hold in the same commit as the request, so it cannot be spent twice; refusing, cancelling
or failing for good gives it back by releasing that hold, never by a posting by hand.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from ledger import accounts, events, holds, ids
from ledger.database import unit_of_work
from ledger.errors import (
    AccountFrozen,
    CurrencyMismatch,
    DomainError,
    InsufficientAvailable,
    InvalidAmount,
    NotFound,
    PolicyRefused,
)
from ledger.money import Money, positive
from ledger.posting import Source
from payments.actors import Actor
from payments.models import Client, PaymentMethod, PolicyRule, Withdrawal
from payments.policy import facts as policy_facts
from payments.policy.decision import Answer, Decision
from payments.services import locking
from payments.states import WITHDRAWAL

# Until the rail's own history says better: approval in a working day, SEPA in one more.
USUALLY_TAKES = timedelta(days=2)
CONNECTORS = {PaymentMethod.Rail.SEPA: "sepa"}


@dataclass(frozen=True)
class Quote:
    """What a withdrawal would cost and meet, before anyone commits to it."""

    money: Money
    fee: Money
    net: Money
    available_to_withdraw: Money
    decision: Decision
    expected_by: datetime

    @property
    def needs_review(self) -> bool:
        return self.decision.verdict in ("review", "hold", "second_approval")

    @property
    def reasons(self) -> list[str]:
        """Why it will take longer or cannot be done, in the client's words."""
        return [answer.client for answer in self.decision.answers if not answer.passed and answer.client]


def fee_of(money: Money) -> Money:
    """The firm's own fee for a withdrawal, from the active policy of its currency; zero when none is set."""
    rule = (
        PolicyRule.objects.filter(code="withdrawal_fee", active=True, currency__in=["", money.currency])
        .order_by("-currency")
        .first()
    )
    return Money.of(Decimal(str(rule.parameters["amount"])), money.currency) if rule else Money.zero(money.currency)


def quote(*, client: Client, money: Money, payment_method: PaymentMethod, now: datetime) -> Quote:
    """Fee, net, what the rules will say and when it should arrive. Changes nothing.

    Raises InvalidAmount, CurrencyMismatch, NotFound for somebody else's payee."""
    fee = _checked_fee(client, money, payment_method)
    facts = policy_facts.withdrawal_facts(client=client, money=money, payment_method=payment_method, now=now)
    return Quote(
        money=money,
        fee=fee,
        net=money - fee,
        available_to_withdraw=facts.available,
        decision=policy_facts.decide_withdrawal(facts),
        expected_by=now + USUALLY_TAKES,
    )


def request(
    *,
    client: Client,
    money: Money,
    payment_method: PaymentMethod,
    actor: Actor,
    now: datetime,
) -> Withdrawal:
    """Ask for a withdrawal: rules, hold and event in one commit, with client and payee as they are at that moment.

    Raises Forbidden, NotFound, InvalidAmount, CurrencyMismatch, InsufficientAvailable, AccountFrozen, PolicyRefused."""
    actor.require("payments.request_withdrawal")
    actor.require_client(client.pk)

    def work() -> Withdrawal:
        # Locked: neither a freeze nor the payee's removal can slip in between the rules and the commit.
        owner = locking.locked(Client, client.pk, param="client")
        payee = locking.locked(PaymentMethod, payment_method.pk, param="payment_method")
        fee = _checked_fee(owner, money, payee)
        facts = policy_facts.withdrawal_facts(client=owner, money=money, payment_method=payee, now=now)
        decision = policy_facts.decide_withdrawal(facts)
        require_not_refused(decision)
        withdrawal = Withdrawal(
            client=owner,
            payment_method=payee,
            connector=CONNECTORS[PaymentMethod.Rail(payee.rail)],
            amount=money.amount,
            currency=money.currency,
            fee=fee.amount,
            approvals_needed=decision.approvals_needed,
            policy=decision.as_json(),
            expected_by=now + USUALLY_TAKES,
            made_by=actor.id,
            maker=actor.person,
        )
        placed = holds.place(
            wallet=accounts.ref(owner.account_code("wallet"), money.currency),
            amount=money.amount,
            kind="withdrawal",
            reason=f"Withdrawal {withdrawal.public_id}",
            actor=actor.id,
            source=Source("payments", "withdrawal_hold", withdrawal.public_id),
        )
        withdrawal.hold_id = placed.hold_id
        withdrawal.save(force_insert=True)
        record(withdrawal, "withdrawal.requested", actor, now, before=None)
        return withdrawal

    return unit_of_work(work)


def cancel(*, withdrawal_id: UUID, actor: Actor, now: datetime) -> Withdrawal:
    """Call a withdrawal off before it is approved; the money is available again at once.

    Raises Forbidden, NotFound, InvalidTransition."""
    actor.require("payments.request_withdrawal")

    def work() -> Withdrawal:
        withdrawal = locking.locked(Withdrawal, withdrawal_id)
        actor.require_client(withdrawal.client_id)
        if withdrawal.state == "cancelled":
            return withdrawal
        WITHDRAWAL.require("cancel", withdrawal.state)
        before = withdrawal.state
        withdrawal.cancel()
        end_without_paying(withdrawal, now)
        record(withdrawal, "withdrawal.cancelled", actor, now, before=before)
        return withdrawal

    return unit_of_work(work)


def resubmit(*, withdrawal_id: UUID, actor: Actor, now: datetime) -> Withdrawal:
    """What was missing is there: back to the queue, with a new content hash. Raises Forbidden, InvalidTransition."""
    actor.require("payments.request_withdrawal")

    def work() -> Withdrawal:
        withdrawal = locking.locked(Withdrawal, withdrawal_id)
        actor.require_client(withdrawal.client_id)
        WITHDRAWAL.require("resubmit", withdrawal.state)
        before = withdrawal.state
        withdrawal.resubmit()
        withdrawal.reason_code = withdrawal.client_message = ""
        withdrawal.save()
        record(withdrawal, "withdrawal.resubmitted", actor, now, before=before)
        return withdrawal

    return unit_of_work(work)


def find(public_id: str) -> Withdrawal:
    """The withdrawal with this public id. Raises NotFound."""
    withdrawal = Withdrawal.objects.filter(pk=Withdrawal.key(public_id)).select_related("client").first()
    if withdrawal is None:
        raise NotFound
    return withdrawal


def end_without_paying(withdrawal: Withdrawal, now: datetime) -> None:
    """Release the hold and end: the money is where it was. Call with the row locked, inside the transaction."""
    if withdrawal.hold_id is not None:
        holds.release(
            hold_id=withdrawal.hold_id,
            source=Source("payments", "withdrawal_release", withdrawal.public_id),
            description=f"Withdrawal {withdrawal.public_id} ended without payment",
        )
    withdrawal.ended_at = now
    withdrawal.save()


def record(
    withdrawal: Withdrawal,
    event_type: str,
    actor: Actor,
    now: datetime,
    *,
    before: str | None,
    **data: object,
) -> None:
    """Append the event of one step of a withdrawal."""
    events.record(
        type=event_type,
        object_ref=withdrawal.public_id,
        client_ref=ids.encode("cl", withdrawal.client_id),
        actor=actor,
        before=None if before is None else {"state": before},
        after={"state": withdrawal.state, "amount": withdrawal.money.text, "currency": withdrawal.currency},
        data=dict(data) or None,
        occurred_at=now,
    )


def require_not_refused(decision: Decision) -> None:
    """Raise the error that belongs to the first refusing rule, if any."""
    if (answer := decision.refusal) is not None:
        raise _refusal(answer)


def require_still_allowed(withdrawal: Withdrawal, now: datetime) -> Decision:
    """Ask the rules again with today's facts, because things change. Call with the withdrawal's row locked.

    Raises AccountFrozen, InsufficientAvailable, PolicyRefused."""
    # One per client at a time: the daily total that decides on a second approver must not be raced.
    client = locking.locked(Client, withdrawal.client_id)
    facts = policy_facts.withdrawal_facts(
        client=client,
        money=withdrawal.money,
        payment_method=withdrawal.payment_method,
        now=now,
        excluding=withdrawal,
    )
    decision = policy_facts.decide_withdrawal(facts)
    require_not_refused(decision)
    return decision


def _refusal(answer: Answer) -> DomainError:
    if answer.rule == "available_funds":
        return InsufficientAvailable(answer.client, param="amount", **answer.figures)
    if answer.rule == "client_active":
        return AccountFrozen(answer.client, rule=answer.rule)
    return PolicyRefused(answer.client, rule=answer.rule, **answer.figures)


def _checked_fee(client: Client, money: Money, payment_method: PaymentMethod) -> Money:
    positive(money)
    if payment_method.client_id != client.pk:
        raise NotFound("There is no such payee.", param="payment_method")
    if payment_method.rail not in CONNECTORS:
        raise PolicyRefused("We cannot pay out to this payee.", param="payment_method")
    if payment_method.currency != money.currency:
        raise CurrencyMismatch(f"This payee takes {payment_method.currency}.", param="currency")
    fee = fee_of(money)
    if fee >= money:
        raise InvalidAmount(f"The amount does not cover the fee of {fee}.", param="amount")
    return fee
