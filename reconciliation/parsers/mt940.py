"""SWIFT MT940 statements, read with the `mt-940` package and its traps closed.

The package is given text, never bytes or a path: its own `parse` would open a file whose name the content
happens to be. It would also overwrite a `:61:` line that carries no transaction type, and add what follows
the closing balance to the last line. Every `:61:` must come out as one record; when the count differs the
statement does not tie.
"""

import calendar
import logging
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from mt940 import Options
from mt940.models import Transaction, Transactions
from mt940.tags import Statement as StatementLine

from ledger.errors import InvalidRequest
from payments.connectors.bank.iso20022 import clean
from reconciliation.parsers.base import ParsedRecord, ParsedStatement, tie_warning, total
from reconciliation.parsers.mt940_details import Details, account, read_details

# On a line it cannot read, the package writes the line with all its client data into the log.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

MAX_STATEMENTS = 10_000
_STATEMENT = re.compile(r"(?m)^(?=:20:)")
_CLOSING = re.compile(r"(?m)^:62[FM]?:.*$")
_LINE = re.compile(r"(?m)^:61:")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # left by some transfer protocols
_NEEDED = (r"(?m)^:20:", r"(?m)^:25[A-Z]?:", r"(?m)^:6[0-2][FM]?:")
# SWIFT field 61, subfield 6: the last three characters of the transaction type.
_TYPES = {"CHG": "fee", "COM": "fee", "INT": "interest", "DDT": "direct_debit", "RTI": "return"}
# Also the code words that only point at the text field below.
_NO_REFERENCE = {"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "EREF", "PREF", "MARF", "EREF+", "KREF+", "MREF+"}


def recognises(content: bytes) -> bool:
    """True when the mandatory fields of an MT940 are there: reference, account, and a line or a balance."""
    text, _ = _decoded(content)
    return all(re.search(pattern, text) for pattern in _NEEDED)


def parse(content: bytes) -> tuple[ParsedStatement, ...]:
    """All statements of the file. Raises InvalidRequest (param "file") naming the statement that cannot be
    read."""
    text, warnings = _decoded(content)
    blocks = [block for block in _STATEMENT.split(text) if block.startswith(":20:")]
    if len(blocks) > MAX_STATEMENTS:
        raise InvalidRequest(f"The file has more than {MAX_STATEMENTS} statements.", param="file")
    return tuple(_statement(block, number, warnings) for number, block in enumerate(blocks, 1))


def _decoded(content: bytes) -> tuple[str, list[str]]:
    try:
        text, warnings = content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        # latin-1 reads every byte; only names and texts can be touched, amounts are ASCII in the format.
        text, warnings = (
            content.decode("latin-1"),
            ["The file is not UTF-8; it is read as Western European text."],
        )
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"(?m)^\{[^\n]*?:20:", ":20:", text), warnings  # a SWIFT envelope may share the first line


class Statement(StatementLine):
    """`:61:` with a transaction type in any case (the class name is what finds its processors)."""

    def __call__(self, transactions: Transactions, value: dict[str, Any]) -> dict[str, object]:
        data = super().__call__(transactions, value)
        data["id"] = data.get("id") or "NMSC"  # without one the package overwrites the line with the next one
        return data


def _real_day(transactions: Any, tag: Any, fields: dict[str, Any], *rest: Any) -> dict[str, Any]:
    """30 February exists where interest is counted in months of 30 days: take the last real day."""
    for prefix in ("", "entry_"):
        month, day = fields.get(f"{prefix}month") or "", fields.get(f"{prefix}day") or ""
        if month == "02" and day.isdecimal():
            last = calendar.monthrange(2000 + int(fields["year"]), 2)[1]
            fields[f"{prefix}day"] = f"{min(int(day), last):02d}"
    return fields


_BALANCES = ("opening_balance", "closing_balance")
_PROCESSORS: dict[str, Any] = {"pre_statement": [_real_day]} | {
    f"pre_{stage}{name}": [_real_day] for stage in ("final_", "intermediate_", "") for name in _BALANCES
}


