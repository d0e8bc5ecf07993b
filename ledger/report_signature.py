"""Signing a report so that a changed one is found out: the one seam, whatever key signs.

The seal's Ed25519 key signs, so that an auditor can check with the public key alone (`ledger.report_checking`). Where
there is none, and for reports of the time before, it is an HMAC under a key derived from the installation's secret:
whoever has the secret can check, and nobody else can make one. A report carries the algorithm's and the key's name.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from ledger import digest_signature, report_checking, seal_notes

HMAC = "HMAC-SHA256"
_SALT = b"wherewithal.report.1"


def sign(report: Mapping[str, Any]) -> dict[str, str]:
    """The signature of a report, with the names of algorithm and key. Raises ValueError for a seal's key that is none,
    unless it is empty."""
    if settings.SEAL["key"]:
        text = digest_signature.signed_text(digest_signature.REPORT, report_checking.digest(report))
        return digest_signature.as_kept(*seal_notes.sign(text))
    return {"algorithm": HMAC, "key": _name(settings.SECRET_KEY), "value": _hmac(report, settings.SECRET_KEY)}


def verify(report: Mapping[str, Any], signature: Mapping[str, Any]) -> bool:
    """True when this installation signed exactly this report, with its present key or secret or one it replaced. Never
    raises for what the report and signature contain."""
    try:
        if signature.get("algorithm") == HMAC:
            return _has_hmac(report, signature)
        return not report_checking.fault(report, signature, _keys())
    except (ValueError, TypeError, RecursionError):  # what has no canonical bytes was never signed
        return False


def _has_hmac(report: Mapping[str, Any], signature: Mapping[str, Any]) -> bool:
    value = signature.get("value")
    if set(signature) != {"algorithm", "key", "value"} or not isinstance(value, str):
        return False
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(
        signature["key"] == _name(secret) and hmac.compare_digest(_hmac(report, secret).encode(), value.encode())
        for secret in secrets
    )


def _keys() -> dict[str, bytes]:
    """The seal's public keys; without a present one, those of the past."""
    if settings.SEAL["key"]:
        return seal_notes.public_keys()
    return digest_signature.public_keys(settings.SEAL["former_public_keys"])


def _hmac(report: Mapping[str, Any], secret: str | bytes) -> str:
    return hmac.new(_key(secret), report_checking.canonical(report), hashlib.sha256).hexdigest()


def _key(secret: str | bytes) -> bytes:
    return hmac.new(secret if isinstance(secret, bytes) else secret.encode(), _SALT, hashlib.sha256).digest()


def _name(secret: str | bytes) -> str:
    return hashlib.sha256(_key(secret)).hexdigest()[:16]
