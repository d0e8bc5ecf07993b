"""The book in hledger's journal format: accepted by `hledger check --strict` as it is, with the ledger's own balances
asserted at the end.

Posted entries become postings. What is pending becomes balanced virtual postings on accounts of their own under
`pending:`, so that the balances of the real accounts are the posted ones; `--real` leaves them out altogether.
"""

import re
from collections.abc import Iterator
from datetime import date

from ledger.exports.book import PENDING, POSTED, RELEASED, Book, BookLine, BookTransaction
from ledger.ids import encode
from ledger.money import currency

# Format: https://hledger.org/1.25/hledger.html#journal-format. Roots as hledger expects them; `type:` says the same.
ROOTS = {
    "asset": ("assets", "A"),
    "liability": ("liabilities", "L"),
    "equity": ("equity", "E"),
    "income": ("revenues", "R"),
    "expense": ("expenses", "X"),
}
_PENDING = "pending"


def account_name(code: str, category: str) -> str:
    """`client/cl_7/wallet` of the liabilities → `liabilities:client:cl_7:wallet`. `account_code` is the way back."""
    return f"{ROOTS[category][0]}:{code.replace('/', ':')}"


def account_code(name: str) -> str:
    """The chart's code of an account name made by `account_name`."""
    return name.split(":", 1)[1].replace(":", "/")


def currency_name(code: str) -> str:
    """Symbols with anything but letters stand in quotes."""
    return code if code.isalpha() else f'"{code}"'


def currency_code(name: str) -> str:
    """The code of a currency name made by `currency_name`."""
    return name.strip('"')


def write(book: Book) -> Iterator[str]:
    """The book, piece by piece; each piece ends with a line break."""
    first, last = book.days()
    yield "; Wherewithal\ndecimal-mark .\n\n"
    accounts = book.accounts()
    for code in sorted({code for account in accounts for code in account.currencies}):
        decimals = currency(code).exponent
        yield f"commodity 1000.{'0' * decimals} {currency_name(code)}\n"
    for account in accounts:
        name = account_name(account.code, account.category)
        yield f"account {name}  ; type:{ROOTS[account.category][1]}, code:{account.code}\n"
        yield f"account {_PENDING}:{name}\n"
    if opening := book.opening():
        yield f"\n{first} * Opening balances\n" + "".join(map(_posting, opening))
    for entry in book.transactions():
        yield "\n" + _transaction(entry)
    yield from _assertions(book.closing(), last)


def _transaction(entry: BookTransaction) -> str:
    mark = "!" if entry.phase == "pending" else "*"
    title = " | ".join(_plain(part) for part in (entry.title, entry.description) if part)
    tags = {
        "id": entry.public_id,
        "reason": entry.reason,
        "phase": entry.phase,
        "source": entry.source,
        "resolves": entry.pending_id and encode("txn", entry.pending_id),
        "reverses": entry.reverses_id and encode("txn", entry.reverses_id),
        "effective-at": entry.effective_at.isoformat(),
        "recorded-at": entry.recorded_at.isoformat(),
        "data": entry.metadata,
    }
    lines = [f"{entry.day} {mark} ({entry.public_id}) {title}\n"]
    # One tag per comment line: a value ends at a comma or at the end of its line.
    lines += [f"    ; {name}:{_plain(value).replace(',', ';')}\n" for name, value in tags.items() if value]
    return "".join(lines) + "".join(map(_posting, [*entry.layers(POSTED), *entry.layers(PENDING, RELEASED)]))


def _posting(line: BookLine) -> str:
    name = account_name(line.code, line.category)
    shown = name if line.layer == POSTED else f"[{_PENDING}:{name}]"
    return f"    {shown}  {line.debit_positive} {currency_name(line.currency)}\n"


def _assertions(closing: list[BookLine], day: date) -> Iterator[str]:
    if not closing:
        return
    yield f"\n{day} * Balances as the ledger keeps them\n"
    for line in closing:
        unit, name = currency_name(line.currency), account_name(line.code, line.category)
        yield f"    {name}  0 {unit} = {line.debit_positive} {unit}\n"


def _plain(value: str) -> str:
    """Text that cannot end its line, begin a comment, or pass for the two blanks that end an account name."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f\u2028\u2029;]", " ", value)).strip()
