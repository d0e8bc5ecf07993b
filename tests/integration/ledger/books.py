"""Small books for the ledger's tests: accounts by short names, and one posting per everyday movement."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger import accounts, checkpoints, events, holds, posting, queries
from ledger.accounts import AccountRef
from ledger.models import Pending
from ledger.money import Money
from ledger.posting import Posted, Source, credit, debit

ADA, BEN = "cl_ada", "cl_ben"


class Somebody:
    """Whoever acts in these tests."""

    id, person, on_behalf_of, ip, device, request_id = "test", "", "", None, "", ""


def wallet(owner: str = ADA, currency: str = "EUR") -> AccountRef:
    return accounts.ref(f"client/{owner}/wallet", currency)


def held(owner: str = ADA, currency: str = "EUR") -> AccountRef:
    return accounts.ref(f"client/{owner}/held", currency)


def trading(owner: str = ADA, currency: str = "EUR", login: str = "1001") -> AccountRef:
    return accounts.ref(f"client/{owner}/trading/mt5/{login}", currency)


def bank(currency: str = "EUR") -> AccountRef:
    return accounts.ref("bank/sepa/client-money", currency)


def clearing(currency: str = "EUR") -> AccountRef:
    return accounts.ref("psp/stripe/clearing", currency)


def fees(currency: str = "EUR") -> AccountRef:
    return accounts.ref("house/fees", currency)


def payout(currency: str = "EUR") -> AccountRef:
    return accounts.ref("psp/stripe/payout", currency)


def receive(amount: str, *, to: AccountRef | None = None, **words: Any) -> Posted:
    """Money comes in by bank transfer."""
    target = to or wallet()
    with transaction.atomic():
        return posting.post(
            reason="BANK_RECEIPT",
            legs=[debit(bank(target.currency), Decimal(amount)), credit(target, Decimal(amount))],
            **words,
        )


def send(amount: str, *, source: AccountRef | None = None, to: AccountRef | None = None, **words: Any) -> Posted:
    """Wallet to wallet, or wallet to trading account; with pending=True only reserved."""
    with transaction.atomic():
        return posting.post(
            reason="CLIENT_INTERNAL_TRANSFER",
            legs=[debit(source or wallet(), Decimal(amount)), credit(to or wallet(BEN), Decimal(amount))],
            **words,
        )


def settle(pending: Posted, **words: Any) -> Posted:
    with transaction.atomic():
        return posting.settle(pending_id=pending.id, **words)


def void(pending: Posted, **words: Any) -> Posted:
    with transaction.atomic():
        return posting.void(pending_id=pending.id, **words)


def expire(pending: Posted, **words: Any) -> Posted:
    with transaction.atomic():
        return posting.expire(pending_id=pending.id, **words)


def extend(pending: Posted, expires_at: datetime, **words: Any) -> bool:
    details = {"reason": "the platform is slow", "actor": Somebody(), "now": datetime.now(UTC)} | words
    with transaction.atomic():
        return posting.extend(pending_id=pending.id, expires_at=expires_at, **details)


def time_is_up(pending: Posted) -> None:
    """The end of a reservation has come: nothing in the product can move it back, so the owner of the table does."""
    Pending.objects.filter(pk=pending.id).update(expires_at=datetime.now(UTC) - timedelta(milliseconds=1))


def deal() -> Posted:
    """Reserved: 30 dollars and 1 of fee leave Ada's wallet, 20 euros and 2 of spread come of 22, six entries."""
    with transaction.atomic():
        return posting.post(
            reason="MANUAL_ADJUSTMENT",
            legs=[
                debit(wallet(currency="USD"), Decimal(33)),
                credit(accounts.ref("house/fx", "USD"), Decimal(30)),
                credit(fees("USD"), Decimal(3)),
                debit(accounts.ref("house/fx", "EUR"), Decimal(22)),
                credit(wallet(), Decimal(20)),
                credit(accounts.ref("house/fx-spread", "EUR"), Decimal(2)),
            ],
            pending=True,
        )


def reverse(posted: Posted, **words: Any) -> Posted:
    with transaction.atomic():
        return posting.reverse(transaction_id=posted.id, description="undone", **words)


def hold(amount: str, *, on: AccountRef | None = None, **words: Any) -> holds.Placed:
    details = {"kind": "withdrawal", "reason": "payout asked for", "actor": "test"} | words
    with transaction.atomic():
        return holds.place(wallet=on or wallet(), amount=Decimal(amount), **details)


def capture(placed: holds.Placed, **words: Any) -> Posted:
    details = {"to": payout(), "reason": "WITHDRAWAL_PAYOUT"} | words
    with transaction.atomic():
        return holds.capture(hold_id=placed.hold_id, **details)


def release(placed: holds.Placed, **words: Any) -> Posted:
    with transaction.atomic():
        return holds.release(hold_id=placed.hold_id, **words)


def figures(account: AccountRef) -> tuple[str, str, str]:
    """(balance, pending in, pending out) as plain text."""
    found = queries.balance_of(account.id)
    return plain(found.balance), plain(found.pending_in), plain(found.pending_out)


