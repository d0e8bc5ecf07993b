"""The stage of the demo firm: the simulators' doors, a clock, and waiting until the workers have caught up."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

from django.conf import settings
from django.utils import timezone

from payments import dispatch

GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
DISPUTED_CARD = "4000000000000259"


class Late(Exception):
    """Something that the workers should have done did not happen in time."""


class Stage:
    """`say` shows progress; nothing here writes to the database except by draining the outbox."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._ports = settings.SIMULATOR_PORTS

    @property
    def now(self) -> datetime:
        return timezone.now()

    def door(self, simulator: str, path: str, data: Any = None) -> Any:
        """Call a control door of a simulator: what only the outside world can do."""
        url = f"http://127.0.0.1:{self._ports[simulator]}{path}"
        body = None if data is None else json.dumps(data).encode()
        with urlopen(Request(url, data=body), timeout=15) as response:
            return json.loads(response.read() or b"null")

    def pay_by_card(self, checkout_url: str, card: str) -> None:
        """Fill in the hosted card page like a person without scripts would."""
        form = urlencode({"card_number": card}).encode()
        _staying.open(Request(checkout_url, data=form), timeout=15).close()  # noqa: S310 (our own simulator)

    def wait(self, what: str, done: Callable[[], bool], *, seconds: float = 60) -> None:
        """Work and wait until `done`. Raises Late with what was waited for."""
        end = time.monotonic() + seconds
        while not done():
            dispatch.drain(limit=20)
            if time.monotonic() > end:
                raise Late(f"{what}: not done within {seconds:.0f} s")
            time.sleep(0.1)


class _Stay(HTTPRedirectHandler):
    """The way back leads to our own pages, where nobody is signed in."""

    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


_staying = build_opener(_Stay)
