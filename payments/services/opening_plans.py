"""What an import of opening balances would do, judged against the books as they are: nothing is written here.

Either every row has its place and the control totals agree, or all errors come back at once with their line numbers.
Rows that fit no client of ours are errors too, unless they may go to suspense.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from ledger import periods
from ledger.errors import DomainError, InvalidRequest
from ledger.models import Account, Transaction
from ledger.posting import Source
from payments import opening_files
from payments.connectors import registry
from payments.models import Client, TradingAccount
from payments.opening_files import OpeningRow, RowError, Totals
from payments.services import clients

SYSTEM = "opening"
SUSPENSE = "house/suspense"
OPENING = "house/opening"
SHOWN_MOST = 200
_ID_MAX = 120


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One row with the account that takes it. `why` tells what did not fit, "" for a row in its own place."""

    row: OpeningRow
    code: str
    why: str = ""

    @property
    def source(self) -> Source:
        """The permanent name of this account's opening balance: it can be posted once, in whichever import."""
        key = self.row.key
        return Source(SYSTEM, self.row.kind, key if len(key) <= _ID_MAX else sha256(key.encode()).hexdigest())


@dataclass(kw_only=True)
class Plan:
    """Everything an import will do. `new_clients` are not saved; they carry the keys they will have."""

    placed: list[Placed] = field(default_factory=list)
    new_clients: list[Client] = field(default_factory=list)
    known_clients: dict[str, Client] = field(default_factory=dict)
    new_trading_accounts: list[TradingAccount] = field(default_factory=list)
    control: Totals = field(default_factory=dict)

    @property
    def posted(self) -> list[Placed]:
        """Those that move money; an empty account is opened and no more."""
        return [placed for placed in self.placed if placed.row.money]

    @property
    def unplaced(self) -> list[Placed]:
        return [placed for placed in self.placed if placed.why]

    def figures(self) -> dict[str, Any]:
        """What a second person is asked to agree to; plain values. The same files and books give the same figures."""
        return {
            "rows": len(self.placed),
            "transactions": len(self.posted),
            "clients_new": len(self.new_clients),
            "clients_known": len(self.known_clients),
            "trading_accounts_new": len(self.new_trading_accounts),
            "control": plain(self.control),
            "file": plain(opening_files.totals_of(placed.row for placed in self.placed)),
            "suspense": [unplaced(placed) for placed in self.unplaced],
        }


class Refused(InvalidRequest):
    """The files cannot be imported; `errors` has every reason with its line, `param` the file of the first one."""

    errors: list[RowError]

    @classmethod
    def because(cls, errors: list[RowError]) -> "Refused":
        found = sorted(errors, key=lambda error: (error.file, error))
        shown = "\n".join(str(error) for error in found[:SHOWN_MOST])
        more = f"\nand {len(errors) - SHOWN_MOST} more" if len(errors) > SHOWN_MOST else ""
        listed = [
            {"param": error.file, "line": error.line, "column": error.column, "detail": error.words}
            for error in found[:SHOWN_MOST]
        ]
        words = f"{len(errors)} errors, nothing was written:\n{shown}{more}"
        refused = cls(words, param=found[0].file, errors=listed)
        refused.errors = found
        return refused


def plan(*, content: bytes, control: bytes, suspense: bool, today: date) -> Plan:
    """What importing these files would do. Raises Refused with every error of both files and every row that does not
    fit, after which nothing has changed."""
    rows, errors = opening_files.read(content, today=today)
    wanted, control_errors = opening_files.read_control(control)
    errors += control_errors
    if not errors:
        errors += opening_files.differences(opening_files.totals_of(rows), wanted)
    made = Plan(control=wanted)
    _judge(rows, made, errors, suspense)
    if not rows and not errors:
        errors.append(RowError(0, "file", "The file has no rows."))
    if errors:
        raise Refused.because(errors)
    return made


def plain(totals: Totals) -> list[dict[str, Any]]:
    """Totals as plain values, by kind and currency."""
    return [
        {"kind": kind, "currency": code, "rows": rows, "amount": f"{amount:f}"}
        for (kind, code), (rows, amount) in sorted(totals.items())
    ]


def unplaced(placed: Placed) -> dict[str, Any]:
    """A row that went to suspense, as plain values."""
    row = placed.row
    return {
        "line": row.line, "client_external_id": row.external_id, "kind": row.kind, "account": row.path,
        "currency": row.money.currency, "amount": row.money.text, "why": placed.why,
    }  # fmt: skip


