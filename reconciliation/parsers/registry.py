"""Which reader reads this file: decided by its content, never by its name.

The one door into the parsers. An unknown or hostile file is refused with a clear sentence; it must never be
guessed into a format.
"""

from ledger.errors import InvalidRequest
from payments.connectors.bank.iso20022 import open_message
from payments.connectors.safe_xml import MAX_BYTES
from reconciliation.parsers import camt, mt940
from reconciliation.parsers.base import ParsedStatement

_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")


def parse(*, content: bytes, name: str) -> tuple[ParsedStatement, ...]:
    """All statements of a file: camt.052, .053, .054 in any version, or MT940. `name` is used in messages
    only.

    Raises InvalidRequest (param "file") when the file is empty, larger than 10 MB, of no known format,
    broken, or contains an amount, direction or date that cannot be read exactly."""
    shown = name[:80] or "file"
    if len(content) > MAX_BYTES:
        raise InvalidRequest(f"{shown}: the file is larger than {MAX_BYTES // 1024**2} MB.", param="file")
    if not content.strip():
        raise InvalidRequest(f"{shown}: the file is empty.", param="file")
    try:
        statements = _read(content)
    except InvalidRequest as error:
        raise InvalidRequest(f"{shown}: {error.detail}", param="file") from error
    if not statements:
        raise InvalidRequest(f"{shown}: the file holds no statement.", param="file")
    return statements


def _read(content: bytes) -> tuple[ParsedStatement, ...]:
    if _is_xml(content):
        message = open_message(content)
        if message.kind not in camt.FORMATS:
            raise InvalidRequest(f"This is a {message.kind}, not a statement of an account.", param="file")
        return camt.parse(message)
    if mt940.recognises(content):
        return mt940.parse(content)
    raise InvalidRequest("This is neither a camt nor an MT940 statement.", param="file")


def _is_xml(content: bytes) -> bool:
    return content.startswith(_WIDE_BOMS) or content.removeprefix(_BOM).lstrip().startswith(b"<")
