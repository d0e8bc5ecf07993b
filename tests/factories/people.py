"""The people of a test firm: staff with a role, clients with a wallet, and their payees."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from django.contrib.auth.models import Group

from ledger import accounts
from ledger.money import Money
from ledger.posting import Source, credit, debit, post
from payments.actors import Actor
from payments.models import Client, PaymentMethod, User

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GERMAN_IBAN = "DE89370400440532013000"
_numbers = count(1)


def user(*roles: str, email: str = "", is_staff: bool | None = None) -> User:
    """A person with these roles."""
    person = User.objects.create_user(
        email or f"person{next(_numbers)}@example.test",
        "correct horse battery staple",
        is_staff=("client" not in roles) if is_staff is None else is_staff,
    )
    person.groups.set(Group.objects.filter(name__in=roles))
    return person


def staff(role: str) -> Actor:
    """An actor: one more employee with this role."""
    return Actor.for_user(user(role))


def client(*, name: str = "Test Client", kyc: str = "approved", signs_in: bool = True) -> Client:
    number = next(_numbers)
    person = user("client", email=f"client{number}@example.test") if signs_in else None
    row = Client(name=name, email=f"client{number}@example.test", country="DE", kyc_level=kyc, user=person)
    row.save(force_insert=True)
    return row


def acting(row: Client) -> Actor:
    """The client himself, in the portal."""
    return Actor.for_user(row.user, ip="127.0.0.1", device="test")


def payee(row: Client, *, iban: str = GERMAN_IBAN, holder: str = "") -> PaymentMethod:
    holder = holder or row.name
    method = PaymentMethod(
        client=row, rail="sepa", currency="EUR", holder_name=holder, iban=iban, last4=iban[-4:],
        name_matches=holder == row.name,
    )  # fmt: skip
    method.save(force_insert=True)
    return method


def fund(row: Client, amount: str, currency: str = "EUR") -> Money:
    """Put captured money into the wallet, the way a card deposit does."""
    money = Money.of(amount, currency)
    post(
        reason="DEPOSIT_CAPTURED",
        legs=[
            debit(accounts.ref("psp/stripe/clearing", currency), Decimal(amount)),
            credit(accounts.ref(row.account_code("wallet"), currency), Decimal(amount)),
        ],
        source=Source("test", "funding", str(next(_numbers))),
    )
    return money
