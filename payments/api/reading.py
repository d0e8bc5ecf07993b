"""What the nouns of this app share: finding a client for whoever asks, and acting in his name.

A client sees himself and nobody else; what is not his does not exist for him.
"""

from typing import Any
from uuid import UUID

from ledger import ids
from ledger.api.endpoints import Endpoint, one
from ledger.errors import NotFound
from payments.actors import Actor
from payments.models import Client


def client_of(endpoint: Endpoint, reference: str) -> Client:
    """The client of an address, if the caller may see him. Raises NotFound."""
    client: Client = one(endpoint.own(Client.objects.all(), "pk"), pk=ids.decode_uuid("cl", reference))
    return client


def client_named(key: UUID) -> Client:
    """The client that a body names. Raises NotFound (param "client")."""
    client = Client.objects.filter(pk=key).first()
    if client is None:
        raise NotFound(param="client")
    return client


def acting_for(endpoint: Endpoint, client: Client) -> Actor:
    """The caller, acting in a client's name."""
    actor: Any = endpoint.actor
    acting: Actor = actor.acting_for(client.public_id)
    return acting
