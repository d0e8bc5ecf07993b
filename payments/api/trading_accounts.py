"""`/clients/{id}/trading-accounts`: a client's accounts on the platforms, and opening one.

The platform is called after the intention and its key are committed, and never twice for one key: a request that was
cut off is answered from what the event log says became of it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from ledger.api import fields, filters
from ledger.api.endpoints import Lists, Starts
from ledger.api.shapes import Answer, Input
from ledger.errors import PolicyRefused, Unavailable
from ledger.models import Event
from payments.actors import Actor
from payments.api.reading import acting_for, client_of
from payments.models import Client, TradingAccount
from payments.services import trading_accounts


class TradingAccountRequest(Input):
    specimen = {"platform": "mt5", "currency": "USD"}

    platform = fields.Text(max_length=20, required=False, help_text="`mt5` if left out.")
    currency = fields.Currency()


class TradingAccountAnswer(Answer):
    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    reference = fields.Text(help_text="How transfers name it: `mt5:1001`.")
    platform = fields.Text()
    login = fields.Text()
    currency = fields.Currency()
    state = fields.Choice(choices=TradingAccount.State.values)
    balance = fields.Column("platform_balance", allow_null=True, help_text="What the platform said last.")
    equity = fields.Column("platform_equity", allow_null=True)
    as_of = fields.Moment(source="platform_as_of", allow_null=True)
    created_at = fields.Moment()


class TradingAccounts(Lists, Starts):
    """A client's trading accounts."""

    permission = {"GET": "payments.view_tradingaccount", "POST": "payments.open_trading_account"}
    owners = True
    summary = {"GET": "List a client's trading accounts", "POST": "Open a trading account"}
    body, answer, status = TradingAccountRequest, TradingAccountAnswer, 201
    filters = (
        filters.text("platform", longest=20),
        filters.choice("state", TradingAccount.State.values),
        filters.currency(),
    )

    def rows(self, reference: str) -> QuerySet[TradingAccount]:
        return TradingAccount.objects.filter(client=client_of(self, reference))

    def begin(self, given: dict[str, Any], reference: str) -> str:
        client_of(self, reference)
        return timezone.now().isoformat()

    def finish(self, since: str, given: dict[str, Any], *, resumed: bool, reference: str) -> TradingAccount:
        client = client_of(self, reference)
        actor = acting_for(self, client)
        wanted = {"platform": given.get("platform", "mt5"), "currency": given["currency"]}
        if resumed and (account := opened_since(client, actor, datetime.fromisoformat(since), **wanted)):
            return account
        return trading_accounts.open_account(client=client, **wanted, actor=actor, now=self.now)


def opened_since(
    client: Client, actor: Actor, since: datetime, *, platform: str, currency: str
) -> TradingAccount | None:
    """What became of a request that was cut off; None when the platform was never called.

    Raises PolicyRefused or Unavailable as the request itself would have; Unavailable that is not retryable when nobody
    knows whether the platform opened the account."""
    steps = Event.objects.filter(client_ref=client.public_id, actor=actor.id, recorded_at__gte=since)
    wanted = steps.filter(type=trading_accounts.REQUESTED, data__platform=platform, data__currency=currency)
    asked = wanted.order_by("id").values_list("object_ref", flat=True).first()
    if asked is None:
        return None
    end = Event.objects.filter(object_ref=asked, type__in=trading_accounts.ENDED).order_by("-id").first()
    if end is not None and end.type == "trading_account.opened":
        return TradingAccount.objects.get(pk=_key(asked))
    if end is not None and end.type == "trading_account.refused":
        raise PolicyRefused("The trading platform did not open the account.", code=(end.data or {}).get("code", ""))
    error = Unavailable("The trading platform did not say whether the account was opened. We are looking into it.")
    error.retryable = False
    raise error


def _key(reference: str) -> UUID:
    return TradingAccount.key(reference)
