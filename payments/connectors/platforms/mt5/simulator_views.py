"""What the simulated MT5 server answers to questions: accounts, groups and deals in the Web API's own fields.

Every value goes out as a JSON string, as live servers do. Nothing here changes the books.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from payments.connectors.platforms.mt5.simulator_books import Books, free_margin, group_currency
from payments.connectors.platforms.mt5.simulator_store import Refusal
from payments.connectors.platforms.mt5.simulator_wire import Params, count

IDLE = ("MarginLevel", "Profit", "Storage", "Floating", "Liabilities", "BlockedCommission", "BlockedProfit")
PAGE_LIMIT = 100  # the most rows of one get_page


class Views:
    """`states` and `histories` map paths to readers; a history reader also hears what to hide."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.states: dict[str, Callable[[Params], Any]] = {
            "/api/user/get": self.user,
            "/api/group/get": self._group,
            "/api/user/account/get": self._state,
            "/api/user/account/get_batch": self._states,
            "/api/user/check_balance": self._check_balance,
        }
        self.histories: dict[str, Callable[[Params, float | None], Any]] = {
            "/api/deal/get": self._deal,
            "/api/deal/get_total": lambda params, settled: {"Total": str(len(self._window(params, settled)))},
            "/api/deal/get_page": self._page,
        }

    def user(self, params: Params) -> dict[str, str]:
        row = self._books.account(params.get("login", ""))
        places = Decimal(1).scaleb(-row["digits"])
        return {
            "Login": str(row["login"]),
            "Group": row["grp"],
            "Rights": "483",
            "Registration": str(row["opened"]),
            "Name": row["name"],
            "Leverage": str(row["leverage"]),
            "Balance": str(Decimal(row["balance"]).quantize(places)),
            "Credit": str(Decimal(row["credit"]).quantize(places)),
        }

    def _group(self, params: Params) -> dict[str, str]:
        group = params.get("group", "")
        currency, digits = group_currency(group)
        return {"Group": group, "Currency": currency, "CurrencyDigits": str(digits)}

    def _state(self, params: Params) -> dict[str, str]:
        row = self._books.account(params.get("login", ""))
        if not self._books.deals(login=str(row["login"]), start=0, end=2**31, settled=None):
            raise Refusal("13 Not found")  # documented: there is no state before the first activity
        equity = Decimal(row["balance"]) + Decimal(row["credit"])
        money = {
            "Balance": Decimal(row["balance"]),
            "Credit": Decimal(row["credit"]),
            "Margin": Decimal(row["margin"]),
            "MarginFree": free_margin(row),
            "Equity": equity,
            "Assets": equity,
        }
        places = Decimal(1).scaleb(-row["digits"])
        return (
            dict.fromkeys(IDLE, str(Decimal(0).quantize(places)))
            | {name: str(value.quantize(places)) for name, value in money.items()}
            | {"Login": str(row["login"]), "CurrencyDigits": str(row["digits"])}
        )

    def _states(self, params: Params) -> list[dict[str, str]]:
        return [self._state({"login": login}) for login in params.get("login", "").split(",")]

    def _check_balance(self, params: Params) -> dict[str, dict[str, str]]:
        row = self._books.account(params.get("login", ""))
        if params.get("fixflag", "0") != "0":
            raise Refusal("8 Not enough permissions")  # a fix rewrites money: nobody may ask for it here
        balance, credit = self._books.recomputed(str(row["login"]))
        return {
            "Balance": {"User": f"{Decimal(row['balance']):.6f}", "History": f"{balance:.6f}"},
            "Credit": {"User": f"{Decimal(row['credit']):.6f}", "History": f"{credit:.6f}"},
        }

    def _window(self, params: Params, settled: float | None) -> list[dict[str, Any]]:
        start, end = count(params, "from"), count(params, "to")
        return self._books.deals(login=params.get("login", ""), start=start, end=end, settled=settled)

    def _page(self, params: Params, settled: float | None) -> list[dict[str, Any]]:
        offset, total = max(count(params, "offset"), 0), min(count(params, "total"), PAGE_LIMIT)
        return self._window(params, settled)[offset : offset + total]

    def _deal(self, params: Params, settled: float | None) -> dict[str, Any]:
        return self._books.deal(ticket=count(params, "ticket"), settled=settled)
