"""The details below one camt entry: who, why, and which references; one bank entry may bundle many of them.

Sources: ISO 20022 camt.053.001.02 (v2), .04 and .08 paths, read alternately. R-transactions (returns) are
recognised by their return information. It must never invent an amount: a detail that states none in the
entry's currency has None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element

from payments.connectors.bank.iso20022 import amount, clean, is_credit, text

# What banks write where there is no reference (EPC: NOTPROVIDED; the others are bank habits).
_NO_REFERENCE = {"NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF", "NONE"}
# Where a detail may state its amount, best first: v4 and later, then v2, then what the customer instructed.
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt", "AmtDtls/InstdAmt/Amt")


@dataclass(frozen=True, kw_only=True)
class EntryDetail:
    """One TxDtls. `amount` is positive in the entry's currency, None when the bank did not state it in that
    currency."""

    amount: Decimal | None
    credit: bool
    end_to_end_id: str
    instruction_id: str
    message_id: str
    payment_information_id: str
    transaction_id: str
    servicer_reference: str
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    bank_code: str
    is_return: bool
    return_reason: str
    return_text: str


def reference(raw: str) -> str:
    """The reference, or "" when the bank only says that there is none."""
    return "" if raw.upper() in _NO_REFERENCE else raw


def bank_code(node: Element) -> str:
    """The bank transaction code as "PMNT/RCDT/ESCT", or the bank's private code when there is no ISO one."""
    domain = node.find("BkTxCd/Domn")
    if domain is not None:
        parts = (text(domain, "Cd"), text(domain, "Fmly/Cd"), text(domain, "Fmly/SubFmlyCd"))
        return "/".join(filter(None, parts))
    return text(node, "BkTxCd/Prtry/Cd")


def read_details(entry: Element, *, credit: bool, currency: str, account: str, where: str) -> tuple[EntryDetail, ...]:
    """All details of an entry, in order. Raises InvalidRequest (param "file") for an unreadable amount or
    direction."""
    found = []
    for number, node in enumerate(entry.findall("NtryDtls/TxDtls"), 1):
        place = f"{where}, detail {number}"
        direction = is_credit(node, where=place) if node.find("CdtDbtInd") is not None else credit
        found.append(_detail(node, credit=direction, currency=currency, account=account, where=place))
    return tuple(found)


def _detail(node: Element, *, credit: bool, currency: str, account: str, where: str) -> EntryDetail:
    name, iban = _counterparty(node, credit=credit, account=account)
    returned = node.find("RtrInf")
    refs = node.find("Refs")
    return EntryDetail(
        amount=_stated(node, currency=currency, where=where),
        credit=credit,
        end_to_end_id=reference(text(refs, "EndToEndId")),
        instruction_id=reference(text(refs, "InstrId")),
        message_id=reference(text(refs, "MsgId")),
        payment_information_id=reference(text(refs, "PmtInfId")),
        transaction_id=reference(text(refs, "TxId")),
        servicer_reference=text(refs, "AcctSvcrRef"),
        counterparty_name=name,
        counterparty_iban=iban,
        remittance=_remittance(node),
        bank_code=bank_code(node),
        is_return=returned is not None,
        return_reason=text(returned, "Rsn/Cd", "Rsn/Prtry"),
        return_text=_joined(returned, "AddtlInf") if returned is not None else "",
    )


def _stated(node: Element, *, currency: str, where: str) -> Decimal | None:
    for path in _AMOUNTS:
        found = node.find(path)
        if found is None:
            continue
        figure, stated = amount(found, where=where)
        if stated in ("", currency):
            return figure
    return None


def _parties(node: Element, *, credit: bool) -> Iterator[tuple[str, str]]:
    """Debtor and creditor as (name, account), the side that is usually not us first."""
    related = node.find("RltdPties")
    for role in ("Dbtr", "Cdtr") if credit else ("Cdtr", "Dbtr"):
        # v8 puts the person one level deeper; the ultimate party is only better than nothing.
        name = text(related, f"{role}/Nm", f"{role}/Pty/Nm", f"{role}/Agt/FinInstnId/Nm", f"Ultmt{role}/Nm")
        name = name or text(related, f"Ultmt{role}/Pty/Nm")
        iban = text(related, f"{role}Acct/Id/IBAN", f"{role}Acct/Id/Othr/Id").replace(" ", "")
        yield name, iban


def _counterparty(node: Element, *, credit: bool, account: str) -> tuple[str, str]:
    """Returns keep the roles of the original payment at some banks: a side with our own account is the other one
    only when there is no better."""
    parties = [party for party in _parties(node, credit=credit) if any(party)]
    return next((party for party in parties if party[1] != account), parties[0] if parties else ("", ""))


def _remittance(node: Element) -> str:
    parts = [_joined(node, "RmtInf/Ustrd")]
    parts += [_joined(node, f"RmtInf/Strd/{path}") for path in ("CdtrRefInf/Ref", "AddtlRmtInf")]
    return " ".join(filter(None, parts)) or text(node, "AddtlTxInf")


def _joined(node: Element, path: str) -> str:
    return " ".join(filter(None, (clean(item.text) for item in node.findall(path))))
