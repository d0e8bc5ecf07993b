"""Reading the two files of a cut-over: what each account held in the old system, and the totals that must come out.

The balances are CSV in UTF-8 with the columns of `COLUMNS`, one account per line; the control file has those of
`CONTROL_COLUMNS`. Bytes become rows or errors with their line numbers, all of them at once. Pure: whether a client or
a login exists is judged elsewhere.

kind: wallet, pocket (`account`: its name), trading and bonus (`account`: platform and login, "mt5:1001"), debt; these
belong to a client. bank_client_money, bank_own, psp_clearing, psp_reserve, psp_payout (`account`: the bank's or the
provider's name) and suspense are the firm's. `amount` is in the account's normal direction, with a dot: what a client
owes stands as a positive debt. `as_of` is the day at whose end the account held it, YYYY-MM-DD, in UTC.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from ledger.chart import KINDS, classify
from ledger.errors import DomainError
from ledger.money import Money

COLUMNS = ("client_external_id", "name", "email", "country", "kind", "account", "currency", "amount", "as_of")
CONTROL_COLUMNS = ("kind", "currency", "rows", "amount")
BALANCES, CONTROL = "balances", "control"
ROWS_MAX = 50_000
TEXT_MAX = 200
CLIENT_KINDS = ("wallet", "pocket", "trading", "bonus", "debt")
FIRM_CODES = {
    "bank_client_money": "bank/{}/client-money", "bank_own": "bank/{}/own", "psp_clearing": "psp/{}/clearing",
    "psp_reserve": "psp/{}/reserve", "psp_payout": "psp/{}/payout", "suspense": "house/suspense",
}  # fmt: skip
_CLIENT_PATHS = {
    "wallet": "wallet",
    "pocket": "pocket/{}",
    "trading": "trading/{}",
    "bonus": "bonus/{}",
    "debt": "debt",
}
_AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, order=True)
class RowError:
    """What is wrong with one line of a file, `balances` or `control`; line 0 is the file itself."""

    line: int
    column: str
    words: str
    file: str = BALANCES

    def __str__(self) -> str:
        found = f"line {self.line}, {self.column}: {self.words}" if self.line else self.words
        return found if self.file == BALANCES else f"{self.file}: {found}"


@dataclass(frozen=True, kw_only=True)
class OpeningRow:
    """One account of the old system. `path` is its place below the client, or the whole code of the firm's account."""

    line: int
    external_id: str
    name: str
    email: str
    country: str
    kind: str
    path: str
    money: Money
    as_of: date

    @property
    def is_clients(self) -> bool:
        return self.kind in CLIENT_KINDS

    @property
    def ends_at(self) -> datetime:
        """The last moment of its day, in UTC: when it takes effect."""
        return datetime.combine(self.as_of + timedelta(days=1), time(), UTC) - timedelta(microseconds=1)

    @property
    def platform_and_login(self) -> tuple[str, str]:
        """Of a trading or bonus account."""
        _, platform, login = self.path.split("/")
        return platform, login

    @property
    def key(self) -> str:
        """What the account is called for ever, in the old system's words."""
        return f"{self.external_id if self.is_clients else ''}/{self.path}/{self.money.currency}"


Totals = dict[tuple[str, str], tuple[int, Decimal]]


def read(content: bytes, *, today: date) -> tuple[list[OpeningRow], list[RowError]]:
    """The rows of a file of balances and everything that is wrong with it."""
    rows: list[OpeningRow] = []
    errors: list[RowError] = []
    for line, cells in _lines(content, COLUMNS, errors, BALANCES):
        found = _row(line, cells, today)
        if isinstance(found, OpeningRow):
            rows.append(found)
        else:
            errors += found
    return rows, [*errors, *_contradictions(rows)]


def read_control(content: bytes) -> tuple[Totals, list[RowError]]:
    """The control totals per kind and currency, and everything that is wrong with the file."""
    totals: Totals = {}
    errors: list[RowError] = []
    for line, cells in _lines(content, CONTROL_COLUMNS, errors, CONTROL):
        key = cells["kind"], cells["currency"]
        if cells["kind"] not in (*CLIENT_KINDS, *FIRM_CODES):
            words = f"“{cells['kind'][:20]}” is not a kind that can be imported"
            errors.append(RowError(line, "kind", words, CONTROL))
        elif not cells["rows"].isascii() or not cells["rows"].isdigit():
            errors.append(RowError(line, "rows", "this is not a number of rows", CONTROL))
        elif key in totals:
            errors.append(RowError(line, "kind", "this kind and currency stand here twice", CONTROL))
        else:
            try:
                totals[key] = int(cells["rows"]), _money(cells).amount
            except DomainError as error:
                errors.append(RowError(line, error.param or "amount", error.detail, CONTROL))
    return totals, errors


def totals_of(rows: Iterable[OpeningRow]) -> Totals:
    """What the rows add up to, per kind and currency."""
    sums: dict[tuple[str, str], tuple[int, Money]] = {}
    for row in rows:
        key = row.kind, row.money.currency
        count, total = sums.get(key, (0, Money.zero(row.money.currency)))
        sums[key] = count + 1, total + row.money
    return {key: (count, total.amount) for key, (count, total) in sorted(sums.items())}


