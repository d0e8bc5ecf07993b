"""HTTP to the bank's mailbox, and the difference between "never sent" and "no answer".

The wire format is EBICS in spirit without its cryptography: files are put into a mailbox and fetched from it.

    POST /files?order_type=CCT&message_id=M   body: the file (or PUT)  201 {"reference", "message_id"}
         (CCT SEPA credit transfers, CIP instant ones)             409 {"code": "duplicate_message"}
                                                                   422 {"code": "invalid_file" | …, "message"}
    GET  /messages/M                                               200 {"message_id", "received_at"}
                                                                   404 {"code": "unknown_message"}
    GET  /files?limit=50                                           200 {"files": [{"reference", "name",
    "kind"}]} GET  /files/R                                                  200 the bytes, X-Content-SHA256
    over them POST /files/R/acknowledge                                      200 {"reference"}; again is
    harmless

Each call uses a connection of its own, so that "connection refused" proves that no byte left us. It must
never repeat a call by itself, never follow a redirect, and never read more than MAX_ANSWER_BYTES.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

MAX_ANSWER_BYTES = 10 * 1024 * 1024


class NeverSent(Exception):
    """The connection could not be opened: nothing left us."""


class NoAnswer(Exception):
    """Something may have left us and no whole answer came back. `reason` is "timeout" or
    "connection_lost"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    sha256: str  # what the bank says its bytes hash to, "" when it says nothing

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body; {} for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def whole(self) -> bool:
        return not self.sha256 or hashlib.sha256(self.body).hexdigest() == self.sha256


class MailboxClient:
    """`timeout` is in seconds of silence, not of total time."""

    def __init__(self, *, url: str, timeout: float = 20.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout

    def upload(self, *, order_type: str, message_id: str, content: bytes) -> Answer:
        query = {"order_type": order_type, "message_id": message_id}
        return self._call("POST", "/files", query=query, body=content)

    def message(self, *, message_id: str) -> Answer:
        return self._call("GET", f"/messages/{quote(message_id, safe='')}")

    def list_files(self, *, limit: int) -> Answer:
        return self._call("GET", "/files", query={"limit": str(limit)})

    def download(self, *, reference: str) -> Answer:
        return self._call("GET", f"/files/{quote(reference, safe='')}")

    def acknowledge(self, *, reference: str) -> Answer:
        return self._call("POST", f"/files/{quote(reference, safe='')}/acknowledge")

    def _call(self, method: str, path: str, *, query: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """One request. Raises NeverSent or NoAnswer; every HTTP status is an answer."""
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy, no .netrc: the environment does not choose the bank
                response = session.request(
                    method,
                    f"{self._url}{path}",
                    params=query,
                    data=body or None,
                    headers={"Content-Type": "application/xml", "Accept-Encoding": "identity"},
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                )
                sha256 = response.headers.get("X-Content-SHA256", "")
                return Answer(status=response.status_code, body=_read(response), sha256=sha256)
        except requests.exceptions.ConnectTimeout as error:
            raise NeverSent(str(error)) from error
        except requests.exceptions.Timeout as error:
            raise NoAnswer("timeout") from error
        except (requests.exceptions.RequestException, HTTPError) as error:
            if _never_connected(error):
                raise NeverSent(str(error)) from error
            raise NoAnswer("connection_lost") from error


def _read(response: requests.Response) -> bytes:
    found = b""
    for chunk in response.iter_content(64 * 1024):
        found += chunk
        if len(found) > MAX_ANSWER_BYTES:
            raise NoAnswer("answer_too_large")
    return found


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
