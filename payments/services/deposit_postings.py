"""The postings of one deposit: captures, provider fees, refunds, and debt repaid from what arrived.

Each is posted once under the deposit's public id and the cumulative figure it leads to, so that the same figure can
never be posted twice. Called with the deposit locked, by `payments.services.deposit_changes` only.
"""

from ledger import accounts, events, holds
from ledger.models import Hold
from ledger.money import Money
from ledger.posting import Source
from payments import postings
from payments.deposit_facts import Change
from payments.models import Deposit, Refund
from payments.postings import Recipe
from payments.services import chargebacks, debts
from payments.services.posting import post_recipe
from payments.services.walking import Occasion


def open_accounts(deposit: Deposit) -> None:
    """Open every account these changes can touch. Called before the unit of work begins, so that an account never
    disappears again with a unit of work that was rolled back."""
    client, psp = deposit.client, deposit.connector
    for code in (
        *(client.account_code(name) for name in ("wallet", "held", "debt")),
        f"psp/{psp}/clearing",
        "house/psp-fees",
        "house/chargeback-fees",
    ):
        accounts.ref(code, deposit.currency)


def post_change(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    """Post one difference between what is known and what was posted. Raises what posting raises."""
    if change.kind == "captured":
        _post_captured(deposit, change, occasion)
    elif change.kind == "fee":
        _post_fee(deposit, change, occasion)
    elif change.kind == "refunded":
        _post_refunded(deposit, change, occasion)
    else:
        chargebacks.post_change(deposit, change, occasion)


def _source(deposit: Deposit, kind: str, total: Money) -> Source:
    """The business reference of a cumulative figure: the deposit and the figure it has reached."""
    return Source(deposit.connector, kind, f"{deposit.public_id}:{total.text}")


def _post_captured(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    total = Money.of(change.total, deposit.currency)
    recipe = postings.deposit_captured(
        wallet=deposit.client.account_code("wallet"),
        psp=deposit.connector,
        gross=Money.of(change.amount, deposit.currency),
        fee=Money.of(change.fee, deposit.currency),
    )
    post_recipe(
        recipe,
        source=_source(deposit, "capture", total),
        effective_at=occasion.happened_at,
        description="Deposit by card",
        metadata={"deposit": deposit.public_id},
    )


def _post_fee(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    post_recipe(
        postings.psp_fee(psp=deposit.connector, fee=Money.of(change.amount, deposit.currency)),
        source=_source(deposit, "fee", Money.of(change.total, deposit.currency)),
        effective_at=occasion.happened_at,
        metadata={"deposit": deposit.public_id},
    )


def _post_refunded(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    """What went back to the card: from our own refund's hold when one is under way and this can be it, the rest from
    the wallet and then from debt. The provider names only sums, so equal sums are taken for the same money."""
    left = Money.of(change.amount, deposit.currency)
    ours = deposit.refunds.select_for_update(of=("self",)).filter(state=Refund.State.SENT).order_by("id").first()
    if ours and ours.money <= left and is_held(ours):
        _finish_refund(deposit, ours, occasion)
        left -= ours.money
    if not left:
        return

    def propose() -> Recipe:
        return postings.refunded_by_provider(
            wallet=deposit.client.account_code("wallet"),
            debt=deposit.client.account_code("debt"),
            psp=deposit.connector,
            money=left,
            available=debts.available(deposit.client, deposit.currency),
        )

    debts.post_proposed(
        propose,
        source=_source(deposit, "refund", Money.of(change.total, deposit.currency)),
        effective_at=occasion.happened_at,
        description="Refunded to the card",
        metadata={"deposit": deposit.public_id},
    )


def is_held(refund: Refund) -> bool:
    """Whether the whole amount still stands aside: a person may have released the hold meanwhile."""
    hold = Hold.objects.filter(pk=refund.hold_id, state__in=Hold.OPEN_STATES).first()
    return hold is not None and Money.of(hold.remaining, refund.currency) == refund.money


def _finish_refund(deposit: Deposit, refund: Refund, occasion: Occasion) -> None:
    holds.capture(
        hold_id=refund.hold_id,
        to=accounts.ref(f"psp/{deposit.connector}/clearing", deposit.currency),
        reason="REFUND",
        source=Source(deposit.connector, "refund", refund.public_id),
        description="Refunded to the card",
        metadata={"deposit": deposit.public_id, "refund": refund.public_id},
    )
    refund.state = Refund.State.DONE
    refund.save()
    events.record(
        type="refund.done",
        object_ref=refund.public_id,
        client_ref=deposit.client.public_id,
        actor=occasion.actor,
        before={"state": Refund.State.SENT},
        after={"state": refund.state},
        data={"deposit": deposit.public_id},
        occurred_at=occasion.happened_at,
    )


def recover_debt(deposit: Deposit, *, arrived: Money, total: Money, occasion: Occasion) -> None:
    """Repay what the client owes from the `arrived` part of the `total` captured so far."""
    debts.recover(
        client=deposit.client,
        arrived=arrived,
        source=_source(deposit, "debt_recovery", total),
        effective_at=occasion.happened_at,
        metadata={"deposit": deposit.public_id},
    )
