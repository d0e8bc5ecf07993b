"""Clients: create them, and decide what compliance found out about them."""

from datetime import datetime
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import DuplicateReference, InvalidRequest, NotFound
from payments.actors import Actor
from payments.models import Client, User
from payments.services import locking

EXTERNAL_ID_MAX = 120


def create(
    *,
    name: str,
    email: str,
    country: str,
    external_id: str | None = None,
    timezone: str = "UTC",
    client_class: str = Client.Class.RETAIL,
    user: User | None = None,
    actor: Actor,
    now: datetime,
) -> Client:
    """Create a client with KYC not started. The same `external_id` with the same data gives the same client.

    Raises Forbidden, InvalidRequest naming the field, DuplicateReference for a known external id with other data."""
    actor.require("payments.add_client")
    check(name=name, email=email, country=country, timezone=timezone, client_class=client_class)
    if external_id and len(external_id) > EXTERNAL_ID_MAX:
        raise InvalidRequest(f"An external id has up to {EXTERNAL_ID_MAX} characters.", param="external_id")

    def work() -> Client:
        if external_id:
            locking.one_at_a_time(f"client:{external_id}")
        if external_id and (known := Client.objects.filter(external_id=external_id).first()):
            if (known.name, known.email, known.country) != (name, email, country):
                raise DuplicateReference("This external id belongs to another client.", param="external_id")
            return known
        client = Client(
            name=name,
            email=email,
            country=country,
            external_id=external_id or None,
            timezone=timezone,
            client_class=client_class,
            user=user,
        )
        client.save(force_insert=True)
        events.record(
            type="client.created",
            object_ref=client.public_id,
            client_ref=client.public_id,
            actor=actor,
            after={"kyc_level": client.kyc_level, "state": client.state},
            occurred_at=now,
        )
        return client

    return unit_of_work(work)


def decide_kyc(*, client_id: UUID, level: str, actor: Actor, now: datetime) -> Client:
    """Set what compliance found. Raises Forbidden, NotFound, InvalidRequest."""
    actor.require("payments.decide_kyc")
    if level not in Client.KycLevel.values:
        raise InvalidRequest("Unknown KYC level.", param="kyc_level")
    return _change(client_id, "kyc_level", level, "client.kyc_decided", actor, now)


def set_state(*, client_id: UUID, state: str, actor: Actor, now: datetime) -> Client:
    """Freeze or unfreeze a client: a frozen client starts nothing that takes money out. Raises Forbidden, NotFound."""
    actor.require("ledger.freeze_account")
    if state not in Client.State.values:
        raise InvalidRequest("Unknown client state.", param="state")
    return _change(client_id, "state", state, "client.state_changed", actor, now)


def find(public_id: str) -> Client:
    """The client with this public id. Raises NotFound."""
    client = Client.objects.filter(pk=Client.key(public_id)).first()
    if client is None:
        raise NotFound(param="client")
    return client


@cache
def _zones() -> set[str]:
    """Looking for them walks a directory each time."""
    return available_timezones()


def _change(client_id: UUID, field: str, value: str, event: str, actor: Actor, now: datetime) -> Client:
    def work() -> Client:
        client = locking.locked(Client, client_id)
        before = getattr(client, field)
        if before == value:
            return client
        setattr(client, field, value)
        client.save()
        events.record(
            type=event,
            object_ref=client.public_id,
            client_ref=client.public_id,
            actor=actor,
            before={field: before},
            after={field: value},
            occurred_at=now,
        )
        return client

    return unit_of_work(work)


def check(
    *, name: str, email: str, country: str, timezone: str = "UTC", client_class: str = Client.Class.RETAIL
) -> None:
    """Raise InvalidRequest naming the field that cannot be a client's."""
    if not 1 <= len(name.strip()) <= 200:
        raise InvalidRequest("A name has 1 to 200 characters.", param="name")
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidRequest("This is not an e-mail address.", param="email") from None
    if len(country) != 2 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise InvalidRequest("A country is an ISO 3166 code of two capital letters.", param="country")
    if timezone not in _zones():
        raise InvalidRequest("Unknown time zone.", param="timezone")
    if client_class not in Client.Class.values:
        raise InvalidRequest("Unknown client class.", param="class")
