"""What happens in the demo firm: deposits, trading, withdrawals and a bank day, each driven like people would.

Nothing is inserted behind the back of the product: every act calls a service or knocks at a simulator's door, and then
waits until the workers, the webhooks and the bank's mailbox have done their part.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ledger import accounts
from ledger.money import Money
from payments.actors import Actor
from payments.models import Deposit, Rate, TradingAccount, Transfer, User, Withdrawal
from payments.services import (
    adjustments,
    bank_files,
    conversions,
    deposits,
    fx_quotes,
    rates,
    trading_accounts,
    trading_deals,
    transfers,
    withdrawal_decisions,
    withdrawals,
)
from portal.demo.cast import Player
from portal.demo.stage import DECLINED_CARD, DISPUTED_CARD, GOOD_CARD, Stage
from reconciliation.models import ExceptionCase, ExternalRecord

RETURN_URL = "http://127.0.0.1/"


def pay_in(stage: Stage, players: Sequence[Player]) -> None:
    """Everybody pays in by card; some cards are declined, one payment is left open, one is disputed later."""
    paid: list[UUID] = []
    for player in players:
        for part in range(1 + player.number % 2):
            amount = Decimal(250 * (1 + (player.number * 7 + part * 5) % 9)) + Decimal(player.number % 4) / 4
            card = DECLINED_CARD if player.number % 10 == 3 and part else GOOD_CARD
            card = DISPUTED_CARD if player.number == 8 else card
            deposit = _start(stage, player, amount)
            if player.number == 40 and part == 0:
                continue  # opened the card page and went away
            stage.pay_by_card(deposit.checkout_url, card)
            if card != DECLINED_CARD:
                paid.append(deposit.pk)
    rich = next(player for player in players if player.number == 1)
    deposit = _start(stage, rich, Decimal("15000"))
    stage.pay_by_card(deposit.checkout_url, GOOD_CARD)
    paid.append(deposit.pk)
    arrived = Deposit.objects.filter(pk__in=paid, captured__gt=0)
    stage.wait("card payments arrive", lambda: arrived.count() == len(paid), seconds=120)


def _start(stage: Stage, player: Player, amount: Decimal) -> Deposit:
    deposit = deposits.start(
        client=player.client,
        money=Money.of(amount, player.currency),
        return_url=RETURN_URL,
        actor=player.actor,
        now=stage.now,
    )
    return deposits.ensure_checkout(deposit_id=deposit.pk, now=stage.now)


def convert(stage: Stage, players: Sequence[Player]) -> None:
    """The day's rates arrive; some clients convert, one of them the exact amount that he needs."""
    rates.fetch(source="ecb", now=stage.now)
    stage.wait("exchange rates", Rate.objects.filter(source="ecb").exists, seconds=60)
    wishes = {
        1: (("2000", "EUR", "sell", "USD"), ("50000", "JPY", "buy", "EUR")),
        16: (("40", "USD", "sell", "EUR"),),
        17: (("150", "EUR", "sell", "USD"),),
    }
    for player in players:
        for amount, currency, side, other in wishes.get(player.number, ()):
            quote = fx_quotes.offer(
                client=player.client,
                fixed=Money.of(amount, currency),
                side=side,
                other_currency=other,
                actor=player.actor,
                now=stage.now,
            )
            conversions.convert(quote_id=quote.pk, actor=player.actor, now=stage.now)


def trade(stage: Stage, players: Sequence[Player]) -> None:
    """Most clients open an MT5 account, move money there, win or lose, and some take a part back."""
    traders = [player for player in players if player.number % 4]
    opened = {}
    for player in traders:
        opened[player.number] = trading_accounts.open_account(
            client=player.client, currency=player.currency, actor=player.actor, now=stage.now
        )
    sent = [_move(stage, player, opened[player.number], "to_platform", 150 + player.number) for player in traders]
    _wait_for(stage, "transfers to MT5", sent)
    for player in traders:
        account = opened[player.number]
        profit = Decimal((player.number * 37) % 90 - 40) + Decimal("0.25")
        stage.door("mt5", "/_sim/trade", {
            "login": account.login, "symbol": "EURUSD", "profit": str(profit), "swap": "-0.40", "commission": "-1.50",
            "fee": "0",
        })  # fmt: skip
    for account in opened.values():
        trading_deals.read(trading_account=account, now=stage.now)
    back = [_move(stage, p, opened[p.number], "from_platform", 40) for p in traders if p.number % 3 == 0]
    _wait_for(stage, "transfers back", back)


def _move(stage: Stage, player: Player, account: TradingAccount, direction: str, amount: int) -> UUID:
    transfer = transfers.request(
        client=player.client,
        trading_account=account,
        direction=direction,
        money=Money.of(amount, player.currency),
        actor=player.actor,
        now=stage.now,
    )
    return transfer.pk


def _wait_for(stage: Stage, what: str, keys: Sequence[UUID]) -> None:
    done = Transfer.objects.filter(pk__in=keys, state__in=["confirmed", "refused"])
    stage.wait(what, lambda: done.count() == len(keys), seconds=120)


