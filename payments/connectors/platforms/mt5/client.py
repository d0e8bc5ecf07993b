"""The commands of the MT5 Web API that we use, one method each, in the vendor's own words.

It opens answers and tells apart done, refused, never sent and not known; it decides nothing about money and
knows no wallet. Every command that changes something is sent at most once. Source: MetaQuotes Web API
reference, one page per command ("Deposit/Withdrawal", "Getting deals page by page", "Adding a user", …).
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from payments.connectors.platforms.mt5 import codes
from payments.connectors.platforms.mt5.channel import NoAnswer, WebApiError
from payments.connectors.platforms.mt5.session import Mt5Session

PAGE_ROWS = 100  # the most that one get_page may ask for


class Refused(WebApiError):
    """The server answered with a return code that documents a refusal."""

    def __init__(self, answer: codes.Answer, raw: bytes) -> None:
        super().__init__(f"{answer.number} {answer.text}".strip())
        self.number = answer.number
        self.code = codes.REFUSALS[answer.number]
        self.raw = raw


def _escaped(text: str) -> str:
    """Escape what the server would read as its own separators (Web API, "Escape character")."""
    for char in "\\=|":
        text = text.replace(char, f"\\{char}")
    return " ".join(text.split())


class Mt5Client:
    """All methods raise NeverSent, NoAnswer or Refused; rows are returned as they came, numbers exact."""

    def __init__(self, *, session: Mt5Session) -> None:
        self._session = session

    def change_balance(self, *, login: str, amount: str, comment: str) -> str:
        """Add the signed amount (decimal text) to the balance, free margin checked; return the ticket."""
        query = {
            "login": login,
            "type": str(codes.BALANCE_OPERATION),
            "balance": amount,
            "comment": comment,
            "check_margin": "1",
        }
        data, raw = self._ask("/api/trade/balance", query, repeatable=False)
        answer = data.get("answer")
        ticket = answer.get("Ticket") if isinstance(answer, dict) else None
        return _identifier(ticket, "no_ticket", raw)

    def add_user(self, *, group: str, name: str, leverage: int, main: str, investor: str) -> str:
        """Open an account and return its login. Passwords and name travel in the body, not in the address."""
        body = {
            "Group": group,
            "Name": name,
            "Leverage": str(leverage),
            "PassMain": main,
            "PassInvestor": investor,
        }
        data, raw = self._ask("/api/user/add", {}, body=json.dumps(body).encode(), repeatable=False)
        answer = data.get("answer")
        inner = answer.get("Login") if isinstance(answer, dict) else None
        return _identifier(data.get("login", inner), "no_login", raw)

    def deals_page(self, *, login: str, start: int, end: int, offset: int) -> list[dict[str, Any]]:
        """Return up to PAGE_ROWS deals of the window; both ends are server seconds and included."""
        query = {"login": login, "from": str(start), "to": str(end)}
        query |= {"offset": str(offset), "total": str(PAGE_ROWS)}
        data, raw = self._ask("/api/deal/get_page", query)
        rows = data.get("answer")
        if rows is None and codes.read_answer(raw).number == codes.DONE_WITHOUT_DATA:
            return []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NoAnswer("unreadable", raw=raw)
        return rows

    def deals_total(self, *, login: str, start: int, end: int) -> int:
        """Return how many deals the window holds."""
        data, raw = self._ask("/api/deal/get_total", {"login": login, "from": str(start), "to": str(end)})
        answer = data.get("answer")
        total = str(answer.get("Total", answer.get("total", ""))) if isinstance(answer, dict) else ""
        if not total.isdecimal():
            raise NoAnswer("unreadable", raw=raw)
        return int(total)

    def account(self, *, login: str) -> dict[str, Any]:
        """Return the trading state; refused (13) also when the account was idle since the server started."""
        return self._object("/api/user/account/get", {"login": login})

    def user(self, *, login: str) -> dict[str, Any]:
        """Return the account record: group, stored balance and credit."""
        return self._object("/api/user/get", {"login": login})

    def group(self, *, name: str) -> dict[str, Any]:
        """Return the group's configuration: currency and its digits."""
        return self._object("/api/group/get", {"group": _escaped(name)})

    def _object(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        data, raw = self._ask(path, query)
        answer = data.get("answer")
        if not isinstance(answer, dict):
            raise NoAnswer("unreadable", raw=raw)
        return answer

    def _ask(
        self, path: str, query: Mapping[str, str], *, body: bytes = b"", repeatable: bool = True
    ) -> tuple[dict[str, Any], bytes]:
        answer = self._session.exchange(path=path, query=query, body=body, repeatable=repeatable)
        if answer.status != 200:
            raise NoAnswer(f"http_{answer.status}", raw=answer.body)
        try:
            opened = codes.read_answer(answer.body)
        except ValueError as error:
            self._session.drop()  # whoever speaks there is out of step with us
            raise NoAnswer("unreadable", raw=answer.body) from error
        if opened.number in codes.REFUSALS:
            raise Refused(opened, answer.body)
        if opened.number not in (codes.DONE, codes.DONE_WITHOUT_DATA):
            raise NoAnswer(f"retcode_{opened.number}", raw=answer.body)
        return opened.data, answer.body


def _identifier(value: object, reason: str, raw: bytes) -> str:
    """Return a ticket or login as text; zero, missing or not a number leaves the request in doubt."""
    if isinstance(value, Decimal | bool) or not str(value).isdecimal() or int(str(value)) == 0:
        raise NoAnswer(reason, raw=raw)
    return str(int(str(value)))