def _judge(rows: list[OpeningRow], made: Plan, errors: list[RowError], suspense: bool) -> None:
    """Find each row its account; those that have none go to suspense or to the errors."""
    owners = _owners(rows, made, errors)
    logins = _known_logins(rows)
    for row in rows:
        owner = owners.get(row.external_id)
        why = ""
        if row.is_clients:
            why = _misfit(row, owner) or _login_misfit(row, owner, logins, made)
        if not why:
            code = owner.account_code(row.path) if owner is not None and row.is_clients else row.path
            made.placed.append(Placed(row=row, code=code))
        elif suspense:
            made.placed.append(Placed(row=row, code=SUSPENSE, why=why))
        else:
            errors.append(RowError(row.line, "client_external_id", why))
    used = {placed.code.split("/")[1] for placed in made.placed if placed.code.startswith("client/")}
    made.new_clients = [client for client in made.new_clients if client.public_id in used]
    made.known_clients = {key: client for key, client in made.known_clients.items() if client.public_id in used}
    errors += _closed(made)
    errors += _opened_before(made)
    errors += _in_closed_days(made)


def _owners(rows: list[OpeningRow], made: Plan, errors: list[RowError]) -> dict[str, Client]:
    """The clients of the file by their id in the old system: ours, and those that will be created."""
    wanted = {row.external_id for row in rows if row.is_clients}
    made.known_clients = {
        str(client.external_id): client for client in Client.objects.filter(external_id__in=wanted).order_by("pk")
    }
    owners = dict(made.known_clients)
    for row in rows:
        if not row.is_clients or row.external_id in owners or not (row.name or row.email or row.country):
            continue
        try:
            clients.check(name=row.name, email=row.email, country=row.country)
        except DomainError as error:
            errors.append(RowError(row.line, error.param or "name", error.detail))
        client = Client(external_id=row.external_id, name=row.name, email=row.email, country=row.country)
        owners[row.external_id] = client
        made.new_clients.append(client)
    return owners


def _misfit(row: OpeningRow, owner: Client | None) -> str:
    """Why no client can take the row, "" when one can."""
    if owner is None:
        return "unknown client, and the file does not say who it is"
    told = row.name or row.email or row.country
    if told and (owner.name, owner.email, owner.country) != (row.name, row.email, row.country):
        return "this client is known with another name, e-mail or country"
    return "" if owner.state != Client.State.CLOSED else "the client is closed"


def _known_logins(rows: list[OpeningRow]) -> dict[tuple[str, str], TradingAccount]:
    wanted = {row.platform_and_login[1] for row in rows if row.kind in ("trading", "bonus")}
    found = TradingAccount.objects.filter(login__in=wanted)
    return {(account.platform, account.login): account for account in found}


def _login_misfit(
    row: OpeningRow, owner: Client | None, logins: dict[tuple[str, str], TradingAccount], made: Plan
) -> str:
    """Why a login cannot take the row; a login that is not known yet will be written down."""
    if row.kind not in ("trading", "bonus") or owner is None:
        return ""
    name = row.platform_and_login
    account = logins.get(name)
    if account is None:
        try:
            group = registry.trading_group(platform_name=name[0], currency=row.money.currency)
        except DomainError:
            return f"there is no platform {name[0]}"
        account = TradingAccount(
            client=owner, platform=name[0], login=name[1], currency=row.money.currency, group=group
        )
        logins[name] = account
        made.new_trading_accounts.append(account)
    if account.client_id != owner.pk:
        return "the login belongs to another client"
    if account.state != TradingAccount.State.ACTIVE:
        return "the trading account is closed"
    return "" if account.currency == row.money.currency else f"the login is kept in {account.currency}"


def _closed(made: Plan) -> Iterable[RowError]:
    """Rows whose account takes nothing more, or is frozen and would hold less by them."""
    codes = {(placed.code, placed.row.money.currency): placed.row for placed in made.placed}
    found = Account.objects.filter(code__in={code for code, _ in codes}).exclude(status=Account.Status.OPEN)
    errors = []
    for code, currency, status in found.values_list("code", "currency", "status"):
        row = codes.get((code, currency))
        if row is not None and status == Account.Status.CLOSED:
            errors.append(RowError(row.line, "account", "this account is closed"))
        elif row is not None and row.money.amount < 0:
            errors.append(RowError(row.line, "account", "this account is frozen: nothing can be taken from it"))
    return errors


def _in_closed_days(made: Plan) -> Iterable[RowError]:
    """Rows whose day is closed: nothing can take effect in it any more, so approving them would be in vain."""
    closed = periods.entity().closed_before
    words = "this day is closed: nothing can take effect in it any more"
    return [
        RowError(placed.row.line, "as_of", words)
        for placed in made.posted
        if closed is not None and placed.row.ends_at < closed
    ]


def _opened_before(made: Plan) -> Iterable[RowError]:
    """Rows whose account has had its opening balance: it has one for ever."""
    names = {(placed.source.kind, placed.source.id): placed for placed in made.posted}
    known = Transaction.objects.filter(source_system=SYSTEM, source_id__in={name for _, name in names})
    return [
        RowError(names[key].row.line, "account", "this account has its opening balance already")
        for key in known.order_by().values_list("source_kind", "source_id")
        if key in names
    ]
