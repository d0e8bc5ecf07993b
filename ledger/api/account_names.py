"""Finding the account that a caller names: by its id `acc_…`, or by its code together with a currency.

Accounts of the house, of PSPs and of banks are opened on first use, because the chart knows them all; a client's
account must be there already, so that a misspelt client never gets one.
"""

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

    def ref(self, name: str, currency: str, *, param: str) -> AccountRef:
        """The account called `name` in `currency`. Raises NotFound, InvalidRequest, CurrencyMismatch with `param`."""
        known = self._known.get((name, currency))
        if known is None:
            known = self._known[name, currency] = _resolve(name, currency, param)
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
    if found.currency != currency:
        raise CurrencyMismatch(f"{found.code} is in {found.currency}.", param=param)
    return found


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
