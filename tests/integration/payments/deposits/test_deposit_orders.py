"""The provider's messages in every order, with repeats: the same state, the same postings, the same balances.

F10: authorised, captured, refunded in part, dispute withdrawn, dispute reinstated, in all 120 orders. Once with a
provider that can be asked, and once with one that cannot, where a message that is too early waits for its turn.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db.models import Sum

from ledger.models import Entry, Transaction
from payments.connectors.psp.stripe.simulated import refunds
from payments.models import Client, Deposit, Dispute
from payments.services.deposit_verdicts import ASK_AGAIN

from .conftest import Firm

pytestmark = pytest.mark.django_db(transaction=True)

ORDERS = list(permutations(range(5)))
KINDS = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.succeeded",
    "charge.refunded",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


def history(firm: Firm, client: Client) -> tuple[Deposit, list[dict[str, Any]]]:
    """A payment of 1000 that was authorised, taken, refunded by 300 at the provider, disputed and won."""
    deposit = firm.checkout("1000.00", client=client)
    intent = deposit.provider_reference
    firm.tell("pay", payment_intent=intent, card_number="4000000000003220")
    firm.tell("capture", payment_intent=intent)
    with firm.simulator.book() as book:
        refunds.create(book, {"payment_intent": intent, "amount": "30000"})
    firm.tell("dispute", payment_intent=intent)
    firm.tell("dispute_close", payment_intent=intent, outcome="won")
    told = {event["type"]: event for event in firm.messages(intent)}
    return deposit, [told[kind] for kind in KINDS]


def picture(deposit: Deposit) -> dict[str, Any]:
    """Everything about one deposit that must not depend on the order: state, figures, and what was posted."""
    row = Deposit.objects.get(pk=deposit.pk)
    client = f"client/{row.client.public_id}"
    of_this = Entry.objects.filter(transaction__metadata__deposit=row.public_id)
    sums = of_this.values("account__code", "transaction__reason").annotate(total=Sum("amount"))
    return {
        "state": row.state,
        "figures": [row.captured, row.refunded, row.disputed, row.reinstated, row.fee],
        "disputes": list(Dispute.objects.filter(deposit=row).values_list("state", "fee")),
        "posted": sorted(
            (line["transaction__reason"], line["account__code"].replace(client, "client"), line["total"])
            for line in sums
        ),
        "transactions": Transaction.objects.filter(metadata__deposit=row.public_id).count(),
    }


def in_each_order(firm: Firm, orders: list[tuple[int, ...]], settle_down: Callable[[], object]) -> list[dict[str, Any]]:
    dice = random.Random(20261121)
    pictures = []
    for order in orders:
        deposit, messages = history(firm, firm.client())
        told = [messages[place] for place in order]
        for event in told:
            for _ in range(dice.choice((1, 1, 2))):
                firm.take(event)
            firm.work(topics=("provider_event.process",))
        for event in dice.sample(told, 2):
            firm.take(event)
        settle_down()
        pictures.append(picture(deposit))
    return pictures


@pytest.mark.slow
def test_all_120_orders_end_the_same_when_the_provider_can_be_asked(firm: Firm) -> None:
    pictures = in_each_order(firm, ORDERS, lambda: firm.work(topics=("provider_event.process",)))

    assert len(pictures) == 120
    assert all(one == pictures[0] for one in pictures)
    assert pictures[0]["state"] == "dispute_won"
    assert pictures[0]["figures"] == [1000, 300, 700, 700, 29]
    assert pictures[0]["disputes"] == [("won", 15)]
    assert firm.balance("psp/stripe/clearing") == f"{120 * (1000 - 29 - 300)}.00"
    assert firm.balance("house/chargeback-fees") == "0.00"
    assert {firm.wallet(client) for client in firm.people} == {"700.00"}
    assert {firm.debt(client) for client in firm.people} == {"0.00"}


@pytest.mark.slow
def test_any_order_ends_the_same_when_the_provider_cannot_be_asked(firm: Firm, settings: Any) -> None:
    """Below the amount that needs confirmation: what comes too early waits, the fee comes with the settlement."""
    settings.DEPOSIT_CONFIRM_ABOVE = {"USD": Decimal(5000)}
    firm.break_it({"on": "get_payment", "do": "error", "times": -1})

    def settle_down() -> None:
        for turn in (1, 2, 3):
            firm.work(after=turn * 2 * ASK_AGAIN, topics=("provider_event.process",))

    pictures = in_each_order(firm, random.Random(7).sample(ORDERS, 30), settle_down)

    assert firm.fired()[0] > 30
    assert all(one == pictures[0] for one in pictures)
    assert pictures[0]["state"] == "dispute_won"
    assert pictures[0]["figures"] == [1000, 300, 700, 700, None]
    assert {firm.wallet(client) for client in firm.people} == {"700.00"}
    assert {firm.debt(client) for client in firm.people} == {"0.00"}