def balance(account: AccountRef) -> str:
    return figures(account)[0]


def plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


def source(key: str, *, kind: str = "receipt") -> Source:
    return Source("test", kind, key)


def _ended_otherwise() -> dict[str, Any]:
    """What expired, what was given more time, what was taken back or given back in part."""
    far = datetime(2999, 1, 1, tzinfo=UTC)
    made: dict[str, Any] = {}
    made["rejected"] = send("9", to=trading(), pending=True, expires_on=["mt5.rejected"])
    made["rejected_expiry"] = expire(made["rejected"], status="mt5.rejected")
    made["extended"] = send("8", to=trading(), pending=True, expires_at=far)
    extend(made["extended"], far + timedelta(days=1))
    made["half_wrong"] = receive("30")
    made["half_reversal"] = reverse(made["half_wrong"], amount=Money.of("15", "EUR"))
    made["hold_extended"] = hold("12", expires_at=far)
    made["hold_part_release"] = release(made["hold_extended"], amount=Decimal(2))
    with transaction.atomic():
        key, words = made["hold_extended"].hold_id, {"reason": "papers late", "actor": Somebody(), "now": far}
        holds.extend(hold_id=key, expires_at=far + timedelta(days=1), **words)
    return made


def full_book() -> dict[str, Any]:
    """One of everything: receipts, transfers, reservations in every state, holds in every state, reversals, several
    currencies, backdated entries, checkpoints. What was made, by name."""
    start = datetime(2026, 3, 1, 9, tzinfo=UTC)
    made: dict[str, Any] = {}
    made["receipt"] = receive("1000", effective_at=start, source=source("r1"), description='Rent "March"; first, part')
    made["late"] = receive("50.25", effective_at=start - timedelta(days=3), metadata={"note": 'über; a, "b"\nc'})
    made["dollars"] = receive("300", to=wallet(currency="USD"), effective_at=start + timedelta(days=1))
    made["yen"] = receive("70000", to=wallet(BEN, "JPY"), effective_at=start + timedelta(days=1))
    made["ether"] = receive("1.000000000000000001", to=wallet(BEN, "ETH"), effective_at=start + timedelta(days=2))
    made["transfer"] = send("100", effective_at=start + timedelta(days=2))
    made["pending"] = send("40", to=trading(), pending=True, effective_at=start + timedelta(days=3))
    made["part"] = send("30", to=trading(), pending=True, effective_at=start + timedelta(days=3))
    made["part_post"] = settle(made["part"], amount=Money.of("12.50", "EUR"), effective_at=start + timedelta(days=4))
    made["posted"] = send("25", to=trading(), pending=True, effective_at=start + timedelta(days=3))
    made["posted_post"] = settle(made["posted"], effective_at=start + timedelta(days=4))
    made["voided"] = send("15", to=trading(), pending=True, effective_at=start + timedelta(days=3))
    made["voided_void"] = void(made["voided"], effective_at=start + timedelta(days=4))
    made["wrong"] = receive("77", effective_at=start + timedelta(days=4))
    made["reversal"] = reverse(made["wrong"], effective_at=start + timedelta(days=5))
    made["hold"] = hold("60")
    made["hold_part"] = hold("20")
    made["hold_part_capture"] = capture(made["hold_part"], amount=Decimal("5"))
    made["hold_captured"] = hold("10")
    made["hold_capture"] = capture(made["hold_captured"])
    made["hold_released"] = hold("11")
    made["hold_release"] = release(made["hold_released"])
    made |= _ended_otherwise()
    with transaction.atomic():
        made["conversion"] = posting.post(
            reason="FX_CONVERSION",
            legs=[
                debit(wallet(currency="USD"), Decimal("110")),
                credit(accounts.ref("house/fx", "USD"), Decimal("110")),
                debit(accounts.ref("house/fx", "EUR"), Decimal("100")),
                credit(wallet(), Decimal("99.5")),
                credit(accounts.ref("house/fx-spread", "EUR"), Decimal("0.5")),
            ],
            metadata={"rate": "1.10"},
        )
    with transaction.atomic():
        events.record(type="test.happened", object_ref=made["receipt"].public_id, actor=Somebody())
    for account in (bank(), payout(), fees()):
        checkpoints.take(account_id=account.id)
    made["after_checkpoint"] = receive("5")
    checkpoints.take(account_id=bank().id)
    return made


def send_to_clearing(amount: str, *, at: datetime) -> Posted:
    """A card deposit is captured: the provider owes it until the settlement."""
    with transaction.atomic():
        legs = [debit(clearing(), Decimal(amount)), credit(wallet(), Decimal(amount))]
        return posting.post(reason="DEPOSIT_CAPTURED", legs=legs, effective_at=at)


def settle_clearing(amount: str, *, at: datetime) -> Posted:
    """The provider pays out what was captured."""
    with transaction.atomic():
        legs = [debit(bank(), Decimal(amount)), credit(clearing(), Decimal(amount))]
        return posting.post(reason="DEPOSIT_SETTLED", legs=legs, effective_at=at)
