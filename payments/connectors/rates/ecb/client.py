"""HTTP to the publisher of the reference rates: one GET per file.

It must never follow a redirect, never use the environment's proxies, and never read more than MAX_ANSWER_BYTES. Only a
whole answer with status 200 is a file.
"""

import time

import requests
from urllib3.exceptions import HTTPError

from ledger.errors import Unavailable

MAX_ANSWER_BYTES = 2 * 1024 * 1024  # the 90-day file has about 100 kB


class RatesClient:
    """`timeout` is in seconds of silence, `patience` in seconds for a whole answer."""

    def __init__(self, *, url: str, timeout: float = 10.0, patience: float = 30.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._patience = patience

    def get(self, path: str) -> bytes:
        """The file at that path. Raises Unavailable."""
        end = time.monotonic() + self._patience
        try:
            with requests.Session() as session:
                session.trust_env = False
                response = session.get(
                    f"{self._url}{path}",
                    headers={"Accept": "application/xml, text/xml", "Accept-Encoding": "identity"},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                )
                if response.status_code != 200:
                    raise Unavailable(f"The publisher of the rates answered {response.status_code}.")
                return _read(response, end)
        except (requests.exceptions.RequestException, HTTPError) as error:
            raise Unavailable("The publisher of the rates cannot be reached.") from error


def _read(response: requests.Response, end: float) -> bytes:
    found = b""
    for chunk in response.iter_content(64 * 1024):
        found += chunk
        if len(found) > MAX_ANSWER_BYTES or time.monotonic() > end:
            raise Unavailable("The publisher's answer is too large or too slow.")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != len(found):
        raise Unavailable("The publisher's answer was cut off.")
    return found
