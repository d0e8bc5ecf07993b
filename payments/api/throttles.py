"""How often one caller may call: counted per key or person, and per address for credentials that were refused.

Counts live in the cache, in windows of the rate's own length. A cache that cannot be reached stops nobody: limits are
a courtesy between callers, never what keeps money safe.
"""

import hashlib
import logging
import time
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from ledger.errors import RateLimited

logger = logging.getLogger(__name__)

SECONDS = {"s": 1, "min": 60, "h": 3600}


class CallerThrottle(BaseThrottle):
    """Rates `read` and `write` of `DEFAULT_THROTTLE_RATES`, per caller."""

    after = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        scope = "read" if request.method in SAFE_METHODS else "write"
        actor = getattr(request, "actor", None)
        self.after = _excess(scope, actor.id if actor else request.META.get("REMOTE_ADDR", ""))
        return not self.after

    def wait(self) -> int:
        return self.after


def count_refusal(address: str) -> None:
    """Note that credentials from this address were refused. Raises RateLimited when that was too often (`refused`)."""
    if after := _excess("refused", address):
        raise RateLimited(retry_after=after)


def _excess(scope: str, who: str) -> int:
    """Count one call; seconds until the next window when there are too many, else 0."""
    rate = api_settings.DEFAULT_THROTTLE_RATES.get(scope)
    if not rate:
        return 0
    most, per = parsed(rate)
    window, passed = divmod(int(time.time()), per)
    name = hashlib.blake2b(f"{scope}:{who}:{window}".encode(), digest_size=16).hexdigest()
    try:
        cache.add(f"rate:{name}", 0, timeout=per + 5)
        used = cache.incr(f"rate:{name}")
    except (RedisError, ValueError):
        logger.warning("calls cannot be counted: the cache does not answer")
        return 0
    return per - passed if used > most else 0


def parsed(rate: str) -> tuple[int, int]:
    """ "600/min" → (600, 60)."""
    most, _, unit = rate.partition("/")
    return int(most), SECONDS[unit]
