"""camt.052, camt.053 and camt.054 as statements.

Sources: ISO 20022 definitions, versions .02 to .08 and later. Only booked entries become records. An entry
that bundles several details becomes one record per detail when their amounts add up to the entry; otherwise
it stays one record with a warning, so that the account's total is never distorted.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from payments.connectors.bank.account_report import AccountReport, Entry, read_reports
from payments.connectors.bank.entry_detail import EntryDetail
from payments.connectors.bank.iso20022 import Message
from reconciliation.parsers.base import ParsedRecord, ParsedStatement, tie_warning, total

FORMATS = ("camt.052", "camt.053", "camt.054")
# Best first. ITBD is the interim balance between the pages of one statement, PRCD the previous closing.
_OPENING = ("OPBD", "PRCD", "ITBD")
_CLOSING = ("CLBD", "ITBD")
# ISO bank transaction code families and sub-families; fees and interest are sub-families of many families.
_SUBFAMILIES = {"CHRG": "fee", "FEES": "fee", "COMM": "fee", "COME": "fee", "COMI": "fee", "COMT": "fee"} | {
    "INTR": "interest",
    "RRTN": "return",
}
_FAMILIES = {"RCDT": "receipt", "RRCT": "receipt", "ICDT": "payout", "IRCT": "payout"} | {
    "RDDT": "direct_debit",
    "IDDT": "direct_debit",
}


def parse(message: Message) -> tuple[ParsedStatement, ...]:
    """All statements of the message. Raises InvalidRequest (param "file") for an unreadable amount or
    direction."""
    return tuple(_statement(message, report) for report in read_reports(message))


def _statement(message: Message, report: AccountReport) -> ParsedStatement:
    booked = [entry for entry in report.entries if entry.status in ("BOOK", "")]
    records: list[ParsedRecord] = []
    warnings = list(_report_warnings(report, booked))
    for entry in booked:
        found, warning = _records(entry, first=len(records) + 1)
        records += found
        warnings += [warning] if warning else []
    opening, closing = _balances(report)
    ties = True
    if message.kind != "camt.054":
        same = (entry.signed for entry in booked if entry.currency in ("", report.currency))
        problem = tie_warning(opening, closing, total(same))
        warnings += [problem] if problem else []
        ties = not problem and all(entry.currency in ("", report.currency) for entry in booked)
    return ParsedStatement(
        format=message.name,
        account_iban=report.account,
        currency=report.currency,
        statement_id=report.report_id or report.message_id,
        sequence=report.sequence,
        from_date=report.from_date,
        to_date=report.to_date,
        opening=opening,
        closing=closing,
        records=tuple(records),
        warnings=tuple(warnings),
        ties=ties,
    )


def _report_warnings(report: AccountReport, booked: list[Entry]) -> Iterator[str]:
    if not report.account:
        yield "The statement names no account."
    if not report.last_page:
        yield f"This is page {report.page or '?'} of a statement with more pages."
    if report.stated_entries is not None and report.stated_entries != len(report.entries):
        yield f"The summary counts {report.stated_entries} entries, the file has {len(report.entries)}."
    left_out = len(report.entries) - len(booked)
    if left_out:
        yield f"Announced but not booked, and therefore left out: {left_out}."
    for entry in booked:
        if not entry.status:
            yield f"Entry {entry.position} states no status; it is taken as booked."
        if entry.booked_on is None:
            yield f"Entry {entry.position} has no readable booking date."
        if entry.currency not in ("", report.currency):
            yield f"Entry {entry.position} is in {entry.currency}, the account in {report.currency}."


def _balances(report: AccountReport) -> tuple[Decimal | None, Decimal | None]:
    """The first of the best opening code and the last of the best closing code, in the account's currency."""
    own = [item for item in report.balances if item.currency in ("", report.currency)]
    openings = [item.amount for code in _OPENING for item in own if item.code == code]
    # Of two interim balances the later one closes; a single one can only open.
    closings = [
        found[-1].amount
        for code in _CLOSING
        if (found := [item for item in own if item.code == code]) and (code != "ITBD" or len(found) > 1)
    ]
    return (openings[0] if openings else None), (closings[0] if closings else None)


