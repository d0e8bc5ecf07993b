"""What MT5's numbers mean to us: return codes, deal types, and how an answer of the Web API is opened.

A number that is not in a table here is never guessed: an unknown return code leaves the request in doubt, an
unknown deal type goes to the bucket "unmapped". Sources: MetaQuotes' "Return codes" and "IMTDeal
enumerations" reference pages and the constants of its public Web API samples. Nothing here opens a
connection.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

DONE = 0
DONE_WITHOUT_DATA = 1
NOT_FOUND = 13

BALANCE_OPERATION = 2  # EnDealAction.DEAL_BALANCE, the only operation we ever send

# Documented refusals: the server says that it did not carry the request out. All other documented errors (2
# common, 5 disk, 7 network, 9 time-out, 10 no connection, 11, 14 to 17, 10011, 10012, 12003, 12004) can
# strike half way and are therefore left in doubt, like every number that we do not know.
REFUSALS: dict[int, str] = {
    3: "invalid_request",
    4: "invalid_request",
    8: "not_permitted",
    12: "too_frequent",
    13: "not_found",
    3002: "logins_exhausted",
    3003: "wrong_server",
    3004: "already_exists",
    3006: "password_refused",
    3007: "accounts_exhausted",
    4004: "deals_exhausted",
    4005: "limit_exceeded",
    10006: "refused",
    10013: "invalid_request",
    10017: "trade_disabled",
    10018: "market_closed",
    10019: "insufficient_on_platform",
    10024: "too_frequent",
    12000: "not_supported",
    12001: "wrong_server",
    12002: "not_supported",
    **dict.fromkeys(range(1000, 1024), "auth_failed"),
}

BUCKETS: dict[int, str] = {
    0: "trade",  # BUY
    1: "trade",  # SELL
    2: "cash",  # BALANCE
    3: "credit",
    4: "charge",
    5: "correction",
    6: "bonus",
    7: "commission",
    8: "commission",  # daily
    9: "commission",  # monthly
    10: "partner",  # agent, daily
    11: "partner",  # agent, monthly
    12: "interest",
    13: "cancelled",  # BUY_CANCELED
    14: "cancelled",  # SELL_CANCELED
    15: "dividend",
    16: "dividend",  # franked
    17: "tax",
    18: "partner",  # agent, at once
    19: "negative_balance_relief",  # SO_COMPENSATION
    20: "credit_removed",  # SO_COMPENSATION_CREDIT
}
UNMAPPED = "unmapped"

_RETCODE = re.compile(r"([0-9]{1,9})(?: +(.*))?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An opened answer: the return code's number and text, and the whole JSON object."""

    number: int
    text: str
    data: dict[str, Any]


def bucket_of(action: int) -> str:
    """Return our bucket for a deal type, "unmapped" for one that is not in the table."""
    return BUCKETS.get(action, UNMAPPED)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"not a number: {text}")


def read_answer(body: bytes) -> Answer:
    """Open one JSON answer; numbers become exact decimals. Raises ValueError when it is not an MT5 answer.

    `retcode` is a string "number text" (MetaQuotes, Web API, response format).
    """
    try:
        data = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("the answer is nested too deep") from error
    retcode = data.get("retcode") if isinstance(data, dict) else None
    match = _RETCODE.fullmatch(retcode.strip()) if isinstance(retcode, str) else None
    if match is None:
        raise ValueError("the answer has no return code")
    return Answer(number=int(match[1]), text=(match[2] or "").strip(), data=data)
