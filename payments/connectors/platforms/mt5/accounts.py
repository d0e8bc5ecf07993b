"""Trading accounts on MT5: their figures, their decimals, and what a new one needs.

Figures are read, never computed, except for an idle account, of which the server keeps no trading state;
nothing here moves money or keeps a password.
"""

import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.errors import NotFound
from payments.connectors.platforms.base import PlatformAccount
from payments.connectors.platforms.mt5 import codes
from payments.connectors.platforms.mt5.client import Mt5Client, Refused
from payments.connectors.platforms.mt5.deals import read_digits, read_money


class Accounts:
    """Methods raise WebApiError or UnreadableRow; `figures` also NotFound. Callers translate."""

    def __init__(self, *, client: Mt5Client) -> None:
        self._client = client
        self._digits_of_login: dict[str, int] = {}

    def digits(self, *, login: str) -> int:
        """Return the decimals of the account's currency, which never changes (return code 3010)."""
        if login not in self._digits_of_login:
            group = str(self._client.user(login=login).get("Group", ""))
            self._digits_of_login[login] = read_digits(self._client.group(name=group))
        return self._digits_of_login[login]

    def figures(self, *, login: str, as_of: datetime) -> PlatformAccount:
        """Return balance, credit, equity and free margin as the server states them."""
        state = self._state(login)
        return PlatformAccount(
            login=login,
            balance=read_money(state, "Balance"),
            credit=read_money(state, "Credit"),
            equity=read_money(state, "Equity"),
            margin_free=read_money(state, "MarginFree"),
            as_of=as_of,
        )

    def _state(self, login: str) -> Mapping[str, Any]:
        """The trading state, or what follows from the stored record of an account that has no state.

        The server has a state only of accounts with orders, positions or activity since its start
        (MetaQuotes, "Get trade state"); an account without one has no positions, so that balance and credit
        are the whole truth.
        """
        try:
            return self._client.account(login=login)
        except Refused as refusal:
            if refusal.number != codes.NOT_FOUND:
                raise
        try:
            user = self._client.user(login=login)
        except Refused as refusal:
            if refusal.number != codes.NOT_FOUND:
                raise
            raise NotFound("The platform has no such account.", login=login) from refusal
        total: Decimal = read_money(user, "Balance") + read_money(user, "Credit")
        return {**user, "Equity": total, "MarginFree": total}


def random_password() -> str:
    """Return 16 characters of all four kinds, the most that MT5 takes (MetaQuotes, "Adding a user")."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "#@!%*+-")
    chars = [secrets.choice(kind) for kind in kinds * 4]
    secrets.SystemRandom().shuffle(chars)
    return "".join(chars)