def _records(entry: Entry, *, first: int) -> tuple[list[ParsedRecord], str]:
    details = entry.details
    if not details:
        return [_record(entry, None, entry.signed, first)], ""
    if len(details) == 1:
        (detail,) = details
        differs = detail.amount is not None and detail.amount != entry.amount
        warning = f"Entry {entry.position}: its only detail says {detail.amount}, the entry {entry.amount}."
        return [_record(entry, detail, entry.signed, first)], warning if differs else ""
    amounts = [
        None if detail.amount is None else detail.amount if detail.credit else -detail.amount for detail in details
    ]
    known = [figure for figure in amounts if figure is not None]
    if len(known) == len(details) and total(known) == entry.signed:
        pairs = zip(details, known, strict=True)
        return [_record(entry, detail, figure, first + n) for n, (detail, figure) in enumerate(pairs)], ""
    warning = (
        f"Entry {entry.position}: its {len(details)} details do not add up to {entry.amount}; it is kept as one record."
    )
    return [_record(entry, None, entry.signed, first)], warning


def _record(entry: Entry, detail: EntryDetail | None, figure: Decimal, position: int) -> ParsedRecord:
    is_return = detail is not None and detail.is_return
    end_to_end_id = detail.end_to_end_id if detail else ""
    return ParsedRecord(
        position=position,
        amount=figure,
        currency=entry.currency,
        booked_on=entry.booked_on,
        value_on=entry.value_on,
        bank_reference=(detail.servicer_reference if detail else "") or entry.servicer_reference or entry.reference,
        end_to_end_id=end_to_end_id,
        instruction_id=detail.instruction_id if detail else "",
        message_id=(detail.message_id if detail else "") or entry.batch_message_id,
        counterparty_name=detail.counterparty_name if detail else "",
        counterparty_iban=detail.counterparty_iban if detail else "",
        remittance=(detail.remittance if detail else "") or entry.information,
        is_return=is_return,
        return_reason=detail.return_reason if detail else "",
        # In a return the references are those of the original payment (EPC rulebook, R-transactions).
        original_end_to_end_id=end_to_end_id if is_return else "",
        kind=_kind(entry, detail),
        raw=_raw(entry, detail),
    )


def _kind(entry: Entry, detail: EntryDetail | None) -> str:
    if detail is not None and detail.is_return:
        return "return"
    if entry.reversal:
        return "reversal"
    parts = ((detail.bank_code if detail else "") or entry.bank_code).split("/")
    if len(parts) != 3:
        return "other"
    return _SUBFAMILIES.get(parts[2]) or _FAMILIES.get(parts[1]) or "other"


def _raw(entry: Entry, detail: EntryDetail | None) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "entry": entry.position,
        "entry_amount": f"{entry.signed:f}",
        "entry_reference": entry.reference,
        "servicer_reference": entry.servicer_reference,
        "bank_code": entry.bank_code,
        "information": entry.information,
        "reversal": entry.reversal,
        "payment_information_id": entry.batch_payment_information_id,
    }
    if detail is not None:
        # By identity: two details may well be equal.
        number = next(n for n, item in enumerate(entry.details, 1) if item is detail)
        raw["detail"] = f"{number}/{len(entry.details)}"
        raw["payment_information_id"] = detail.payment_information_id or raw["payment_information_id"]
        raw |= {"transaction_id": detail.transaction_id, "return_text": detail.return_text}
    elif entry.details:
        raw["details"] = [
            {
                "amount": None if item.amount is None else f"{item.amount:f}",
                "end_to_end_id": item.end_to_end_id,
                "counterparty_name": item.counterparty_name,
                "remittance": item.remittance,
            }
            for item in entry.details
        ]
    return raw
