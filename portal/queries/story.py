"""The story of one movement: its line, what belongs to it, and every event that was recorded about it.

The portal shows the line and what belongs to it; staff pages show the events too. With a client given, what is
somebody else's does not exist. Reads only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger import ids
from ledger.errors import NotFound
from ledger.models import Account, Event, Hold, Transaction
from payments.models import Client, Conversion, Deposit, Dispute, Refund, Transfer, Withdrawal
from payments.models.base import PublicModel
from portal.queries import timeline
from portal.queries.filters import noun_of
from portal.queries.lines import Line

_RELATED_MAX = 8
_MODELS: dict[str, type[PublicModel]] = {"deposit": Deposit, "withdrawal": Withdrawal, "transfer": Transfer,
                                         "conversion": Conversion, "refund": Refund, "dispute": Dispute}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One recorded event: when it happened, when we learned it, who did it. Opaque ids only."""

    type: str
    at: datetime
    recorded_at: datetime
    actor: str
    on_behalf_of: str
    before: Any
    after: Any
    data: Any


@dataclass(frozen=True, kw_only=True)
class Story:
    """`lines` has one line, or one per entry of a ledger transaction; `line` is the first."""

    client: Client
    lines: tuple[Line, ...]
    related: tuple[Line, ...]
    happenings: tuple[Happening, ...]

    @property
    def line(self) -> Line:
        return self.lines[0]


def of(reference: str, *, now: datetime, client: Client | None = None) -> Story:
    """The story behind a public id (dep_, wd_, tr_, cv_, ref_, dsp_, hold_, txn_). Raises NotFound."""
    noun, key = noun_of(reference)
    owner = client or _owner(noun, key)
    lines = tuple(timeline.matching(owner, now=now, reference=reference, noun=noun))
    if not lines:
        raise NotFound
    return Story(
        client=owner,
        lines=lines,
        related=_related(owner, reference, noun, key, lines, now),
        happenings=happenings(reference),
    )


def happenings(reference: str) -> tuple[Happening, ...]:
    """Everything recorded about an object, oldest first."""
    return tuple(
        Happening(
            type=event.type,
            at=event.occurred_at,
            recorded_at=event.recorded_at,
            actor=event.actor,
            on_behalf_of=event.on_behalf_of,
            before=event.before,
            after=event.after,
            data=event.data,
        )
        for event in Event.objects.filter(object_ref=reference).order_by("id")[:500]
    )


def _related(
    client: Client, reference: str, noun: str, key: Any, lines: tuple[Line, ...], now: datetime
) -> tuple[Line, ...]:
    names = dict.fromkeys(name for line in lines for name in line.related)
    if noun == "deposit":
        names |= dict.fromkeys(row.public_id for row in Refund.objects.filter(deposit_id=key).order_by("id"))
        names |= dict.fromkeys(row.public_id for row in Dispute.objects.filter(deposit_id=key).order_by("id"))
    if noun in ("deposit", "withdrawal"):
        names |= dict.fromkeys(_caused_by(reference, noun, key))
    if noun == "entry":
        names |= dict.fromkeys(
            row.public_id for row in Transaction.objects.filter(reverses_id=key).order_by("id")[:_RELATED_MAX]
        )
    found = []
    for name in list(names)[:_RELATED_MAX]:
        found += timeline.matching(client, now=now, reference=name, noun=noun_of(name)[0])
    return tuple(found)


# The business references under which services post what follows from a deposit or a withdrawal.
_FOLLOWS = {
    "deposit": ("refund", "debt_recovery", "fee_charged"),
    "withdrawal": ("withdrawal_returned",),
}


def _caused_by(reference: str, noun: str, key: Any) -> list[str]:
    """Ledger transactions whose business reference begins with this movement."""
    rows = Transaction.objects.filter(source_kind__in=_FOLLOWS[noun], source_id__startswith=reference)
    system = "payments"
    if noun == "deposit":
        system = Deposit.objects.values_list("connector", flat=True).get(pk=key)
    return [row.public_id for row in rows.filter(source_system=system).order_by("id")[:_RELATED_MAX]]


def _owner(noun: str, key: Any) -> Client:
    """The client a movement belongs to. Raises NotFound."""
    if noun == "hold":
        owner = Hold.objects.filter(pk=key).values_list("wallet__owner", flat=True).first()
    elif noun == "entry":
        accounts = Account.objects.filter(entries__transaction_id=key).exclude(owner="")
        owner = accounts.values_list("owner", flat=True).first()
    else:
        path = "deposit__client_id" if noun in ("refund", "dispute") else "client_id"
        found = _MODELS[noun]._default_manager.filter(pk=key).values_list(path, flat=True).first()
        owner = ids.encode("cl", found) if found else None
    client = Client.objects.filter(pk=Client.key(owner)).first() if owner else None
    if client is None:
        raise NotFound
    return client