def differences(ours: Totals, control: Totals) -> list[RowError]:
    """Where the file and its control totals disagree."""
    found = []
    for key in sorted(ours.keys() | control.keys()):
        (rows, amount), (wanted_rows, wanted) = ours.get(key, (0, Decimal(0))), control.get(key, (0, Decimal(0)))
        if (rows, amount) != (wanted_rows, wanted):
            kind, code = key
            words = (
                f"{kind} in {code}: the file has {rows} rows and {amount:f}, the control {wanted_rows} and {wanted:f}"
            )
            found.append(RowError(0, "file", words, CONTROL))
    return found


def _lines(
    content: bytes, columns: tuple[str, ...], errors: list[RowError], file: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line with its cells, trimmed; what is wrong with the file as a whole goes to `errors`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        errors.append(RowError(0, "file", "The file is not UTF-8.", file))
        return
    reader = csv.reader(io.StringIO(text.replace("\0", "\ufffd"), newline=""), strict=True)
    try:
        head = tuple(cell.strip() for cell in next(reader, []))
        if head != columns:
            errors.append(RowError(0, "file", f"The first line names the columns: {','.join(columns)}", file))
            return
        for count, cells in enumerate(reader):
            if count >= ROWS_MAX:
                errors.append(RowError(0, "file", f"A file has up to {ROWS_MAX} rows.", file))
                return
            if len(cells) == len(columns):
                yield reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            elif any(cells):
                words = f"{len(cells)} cells, {len(columns)} are expected"
                errors.append(RowError(reader.line_num, "line", words, file))
    except csv.Error as error:
        errors.append(RowError(reader.line_num, "line", f"this is not CSV ({error})", file))


def _row(line: int, cells: dict[str, str], today: date) -> OpeningRow | list[RowError]:
    errors = [
        RowError(line, column, f"longer than {TEXT_MAX} characters or not printable")
        for column, value in cells.items()
        if len(value) > TEXT_MAX or (value and not value.isprintable())
    ]
    kind, money, day = cells["kind"], None, None
    try:
        money = _money(cells)
        floor = KINDS[kind].floor if kind in KINDS else None
        if floor is not None and money.amount < floor:
            errors.append(RowError(line, "amount", f"a {kind} cannot be below {floor}"))
    except DomainError as error:
        errors.append(RowError(line, error.param or "amount", error.detail))
    try:
        day = date.fromisoformat(cells["as_of"]) if _DAY.fullmatch(cells["as_of"]) else None
    except ValueError:
        day = None
    if day is None or day > today:
        errors.append(RowError(line, "as_of", "this is not a day like 2026-10-31 that has come"))
    path = _path(line, cells, errors)
    if errors or money is None or day is None:
        return errors
    return OpeningRow(
        line=line,
        external_id=cells["client_external_id"],
        name=cells["name"],
        email=cells["email"],
        country=cells["country"],
        kind=kind,
        path=path,
        money=money,
        as_of=day,
    )


def _money(cells: dict[str, str]) -> Money:
    """Raises InvalidAmount naming the column."""
    amount = cells["amount"]
    return Money.of(amount if _AMOUNT.fullmatch(amount) else "?", cells["currency"])


def _path(line: int, cells: dict[str, str], errors: list[RowError]) -> str:
    kind, account, external = cells["kind"], cells["account"], cells["client_external_id"]
    if kind not in (*CLIENT_KINDS, *FIRM_CODES):
        errors.append(RowError(line, "kind", f"“{kind[:20]}” is not a kind that can be imported"))
        return ""
    if (kind in CLIENT_KINDS) != bool(external):
        words = "a client's account names its client" if kind in CLIENT_KINDS else "the firm's account has no client"
        errors.append(RowError(line, "client_external_id", words))
    if len(external) > 120:
        errors.append(RowError(line, "client_external_id", "longer than 120 characters"))
    pattern = {**_CLIENT_PATHS, **FIRM_CODES}[kind]
    if ("{}" in pattern) != bool(account):
        errors.append(
            RowError(line, "account", "say which one" if "{}" in pattern else "there is only one: leave it empty")
        )
        return ""
    path = pattern.format(account.replace(":", "/", 1) if kind in ("trading", "bonus") else account)
    try:
        classify(f"client/cl_1/{path}" if kind in CLIENT_KINDS else path)
    except DomainError:
        errors.append(RowError(line, "account", f"“{account[:40]}” cannot be the name of a {kind} account"))
    return path


def _contradictions(rows: list[OpeningRow]) -> Iterator[RowError]:
    """The same account twice, the same client with other data, one login of two clients."""
    seen: dict[str, int] = {}
    people: dict[str, OpeningRow] = {}
    logins: dict[tuple[str, str], OpeningRow] = {}
    for row in rows:
        if row.key in seen:
            yield RowError(row.line, "account", f"this account stands in line {seen[row.key]} already")
        seen.setdefault(row.key, row.line)
        if row.is_clients and (row.name or row.email or row.country):
            first = people.setdefault(row.external_id, row)
            if (first.name, first.email, first.country) != (row.name, row.email, row.country):
                yield RowError(row.line, "name", f"this client has other data in line {first.line}")
        if row.kind in ("trading", "bonus"):
            held = logins.setdefault(row.platform_and_login, row)
            if (held.external_id, held.money.currency) != (row.external_id, row.money.currency):
                yield RowError(row.line, "account", f"this login has another owner or currency in line {held.line}")
