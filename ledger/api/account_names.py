"""Finding the account that a caller names: by its id `acc_…`, or by its code together with a currency.

Accounts of the house, of PSPs and of banks are opened on first use, because the chart knows them all; a client's
account must be there already, so that a misspelt client never gets one.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from ledger import accounts, ids
from ledger.accounts import AccountRef
from ledger.chart import classify
from ledger.errors import CurrencyMismatch, InvalidRequest, NotFound
from ledger.models import Account

PREFIX = "acc"


class Names:
    """Looks each name up once per request."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], AccountRef] = {}
        self._unknown: set[tuple[str, str]] = set()

    def learn(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Look many names up at once, in two statements however many they are. What it does not find of clients is
        not there; other accounts may still be opened by `ref`."""
        names = set(wanted)
        keys: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for name, currency in names:
            with suppress(NotFound):
                if name.startswith(f"{PREFIX}_"):
                    keys[ids.decode_int(PREFIX, name)].append((name, currency))
        for account in _accounts("id = ANY (%s::bigint[])", list(keys)):
            self._known.update(dict.fromkeys(keys.pop(account.id), account))
        codes = {name for name, _ in names if not name.startswith(f"{PREFIX}_")}
        for account in _accounts("code = ANY (%s::text[])", list(codes)):
            self._known[account.code, account.currency] = account
        missing = {name for named in keys.values() for name in named}
        self._unknown = missing | {name for name in names - set(self._known) if name[0].startswith("client/")}

    def ref(self, name: str, currency: str, *, param: str) -> AccountRef:
        """The account called `name` in `currency`. Raises NotFound, InvalidRequest, CurrencyMismatch with `param`."""
        known = self._known.get((name, currency))
        if known is None:
            if (name, currency) in self._unknown and _is_sound(name):
                raise NotFound(f"There is no account {name[:80]!r} in {currency}.", param=param)
            known = self._known[name, currency] = _resolve(name, currency, param)
        if known.currency != currency:
            raise CurrencyMismatch(f"{known.code} is in {known.currency}.", param=param)
        return known


def _resolve(name: str, currency: str, param: str) -> AccountRef:
    try:
        if name.startswith(f"{PREFIX}_"):
            found = of_row(by_name(name))
        elif classify(name)[1]:
            found = accounts.find(name, currency)
        else:
            found = accounts.ref(name, currency)
    except (NotFound, InvalidRequest) as error:
        error.param = param
        raise
    return found


def _is_sound(name: str) -> bool:
    """Whether the chart has a place for such a code; an id always has."""
    try:
        return name.startswith(f"{PREFIX}_") or bool(classify(name))
    except InvalidRequest:
        return False


def _accounts(condition: str, values: list[Any]) -> list[AccountRef]:
    if not values:
        return []
    sql = f"SELECT id, code, currency, kind, sign FROM ledger_account WHERE {condition}"  # noqa: S608 (a literal)
    with connection.cursor() as cursor:
        cursor.execute(sql, [values])
        return [AccountRef(*row) for row in cursor.fetchall()]


def of_row(account: Account) -> AccountRef:
    return AccountRef(account.pk, account.code, account.currency_id, account.kind, account.sign)


def by_name(name: str, currency: str | None = None) -> Account:
    """The account of an address: by id, or by code with its currency. Raises NotFound, InvalidRequest."""
    rows: QuerySet[Account] = Account.objects.all()
    if name.startswith(f"{PREFIX}_"):
        rows = rows.filter(pk=ids.decode_int(PREFIX, name))
        rows = rows.filter(currency=currency) if currency else rows
    elif currency is None:
        raise InvalidRequest("An account code needs its currency.", param="currency")
    else:
        rows = rows.filter(code=name, currency=currency)
    account = rows.first()
    if account is None:
        raise NotFound
    return account
