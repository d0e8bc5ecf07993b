"""How the simulated MT5 server reads requests and words its answers. Nothing here knows an account."""

import json
import re
from typing import Any

from payments.connectors.platforms.mt5.simulator_store import Refusal
from payments.connectors.simulation import DroppedConnection, Fault, Request, Response

Params = dict[str, str]

FORBIDDEN = Response(body=b"Forbidden", status=403, content_type="text/plain")
ERROR_500 = Response(body=b"Internal Server Error", status=500, content_type="text/plain")
BROKEN = Response(body=b'{"retcode":"0 Done","answer":{"Tick')

_ESCAPED = re.compile(r"\\([\\=|])")


def done(answer: Any = None, **more: str) -> Response:
    """Return code 0, with the answer if there is one."""
    body: dict[str, Any] = {"retcode": "0 Done", **more}
    return Response.json(body if answer is None else body | {"answer": answer})


def refused(retcode: str, *, status: int = 200) -> Response:
    return Response.json({"retcode": retcode}, status=status)


def parameters(request: Request) -> Params:
    """Return what the address says, overwritten by a JSON body; escaped separators become plain."""
    params = {name: _ESCAPED.sub(r"\1", value) for name, value in request.query.items()}
    if request.body:
        try:
            params |= {str(name): str(value) for name, value in json.loads(request.body).items()}
        except (ValueError, AttributeError) as error:
            raise Refusal("3 Invalid parameters") from error
    return params


def count(params: Params, name: str) -> int:
    """Read a whole number of a request; anything else is refused with code 3."""
    text = params.get(name, "")
    if not text.removeprefix("-").isdecimal() or len(text) > 18:
        raise Refusal("3 Invalid parameters")
    return int(text)


def check_password(password: str) -> None:
    """8 to 16 characters of four kinds, or code 3006 (MetaQuotes, "Adding a user")."""
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
    if not 8 <= len(password) <= 16 or not all(re.search(kind, password) for kind in kinds):
        raise Refusal("3006 Invalid account password")


def instead_of_work(fault: Fault) -> Response | None:
    """Return the answer of a fault that strikes before anything is done; None for any other fault."""
    if fault.do == "drop_before":
        raise DroppedConnection
    if fault.do == "http_500_before":
        return ERROR_500
    if fault.do in ("refuse", "busy"):
        default = "10019 Not enough money" if fault.do == "refuse" else "12 Too frequent requests"
        return refused(str(fault.data.get("retcode", default)))
    return None
