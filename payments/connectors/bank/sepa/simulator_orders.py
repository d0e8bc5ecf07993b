"""How the simulated bank reads a payment file, and what it refuses at the door.

It checks the schema, the totals it is told against the totals it counts, and the currency. It must never look
at how the sender builds its files: schema and ISO 20022 definition (pain.001.001.03 and .09) are the only
agreement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from xml.etree.ElementTree import Element

from lxml import etree

from payments.connectors.safe_xml import XmlRefused, read_xml

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(pain\.001\.001\.(?:03|09))")


class Refused(Exception):
    """The bank does not take the file. `code` is one of the mailbox's documented words."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, kw_only=True)
class OrderedPayment:
    payment_information_id: str
    instruction_id: str
    end_to_end_id: str
    debtor_iban: str
    amount: Decimal
    currency: str
    name: str
    iban: str
    remittance: str
    instant: bool


@dataclass(frozen=True, kw_only=True)
class Order:
    message_id: str
    message_name: str
    payments: tuple[OrderedPayment, ...]


def read_order(content: bytes) -> Order:
    """The payment file. Raises Refused with code invalid_file or wrong_totals."""
    try:
        document = read_xml(content)
    except XmlRefused as error:
        raise Refused("invalid_file", str(error)) from error
    found = _NAMESPACE.fullmatch(document.namespaces.get("Document", ""))
    if not found:
        raise Refused("invalid_file", "This is neither pain.001.001.03 nor pain.001.001.09.")
    _check_schema(content, found.group(1))
    body = document.root.find("CstmrCdtTrfInitn")
    assert body is not None  # noqa: S101 (the schema says so)
    payments = tuple(payment for block in body.findall("PmtInf") for payment in _payments(block))
    _check_totals(body.find("GrpHdr"), payments)
    return Order(message_id=body.findtext("GrpHdr/MsgId", ""), message_name=found.group(1), payments=payments)


def _check_schema(content: bytes, name: str) -> None:
    with resources.as_file(resources.files("sepaxml") / "schemas" / f"{name}.xsd") as path:
        rules = etree.XMLSchema(file=str(path))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    if not rules.validate(etree.fromstring(content, parser)):
        raise Refused("invalid_file", rules.error_log[0].message)


def _payments(block: Element) -> Iterator[OrderedPayment]:
    found = []
    for node in block.findall("CdtTrfTxInf"):
        amount = node.find("Amt/InstdAmt")
        if amount is None or amount.get("Ccy") != "EUR":
            raise Refused("invalid_file", "A SEPA credit transfer is an instructed amount in EUR.")
        kinds = [item.findtext("PmtTpInf/LclInstrm/Cd") for item in (block, node)]
        found.append(
            OrderedPayment(
                payment_information_id=block.findtext("PmtInfId", ""),
                instruction_id=node.findtext("PmtId/InstrId", ""),
                end_to_end_id=node.findtext("PmtId/EndToEndId", ""),
                debtor_iban=block.findtext("DbtrAcct/Id/IBAN", ""),
                amount=Decimal(amount.text or "0"),
                currency="EUR",
                name=node.findtext("Cdtr/Nm", ""),
                iban=node.findtext("CdtrAcct/Id/IBAN", ""),
                remittance=" ".join(item.text or "" for item in node.findall("RmtInf/Ustrd")),
                instant="INST" in kinds,
            )
        )
    _check_totals(block, found)
    yield from found


def _check_totals(node: Element | None, payments: "tuple[OrderedPayment, ...] | list[OrderedPayment]") -> None:
    """NbOfTxs and CtrlSum, of the file or of a block, where they are stated."""
    count = node.findtext("NbOfTxs") if node is not None else None
    control = node.findtext("CtrlSum") if node is not None else None
    if count is not None and int(count) != len(payments):
        raise Refused("wrong_totals", f"The file says {count} payments, it has {len(payments)}.")
    real = sum((payment.amount for payment in payments), Decimal(0))
    if control is not None and Decimal(control) != real:
        raise Refused("wrong_totals", f"The file says a sum of {control}, it has {real}.")