def _statement(block: str, number: int, notes: list[str]) -> ParsedStatement:
    ends = [found.end() for found in _CLOSING.finditer(block)]
    body = block[: ends[-1]] if ends else block
    tags: dict[int | str, Any] = {Statement.id: Statement()}
    parsed = Transactions(_PROCESSORS, tags, options=Options.all())
    try:
        parsed.parse(body)
        records = tuple(_record(line, position) for position, line in enumerate(parsed, 1))
    except (ValueError, ArithmeticError, RuntimeError, LookupError, TypeError) as error:
        # The package raises whatever its conversion met; its text may quote client data and stays out.
        detail = f"Statement {number} is broken MT940 ({type(error).__name__})."
        raise InvalidRequest(detail, param="file") from error
    opening, closing = _balance(parsed, "opening"), _balance(parsed, "closing")
    warnings = [*notes, *_warnings(block, records, opening, closing)]
    return ParsedStatement(
        format="mt940",
        account_iban=account(str(parsed.data.get("account_identification") or ""), parsed.currency or ""),
        currency=parsed.currency or "",
        statement_id=clean(parsed.data.get("transaction_reference")),
        sequence="/".join(filter(None, (parsed.data.get("statement_number"), parsed.data.get("sequence_number")))),
        from_date=_balance_day(parsed, "opening"),
        to_date=_balance_day(parsed, "closing"),
        opening=opening,
        closing=closing,
        records=records,
        warnings=tuple(warnings),
        ties=len(warnings) == len(notes),
    )


def _warnings(
    block: str, records: tuple[ParsedRecord, ...], opening: Decimal | None, closing: Decimal | None
) -> Iterator[str]:
    lines = len(_LINE.findall(block))
    if lines != len(records):
        yield f"The statement has {lines} lines, {len(records)} could be read."
    if problem := tie_warning(opening, closing, total(record.amount for record in records)):
        yield problem


def _found(parsed: Transactions, name: str) -> Any:
    stages = ("final_", "", "intermediate_")
    return next((parsed.data[f"{s}{name}_balance"] for s in stages if f"{s}{name}_balance" in parsed.data), None)


def _balance(parsed: Transactions, name: str) -> Decimal | None:
    found = _found(parsed, name)
    return found.amount.amount if found is not None else None


def _balance_day(parsed: Transactions, name: str) -> date | None:
    found = _found(parsed, name)
    return _plain(found.date) if found is not None else None


def _plain(day: date | None) -> date | None:
    """The package's own date class, as a plain date."""
    return date(day.year, day.month, day.day) if day is not None else None


def _record(line: Transaction, position: int) -> ParsedRecord:
    data = line.data
    details = read_details(data)
    kind = _kind(data, details)
    is_return = kind == "return"
    customer = [part for part in str(data.get("customer_reference") or "").split("\n") if part not in _NO_REFERENCE]
    return ParsedRecord(
        position=position,
        amount=data["amount"].amount,
        currency=data["amount"].currency or "",
        booked_on=_plain(data.get("entry_date") or data.get("date")),
        value_on=_plain(data.get("date")),
        bank_reference=_reference(data.get("bank_reference")),
        end_to_end_id=details.end_to_end_id,
        instruction_id=clean(customer[-1]) if customer else "",
        message_id="",
        counterparty_name=details.name,
        counterparty_iban=details.iban,
        remittance=details.remittance or clean(data.get("extra_details")),
        is_return=is_return,
        return_reason=details.return_reason if is_return else "",
        original_end_to_end_id=details.end_to_end_id if is_return else "",
        kind=kind,
        raw={
            "type": str(data["id"]),
            "mark": str(data.get("status") or "").upper(),
            "supplementary": clean(data.get("extra_details")),
            "details": details.raw,
        },
    )


def _reference(raw: Any) -> str:
    found = clean(raw)
    return "" if found.upper() in _NO_REFERENCE else found


def _kind(data: dict[str, Any], details: Details) -> str:
    if str(data.get("status")).upper() in ("RC", "RD"):
        return "reversal"
    if details.is_return:
        return "return"
    code = str(data["id"])[1:].strip().upper()
    if code in ("TRF", "BOE", "CLR"):
        return "receipt" if data["amount"].amount > 0 else "payout"
    return _TYPES.get(code, "other")
