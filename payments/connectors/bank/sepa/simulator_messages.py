"""How the simulated bank writes: pain.002, camt.054 and camt.053.

Written from the ISO 20022 definitions pain.002.001.10, camt.054.001.08 and camt.053.001.08, on its own: it
must never use our readers, so that a misunderstanding between the two sides shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from lxml import etree
from lxml.builder import ElementMaker

_ISO = "urn:iso:std:iso:20022:tech:xsd:"
_USTRD = 140


@dataclass(frozen=True, kw_only=True)
class StatusLine:
    """One payment in a status report. `code` is the ISO status, `reason` the ISO reason or ""."""

    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    amount: Decimal
    currency: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Booking:
    """One booked movement. `amount` is signed (credit positive), `code` the ISO family and sub-family."""

    reference: str
    amount: Decimal
    currency: str
    booked_on: date
    value_on: date
    code: tuple[str, str]
    end_to_end_id: str
    instruction_id: str
    message_id: str
    payment_information_id: str
    name: str
    iban: str
    remittance: str
    return_reason: str


@dataclass(frozen=True, kw_only=True)
class Account:
    iban: str
    currency: str
    owner: str
    bic: str


@dataclass(frozen=True, kw_only=True)
class Day:
    """One statement period of an account with its balances."""

    sequence: int
    from_on: date
    to_on: date
    opening: Decimal
    closing: Decimal
    bookings: Sequence[Booking]


def status_report(
    *,
    report_id: str,
    message_id: str,
    message_name: str,
    transactions: int,
    group_code: str,
    group_reason: str,
    lines: Sequence[StatusLine],
    now: datetime,
) -> bytes:
    """A pain.002. Without lines it speaks of the whole file."""
    E = _maker("pain.002.001.10")
    group = E.OrgnlGrpInfAndSts(E.OrgnlMsgId(message_id), E.OrgnlMsgNmId(message_name))
    group.append(E.OrgnlNbOfTxs(str(transactions)))
    if group_code:
        group.append(E.GrpSts(group_code))
    if group_reason:
        group.append(E.StsRsnInf(E.Rsn(E.Cd(group_reason))))
    blocks: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        block = blocks.get(line.payment_information_id)
        if block is None:
            block = blocks[line.payment_information_id] = E.OrgnlPmtInfAndSts(
                E.OrgnlPmtInfId(line.payment_information_id)
            )
        block.append(_status_line(E, line, f"{report_id}-{number}"))
    header = E.GrpHdr(E.MsgId(report_id), E.CreDtTm(_stamp(now)))
    return _document(E, E.CstmrPmtStsRpt(header, group, *blocks.values()))


def notification(*, report_id: str, account: Account, bookings: Sequence[Booking], now: datetime) -> bytes:
    """A camt.054 about movements just booked on one account."""
    E = _maker("camt.054.001.08")
    body = E.Ntfctn(E.Id(report_id), E.CreDtTm(_stamp(now)), _account(E, account))
    body.extend([_entry(E, booking) for booking in bookings])
    header = E.GrpHdr(E.MsgId(report_id), E.CreDtTm(_stamp(now)))
    return _document(E, E.BkToCstmrDbtCdtNtfctn(header, body))


def statement(*, report_id: str, account: Account, day: Day, now: datetime) -> bytes:
    """A camt.053 with opening and closing booked balance."""
    E = _maker("camt.053.001.08")
    period = E.FrToDt(E.FrDtTm(f"{day.from_on.isoformat()}T00:00:00Z"), E.ToDtTm(f"{day.to_on.isoformat()}T23:59:59Z"))
    body = E.Stmt(
        E.Id(report_id),
        E.ElctrncSeqNb(str(day.sequence)),
        E.CreDtTm(_stamp(now)),
        period,
        _account(E, account),
        _balance(E, "OPBD", day.opening, account.currency, day.from_on),
        _balance(E, "CLBD", day.closing, account.currency, day.to_on),
        E.TxsSummry(E.TtlNtries(E.NbOfNtries(str(len(day.bookings))))),
    )
    body.extend([_entry(E, booking) for booking in day.bookings])
    header = E.GrpHdr(E.MsgId(report_id), E.CreDtTm(_stamp(now)))
    return _document(E, E.BkToCstmrStmt(header, body))


def _maker(message: str) -> Any:
    return ElementMaker(namespace=_ISO + message, nsmap={None: _ISO + message})


def _document(E: Any, body: Any) -> bytes:
    return bytes(etree.tostring(E.Document(body), xml_declaration=True, encoding="UTF-8"))


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _figure(amount: Decimal, currency: str) -> str:
    return f"{abs(amount).quantize(Decimal(1).scaleb(-get_currency_precision(currency))):f}"


def _mark(amount: Decimal) -> str:
    return "CRDT" if amount >= 0 else "DBIT"


def _status_line(E: Any, line: StatusLine, status_id: str) -> Any:
    node = E.TxInfAndSts(E.StsId(status_id))
    if line.instruction_id:
        node.append(E.OrgnlInstrId(line.instruction_id))
    node.append(E.OrgnlEndToEndId(line.end_to_end_id))
    node.append(E.TxSts(line.code))
    if line.reason:
        node.append(E.StsRsnInf(E.Rsn(E.Cd(line.reason))))
    amount = E.InstdAmt(_figure(line.amount, line.currency), Ccy=line.currency)
    node.append(E.OrgnlTxRef(E.Amt(amount)))
    return node


def _account(E: Any, account: Account) -> Any:
    return E.Acct(
        E.Id(E.IBAN(account.iban)),
        E.Ccy(account.currency),
        E.Ownr(E.Nm(account.owner)),
        E.Svcr(E.FinInstnId(E.BICFI(account.bic))),
    )


def _balance(E: Any, code: str, amount: Decimal, currency: str, on: date) -> Any:
    return E.Bal(
        E.Tp(E.CdOrPrtry(E.Cd(code))),
        E.Amt(_figure(amount, currency), Ccy=currency),
        E.CdtDbtInd(_mark(amount)),
        E.Dt(E.Dt(on.isoformat())),
    )


def _entry(E: Any, booking: Booking) -> Any:
    family, sub_family = booking.code
    return E.Ntry(
        E.NtryRef(booking.reference),
        E.Amt(_figure(booking.amount, booking.currency), Ccy=booking.currency),
        E.CdtDbtInd(_mark(booking.amount)),
        E.Sts(E.Cd("BOOK")),
        E.BookgDt(E.Dt(booking.booked_on.isoformat())),
        E.ValDt(E.Dt(booking.value_on.isoformat())),
        E.AcctSvcrRef(booking.reference),
        E.BkTxCd(E.Domn(E.Cd("PMNT"), E.Fmly(E.Cd(family), E.SubFmlyCd(sub_family)))),
        E.NtryDtls(_details(E, booking)),
    )


def _details(E: Any, booking: Booking) -> Any:
    refs = E.Refs()
    if booking.message_id:
        refs.append(E.MsgId(booking.message_id))
    refs.append(E.AcctSvcrRef(booking.reference))
    if booking.payment_information_id:
        refs.append(E.PmtInfId(booking.payment_information_id))
    if booking.instruction_id:
        refs.append(E.InstrId(booking.instruction_id))
    refs.append(E.EndToEndId(booking.end_to_end_id or "NOTPROVIDED"))
    node = E.TxDtls(refs, E.Amt(_figure(booking.amount, booking.currency), Ccy=booking.currency))
    node.append(E.CdtDbtInd(_mark(booking.amount)))
    parties = _parties(E, booking)
    if len(parties):
        node.append(parties)
    if booking.remittance:
        pieces = range(0, len(booking.remittance), _USTRD)
        node.append(E.RmtInf(*[E.Ustrd(booking.remittance[at : at + _USTRD]) for at in pieces]))
    if booking.return_reason:
        node.append(E.RtrInf(E.Rsn(E.Cd(booking.return_reason))))
    return node


def _parties(E: Any, booking: Booking) -> Any:
    """The other side: who sent a credit, who received a debit."""
    name, account = ("Dbtr", "DbtrAcct") if booking.amount >= 0 else ("Cdtr", "CdtrAcct")
    node = E.RltdPties()
    if booking.name:
        node.append(E(name, E.Pty(E.Nm(booking.name))))
    if booking.iban:
        node.append(E(account, E.Id(E.IBAN(booking.iban))))
    return node
