"""Making the OpenAPI document short: what many operations say is said once and referred to.

Refusals become shared responses, the list of currencies a shared schema. Meaning is never changed here.
"""

import json
from collections.abc import Iterator
from typing import Any

from config.problems import MEDIA_TYPE
from ledger.money import CURRENCIES

CURRENCY = "Currency"


def share(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's last step: returns the document with shared parts under `components`."""
    responses: dict[str, Any] = {}
    for operation in _operations(result):
        for status, response in operation["responses"].items():
            if MEDIA_TYPE in response.get("content", {}):
                name = _shared_name(status, response, responses)
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    result["components"]["responses"] = dict(sorted(responses.items()))
    shared: dict[str, Any] = _with_currency(result)
    shared["components"]["schemas"][CURRENCY] = {
        "type": "string",
        "enum": sorted(CURRENCIES),
        "description": "ISO 4217, or the ticker of a crypto asset.",
        "example": "USD",
    }
    return shared


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in result["paths"].values():
        yield from path.values()


def _shared_name(status: str, response: dict[str, Any], known: dict[str, Any]) -> str:
    """The name under which this very response is shared: `Refused400`, `Refused400B`, …"""
    text = json.dumps(response, sort_keys=True)
    for letter in ("", *"BCDEFGH"):
        name = f"Refused{status}{letter}"
        if json.dumps(known.setdefault(name, response), sort_keys=True) == text:
            return name
    raise LookupError(f"Too many different refusals with status {status}.")


def _with_currency(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_currency(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if part.get("enum") == sorted(CURRENCIES):
        reference = {"$ref": f"#/components/schemas/{CURRENCY}"}
        extra = {name: part[name] for name in ("description", "readOnly", "nullable") if name in part}
        return {"allOf": [reference], **extra} if extra else reference
    return {name: _with_currency(inner) for name, inner in part.items() if name != "x-spec-enum-id"}
