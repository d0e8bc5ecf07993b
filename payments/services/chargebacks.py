"""What disputes cost: the postings of chargebacks, of their fees, and of what comes back when a dispute is won.

Each is posted once under the provider's own dispute id. Called with the deposit locked, inside the unit of work that
learned of it; which dispute stands where is kept by `payments.services.disputes`.
"""

from ledger import periods
from ledger.models import Transaction
from ledger.money import Money
from ledger.posting import Posted, Source, post
from payments import dispatch, postings
from payments.deposit_facts import Change
from payments.models import Deposit
from payments.postings import Line, Recipe
from payments.services import debts
from payments.services.posting import legs_of, post_recipe
from payments.services.walking import Occasion

TAKEN, FEE, WON, FEE_RETURNED = "charged_back", "chargeback_fee", "chargeback_won", "chargeback_fee_returned"
KINDS = frozenset({TAKEN, FEE, WON, FEE_RETURNED})


def post_change(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    """Post one change of a kind in `KINDS`. Takes from the wallet as far as it goes, the rest is the client's debt;
    what comes back repays debt first. Raises what posting raises."""
    if change.kind == TAKEN:
        _take_back(deposit, change, occasion)
    elif change.kind == WON:
        _give_back(deposit, change, occasion)
    elif change.kind == FEE:
        _charge_fee(deposit, change, occasion)
    elif change.kind == FEE_RETURNED:
        _return_fee(deposit, change, occasion)


def _metadata(deposit: Deposit, change: Change) -> dict[str, str]:
    return {"deposit": deposit.public_id, "dispute": change.dispute}


def _take_back(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    client, money = deposit.client, Money.of(change.amount, deposit.currency)

    def propose() -> Recipe:
        return postings.charged_back(
            wallet=client.account_code("wallet"),
            debt=client.account_code("debt"),
            psp=deposit.connector,
            money=money,
            available=debts.available(client, money.currency),
        )

    debts.post_proposed(
        propose,
        source=Source(deposit.connector, TAKEN, change.dispute),
        effective_at=occasion.happened_at,
        description="The card holder's bank took the payment back",
        metadata=_metadata(deposit, change),
    )
    if owed := debts.owed(client, money.currency):
        dispatch.raise_exception(
            category="client_debt",
            key=f"{client.public_id}:{change.dispute}",
            title="A client owes us after a dispute",
            facts={"deposit": deposit.public_id, "dispute": change.dispute},
            client_ref=client.public_id,
            object_ref=deposit.public_id,
            amount=owed.text,
            currency=owed.currency,
        )


def _give_back(deposit: Deposit, change: Change, occasion: Occasion) -> None:
    client, money = deposit.client, Money.of(change.amount, deposit.currency)

    def propose() -> Recipe:
        return postings.chargeback_won(
            wallet=client.account_code("wallet"),
            debt=client.account_code("debt"),
            psp=deposit.connector,
            money=money,
            owed=debts.owed(client, money.currency),
        )

    debts.post_proposed(
        propose,
        source=Source(deposit.connector, WON, change.dispute),
        effective_at=occasion.happened_at,
        description="The dispute was won",
        metadata=_metadata(deposit, change),
    )


def _charge_fee(deposit: Deposit, change: Change, occasion: Occasion) -> Posted:
    total = Money.of(change.total, deposit.currency).text
    return post_recipe(
        postings.chargeback_fee(psp=deposit.connector, fee=Money.of(change.amount, deposit.currency)),
        source=Source(deposit.connector, FEE, f"{change.dispute}:{total}"),
        effective_at=occasion.happened_at,
        metadata=_metadata(deposit, change),
    )


def _return_fee(deposit: Deposit, change: Change, occasion: Occasion) -> Posted:
    """Mirror the fee as far as it came back, pointing at the fee's own transaction when there is exactly one."""
    money = Money.of(change.amount, deposit.currency)
    charged = Transaction.objects.filter(
        source_system=deposit.connector, source_kind=FEE, source_id__startswith=f"{change.dispute}:"
    ).values_list("pk", flat=True)[:2]
    originals = list(charged)
    recipe = Recipe(
        "CHARGEBACK_FEE_REVERSAL",
        (
            Line("debit", f"psp/{deposit.connector}/clearing", money),
            Line("credit", "house/chargeback-fees", money),
        ),
    )
    return post(
        reason=recipe.reason,
        legs=legs_of(recipe),
        source=Source(deposit.connector, FEE_RETURNED, change.dispute),
        effective_at=occasion.happened_at,
        metadata=periods.landing(_metadata(deposit, change)),
        reverses=originals[0] if len(originals) == 1 else None,
    )
