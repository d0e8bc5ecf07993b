"""Stripe's webhook messages: is it theirs, and what does it say?

Two pure steps that must stay apart. `verify` judges the untouched bytes and their signature and reads nothing
else; `parse` turns bytes that were already stored into one `PspEvent` in our words. Neither touches money or
the database, and a message of an unknown type is `ignored`, never guessed at.

Source: Stripe documentation, "Verify webhook signatures manually".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ledger.errors import InvalidRequest
from payments.connectors.psp.base import PspEvent, Refused, Verified
from payments.connectors.psp.stripe import events, reading

HEADER = "stripe-signature"
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_MAX_HEADER = 4096


def verify(
    *, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], tolerance_seconds: int, now: datetime
) -> Verified | Refused:
    """Is `body` signed by one of our live secrets, within `tolerance_seconds` of `now` in either direction?

    Refused.reason is one of: missing_signature, malformed_signature, no_secret, mismatch, stale, future. A
    body that is signed but not an event is still Verified (it is theirs): its event_id is then a digest of
    the bytes and `parse` will refuse it."""
    header = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    if not header:
        return Refused(reason="missing_signature")
    timestamp, candidates = _split(header)
    if not timestamp or not candidates:
        return Refused(reason="malformed_signature")
    live = [secret for secret in secrets if secret]  # an empty secret would let anyone sign
    if not live:
        return Refused(reason="no_secret")
    if not _matches(timestamp=timestamp, candidates=candidates, body=body, secrets=live):
        return Refused(reason="mismatch")
    age = now - (reading.EPOCH + timedelta(seconds=int(timestamp)))
    if abs(age) > timedelta(seconds=tolerance_seconds):
        return Refused(reason="stale" if age > timedelta(0) else "future")
    return _name(body)


def _split(header: str) -> tuple[str, list[str]]:
    """The timestamp and all v1 signatures of `t=…,v1=…,v1=…,v0=…`; empty where the header is not of that
    form."""
    pairs = [item.strip().partition("=") for item in header[: _MAX_HEADER + 1].split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    if len(header) > _MAX_HEADER or len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        return "", []
    return timestamps[0], [value for name, _, value in pairs if name == "v1" and value]


def _matches(*, timestamp: str, candidates: list[str], body: bytes, secrets: list[str]) -> bool:
    signed = timestamp.encode() + b"." + body
    found = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
        for candidate in candidates:
            # Every pair is compared, so that the time spent tells nothing about which one was close.
            found |= hmac.compare_digest(expected, candidate.encode("utf-8", "replace"))
    return found


def _name(body: bytes) -> Verified:
    try:
        event = reading.document(body)
        return Verified(
            event_id=reading.identifier(event, "id"), event_type=reading.word(event, "type", default="")[:100]
        )
    except InvalidRequest:
        return Verified(event_id=f"unread_{hashlib.sha256(body).hexdigest()}", event_type="")


def parse(*, body: bytes) -> PspEvent:
    """One event in our words. Raises InvalidRequest, naming the field, when an event of a known type lacks or
    garbles something we need; an event of any other type comes back with kind `ignored`."""
    event = reading.document(body)
    if event.get("object") != "event":
        raise InvalidRequest("This is not a Stripe event.", param="object")
    kind = reading.word(event, "type")
    reader = events.READERS.get(kind)
    common = PspEvent(
        event_id=reading.identifier(event, "id"),
        kind="ignored",
        payment_reference="",
        object_reference="",
        our_reference="",
        amount=Decimal(0),
        currency="",
        occurred_at=reading.moment(event),
        facts={
            "type": kind,
            "livemode": event.get("livemode") is True,
            "api_version": reading.word(event, "api_version"),
        },
    )
    if reader is None:
        return common
    return reader(common, reading.mapping(reading.mapping(event, "data"), "object"))