def pay_out(stage: Stage, players: Sequence[Player], staff: dict[str, User]) -> None:
    """Clients in euros withdraw: most are approved and paid, one is refused, one comes back, one account is closed."""
    able = [player for player in players if player.payee and player.client.kyc_approved]
    paying, returned, closed = able[1:12], able[2], able[3]
    stage.door("sepa", "/_sim/rules", [
        {"iban": returned.payee.iban, "outcome": "return:AC06"},  # type: ignore[union-attr]
        {"iban": closed.payee.iban, "outcome": "reject:AC04"},  # type: ignore[union-attr]
    ])  # fmt: skip
    approver = Actor.for_user(staff["finance_approver"])
    approved = []
    for player in paying:
        withdrawal = ask(stage, player, 40 + player.number)
        if player is able[4]:
            withdrawal_decisions.reject(
                withdrawal_id=withdrawal.pk, content_hash=withdrawal.content_hash, reason_code="documents_needed",
                note="The document has expired.", client_message="Please send us a valid document.",
                actor=Actor.for_user(staff["compliance"]), now=stage.now,
            )  # fmt: skip
            continue
        withdrawal_decisions.approve(
            withdrawal_id=withdrawal.pk, content_hash=withdrawal.content_hash, actor=approver, now=stage.now
        )
        approved.append(withdrawal.pk)
    done = Withdrawal.objects.filter(pk__in=approved, state__in=["paid", "failed", "returned"])

    def all_answered() -> bool:
        bank_files.fetch(bank="sepa", now=stage.now)
        return done.count() == len(approved)

    stage.wait("payouts", all_answered, seconds=120)


def ask(stage: Stage, player: Player, amount: int) -> Withdrawal:
    assert player.payee is not None  # noqa: S101 (callers choose players with a payee)
    return withdrawals.request(
        client=player.client,
        money=Money.of(amount, player.currency),
        payment_method=player.payee,
        actor=player.actor,
        now=stage.now,
    )


def close_the_day(stage: Stage) -> None:
    """The provider pays out, strangers send money, the bank closes its day, and the statement is matched."""
    for currency in ("EUR", "USD", "GBP"):
        stage.door("stripe", "/_sim/payout", {"currency": currency})
    for number, (name, text) in enumerate(
        (("Unknown Sender", "for my account"), ("Rowan Demo", "deposit, please"), ("Unknown Sender", "test")), start=1
    ):
        stage.door("sepa", "/_sim/credit", {
            "amount": f"{number * 120}.00", "currency": "EUR", "name": name, "remittance": text,
            "iban": "DE02120300000000202051",
        })  # fmt: skip
    reports = ExternalRecord.objects.filter(kind="psp_payout")
    stage.wait("settlement reports", lambda: reports.count() >= 3, seconds=60)
    stage.wait("payouts at the bank", lambda: len(_provider_credits(stage)) >= 3, seconds=60)
    stage.door("sepa", "/_sim/close_day", {})

    def matched() -> bool:
        bank_files.fetch(bank="sepa", now=stage.now)
        return (
            reports.filter(state="matched").count() >= 3
            and ExceptionCase.objects.filter(category="unmatched_receipt").exists()
        )

    stage.wait("the statement is matched", matched, seconds=90)


def _provider_credits(stage: Stage) -> list[object]:
    books = stage.door("sepa", "/_sim/books")["accounts"]
    return [entry for account in books for entry in account["entries"] if "po_" in entry["remittance"]]


def leave_open(stage: Stage, players: Sequence[Player], staff: dict[str, User]) -> None:
    """What waits for people: approvals of every kind, two transfers that MT5 never answered, an adjustment."""
    able = [player for player in players if player.payee and player.client.kyc_approved]
    ask(stage, able[0], 12000)
    for player in able[5:11]:
        ask(stage, player, 25 + player.number)
    stage.door("mt5", "/_sim/faults", [{"on": "balance", "do": "drop_before", "times": 2}])
    lost = [player for player in players if player.number in (5, 7)]
    for player in lost:
        account = TradingAccount.objects.filter(client=player.client).get()
        key = _move(stage, player, account, "to_platform", 20)
        states = Transfer.objects.filter(pk=key, state="unknown")
        stage.wait("an unanswered transfer", states.exists, seconds=40)
    stage.door("mt5", "/_sim/faults", [])
    _correct(stage, able[1], staff)


def _correct(stage: Stage, player: Player, staff: dict[str, User]) -> None:
    """One correction applied by two people, and one that waits for the second."""
    wallet = accounts.ref(player.client.account_code("wallet"), player.currency)
    house = accounts.ref("house/adjustments", player.currency)
    ops, approver = Actor.for_user(staff["payments_ops"]), Actor.for_user(staff["finance_approver"])
    for amount, apply in (("5.00", True), ("7.50", False)):
        adjustment = adjustments.draft(
            client=player.client,
            debit_account=house,
            credit_account=wallet,
            money=Money.of(amount, player.currency),
            reason="Goodwill for a late payout",
            evidence="Complaint no. 17",
            actor=ops,
            now=stage.now,
        )
        if apply:
            adjustments.approve(
                adjustment_id=adjustment.pk, content_hash=adjustment.content_hash, actor=approver, now=stage.now
            )
