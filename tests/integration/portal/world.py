"""A client's money history made by hand: every figure goes through the ledger's own doors, movement rows stand beside.

For tests of what people see. Each verb leaves rows as the services would; states that need many steps are written
directly, because the pages must show them however they came about.
"""

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from ledger import accounts, holds, ids, posting
from ledger.models import Transaction
from ledger.posting import Source, credit, debit
from payments.models import (
    Adjustment,
    Client,
    Deposit,
    Dispute,
    PaymentMethod,
    Refund,
    TradingAccount,
    Transfer,
    User,
    Withdrawal,
)

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def person(email: str, role: str, *, staff: bool = False) -> User:
    user = User.objects.create_user(email, PASSWORD, is_staff=staff)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


class World:
    """One client and the verbs of his history. Amounts are text or Decimal, in major units."""

    def __init__(self, name: str = "Alex Example", *, zone: str = "Europe/Berlin", kyc: str = "approved") -> None:
        number = next(_numbers)
        self.user = person(f"client{number}@example.test", "client")
        self.client = Client.objects.create(
            user=self.user, name=name, email=self.user.email, country="DE", timezone=zone, kyc_level=kyc
        )
        self.actor = self.user.public_id

    # --- accounts and payees ---------------------------------------------------------------------------------------

    def account(self, path: str, currency: str) -> accounts.AccountRef:
        return accounts.ref(self.client.account_code(*path.split("/")), currency)

    def payee(self, iban: str = "DE89370400440532013000", **fields: Any) -> PaymentMethod:
        values = {"rail": "sepa", "currency": "EUR", "holder_name": self.client.name, "name_matches": True, **fields}
        return PaymentMethod.objects.create(client=self.client, iban=iban, last4=iban[-4:], **values)

    def trading_account(self, login: str = "", currency: str = "EUR", **fields: Any) -> TradingAccount:
        return TradingAccount.objects.create(
            client=self.client, platform="mt5", login=login or str(1000 + next(_numbers)), currency=currency, **fields
        )

    # --- movements ---------------------------------------------------------------------------------------------------

    def deposit(self, amount: str, currency: str = "EUR", state: str = "captured", **fields: Any) -> Deposit:
        got = state in ("captured", "settled", "refunded", "disputed", "dispute_won", "dispute_lost")
        row = Deposit(
            client=self.client, rail="card", connector="stripe", amount=Decimal(amount), currency=currency,
            state=state, captured=Decimal(amount if got else 0), made_by=self.actor, maker=self.actor,
            captured_at=timezone.now() if got else None, **fields,
        )  # fmt: skip
        row.save(force_insert=True)
        if got:
            self.post("DEPOSIT_CAPTURED", "psp/stripe/clearing", "wallet", amount, currency, ("deposit", row.public_id))
        return row

    def withdrawal(
        self, amount: str, payee: PaymentMethod, state: str = "requested", fee: str = "0", **fields: Any
    ) -> Withdrawal:
        row = Withdrawal(
            client=self.client, payment_method=payee, connector="sepa", amount=Decimal(amount), fee=Decimal(fee),
            currency=payee.currency, state=state, made_by=self.actor, maker=self.actor, **fields,
        )  # fmt: skip
        placed = holds.place(
            wallet=self.account("wallet", payee.currency), amount=Decimal(amount), kind="withdrawal",
            reason=f"Withdrawal {row.public_id}", actor=self.actor,
        )  # fmt: skip
        row.hold_id = placed.hold_id
        if state in ("paid", "returned"):
            self._pay(row)
        if state in ("rejected", "cancelled"):
            holds.release(hold_id=placed.hold_id)
        if state not in Withdrawal.OPEN:
            row.ended_at = row.ended_at or timezone.now()
        row.save(force_insert=True)
        return row

    def _pay(self, row: Withdrawal) -> None:
        net = row.amount - row.fee
        holds.capture(
            hold_id=row.hold_id, to=accounts.ref("psp/sepa/payout", row.currency), amount=net,
            reason="WITHDRAWAL_PAYOUT",
        )  # fmt: skip
        if row.fee:
            holds.capture(hold_id=row.hold_id, to=accounts.ref("house/fees", row.currency), reason="WITHDRAWAL_FEE")
        row.paid_at = row.paid_at or timezone.now()
        if row.state == "returned":
            self.post("WITHDRAWAL_RETURNED", "bank/sepa/client-money", "wallet", net, row.currency)

    def transfer(
        self,
        amount: str,
        to: TradingAccount,
        direction: str = "to_platform",
        state: str = "confirmed",
        **fields: Any,
    ) -> Transfer:
        trading = self.account(f"trading/{to.platform}/{to.login}", to.currency)
        wallet = self.account("wallet", to.currency)
        source, target = (wallet, trading) if direction == "to_platform" else (trading, wallet)
        row = Transfer(
            client=self.client, trading_account=to, direction=direction, amount=Decimal(amount), currency=to.currency,
            state=state, token=f"t{next(_numbers)}", made_by=self.actor, maker=self.actor, **fields,
        )  # fmt: skip
        pending = posting.post(
            reason="CLIENT_INTERNAL_TRANSFER",
            legs=[debit(source, Decimal(amount)), credit(target, Decimal(amount))],
            pending=True,
        )
        row.pending_transaction = Transaction.objects.get(pk=pending.id)
        if state == "confirmed":
            posting.settle(pending_id=pending.id)
        if state == "refused":
            posting.void(pending_id=pending.id)
        if state in ("confirmed", "refused"):
            row.ended_at = timezone.now()
        row.save(force_insert=True)
        return row

    def trade(
        self, account: TradingAccount, result: str, at: datetime, reason: str = "TRADE_PNL", ticket: str = ""
    ) -> None:
        house = {"COMMISSION": "house/commission", "SWAP": "house/swap"}.get(reason, "house/trading-pnl")
        trading = self.account(f"trading/{account.platform}/{account.login}", account.currency)
        other = accounts.ref(house, account.currency)
        change = Decimal(result)
        legs = (
            [credit(trading, change), debit(other, change)]
            if change > 0
            else [debit(trading, -change), credit(other, -change)]
        )
        posting.post(
            reason=reason, legs=legs, effective_at=at,
            source=Source("mt5", reason.lower(), ticket or str(next(_numbers))),
        )  # fmt: skip

    def hold(self, amount: str, currency: str = "EUR", kind: str = "aml_review") -> holds.Placed:
        return holds.place(
            wallet=self.account("wallet", currency), amount=Decimal(amount), kind=kind, reason="review", actor="usr_x"
        )

    def refund(self, deposit: Deposit, amount: str, state: str = "requested") -> Refund:
        placed = self.hold(amount, deposit.currency, "manual")
        return Refund.objects.create(
            deposit=deposit, amount=Decimal(amount), currency=deposit.currency, state=state, reason="asked",
            hold_id=placed.hold_id, made_by="usr_ops",
        )  # fmt: skip

    def dispute(self, deposit: Deposit, amount: str, state: str = "funds_withdrawn") -> Dispute:
        row = Dispute(
            deposit=deposit, amount=Decimal(amount), currency=deposit.currency, state=state, made_by="system:stripe",
            provider_reference=f"dp_{next(_numbers)}", withdrawn_at=timezone.now(),
        )  # fmt: skip
        row.save(force_insert=True)
        if state in ("funds_withdrawn", "lost"):
            self.post("CHARGEBACK", "wallet", "psp/stripe/clearing", amount, deposit.currency)
        return row

    def owe(self, amount: str, currency: str = "EUR") -> None:
        """A chargeback after the money has gone: the client owes it."""
        self.post("CHARGEBACK", "debt", "psp/stripe/clearing", amount, currency)

    def correct(self, amount: str, currency: str = "EUR") -> Adjustment:
        """A correction in the client's favour, approved by a second person."""
        posted = self.post("MANUAL_ADJUSTMENT", "house/adjustments", "wallet", amount, currency)
        row = Adjustment(
            client=self.client, amount=Decimal(amount), currency=currency, state="applied", reason="wrong fee",
            evidence="ticket 7", made_by="usr_ops", transaction_id=posted.id, expires_at=timezone.now(),
            debit_account_id=accounts.ref("house/adjustments", currency).id,
            credit_account_id=self.account("wallet", currency).id,
        )  # fmt: skip
        row.save(force_insert=True)
        return row

    def post(
        self, reason: str, debited: str, credited: str, amount: str | Decimal, currency: str,
        source: tuple[str, str] | None = None, at: datetime | None = None,
    ) -> posting.Posted:  # fmt: skip
        """One two-legged transaction; paths without a slash are the client's own accounts."""

        def ref(path: str) -> accounts.AccountRef:
            own = path.split("/", maxsplit=1)[0] in ("wallet", "debt", "held", "pocket", "trading", "bonus")
            return self.account(path, currency) if own else accounts.ref(path, currency)

        return posting.post(
            reason=reason,
            legs=[debit(ref(debited), Decimal(amount)), credit(ref(credited), Decimal(amount))],
            source=Source("test", *source) if source else None,
            effective_at=at,
        )


