"""The one authenticated session of a manager account on an MT5 access server.

The session belongs to its kept-alive connection, so there is one owner at a time: a lock inside the process,
and the lock given by the caller across processes. A request that is not repeatable is written at most once,
whatever happens; before its first byte goes out the session is proved alive, so that `NeverSent` is a promise
and `NoAnswer` a doubt. Sources: MetaQuotes Web API pages "Authentication" and "Connection maintenance".
"""

import hashlib
import hmac
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from urllib.parse import urlsplit

from ledger.errors import Unavailable
from payments.connectors.platforms.mt5 import codes
from payments.connectors.platforms.mt5.channel import Channel, NeverSent, NoAnswer, WebAnswer

OwnerLock = Callable[[], AbstractContextManager[object]]

_VERSION = "5000"  # of the client; the vendor asks for any number from 484 up
_AGENT = "Wherewithal"  # not empty, no spaces
_UNKNOWN_SESSION = (401, 403)


def sign(password: str, rand: bytes) -> str:
    """Return MD5(MD5(MD5(password as UTF-16LE) + "WebAPI") + rand) in hex: proof of knowing the password.

    MD5 is the vendor's choice and part of the wire format; the secrecy of the connection comes from TLS.
    """
    once = hashlib.md5(password.encode("utf-16-le"), usedforsecurity=False).digest()
    twice = hashlib.md5(once + b"WebAPI", usedforsecurity=False).digest()
    return hashlib.md5(twice + rand, usedforsecurity=False).hexdigest()


class Mt5Session:
    """The session of one manager account on one server; safe to share between threads and to inherit by fork.

    `timeout` is the longest silence in seconds that we bear inside one exchange; after `ping_after` seconds
    without traffic the session is pinged before it is used. `owner_lock` makes a context manager that
    excludes every other process; it may raise TimeoutError or Unavailable when it cannot be had. `tls`
    replaces the default checks, for servers whose certificate comes from the broker's own authority.
    """

    def __init__(
        self,
        *,
        url: str,
        login: str,
        password: str,
        timeout: float = 10.0,
        ping_after: float = 20.0,
        owner_lock: OwnerLock = nullcontext,
        tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of an MT5 access server: {url!r}")
        self._url, self._login, self._password = url, login, password
        self._timeout, self._ping_after, self._tls = timeout, ping_after, tls
        self._threads, self._owner_lock = threading.Lock(), owner_lock
        self._monotonic = monotonic
        self._heard_at = 0.0
        self._channel: Channel | None = None

    def exchange(self, *, path: str, query: Mapping[str, str], body: bytes = b"", repeatable: bool = True) -> WebAnswer:
        """Send one request and return the answer, whatever its status. Raises NeverSent or NoAnswer.

        A repeatable request whose connection or session went away is asked once more; any other never is.
        """
        with self._owned():
            if not repeatable:  # a POST, because nothing on the way may replay one by itself
                return self._send(self._ready(), "POST", path, query, body)
            try:
                answer = self._send(self._ready(), "GET", path, query, body)
            except NoAnswer as failure:
                if not failure.lost:
                    raise
            else:
                if answer.status not in _UNKNOWN_SESSION:
                    return answer
            return self._send(self._ready(), "GET", path, query, body)

    def drop(self) -> None:
        """Close the connection; the next exchange opens and authenticates a new one."""
        with self._threads:
            self._close()

    @contextmanager
    def _owned(self) -> Iterator[None]:
        with ExitStack() as held:
            held.enter_context(self._threads)
            try:
                held.enter_context(self._owner_lock())
            except (TimeoutError, Unavailable) as error:
                raise NeverSent("busy", f"another owner holds the session: {error}") from error
            yield

    def _ready(self) -> Channel:
        """Return a channel that was signed in and, after a silence, answered a ping. Raises NeverSent."""
        channel = self._channel
        if channel is not None and channel.usable() and (self._is_fresh() or self._answers_ping(channel)):
            return channel
        self._close()
        channel = Channel(url=self._url, timeout=self._timeout, tls=self._tls)
        try:
            self._sign_in(channel)
        except BaseException:
            channel.close()
            raise
        self._channel = channel
        return channel

    def _is_fresh(self) -> bool:
        return self._monotonic() - self._heard_at <= self._ping_after

    def _answers_ping(self, channel: Channel) -> bool:
        try:
            answer = self._send(channel, "GET", "/api/test/access", {})
            return answer.status == 200 and codes.read_answer(answer.body).number == codes.DONE
        except (NoAnswer, ValueError):
            return False

    def _send(self, channel: Channel, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> WebAnswer:
        answer = channel.talk(method=method, path=path, query=query, body=body)
        self._heard_at = self._monotonic()
        if answer.status in _UNKNOWN_SESSION:
            self._close()
        return answer

    def _sign_in(self, channel: Channel) -> None:
        """Prove to each other that both know the password: /api/auth/start, then /api/auth/answer."""
        query = {"version": _VERSION, "agent": _AGENT, "login": self._login, "type": "manager"}
        try:
            challenge = bytes.fromhex(str(self._step(channel, "/api/auth/start", query).data["srv_rand"]))
        except (KeyError, ValueError) as error:
            raise NeverSent("auth_failed", "the server's challenge cannot be read") from error
        ours = secrets.token_bytes(16)
        query = {"srv_rand_answer": sign(self._password, challenge), "cli_rand": ours.hex()}
        proof = str(self._step(channel, "/api/auth/answer", query).data.get("cli_rand_answer", ""))
        if not hmac.compare_digest(proof.lower().encode(), sign(self._password, ours).encode()):
            raise NeverSent("auth_failed", "the server does not know the password")

    def _step(self, channel: Channel, path: str, query: Mapping[str, str]) -> codes.Answer:
        try:
            answer = self._send(channel, "GET", path, query)
        except NoAnswer as error:
            raise NeverSent("unreachable", f"sign-in broke off: {error.reason}") from error
        if answer.status not in (200, *_UNKNOWN_SESSION):
            raise NeverSent("unreachable", f"sign-in was answered with HTTP {answer.status}")
        try:
            opened = codes.read_answer(answer.body)
        except ValueError as error:
            raise NeverSent("auth_failed", f"sign-in was answered with HTTP {answer.status}") from error
        if answer.status != 200 or opened.number != codes.DONE:
            raise NeverSent("auth_failed", f"sign-in was refused: {opened.number} {opened.text}")
        return opened

    def _close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
