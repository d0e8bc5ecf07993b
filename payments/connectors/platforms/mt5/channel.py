"""One HTTP connection to an MT5 access server: what was written and read, and whether it is still of use.

A channel never reconnects and never repeats. Whatever goes wrong after the first byte of a request ends it,
because the next answer on it might belong to the request before.
"""

import http.client
import os
import selectors
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlencode, urlsplit

MAX_ANSWER_BYTES = 16 * 1024 * 1024


class WebApiError(Exception):
    """Base of everything that can go wrong between us and the access server."""


class NeverSent(WebApiError):
    """Not one byte of the request left us; nothing happened. `code`: unreachable, auth_failed or busy."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NoAnswer(WebApiError):
    """Bytes of the request may have left us and no usable answer came back: it may have happened."""

    def __init__(self, reason: str, *, raw: bytes = b"", lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw
        self.lost = lost  # the connection went away; asking again on a new one makes sense for a read


@dataclass(frozen=True, kw_only=True)
class WebAnswer:
    status: int
    body: bytes


class Channel:
    """An open connection. The constructor raises NeverSent when there is none to be had in `timeout` s."""

    def __init__(self, *, url: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        host = str(parts.hostname)
        if parts.scheme == "https":
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, parts.port, timeout=timeout, context=tls or ssl.create_default_context()
            )
        else:
            self._http = http.client.HTTPConnection(host, parts.port, timeout=timeout)
        try:
            self._http.connect()
        except OSError as error:
            self._http.close()
            raise NeverSent("unreachable", f"no connection to {host}: {error}") from error
        self._http.auto_open = 0  # a silent reconnect would be a connection without a session
        self._process = os.getpid()
        self._cookies: dict[str, str] = {}

    def usable(self) -> bool:
        """Tell whether the connection is ours and quiet: on an idle one, something to read is its end."""
        if self._http.sock is None or self._process != os.getpid():
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._http.sock, selectors.EVENT_READ)
            return not selector.select(timeout=0)

    def talk(self, *, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> WebAnswer:
        """Write one request, read its answer of whatever status. Raises NoAnswer and closes the connection."""
        target = f"{path}?{urlencode(query, quote_via=quote)}" if query else path
        try:
            self._http.request(method, target, body=body or None, headers=self._headers(body))
            response = self._http.getresponse()
            payload = _read(response)
        except TimeoutError as error:
            self.close()
            raise NoAnswer("timeout") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer("connection_lost", lost=True) from error
        except BaseException:
            self.close()  # interrupted half way, for example by a worker's time limit
            raise
        for header in response.headers.get_all("Set-Cookie", []):
            with suppress(CookieError):
                self._cookies.update({name: part.value for name, part in SimpleCookie(header).items()})
        return WebAnswer(status=response.status, body=payload)

    def close(self) -> None:
        with suppress(OSError):
            self._http.close()

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Connection": "keep-alive", "Accept": "*/*", "User-Agent": "Wherewithal"}
        if body:
            headers["Content-Type"] = "application/json"
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return headers


def _read(response: http.client.HTTPResponse) -> bytes:
    """Read the whole body; one that is cut short or beyond the limit raises HTTPException."""
    if response.length is None:
        payload = response.read(MAX_ANSWER_BYTES + 1)
    elif response.length <= MAX_ANSWER_BYTES:
        payload = response.read()
    else:
        raise http.client.HTTPException("the answer is too long")
    if len(payload) > MAX_ANSWER_BYTES:
        raise http.client.HTTPException("the answer is too long")
    return payload