def full_history(world: World, now: datetime) -> None:
    """Something of everything that a client can meet: for pages that must show all of it."""
    payee = world.payee()
    euro = world.trading_account(
        currency="EUR", platform_balance=Decimal("550.00"), platform_equity=Decimal("562.40"), platform_as_of=now
    )
    world.deposit("2500.00", provider_reference=f"pi_{ids.new_id().hex[:20]}")
    world.post("DEPOSIT_FEE", "wallet", "house/fees", "2.50", "EUR")
    world.deposit("80.00", state="failed", failure_code="insufficient_funds")
    world.deposit("120.00", state="initiated", expires_at=now + timedelta(minutes=30))
    world.transfer("600.00", euro, platform_ticket="77001")
    for minutes, (result, reason) in enumerate(
        (("-50.00", "TRADE_PNL"), ("12.40", "TRADE_PNL"), ("-7.00", "COMMISSION"), ("-1.15", "SWAP"))
    ):
        world.trade(euro, result, now - timedelta(days=1, minutes=minutes), reason)
    world.transfer("200.00", euro, "from_platform", platform_ticket="77002")
    world.transfer("150.00", euro, state="unknown", asked_at=now)
    world.transfer("40.00", euro, state="refused", reason_code="platform_refused")
    world.withdrawal("100.00", payee, "paid", fee="1.50", provider_reference="NTRF-20931", expected_by=now)
    world.withdrawal("75.00", payee, "returned", reason_code="account_closed")
    world.withdrawal("60.00", payee, "rejected", client_message="We can only pay to an account in your own name.")
    world.withdrawal("250.00", payee, "requested", expected_by=now + timedelta(days=2))
    world.withdrawal("30.00", payee, "needs_information", client_message="Please send a bank statement.")
    world.hold("90.00")
    world.correct("5.00")
    usd = world.deposit("400.00", "USD")
    world.refund(usd, "50.00", "sent")
    world.dispute(usd, "100.00")
