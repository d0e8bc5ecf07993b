"""The book in Beancount's language (beancount 3): accepted by `bean-check` as it is, with the ledger's own balances
asserted at the end.

Posted entries become postings. What is only pending has no postings, because Beancount would count them: it is a
transaction flagged "!" with its amounts in the metadata. Account and currency names are changed so that Beancount
accepts them, and can be changed back without loss.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from ledger.exports.book import PENDING, POSTED, RELEASED, Book, BookLine, BookTransaction
from ledger.ids import encode

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
# Grammar: https://beancount.github.io/docs/beancount_language_syntax.html — a part of an account name begins with a
# capital or a digit and has letters, digits and dashes; a currency begins with a capital. Codes of the chart have small
# letters, digits, dashes and underscores: capitals after the first character are free to stand for the rest.
_UNDERSCORE = "U"
_LEADING_UNDERSCORE = "0Z"
_LEADING_DIGIT = "C."


def account_name(code: str, category: str) -> str:
    """`client/cl_7/wallet` of the liabilities → `Liabilities:Client:ClU7:Wallet`. `account_code` is the way back."""
    return ":".join([ROOTS[category], *(_part(part) for part in code.split("/"))])


def account_code(name: str) -> str:
    """The chart's code of an account name made by `account_name`."""
    return "/".join(_original(part) for part in name.split(":")[1:])


def _part(part: str) -> str:
    head, tail = part[0], part[1:].replace("_", _UNDERSCORE)
    return (_LEADING_UNDERSCORE if head == "_" else head.upper()) + tail


def _original(part: str) -> str:
    if part.startswith(_LEADING_UNDERSCORE):
        return "_" + part[len(_LEADING_UNDERSCORE) :].replace(_UNDERSCORE, "_")
    return part[0].lower() + part[1:].replace(_UNDERSCORE, "_")


def currency_name(code: str) -> str:
    """A currency that begins with a digit gets a prefix that no code of ours has."""
    return _LEADING_DIGIT + code if code[0].isdigit() else code


def currency_code(name: str) -> str:
    """The code of a currency name made by `currency_name`."""
    return name.removeprefix(_LEADING_DIGIT)


def write(book: Book) -> Iterator[str]:
    """The book, piece by piece; each piece ends with a line break."""
    first, last = book.days()
    yield 'option "title" "Wherewithal"\n\n'
    accounts = book.accounts()
    for code in sorted({code for account in accounts for code in account.currencies}):
        yield f'{first} commodity {currency_name(code)}\n  code: "{code}"\n'
    for account in accounts:
        names = ",".join(currency_name(code) for code in account.currencies)
        yield f'{first} open {account_name(account.code, account.category)} {names}\n  code: "{account.code}"\n'
    if opening := [line for line in book.opening() if line.layer == POSTED]:
        yield f'\n{first} * "Opening balances" #opening\n' + "".join(map(_posting, opening))
    for entry in book.transactions():
        yield "\n" + _transaction(entry)
    yield "\n" + "".join(_assertion(line, last + timedelta(days=1)) for line in book.closing())


def _transaction(entry: BookTransaction) -> str:
    postings = entry.layers(POSTED)
    flag = "!" if entry.phase == "pending" else "*"
    tags = "" if entry.phase == "single" else f" #{entry.phase}"
    links = [entry.public_id, *(encode("txn", other) for other in (entry.pending_id, entry.reverses_id) if other)]
    head = f"{entry.day} {flag} {_text(entry.title)} {_text(entry.description)}{tags} "
    facts = {
        "id": entry.public_id,
        "reason": entry.reason,
        "source": entry.source,
        "effective-at": entry.effective_at.isoformat(),
        "recorded-at": entry.recorded_at.isoformat(),
        "data": entry.metadata,
    }
    for word, layer in (("reserves", PENDING), ("releases", RELEASED)):
        for number, line in enumerate(entry.layers(layer), start=1):
            facts[f"{word}-{number}"] = f"{line.code} {line.debit_positive} {line.currency}"
    lines = [head + " ".join(f"^{link}" for link in links) + "\n"]
    lines += [f"  {name}: {_text(value)}\n" for name, value in facts.items() if value is not None]
    return "".join(lines) + "".join(map(_posting, postings))


def _posting(line: BookLine) -> str:
    return f"  {account_name(line.code, line.category)}  {line.debit_positive} {currency_name(line.currency)}\n"


def _assertion(line: BookLine, day: date) -> str:
    """An assertion holds at the beginning of its day; the tolerance of zero makes it exact."""
    name = account_name(line.code, line.category)
    return f"{day} balance {name}  {line.debit_positive} ~ 0 {currency_name(line.currency)}\n"


def _text(value: str) -> str:
    """A string in Beancount's quotes: nothing in it can end the string or begin a line."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", escaped) + '"'
