"""Trading accounts: opened on the platform first, then written down with the login that the platform gave.

The platform's call to open one has no idempotency key. The intention is an event under the account's future id, so
that a call without a clear answer leaves a trace and a case: at worst an empty account that belongs to nobody.
"""

from datetime import datetime, timedelta
from typing import Any

from ledger import accounts, events
from ledger.database import unit_of_work
from ledger.errors import AccountClosed, AccountFrozen, NotFound, PolicyRefused, Unavailable
from ledger.models import Event
from ledger.money import currency as currency_of
from payments import dispatch
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.outcomes import Accepted, InDoubt, Rejected
from payments.models import Client, TradingAccount
from payments.services import locking

REQUESTED = "trading_account.requested"
ENDED = ("trading_account.opened", "trading_account.refused", "trading_account.in_doubt")
# A second press of the button within this time is the same wish.
IN_PROGRESS = timedelta(seconds=60)
_NOT_REACHED = ("unreachable", "busy", "auth_failed", "too_frequent")


def open_account(
    *, client: Client, platform: str = "mt5", currency: str, actor: Actor, now: datetime
) -> TradingAccount:
    """Open a trading account without money on the platform. Calls the platform: not inside a transaction.

    Raises Forbidden, NotFound for another client, InvalidAmount (currency), InvalidRequest (platform), AccountFrozen,
    AccountClosed, PolicyRefused when the platform refuses, Unavailable when it cannot be reached (retryable), is at it
    already (retryable), or did not say whether it did (not retryable; staff have a case)."""
    actor.require("payments.open_trading_account")
    actor.require_client(client.pk)
    currency_of(currency)
    group = registry.trading_group(platform_name=platform, currency=currency)
    connector = registry.platform(platform)
    account = TradingAccount(client=client, platform=platform, currency=currency, group=group)
    unit_of_work(lambda: _intend(account, actor, now))
    dispatch.require_no_transaction()
    outcome = connector.open_account(client_name=client.name, currency=currency, group=group)
    match outcome:
        case Accepted():
            unit_of_work(lambda: _opened(account, outcome.reference, actor, now))
            return account
        case Rejected():
            unit_of_work(lambda: _record(account, "trading_account.refused", actor, now, code=outcome.code))
            if outcome.code in _NOT_REACHED:
                raise Unavailable("The trading platform cannot be reached. Nothing was done.", code=outcome.code)
            raise PolicyRefused("The trading platform did not open the account.", code=outcome.code)
        case InDoubt():
            unit_of_work(lambda: _in_doubt(account, outcome.reason, actor, now))
            raise _not_known()


def find(*, reference: str, client: Client | None = None) -> TradingAccount:
    """The account named "mt5:1001" or "ta_…", of that client when one is given. Raises NotFound."""
    platform, _, login = reference.partition(":")
    found = TradingAccount.objects.select_related("client")
    found = found.filter(platform=platform, login=login) if login else found.filter(pk=TradingAccount.key(reference))
    account = found.filter(client=client).first() if client is not None else found.first()
    if account is None:
        raise NotFound("There is no such trading account.", param="trading_account")
    return account


def ledger_code(account: TradingAccount, kind: str = "trading") -> str:
    """The ledger's mirror of the platform balance ("trading") or of credit and bonus ("bonus")."""
    return account.client.account_code(kind, account.platform, account.login)


def require_active(client: Client) -> None:
    """Raise AccountFrozen or AccountClosed for a client who may start nothing."""
    if client.state == Client.State.FROZEN:
        raise AccountFrozen("The client is frozen.")
    if client.state == Client.State.CLOSED:
        raise AccountClosed("The client is closed.")


def _intend(account: TradingAccount, actor: Actor, now: datetime) -> None:
    client = locking.locked(Client, account.client_id, param="client")
    require_active(client)
    wanted = Event.objects.filter(client_ref=client.public_id, type=REQUESTED, occurred_at__gt=now - IN_PROGRESS)
    wanted = wanted.filter(data__platform=account.platform, data__currency=account.currency)
    refs = set(wanted.values_list("object_ref", flat=True))
    ended = set(Event.objects.filter(object_ref__in=refs, type__in=ENDED).values_list("object_ref", flat=True))
    if refs - ended:
        raise Unavailable("This account is being opened. Look again in a minute.")
    _record(account, REQUESTED, actor, now)


def _opened(account: TradingAccount, login: str, actor: Actor, now: datetime) -> None:
    account.login = login
    account.save(force_insert=True)
    accounts.open_account(code=ledger_code(account), currency=account.currency)
    _record(account, "trading_account.opened", actor, now, login=login)


def _in_doubt(account: TradingAccount, reason: str, actor: Actor, now: datetime) -> None:
    _record(account, "trading_account.in_doubt", actor, now, reason=reason)
    dispatch.raise_exception(
        category="platform_unknown",
        key=account.public_id,
        title=f"{account.platform} did not say whether it opened an account for {account.client.public_id}",
        facts={"platform": account.platform, "group": account.group, "reason": reason, "asked_at": now.isoformat()},
        client_ref=account.client.public_id,
        object_ref=account.public_id,
    )


def _not_known() -> Unavailable:
    error = Unavailable("The trading platform did not say whether the account was opened. We are looking into it.")
    error.retryable = False
    return error


def _record(account: TradingAccount, event_type: str, actor: Actor, now: datetime, **data: Any) -> None:
    events.record(
        type=event_type,
        object_ref=account.public_id,
        client_ref=account.client.public_id,
        actor=actor,
        data={"platform": account.platform, "currency": account.currency, **data},
        occurred_at=now,
    )
