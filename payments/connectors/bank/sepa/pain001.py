"""The payment file we send: a SEPA credit transfer initiation (pain.001) that our bank's schema accepts.

Sources: ISO 20022 pain.001.001.09 and .03, EPC132-08 (customer-to-bank guidelines). Strict: everything is
checked before a byte leaves, and the finished file is validated against the schema that comes with sepaxml.
Each payout is a payment block of its own whose PmtInfId is its EndToEndId, booked singly, so that every
answer and every statement line names one payout. It must never send another currency than EUR, nor cut or
change a reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import resources

from lxml import etree
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException
from sepaxml import SepaTransfer

from ledger.errors import CurrencyMismatch, InvalidAmount, InvalidRequest
from ledger.money import Money
from payments.connectors.bank.base import Payout
from payments.connectors.bank.sepa.charset import is_reference, sepa_text

PAIN_001_09 = "pain.001.001.09"
PAIN_001_03 = "pain.001.001.03"
LARGEST = Decimal("999999999.99")  # EPC132-08, usage rule on InstdAmt: 0.01 or more, 999999999.99 or less
_NAME_LIMIT = 70
_REMITTANCE_LIMIT = 140


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """Whose account pays: our firm's name, and the account at our bank."""

    name: str
    iban: str
    bic: str


def checked_iban(iban: str, *, param: str = "iban") -> str:
    """The IBAN in compact upper case. Raises InvalidRequest when it is wrong or its country is outside
    SEPA."""
    try:
        found = IBAN(iban)
    except SchwiftyException:
        raise InvalidRequest("This is not a valid IBAN.", param=param) from None
    if not found.in_sepa_zone:
        raise InvalidRequest("This IBAN's country is outside the SEPA area.", param=param)
    return str(found.compact)


def checked_bic(bic: str, *, param: str = "bic") -> str:
    """The BIC in upper case, "" for none (SEPA does not need it). Raises InvalidRequest when it is wrong."""
    if not bic.strip():
        return ""
    try:
        return str(BIC(bic).compact)
    except SchwiftyException:
        raise InvalidRequest("This is not a valid BIC.", param=param) from None


def build(
    *,
    message_id: str,
    debtor: Debtor,
    payouts: Sequence[Payout],
    execute_on: date,
    now: datetime,
    schema: str = PAIN_001_09,
) -> bytes:
    """The file as UTF-8 bytes, the same for the same arguments.

    Raises InvalidRequest (param message_id, payouts, end_to_end_id, name, iban, bic), InvalidAmount (param
    amount) or CurrencyMismatch (param currency)."""
    if schema not in (PAIN_001_09, PAIN_001_03):
        raise InvalidRequest(f"No payment file can be made in {schema}.", param="schema")
    _check_references(message_id, payouts)
    transfer = SepaTransfer(_config(debtor), schema=schema, clean=False)
    for payout in payouts:
        transfer.add_payment(_payment(payout, execute_on))
    # sepaxml's own ids and clock are random: ours are put in their place, so that the file can be made again.
    document = etree.fromstring(transfer.export(validate=False))  # our own bytes, made one line above
    _finish(document, message_id=message_id, payouts=payouts, now=now)
    validate(document, schema=schema)
    return bytes(etree.tostring(document, xml_declaration=True, encoding="UTF-8"))


def validate(document: "etree._Element", *, schema: str) -> None:
    """Check against the schema shipped with sepaxml. Raises InvalidRequest (param "file") with the first
    fault."""
    with resources.as_file(resources.files("sepaxml") / "schemas" / f"{schema}.xsd") as path:
        rules = etree.XMLSchema(file=str(path))
    if not rules.validate(document):
        fault = rules.error_log[0]
        raise InvalidRequest(f"The payment file breaks {schema}: {fault.message}", param="file")


def _check_references(message_id: str, payouts: Sequence[Payout]) -> None:
    if not is_reference(message_id):
        raise InvalidRequest("A message id has 1 to 35 SEPA characters.", param="message_id")
    if not payouts:
        raise InvalidRequest("A payment file needs at least one payout.", param="payouts")
    seen: set[str] = set()
    for payout in payouts:
        if not is_reference(payout.end_to_end_id):
            raise InvalidRequest("An end-to-end id has 1 to 35 SEPA characters.", param="end_to_end_id")
        if payout.end_to_end_id in seen:
            raise InvalidRequest(f"{payout.end_to_end_id} is in this file twice.", param="end_to_end_id")
        seen.add(payout.end_to_end_id)


def _config(debtor: Debtor) -> dict[str, object]:
    return {
        "name": _name(debtor.name),
        "IBAN": checked_iban(debtor.iban),
        "BIC": checked_bic(debtor.bic),
        "currency": "EUR",
        "batch": False,
    }


def _payment(payout: Payout, execute_on: date) -> dict[str, object]:
    payment: dict[str, object] = {
        "name": _name(payout.beneficiary_name),
        "IBAN": checked_iban(payout.beneficiary_iban),
        "amount": _cents(payout),
        "execution_date": execute_on,
        "description": sepa_text(payout.remittance, limit=_REMITTANCE_LIMIT) or payout.end_to_end_id,
        "endtoend_id": payout.end_to_end_id,
    }
    if bic := checked_bic(payout.beneficiary_bic):
        payment["BIC"] = bic
    return payment


def _name(raw: str) -> str:
    name = sepa_text(raw, limit=_NAME_LIMIT)
    if not any(character.isalnum() for character in name):
        raise InvalidRequest("The name has no letter that a bank can read.", param="name")
    return name


def _cents(payout: Payout) -> int:
    if payout.currency != "EUR":
        raise CurrencyMismatch(f"SEPA pays in EUR only, not in {payout.currency}.", param="currency")
    money = Money.of(payout.amount, "EUR")
    if not 0 < money.amount <= LARGEST:
        raise InvalidAmount(f"SEPA pays 0.01 to {LARGEST} EUR in one transfer.", param="amount")
    return money.minor


def _finish(document: "etree._Element", *, message_id: str, payouts: Sequence[Payout], now: datetime) -> None:
    namespace = {"p": etree.QName(document).namespace}
    _set(document, "p:CstmrCdtTrfInitn/p:GrpHdr/p:MsgId", message_id, namespace)
    created = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _set(document, "p:CstmrCdtTrfInitn/p:GrpHdr/p:CreDtTm", created, namespace)
    blocks = document.findall("p:CstmrCdtTrfInitn/p:PmtInf", namespace)
    for block, payout in zip(blocks, payouts, strict=True):
        _set(block, "p:PmtInfId", payout.end_to_end_id, namespace)
        if payout.instant:  # sepaxml cannot write it; the schema wants it after SvcLvl, which is the last there
            kind = block.find("p:PmtTpInf", namespace)
            instrument = etree.SubElement(kind, etree.QName(namespace["p"], "LclInstrm"))
            etree.SubElement(instrument, etree.QName(namespace["p"], "Cd")).text = "INST"


def _set(node: "etree._Element", path: str, value: str, namespace: dict[str, str | None]) -> None:
    node.find(path, namespace).text = value
