"""Signing a report so that a changed one is found out: the one seam, whatever key signs.

Today an HMAC under a key derived from the installation's secret: whoever has the secret can check, and nobody else can
make one. A report carries the algorithm's and the key's name, so a stronger one can take over without breaking old
reports.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

ALGORITHM = "HMAC-SHA256"
_SALT = b"wherewithal.report.1"


def canonical(report: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON, keys sorted, no blanks, UTF-8."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(report: Mapping[str, Any]) -> dict[str, str]:
    """The signature of a report's canonical bytes, with the names of algorithm and key."""
    value = hmac.new(_key(settings.SECRET_KEY), canonical(report), hashlib.sha256).hexdigest()
    return {"algorithm": ALGORITHM, "key": _name(settings.SECRET_KEY), "value": value}


def verify(report: Mapping[str, Any], signature: Mapping[str, str]) -> bool:
    """True when this installation signed exactly this report, with its present secret or one it replaced."""
    if signature.get("algorithm") != ALGORITHM:
        return False
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        value = hmac.new(_key(secret), canonical(report), hashlib.sha256).hexdigest()
        if hmac.compare_digest(value, str(signature.get("value", ""))):
            return True
    return False


def _key(secret: str | bytes) -> bytes:
    return hmac.new(secret if isinstance(secret, bytes) else secret.encode(), _SALT, hashlib.sha256).digest()


def _name(secret: str) -> str:
    return hashlib.sha256(_key(secret)).hexdigest()[:16]
