"""Stripe's request parameters: form pairs with brackets, checked by name.

`metadata[deposit]=x` becomes `{"metadata": {"deposit": "x"}}`, `expand[]=a` and `expand[0]=a` become
lists. A name that an endpoint does not know is refused, as Stripe does: a misspelt parameter must not pass
unnoticed.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from payments.connectors.psp.stripe.simulated.errors import ApiError
from payments.connectors.simulation import Request

_NAME = re.compile(r"([A-Za-z0-9_]+)(?:\[([A-Za-z0-9_\-]*)\])?")


def of(request: Request) -> dict[str, Any]:
    """The nested parameters of a request: the form of a POST, the query of anything else."""
    if request.method != "POST":
        return nest(request.query.items())
    try:
        return nest(parse_qsl(request.body.decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise ApiError("The request is not valid UTF-8.") from None


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested parameters from the pairs of a form; a name used both ways keeps its last form."""
    params: dict[str, Any] = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise ApiError(f"Invalid parameter name: {name[:50]}", code="parameter_unknown", param=name[:50])
        outer, inner = found.groups()
        if inner is None:
            params[outer] = value
        elif inner == "" or inner.isdigit():
            params[outer] = [*_kept(params, outer, list), value]
        else:
            params[outer] = {**_kept(params, outer, dict), inner: value}
    return params


def _kept(params: dict[str, Any], name: str, kind: type) -> Any:
    value = params.get(name)
    return value if isinstance(value, kind) else kind()


def only(params: dict[str, Any], allowed: str) -> None:
    """Refuse every parameter whose name is not among the blank-separated `allowed` ones."""
    for name in params:
        if name not in (*allowed.split(), "expand"):
            raise ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def required(params: dict[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    return value


def integer(params: dict[str, Any], name: str) -> int:
    """A positive whole number in the smallest unit; text such as "12.50" is refused as Stripe refuses it."""
    text = required(params, name)
    if not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
        raise ApiError(f"Invalid integer: {text[:40]}", code="parameter_invalid_integer", param=name)
    value = int(text)
    if value <= 0:
        raise ApiError(
            f"This value must be greater than or equal to 1. You passed: {value}",
            code="parameter_invalid_integer",
            param=name,
        )
    return value


def web_address(params: dict[str, Any], name: str) -> str:
    """An http or https address, "" when absent."""
    text = params.get(name) or ""
    if text and (not isinstance(text, str) or urlsplit(text).scheme not in ("http", "https")):
        raise ApiError("Not a valid URL.", code="url_invalid", param=name)
    return str(text)


def words(value: object, allowed: Iterable[str], name: str) -> str:
    """One of the allowed words."""
    if value not in tuple(allowed):
        raise ApiError(f"Invalid {name}: must be one of {', '.join(allowed)}", param=name)
    return str(value)
