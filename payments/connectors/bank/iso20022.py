"""The ground all ISO 20022 readers stand on: which message is this, and how one reads its texts, amounts and
dates.

Lenient about versions and order, strict about money: an amount that cannot be read exactly stops the reading.
It must never know what a message means for us; that is the business of the modules that use it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from ledger.errors import InvalidRequest
from payments.connectors.safe_xml import XmlDocument, XmlRefused, read_xml

# Element below Document → message. The element decides: some banks write private namespaces.
_BODIES = {
    "BkToCstmrAcctRpt": "camt.052",
    "BkToCstmrStmt": "camt.053",
    "BkToCstmrDbtCdtNtfctn": "camt.054",
    "CstmrPmtStsRpt": "pain.002",
    "CstmrCdtTrfInitn": "pain.001",
}
_VERSION = re.compile(r"(?:camt|pain)\.\d{3}\.(\d{3}\.\d{2})")
# xs:decimal without a sign: in these messages the direction is a field of its own.
_AMOUNT = re.compile(r"\+?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", re.ASCII)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One ISO 20022 message: `kind` like "camt.053", `version` like "001.08" ("" when not stated)."""

    kind: str
    version: str
    body: Element

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.version}" if self.version else self.kind


def open_message(content: bytes) -> Message:
    """Read the bytes as one ISO 20022 message.

    Raises InvalidRequest (param "file") for XML that is refused (see safe_xml) or is no message we know."""
    try:
        document = read_xml(content)
    except XmlRefused as error:
        raise InvalidRequest(str(error), param="file") from error
    found = _body(document)
    if found is None:
        raise InvalidRequest("The XML is not an ISO 20022 bank message that we know.", param="file")
    return found


def recognise(content: bytes) -> str:
    """The kind of a file from a bank, "unknown" for anything unreadable. Never raises."""
    try:
        return open_message(content).kind
    except InvalidRequest:
        return "unknown"


def _body(document: XmlDocument) -> Message | None:
    root = document.root
    # Some banks wrap the Document in an envelope with a business header: look two levels down.
    for parent in (root, *root, *(grandchild for child in root for grandchild in child)):
        for element in parent:
            if element.tag in _BODIES:
                version = _VERSION.search(document.namespaces.get(element.tag, ""))
                return Message(kind=_BODIES[element.tag], version=version.group(1) if version else "", body=element)
    return None


def text(node: Element | None, *paths: str) -> str:
    """The first non-empty text found at any of the paths, white space collapsed; "" when there is none."""
    if node is None:
        return ""
    for path in paths:
        found = clean(node.findtext(path))
        if found:
            return found
    return ""


def clean(raw: str | None) -> str:
    return _SPACE.sub(" ", raw or "").strip()


def amount(node: Element | None, *, where: str) -> tuple[Decimal, str]:
    """The unsigned amount of an element and its currency ("" when not stated).

    Raises InvalidRequest (param "file"), naming `where`, when it is missing or not a plain decimal number."""
    raw = clean(node.text) if node is not None else ""
    if node is None or not _AMOUNT.fullmatch(raw):
        raise InvalidRequest(f"{where}: the amount {raw[:30]!r} cannot be read.", param="file")
    return Decimal(raw), clean(node.get("Ccy")).upper()


def is_credit(node: Element, *, where: str) -> bool:
    """True for CRDT, False for DBIT. Raises InvalidRequest (param "file") for anything else: never guess a
    sign."""
    mark = text(node, "CdtDbtInd")
    if mark not in ("CRDT", "DBIT"):
        raise InvalidRequest(f"{where}: neither credit nor debit ({mark[:10]!r}).", param="file")
    return mark == "CRDT"


def day(node: Element | None, path: str) -> date | None:
    """The date at `path`, given there as text, as Dt or as DtTm. None when absent or unreadable."""
    raw = text(node, path, f"{path}/Dt", f"{path}/DtTm")
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        return None


def moment(node: Element | None, *paths: str) -> datetime | None:
    """The first readable time stamp at any of the paths; one without an offset is taken as UTC. None if there
    is none."""
    for path in paths:
        raw = text(node, path)
        try:
            found = datetime.fromisoformat(raw)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
