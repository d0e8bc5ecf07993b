"""What happens to a deposit when something becomes known about it: postings, steps and events, in one unit of work.

The stored facts are what has been posted so far, because both are always written together; so the difference between
them and the new facts is exactly what remains to be posted, whatever order the messages took. Called with the deposit
locked. It must never speak to a provider, and never post anything that the facts do not say.
"""

from datetime import datetime

from ledger import events
from ledger.money import Money
from payments import dispatch
from payments.actors import Actor
from payments.deposit_facts import Facts, changes, state
from payments.models import Client, Deposit
from payments.services import deposit_postings, disputes
from payments.services.walking import Occasion, walk
from payments.states import DEPOSIT

_STAGES = ("initiated", "authorised", "failed", "cancelled", "expired")
_ENDED = ("cancelled", "expired")


def known(deposit: Deposit) -> Facts:
    """The facts that are stored, and therefore posted."""

    def amount(value: object) -> Money:
        return Money.of(value, deposit.currency)  # type: ignore[arg-type]  # Money refuses what is no amount

    return Facts(
        asked=deposit.money.amount,
        currency=deposit.currency,
        stage=deposit.state if deposit.state in _STAGES else "initiated",
        failure_code=deposit.failure_code,
        captured=amount(deposit.captured).amount,
        refunded=amount(deposit.refunded).amount,
        fee=None if deposit.fee is None else amount(deposit.fee).amount,
        settled=deposit.settled_at is not None,
        disputes=disputes.known(deposit),
    )


def apply(*, deposit: Deposit, new: Facts, occasion: Occasion) -> bool:
    """Make the locked `deposit` agree with the `new` facts; False when there was nothing new.

    Posts the differences to the ledger, walks the states of deposit, disputes and refunds, records events, and raises
    an exception for money that came after we had given up. Raises what posting raises; nothing remains then."""
    old = known(deposit)
    if new == old:
        return False
    # One change of a client's deposits at a time: what arrives must see the debt, and a chargeback what arrived.
    Client.objects.select_for_update(no_key=True).get(pk=deposit.client_id)
    before = _figures(old)
    late = _is_late(deposit, old, new, occasion)
    for change in changes(old, new):
        deposit_postings.post_change(deposit, change, occasion)
    disputes.learn(deposit, old.disputes, new.disputes, occasion)
    _store(deposit, new, occasion)
    _walk(deposit, old, new, before, occasion)
    if new.captured > old.captured:
        deposit_postings.recover_debt(
            deposit,
            arrived=Money.of(new.captured - old.captured, deposit.currency),
            total=Money.of(new.captured, deposit.currency),
            occasion=occasion,
        )
    if late:
        _tell_late(deposit, old, new)
    return True


def _figures(facts: Facts) -> dict[str, object]:
    def text(amount: object) -> str:
        return Money.of(amount, facts.currency).text  # type: ignore[arg-type]

    return {
        "captured": text(facts.captured),
        "refunded": text(facts.refunded),
        "disputed": text(facts.disputed),
        "reinstated": text(facts.reinstated),
        "fee": None if facts.fee is None else text(facts.fee),
        "settled": facts.settled,
    }


def _store(deposit: Deposit, new: Facts, occasion: Occasion) -> None:
    deposit.captured, deposit.refunded = new.captured, new.refunded
    deposit.disputed, deposit.reinstated = new.disputed, new.reinstated
    deposit.fee, deposit.failure_code = new.fee, new.failure_code[:60]
    if new.captured and deposit.captured_at is None:
        deposit.captured_at = occasion.happened_at
    if new.settled and deposit.settled_at is None:
        deposit.settled_at = occasion.happened_at


def _walk(deposit: Deposit, old: Facts, new: Facts, before: dict[str, object], occasion: Occasion) -> None:
    """Walk to the state the facts lead to, by way of every step that really happened; save in any case."""
    stops = [state(new)]
    if new.refunded > old.refunded and not old.disputes:
        stops.insert(0, "refunded")
    if new.captured and not old.captured:
        stops.insert(0, "captured")
    client_ref = deposit.client.public_id
    passed = walk(
        deposit,
        DEPOSIT,
        stops,
        before=before,
        after=_figures(new),
        occasion=occasion,
        client_ref=client_ref,
    )
    if passed:
        return
    deposit.save()
    grown = next((name for name in ("captured", "refunded") if getattr(new, name) > getattr(old, name)), "updated")
    events.record(
        type=f"deposit.{grown}",
        object_ref=deposit.public_id,
        client_ref=client_ref,
        actor=occasion.actor,
        before={**before, "state": deposit.state},
        after={**_figures(new), "state": deposit.state},
        occurred_at=occasion.happened_at,
    )


def record(deposit: Deposit, kind: str, *, actor: Actor, now: datetime, before: str = "") -> None:
    """Append the event of a step that moved no money; `before` is the state it left."""
    events.record(
        type=kind,
        object_ref=deposit.public_id,
        client_ref=deposit.client.public_id,
        actor=actor,
        before={"state": before} if before else None,
        after={"state": deposit.state, "amount": deposit.money.text, "currency": deposit.currency},
        occurred_at=now,
    )


def _is_late(deposit: Deposit, old: Facts, new: Facts, occasion: Occasion) -> bool:
    """Money that came after we had given up. A declined card followed by a good one on the same page is not late."""
    if old.captured or not new.captured:
        return False
    closed = deposit.expires_at is not None and occasion.now >= deposit.expires_at
    return old.stage in _ENDED or (old.stage == "failed" and (closed or not deposit.provider_reference))


def _tell_late(deposit: Deposit, old: Facts, new: Facts) -> None:
    dispatch.raise_exception(
        category="late_success",
        key=deposit.public_id,
        title=f"A deposit that had {old.stage} was paid after all and is credited",
        facts={"state_before": old.stage, "captured": Money.of(new.captured, new.currency).text},
        client_ref=deposit.client.public_id,
        object_ref=deposit.public_id,
        amount=Money.of(new.captured, new.currency).text,
        currency=new.currency,
    )
