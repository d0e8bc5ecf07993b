"""Opening and finding accounts. What an account is never changes, so what is found once may be remembered.

Opening is idempotent: the same code and currency give the same account for ever. Money moves through
`ledger.posting`, never here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ledger import database, events
from ledger.chart import classify
from ledger.errors import InvalidRequest, NotFound
from ledger.events import Who
from ledger.models import Account
from ledger.money import currency as currency_of
from ledger.system import System

_BY_ITSELF = System("accounts")
_STATUS_EVENTS = {"frozen": "account.frozen", "open": "account.unfrozen", "closed": "account.closed"}


@dataclass(frozen=True)
class AccountRef:
    """The unchanging part of an account: enough to build entries without asking the database again."""

    id: int
    code: str
    currency: str
    kind: str
    sign: int


def open_account(*, code: str, currency: str) -> AccountRef:
    """Open the account if it does not exist yet, and return it.

    Raises InvalidRequest for a code outside the chart, InvalidAmount for an unknown currency."""
    Account.objects.bulk_create([_row(code, currency)], ignore_conflicts=True)
    return find(code, currency)


def open_many(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], AccountRef]:
    """`open_account` for many codes and currencies in a few statements. Raises what `open_account` raises."""
    wanted = sorted(set(names))
    Account.objects.bulk_create(
        [_row(code, currency) for code, currency in wanted], ignore_conflicts=True, batch_size=2000
    )
    found: dict[tuple[str, str], AccountRef] = {}
    for start in range(0, len(wanted), 5000):
        codes = {code for code, _ in wanted[start : start + 5000]}
        rows = Account.objects.filter(code__in=codes).order_by()
        for row in rows.values_list("id", "code", "currency_id", "kind", "sign"):
            found[row[1], row[2]] = AccountRef(*row)
    return {name: found[name] for name in wanted}


def _row(code: str, currency: str) -> Account:
    kind, owner = classify(code)
    currency_of(currency)
    return Account(
        code=code,
        currency_id=currency,
        kind=kind.name,
        category=kind.category,
        owner=owner,
        sign=kind.sign,
        running=kind.running,
        exponent=0,  # the database takes it from the currency
        floor=kind.floor,
    )


def ref(code: str, currency: str) -> AccountRef:
    """Find an account, opening it when the chart knows the code: house and client accounts appear on first use."""
    return _remembered.get((code, currency)) or _look_up(code, currency) or open_account(code=code, currency=currency)


def find(code: str, currency: str) -> AccountRef:
    """Find an account that must exist. Raises NotFound."""
    found = _remembered.get((code, currency)) or _look_up(code, currency)
    if found is None:
        raise NotFound(f"There is no account {code[:80]!r} in {currency[:8]!r}.", param="account")
    return found


def set_status(
    *, account_id: int, status: str, reason: str = "", actor: Who = _BY_ITSELF, now: datetime | None = None
) -> str:
    """Freeze ("frozen"), unfreeze ("open") or close ("closed") an account, with its event; returns the status before.

    A frozen account refuses to be reduced, except by reasons that settle what already happened elsewhere. A closed one
    refuses everything and must be empty. Raises InvalidTransition, AccountClosed, InvalidRequest."""
    if status not in Account.Status.values:
        raise InvalidRequest("Unknown account status.", param="status")
    with transaction.atomic():
        answer = database.call("ledger_account_set_status", [(account_id, "bigint"), (status, "text")])
        before = str(answer["ledger_account_set_status"])
        if before != status:
            account = Account.objects.only("owner").get(pk=account_id)
            events.record(
                type=_STATUS_EVENTS[status],
                object_ref=account.public_id,
                client_ref=account.owner,
                actor=actor,
                before={"status": before},
                after={"status": status},
                data={"reason": reason} if reason else None,
                occurred_at=now,
            )
    return before


def _look_up(code: str, currency: str) -> AccountRef | None:
    row = (
        Account.objects.filter(code=code, currency=currency)
        .order_by()
        .values_list("id", "code", "currency_id", "kind", "sign")
        .first()
    )
    if row is None:
        return None
    found = AccountRef(*row)
    # The account may be of this very transaction: remember it only once that has committed.
    transaction.on_commit(lambda: _remember(found))
    return found


_remembered: dict[tuple[str, str], AccountRef] = {}
_REMEMBERED_MOST = 65536


def _remember(account: AccountRef) -> None:
    if len(_remembered) >= _REMEMBERED_MOST:
        _remembered.clear()
    _remembered[account.code, account.currency] = account


def forget() -> None:
    """Forget what was remembered: for tests that empty the database, where ids start anew."""
    _remembered.clear()


def normal(account: AccountRef, amount: Decimal) -> Decimal:
    """A signed entry amount (credit positive) in the account's normal direction."""
    return amount if account.sign > 0 else amount.copy_negate()
