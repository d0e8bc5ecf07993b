"""The dealer's desk of the simulated MT5 server: what happens on a trading server without our asking.

Trades, corrections that a gateway posts by itself, cancelled deals, bonuses, used margin. Tests and demos
reach it under /_sim/; an adapter never does. Amounts may be sent as text or as numbers and are kept exact.
"""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.connectors.platforms.mt5.simulator_books import Books
from payments.connectors.platforms.mt5.simulator_store import Refusal
from payments.connectors.simulation import Request, Response

Data = dict[str, Any]
RESULTS = {"Profit": "profit", "Storage": "swap", "Commission": "commission", "Fee": "fee"}


class Desk:
    """POST bodies: trade {login, symbol, profit, swap, commission, fee}; operation {login, action, amount,
    comment, reason, at}; correction and bonus {login, amount, comment}; cancel_deal {deal}; margin {login,
    margin}. GET accounts lists every account and the totals per currency.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._doors: dict[str, Callable[[Data], Any]] = {
            "/_sim/trade": self._trade,
            "/_sim/operation": self._operation,
            "/_sim/correction": lambda data: self._operation({"reason": 13, **data, "action": 5}),
            "/_sim/bonus": lambda data: self._operation({**data, "action": 6}),
            "/_sim/cancel_deal": lambda data: {"ticket": self._books.cancel(deal=int(data["deal"]))},
            "/_sim/margin": self._margin,
            "/_sim/accounts": self._accounts,
        }

    def answer(self, request: Request) -> Response | None:
        """Answer a control request; None when the door is not ours, 400 with the reason when it cannot be."""
        door = self._doors.get(request.path)
        if door is None:
            return None
        try:
            return Response.json(door(json.loads(request.body or b"{}", parse_float=Decimal)))
        except (KeyError, ValueError, Refusal) as error:
            return Response.json({"error": str(error) or type(error).__name__}, status=400)

    def _trade(self, data: Data) -> Data:
        results = {name: str(data.get(ours, "0")) for name, ours in RESULTS.items()}
        symbol = str(data.get("symbol", "EURUSD"))
        opened, closed = self._books.trade(login=str(data["login"]), symbol=symbol, results=results)
        return {"opened": opened, "closed": closed}

    def _operation(self, data: Data) -> Data:
        ticket = self._books.operate(
            login=str(data["login"]),
            action=int(data["action"]),
            amount=str(data["amount"]),
            Comment=str(data.get("comment", "")),
            check=False,
            at=datetime.fromisoformat(data["at"]) if "at" in data else None,
            Reason=str(data.get("reason", 2)),
        )
        return {"ticket": ticket}

    def _margin(self, data: Data) -> Data:
        self._books.set_margin(login=str(data["login"]), margin=str(data["margin"]))
        return {"margin": str(data["margin"])}

    def _accounts(self, _: Data) -> Data:
        accounts: list[Data] = []
        totals: dict[str, Decimal] = {}
        for row in self._books.accounts():
            accounts.append(
                {
                    "login": str(row["login"]),
                    "name": row["name"],
                    "group": row["grp"],
                    "currency": row["currency"],
                    "balance": row["balance"],
                    "credit": row["credit"],
                }
            )
            totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["balance"])
        return {"accounts": accounts, "totals": {currency: str(total) for currency, total in totals.items()}}
