"""What camt.052, camt.053 and camt.054 say about an account: entries with their details, and balances.

Sources: ISO 20022 message definitions camt.053.001.02 to .08 and later (element paths differ a little and are
read alternately). Nothing is judged here: an entry that makes no sense is handed on with everything it said.
It must never drop an entry, and never guess a sign or an amount.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from ledger.errors import InvalidRequest
from payments.connectors.bank.entry_detail import EntryDetail, bank_code, read_details
from payments.connectors.bank.iso20022 import Message, amount, clean, day, is_credit, moment, text

_REPORTS = {"camt.052": "Rpt", "camt.053": "Stmt", "camt.054": "Ntfctn"}


@dataclass(frozen=True, kw_only=True)
class Balance:
    """`code` is OPBD, CLBD, PRCD, ITBD, … and `amount` is signed: positive is in our favour."""

    code: str
    amount: Decimal
    currency: str
    on: date | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the account. `amount` is positive in `currency`; `credit` gives the direction, also of a
    reversal."""

    position: int
    amount: Decimal
    currency: str
    credit: bool
    reversal: bool
    status: str  # BOOK, PDNG, INFO or "" where not stated
    booked_on: date | None
    booked_at: datetime | None
    value_on: date | None
    reference: str
    servicer_reference: str
    bank_code: str
    information: str
    batch_message_id: str
    batch_payment_information_id: str
    details: tuple[EntryDetail, ...]

    @property
    def signed(self) -> Decimal:
        return self.amount if self.credit else -self.amount


@dataclass(frozen=True, kw_only=True)
class AccountReport:
    """One Stmt, Rpt or Ntfctn. `stated_entries` is the count in its own summary, None where it has none."""

    message_id: str
    report_id: str
    sequence: str
    page: str
    last_page: bool
    account: str  # IBAN, or the bank's own number where there is none
    currency: str
    created_at: datetime | None
    from_date: date | None
    to_date: date | None
    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]
    stated_entries: int | None


def read_reports(message: Message) -> tuple[AccountReport, ...]:
    """All reports of a camt.052, .053 or .054.

    Raises InvalidRequest (param "file") for another kind, or an amount or direction that cannot be read
    exactly."""
    if message.kind not in _REPORTS:
        raise InvalidRequest(f"A {message.kind} is not a report about an account.", param="file")
    header = message.body.find("GrpHdr")
    return tuple(_report(node, header) for node in message.body.findall(_REPORTS[message.kind]))


def _report(node: Element, header: Element | None) -> AccountReport:
    account = text(node, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id").replace(" ", "")
    balances = tuple(_balance(item) for item in node.findall("Bal"))
    own = text(node, "Acct/Ccy").upper()
    entries = tuple(_entry(item, position, account, own) for position, item in enumerate(node.findall("Ntry"), 1))
    stated = text(node, "TxsSummry/TtlNtries/NbOfNtries")
    pages = [page for tag in ("StmtPgntn", "RptPgntn", "NtfctnPgntn") for page in node.findall(tag)]
    pages += header.findall("MsgPgntn") if header is not None else []
    return AccountReport(
        message_id=text(header, "MsgId"),
        report_id=text(node, "Id"),
        sequence=text(node, "ElctrncSeqNb", "LglSeqNb"),
        page=text(pages[0], "PgNb") if pages else "",
        last_page=all(text(page, "LastPgInd") != "false" for page in pages),
        account=account,
        currency=_currency(node, balances, entries),
        created_at=moment(node, "CreDtTm") or moment(header, "CreDtTm"),
        from_date=day(node, "FrToDt/FrDtTm") or day(node, "FrToDt/FrDt"),
        to_date=day(node, "FrToDt/ToDtTm") or day(node, "FrToDt/ToDt"),
        balances=balances,
        entries=entries,
        stated_entries=int(stated) if stated.isascii() and stated.isdecimal() else None,
    )


def _currency(node: Element, balances: tuple[Balance, ...], entries: tuple[Entry, ...]) -> str:
    """Acct/Ccy is optional: without it the balances or entries tell the account's currency."""
    found = [text(node, "Acct/Ccy").upper(), *(item.currency for item in balances)]
    found += [entry.currency for entry in entries]
    return next(filter(None, found), "")


def _balance(node: Element) -> Balance:
    code = text(node, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry")
    figure, currency = amount(node.find("Amt"), where=f"Balance {code}")
    credit = is_credit(node, where=f"Balance {code}")
    return Balance(code=code, amount=figure if credit else -figure, currency=currency, on=day(node, "Dt"))


def _entry(node: Element, position: int, account: str, own_currency: str) -> Entry:
    where = f"Entry {position}"
    figure, stated = amount(node.find("Amt"), where=where)
    currency = stated or own_currency
    credit = is_credit(node, where=where)
    return Entry(
        position=position,
        amount=figure,
        currency=currency,
        credit=credit,
        reversal=text(node, "RvslInd") in ("true", "1"),
        status=text(node, "Sts/Cd", "Sts/Prtry", "Sts"),
        booked_on=day(node, "BookgDt"),
        booked_at=moment(node, "BookgDt/DtTm"),
        value_on=day(node, "ValDt"),
        reference=text(node, "NtryRef"),
        servicer_reference=text(node, "AcctSvcrRef"),
        bank_code=bank_code(node),
        information=clean(node.findtext("AddtlNtryInf")),
        batch_message_id=text(node, "NtryDtls/Btch/MsgId"),
        batch_payment_information_id=text(node, "NtryDtls/Btch/PmtInfId"),
        details=read_details(node, credit=credit, currency=currency, account=account, where=where),
    )
