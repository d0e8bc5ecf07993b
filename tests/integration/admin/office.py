"""A back office for tests: people with a role who are signed in, and objects made through the services.

States that need an outside system are written directly, because the pages must show them however they came about.
"""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from ledger import accounts, holds, ids, monitors, periods, posting
from ledger.models import BalanceMonitor, GlExport, GlMapping, Hold, Period, Transaction
from ledger.money import Money
from ledger.scopes import scope
from payments.actors import Actor
from payments.models import (
    Adjustment,
    Client,
    Conversion,
    Deposit,
    Dispute,
    OpeningImport,
    OutboxMessage,
    PaymentMethod,
    PolicyRule,
    ProviderEvent,
    Refund,
    TradingAccount,
    Transfer,
    User,
    Withdrawal,
)
from payments.services import adjustments, conversions, fx_quotes, opening_imports, withdrawals
from reconciliation.models import ExceptionCase, ExternalRecord, Match, SourceFile, Statement
from reconciliation.services import exceptions
from tests.factories import cutover, people, rates
from tests.integration.ledger import books

IBANS = ("DE89370400440532013000", "DE02120300000000202051", "FR1420041010050500013M02606")
_numbers = count(1)


def staff_user(*roles: str, name: str = "", superuser: bool = False) -> User:
    """An employee with these roles and a second factor."""
    user = people.user(*roles, is_staff=True)
    user.full_name, user.is_superuser = name, superuser
    user.save()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def browser(user: User) -> Browser:
    """A browser in which this person is signed in."""
    found = Browser()
    found.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return found


def signed_in(*roles: str) -> Browser:
    return browser(staff_user(*roles))


def client(amount: str = "1000.00", currency: str = "EUR", **options: Any) -> Client:
    """A client with money in the wallet."""
    found = people.client(**options)
    if Decimal(amount):
        people.fund(found, amount, currency)
    return found


def payee(of: Client, **options: Any) -> PaymentMethod:
    found = PaymentMethod.objects.filter(client=of, state="active").first()
    return found if found and not options else people.payee(of, **options)


def withdrawal(
    of: Client, amount: str = "100.00", *, by: Actor | None = None, to: PaymentMethod | None = None
) -> Withdrawal:
    """A request that waits for approval; by the client unless somebody else makes it."""
    return withdrawals.request(
        client=of, money=Money.of(amount, "EUR"), payment_method=to or payee(of), actor=by or people.acting(of),
        now=timezone.now(),
    )  # fmt: skip


def adjustment(of: Client, amount: str = "25.00", *, by: Actor, effective_at: datetime | None = None) -> Adjustment:
    """A draft in the client's favour that waits for a second person."""
    return adjustments.draft(
        client=of,
        debit_account=accounts.ref("house/adjustments", "EUR"),
        credit_account=accounts.ref(of.account_code("wallet"), "EUR"),
        money=Money.of(amount, "EUR"),
        reason="Fee charged twice",
        evidence="ticket 4711",
        effective_at=effective_at,
        actor=by,
        now=timezone.now(),
    )


def case(category: str = "unknown_outcome", of: Client | None = None, **options: Any) -> ExceptionCase:
    number = next(_numbers)
    return exceptions.raise_case(
        category=category,
        key=options.pop("key", f"case-{number}"),
        title=options.pop("title", f"Something is wrong, number {number}"),
        facts=options.pop("facts", {"bank": "sepa"}),
        client=of,
        money=options.pop("money", Money.of("250.00", "EUR")),
        now=options.pop("now", timezone.now()),
        **options,
    )


def receipt_case(*candidates: Client, amount: str = "250.00") -> ExceptionCase:
    """Money in suspense whose owner is not known."""
    number = next(_numbers)
    suspense(amount)
    found = [{"ref": c.public_id, "rule": "sender", "tier": 3, "score": 75, "agrees": ["sender's name"], "differs": []}
             for c in candidates]  # fmt: skip
    return case(
        "unmatched_receipt", key=f"receipt-{number}", title=f"{amount} EUR: Received, owner unknown",
        facts={"bank": "sepa", "sender": "M SCHMIDT", "remittance": "my deposit", "candidates": found},
        money=Money.of(amount, "EUR"),
    )  # fmt: skip


