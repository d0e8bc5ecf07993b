"""The bank's answer to a payment file: pain.002 read into payout states.

Source: ISO 20022 pain.002.001.03 and .10 (the paths used here are the same in both) and
ExternalPaymentTransactionStatus. Only ACSC and ACCC mean that money moved. A status we do not know becomes
"received" with a warning fact: it must never be read as settled or refused.

A status may concern one payout, one payment block or the whole file. Blocks are payouts here (`pain001`
writes one payout per block, PmtInfId = EndToEndId). A status of the whole file has `end_to_end_id` "" and
comes after the single ones: it holds for the payouts of `message_id` that nothing more precise was said
about.
"""

from xml.etree.ElementTree import Element

from ledger.errors import InvalidRequest
from payments.connectors.bank.base import PayoutStatus
from payments.connectors.bank.entry_detail import reference
from payments.connectors.bank.iso20022 import Message, amount, clean, moment, text

STATES = {
    "RCVD": "received",  # received
    "PDNG": "received",  # pending, further checks
    "PART": "received",  # some accepted, some refused: says nothing about one payout
    "ACTC": "accepted",  # technical validation passed
    "ACWC": "accepted",  # accepted with a change
    "ACFC": "accepted",  # funds checked
    "ACCP": "sent",  # customer profile checked: taken for execution, not paid
    "ACSP": "sent",  # settlement in process: not paid
    "ACWP": "sent",  # accepted without posting
    "ACSC": "settled",  # settled on our account
    "ACCC": "settled",  # settled on the creditor's account
    "RJCT": "rejected",
}
_STATUS_AT = {"transaction": "TxSts", "payment block": "PmtInfSts", "file": "GrpSts"}


def read_status(message: Message) -> tuple[PayoutStatus, ...]:
    """All statuses, the most precise first. Raises InvalidRequest (param "file") when it is no pain.002."""
    if message.kind != "pain.002":
        raise InvalidRequest(f"A {message.kind} is not a payment status report.", param="file")
    group = message.body.find("OrgnlGrpInfAndSts")
    found: list[PayoutStatus] = []
    for block in message.body.findall("OrgnlPmtInfAndSts"):
        single = [_status(message, node, "transaction", block) for node in block.findall("TxInfAndSts")]
        # A block holds one payout: its own status is only news when nothing was said about the payout itself.
        found += [status for status in single if status.iso_status] or _wider(message, block, "payment block")
    # Nothing is left for a status of the file to say when every payout in it was named.
    if group is not None and text(group, "OrgnlNbOfTxs") != str(len(found)):
        found += _wider(message, group, "file")
    return tuple(found)


def _wider(message: Message, node: Element, scope: str) -> list[PayoutStatus]:
    """The status of a block or the file, when it is stated and says something about each payout in it."""
    code = text(node, _STATUS_AT[scope])
    return [_status(message, node, scope)] if code and code != "PART" else []


def _status(message: Message, node: Element, scope: str, block: Element | None = None) -> PayoutStatus:
    code = text(node, _STATUS_AT[scope])
    reason, explanation = _reason(node)
    if not reason and block is not None:  # some banks give the reason only once, for the block
        reason, explanation = _reason(block)
    original = node.find("OrgnlTxRef/Amt/InstdAmt")
    figure, currency = amount(original, where="Status") if original is not None else (None, "")
    facts = {"message": message.name, "scope": scope, "status_id": text(node, "StsId")}
    if code not in STATES:
        facts["warning"] = f"The bank's status {code!r} is not known: taken as received."
    return PayoutStatus(
        message_id=text(message.body, "OrgnlGrpInfAndSts/OrgnlMsgId"),
        end_to_end_id=reference(text(node, "OrgnlEndToEndId", "OrgnlPmtInfId")) if scope != "file" else "",
        state=STATES.get(code, "received"),
        iso_status=code,
        reason_code=reason,
        reason_text=explanation,
        amount=figure,
        currency=currency,
        bank_reference=text(node, "AcctSvcrRef", "ClrSysRef"),
        occurred_at=moment(node, "AccptncDtTm") or moment(message.body, "GrpHdr/CreDtTm"),
        facts=facts,
    )


def _reason(node: Element) -> tuple[str, str]:
    """Reason code and text; a status can carry several explanations, all texts are kept."""
    code = next(filter(None, (text(info, "Rsn/Cd", "Rsn/Prtry") for info in node.findall("StsRsnInf"))), "")
    words = " ".join(filter(None, (clean(item.text) for item in node.findall("StsRsnInf/AddtlInf"))))
    return code, words
