"""Who is in the demo firm: one employee per role, and forty clients named after trees."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from schwifty import IBAN

from payments.actors import Actor
from payments.models import Client, PaymentMethod, User
from payments.roles import ROLES
from payments.services import clients, payment_methods

PASSWORD = "demo-firm-only"  # noqa: S105 (public on purpose; the firm exists in demo mode only)
DOMAIN = "demo.example"
MARK = "demo-01"  # external id of the first client: the firm exists

TREES = (
    "Acacia", "Alder", "Almond", "Ash", "Aspen", "Bamboo", "Baobab", "Beech", "Birch", "Boxwood", "Cedar", "Cherry",
    "Chestnut", "Cypress", "Dogwood", "Ebony", "Elder", "Elm", "Fir", "Ginkgo", "Hawthorn", "Hazel", "Hemlock",
    "Hickory", "Holly", "Hornbeam", "Juniper", "Larch", "Laurel", "Linden", "Magnolia", "Maple", "Mulberry", "Oak",
    "Olive", "Pine", "Poplar", "Rowan", "Spruce", "Willow",
)  # fmt: skip
_COUNTRY = {"EUR": "DE", "USD": "US", "GBP": "GB", "PLN": "PL"}
_ZONE = {"EUR": "Europe/Berlin", "USD": "America/New_York", "GBP": "Europe/London", "PLN": "Europe/Warsaw"}


@dataclass(frozen=True)
class Player:
    """A demo client with the currency he lives in and, for euros, his bank account."""

    number: int
    client: Client
    currency: str
    payee: PaymentMethod | None

    @property
    def actor(self) -> Actor:
        assert self.client.user is not None  # noqa: S101 (every demo client signs in)
        return Actor.for_user(self.client.user, ip="127.0.0.1", device="demo")


def currency_of(number: int) -> str:
    """Half of the clients live in euros, the others in dollars, pounds and zloty."""
    return "EUR" if number % 2 else ("USD", "GBP", "USD", "PLN")[number // 2 % 4]


def employ() -> dict[str, User]:
    """One employee per staff role, by role."""
    staff = {}
    for role in ROLES:
        if role != "client":
            staff[role] = _user(f"{role.replace('_', '-')}@{DOMAIN}", role.replace("_", " ").title(), role, True)
    return staff


def admit(number: int, staff: dict[str, User], now: datetime) -> Player:
    """Create one client with a portal login, most of them with approved KYC."""
    tree, currency = TREES[number - 1], currency_of(number)
    user = _user(f"{tree.lower()}@{DOMAIN}", f"{tree} Demo", "client", False, _ZONE[currency])
    client = clients.create(
        name=f"{tree} Demo",
        email=user.email,
        country=_COUNTRY[currency],
        external_id=f"demo-{number:02d}",
        timezone=_ZONE[currency],
        user=user,
        actor=Actor.for_user(staff["payments_ops"]),
        now=now,
    )
    level = "none" if number % 13 == 0 else "pending" if number % 11 == 0 else "approved"
    if level != "none":
        client = clients.decide_kyc(
            client_id=client.pk, level=level, actor=Actor.for_user(staff["compliance"]), now=now
        )
    player = Player(number, client, currency, None)
    if currency != "EUR":
        return player
    iban = IBAN.generate("DE", bank_code="37040044", account_code=f"{532013000 + number:010d}")
    payee = payment_methods.add_sepa(
        client=client,
        holder_name=client.name if number % 9 else "Somebody Else",
        iban=str(iban),
        actor=player.actor,
        now=now,
    )
    return Player(number, client, currency, payee)


@cache
def _password_hash() -> str:
    """Hashed once: hashing is slow on purpose, and everybody here has the same password."""
    return make_password(PASSWORD)


def _user(email: str, name: str, role: str, is_staff: bool, zone: str = "UTC") -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User(email=email, full_name=name, is_staff=is_staff, timezone=zone, password=_password_hash())
        user.save()
    user.groups.set(Group.objects.filter(name=role))
    return user