def suspense(amount: str) -> None:
    from ledger.posting import Source
    from payments import postings
    from payments.services.posting import post_recipe

    post_recipe(
        postings.receipt_unmatched(bank="sepa", money=Money.of(amount, "EUR")),
        source=Source("test", "receipt", str(next(_numbers))),
    )


def trading_account(of: Client, **fields: Any) -> TradingAccount:
    return TradingAccount.objects.create(
        client=of, platform="mt5", login=str(1000 + next(_numbers)), currency="EUR", **fields
    )


def transfer(of: Client, state: str = "unknown", amount: str = "50.00", **fields: Any) -> Transfer:
    row = Transfer(
        client=of, trading_account=fields.pop("account", None) or trading_account(of), direction="to_platform",
        amount=Decimal(amount), currency="EUR", state=state, token=f"WW{next(_numbers):018d}", made_by="usr_x",
        sent_at=fields.pop("sent_at", timezone.now() - timedelta(minutes=5)), **fields,
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def deposit(of: Client, state: str = "captured", amount: str = "80.00", **fields: Any) -> Deposit:
    row = Deposit(
        client=of, rail="card", connector="stripe", amount=Decimal(amount), currency="EUR", state=state,
        captured=Decimal(amount if state == "captured" else 0), made_by="usr_x",
        provider_reference=fields.pop("provider_reference", f"pi_{next(_numbers)}"), **fields,
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def failed(of: Client, amount: str = "100.00") -> Withdrawal:
    """A payout that the bank refused; the money is still held."""
    row = withdrawal(of, amount)
    for step in ("approve", "fail"):
        getattr(row, step)()
        row.save()
    return row


def statement(now: datetime) -> Statement:
    content = f"file {next(_numbers)}".encode()
    file = SourceFile.objects.create(
        name="stmt.xml", sha256=f"{next(_numbers):064d}", content=content, imported_by="system:bank"
    )
    return Statement.objects.create(
        source_file=file, account_id=accounts.ref("bank/sepa/client-money", "EUR").id, format="camt.053",
        statement_id=f"S-{next(_numbers)}", currency="EUR", from_date=now.date(), to_date=now.date(),
        opening=Decimal(100), closing=Decimal("350.50"), ties=True, iban=IBANS[0],
    )  # fmt: skip


def record(on: Statement, amount: str = "250.50", **fields: Any) -> ExternalRecord:
    return ExternalRecord.objects.create(
        source="bank:sepa", kind="bank_line", identity=f"line-{next(_numbers)}", statement=on, amount=Decimal(amount),
        currency="EUR", booked_on=on.to_date, counterparty_name="M Schmidt", counterparty_iban=IBANS[1],
        remittance="my deposit", reference=f"NTRF-{next(_numbers)}", **fields,
    )  # fmt: skip


def monitor() -> BalanceMonitor:
    """Watches what the bank holds."""
    return monitors.create(
        name="Client money at the bank", scope=scope(prefix="bank", currency="EUR"), way="below",
        threshold=Money.of("10000.00", "EUR"), clear_at=Money.of("12000.00", "EUR"),
        actor=people.staff("finance_approver"), now=timezone.now(),
    )  # fmt: skip


def opening() -> OpeningImport:
    """A cut-over that waits for a second person."""
    made, _ = opening_imports.prepare(
        content=cutover.balances(), control=cutover.control(), name="old.csv", reference=f"cut-over-{next(_numbers)}",
        suspense=True, actor=people.staff("payments_ops"), now=timezone.now(),
    )  # fmt: skip
    return made


def closed_day(now: datetime) -> Period:
    """Yesterday, on which a client was paid in, closed for ever. Everything before it is frozen too."""
    day = now - timedelta(days=1)
    books.receive("250.00", effective_at=day)
    named = periods.name(label=f"{day:%Y-%m-%d}")
    return periods.close(period_id=named.pk, actor=people.staff("finance_approver"), now=now)


def conversion(of: Client, amount: str = "100.00") -> Conversion:
    """Euros into dollars at the published rate."""
    rates.publish()
    quote = fx_quotes.offer(
        client=of, fixed=Money.of(amount, "EUR"), other_currency="USD", actor=people.acting(of), now=timezone.now()
    )
    return conversions.convert(quote_id=quote.pk, actor=people.acting(of), now=quote.created_at)


def hold(of: Client, amount: str = "60.00", **options: Any) -> Hold:
    """Money of the wallet set aside by hand, until 2098."""
    options = {"actor": "usr_x", "reason": "court order", "expires_at": datetime(2098, 1, 1, tzinfo=UTC)} | options
    with transaction.atomic():
        wallet = accounts.ref(of.account_code("wallet"), "EUR")
        placed = holds.place(wallet=wallet, amount=Decimal(amount), kind="manual", **options)
    return Hold.objects.get(pk=placed.hold_id)


def reserved(of: Client, amount: str = "90.00", *, target: str = "", **options: Any) -> Transaction:
    """A pending transfer by hand, to the client's own pocket or to `target`: until 2098, or until MT5 refuses it."""
    options = {"expires_at": datetime(2098, 1, 1, tzinfo=UTC), "expires_on": ["mt5.rejected"]} | options
    source, other = of.account_code("wallet"), target or of.account_code("pocket", "savings")
    with transaction.atomic():
        legs = [
            posting.debit(accounts.ref(source, "EUR"), Decimal(amount)),
            posting.credit(accounts.ref(other, "EUR"), Decimal(amount)),
        ]
        done = posting.post(reason="CLIENT_INTERNAL_TRANSFER", legs=legs, pending=True, **options)
    return Transaction.objects.get(pk=done.id)


def wait_for(moment: datetime) -> None:
    """Come back when this moment is over."""
    while (left := (moment - timezone.now()).total_seconds()) >= 0:
        time.sleep(left + 0.01)


def everything(now: datetime) -> dict[str, Any]:
    """One object of every kind that a page can show, by the prefix of its public id."""
    ops = people.staff("payments_ops")
    of = client("5000.00")
    paid_in = deposit(of)
    lines = statement(now)
    line = record(lines)
    wd = withdrawal(of)
    used = conversion(of)
    return {
        "cl": of,
        "cv": used,
        "fxq": used.quote,
        "rate": used.quote.steps.get().rate,
        "pm": payee(of),
        "ta": trading_account(of, platform_balance=Decimal("12.50"), platform_as_of=now),
        "dep": paid_in,
        "ref": Refund.objects.create(deposit=paid_in, amount=Decimal(5), currency="EUR", reason="asked",
                                     hold_id=wd.hold_id, made_by="usr_x"),
        "dsp": Dispute.objects.create(deposit=paid_in, amount=Decimal(80), currency="EUR", made_by="system:stripe",
                                      provider_reference="dp_1"),
        "wd": wd,
        "tr": transfer(of),
        "adj": adjustment(of, by=ops),
        "exc": receipt_case(of),
        "st": lines,
        "sf": lines.source_file,
        "xr": line,
        "mt": Match.objects.create(record=line, target_ref=wd.public_id, rule="our_reference", tier=1, score=100,
                                   actor="system:matching"),
        "pol": PolicyRule.objects.create(code="second_approver", currency="USD", parameters={"limit": "10000"},
                                         made_by="usr_x"),
        "pev": ProviderEvent.objects.create(connector="stripe", event_id=f"evt_{next(_numbers)}", event_type="charge.x",
                                            headers={"Stripe-Signature": "t=1,v1=secret"}, body=b'{"a": "<b>1</b>"}',
                                            body_sha256="0" * 64),
        "out": OutboxMessage.objects.create(topic="withdrawal.instruct", key=f"k{next(_numbers)}", payload={"a": 1},
                                            state="parked", available_at=now, last_error="TimeoutError"),
        "per": periods.name(label="2020-01-02"),
        "mon": monitor(),
        "glm": GlMapping.objects.order_by("pk").first(),
        "glx": GlExport.objects.create(day=now.date() - timedelta(days=30), form="summary", sha256="0" * 64, rows=3,
                                       made_by="usr_x"),
        "opn": opening(),
        "hold": hold(of),
        "txn": reserved(of),
    }  # fmt: skip


def reference(prefix: str, made: Any) -> str:
    """The public id of an object of `everything`."""
    return ids.encode(prefix, made.pk)
