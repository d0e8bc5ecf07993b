"""The text field of an MT940 line (`:86:`): who, why, and which reference, in the three dialects banks write.

Structured German (`166?00…?20EREF+…?32name`, read by the `mt-940` package), SWIFT code words
(`/EREF/…/NAME/…`), and free text. Nothing here can change an amount; what is not understood stays in the
remittance.
"""

import re
from dataclasses import dataclass
from typing import Any

from schwifty import IBAN

from payments.connectors.bank.iso20022 import clean

_WORDS = (
    "TRTP|EREF|IBAN|BIC|NAME|REMI|RTRN|MARF|CSID|PREF|RREF|ORDP|BENM|CNTP|ULTD|ULTC|PURP|OCMT|ISDT|ADDR|SVCL|OAMT|CHGS"
)
_SLASHED = re.compile(rf"/({_WORDS})/")
_FREE_EREF = re.compile(r"\bEREF(?:\+|: ?)([A-Za-z0-9\-?:().,'/]{1,35})")
_REASON = re.compile(r"\b(AC\d\d|AG\d\d|AM\d\d|BE\d\d|MD\d\d|MS\d\d|RC\d\d|RR\d\d|FOCR|CUST|NOAS|CNOR|DNOR|TECH)\b")
# German business transaction code (GVC) 159: return of a SEPA credit transfer.
_RETURN_CODES = {"159"}
_NO_REFERENCE = {"NOTPROVIDED", "NOT PROVIDED", "NONREF"}


@dataclass(frozen=True, kw_only=True)
class Details:
    end_to_end_id: str
    name: str
    iban: str
    remittance: str
    is_return: bool
    return_reason: str
    raw: Any  # what the bank wrote, JSON-ready


def read_details(data: dict[str, Any]) -> Details:
    """The details of one line as `mt-940` left them: split for the German structure, else one text."""
    text = str(data.get("transaction_details") or "")
    if not text:
        return _german(data)
    joined = "".join(text.split("\n"))  # lines are cut at 65 characters, also in the middle of a word
    if _SLASHED.search(joined):
        return _slashed(joined)
    plain = clean(text)
    eref = _FREE_EREF.search(plain)
    return _details(eref=eref.group(1) if eref else "", remittance=plain, raw=text, data=data)


def account(raw: str, currency: str) -> str:
    """The IBAN without blanks and without the currency that some banks append; another number unchanged."""
    compact = raw.replace(" ", "")
    for candidate in (compact, compact.removesuffix(currency)):
        if IBAN(candidate, allow_invalid=True).is_valid:
            return candidate.upper()
    return raw.strip()


def _german(data: dict[str, Any]) -> Details:
    words = {key: str(value) for key, value in data.items() if isinstance(value, str) and value}
    return _details(
        eref=words.get("end_to_end_reference", ""),
        name=words.get("applicant_name", ""),
        iban=words.get("gvc_applicant_iban") or words.get("applicant_iban", ""),
        remittance=" ".join(filter(None, (words.get("purpose"), words.get("additional_purpose"))))
        or words.get("posting_text", ""),
        raw=words,
        data=data,
    )


def _slashed(text: str) -> Details:
    parts = _SLASHED.split(text)  # text before, word, text, word, text, …
    words: dict[str, str] = {}
    for word, value in zip(parts[1::2], parts[2::2], strict=True):
        words.setdefault(word, clean(value.strip("/")))
    # /CNTP/ bundles account/BIC/name/city, /ORDP/ and /BENM/ hold a name behind their own /NAME/.
    party = [clean(item) for item in words.get("CNTP", "").split("/")] + ["", "", ""]
    return _details(
        eref=words.get("EREF", ""),
        name=words.get("NAME") or party[2],
        iban=words.get("IBAN") or party[0],
        remittance=re.sub(r"^(USTD//|STRD/[A-Z]+/)", "", words.get("REMI", "")) or clean(parts[0]),
        reason=words.get("RTRN", ""),
        raw=text,
        data={},
    )


def _details(
    *,
    eref: str,
    remittance: str,
    raw: Any,
    data: dict[str, Any],
    name: str = "",
    iban: str = "",
    reason: str = "",
) -> Details:
    returned = bool(reason) or str(data.get("transaction_code") or "") in _RETURN_CODES
    returned = returned or str(data.get("id") or "")[1:] == "RTI"
    stated = _REASON.search(reason or remittance) if returned else None
    return Details(
        end_to_end_id="" if clean(eref).upper() in _NO_REFERENCE else clean(eref),
        name=clean(name),
        iban=iban.replace(" ", ""),
        remittance=clean(remittance),
        is_return=returned,
        return_reason=stated.group(1) if stated else "",
        raw=raw,
    )
