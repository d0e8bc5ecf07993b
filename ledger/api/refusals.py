"""What a caller is told of a refusal: the words, and the facts that its class names, as texts.

Nothing that a class does not name ever leaves, and no figure of an account, a transaction or a hold reaches anybody who
may not read it there. Nothing here decides what is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger import errors, ids
from ledger.api.permissions import Acting
from ledger.errors import AMOUNTS, FIGURES, DomainError, InvalidAmount
from ledger.money import Money

PREFIXES = {"transaction": "txn", "hold": "hold"}


def facts_of(error: DomainError, actor: Acting | None) -> dict[str, str]:
    """The facts of a refusal for this caller: names of `errors.FACTS`, each a text. Amounts are plain decimals with all
    the decimals of the `currency` beside them, moments RFC 3339 in UTC, objects their public ids."""
    data = error.data if _may_see(error, actor) else {}
    named = {name: data[name] for name in error.facts if data.get(name) not in (None, "")}
    currency = named.get("currency")
    found: dict[str, str] = {}
    for name, value in named.items():
        if name in AMOUNTS:
            found[name], currency = _amount(value, currency)
        else:
            found[name] = _text(name, value)
    if currency and AMOUNTS & set(found):
        found["currency"] = currency
    return found


def detail_of(error: DomainError, actor: Acting | None) -> str:
    """The words of a refusal for this caller: without the figures that he may not see."""
    return error.detail if _may_see(error, actor) else error.default_detail


def listed(faults: Sequence[Mapping[str, Any]], actor: Acting | None) -> list[dict[str, Any]]:
    """What is wrong with each item of a batch, from the `errors` of its refusal: one member per item and field."""
    return [member for fault in faults for member in _of_item(fault, actor)]


def _of_item(fault: Mapping[str, Any], actor: Acting | None) -> Iterator[dict[str, Any]]:
    own = ("index", "code", "cause", "param", "detail")
    kind = errors.kind_of(fault["code"], fault.get("cause", ""))
    error = kind(fault["detail"], param=fault["param"], **{name: fault[name] for name in fault if name not in own})
    yield {"index": fault["index"], **fault_of(error, actor)}
    for param, detail in fault.get("more", ()):
        yield {"index": fault["index"], **fault_of(kind(detail, param=param), actor)}


def fault_of(error: DomainError, actor: Acting | None) -> dict[str, Any]:
    """One refusal as a member of a list: code, cause, detail, param, facts; what it has not is left out."""
    found: dict[str, Any] = {"code": error.code, "detail": detail_of(error, actor), "param": error.param}
    facts = facts_of(error, actor)
    return found | ({"cause": error.cause} if error.cause else {}) | ({"facts": facts} if facts else {})


def _may_see(error: DomainError, actor: Acting | None) -> bool:
    """Figures of his own accounts for a client, all of them for whoever may read them, none for anybody else."""
    if not error.figures_need or not FIGURES & set(error.data):
        return True
    account = str(error.data.get("account", ""))
    if actor is None:
        return False
    if actor.client_id:
        own = account.startswith(f"client/{actor.client_id}/")
        return own or (not account and error.figures_need == "ledger.view_balance")  # a rule's words about his request
    return actor.may(error.figures_need)


def _amount(value: Any, currency: str | None) -> tuple[str, str | None]:
    """An amount as its currency writes it, and that currency; "12.50 EUR" says it itself."""
    text, _, said = str(value).partition(" ")
    currency = currency or said or None
    try:
        return (Money.of(Decimal(text), currency).text if currency else text), currency
    except (InvalidAmount, ArithmeticError):
        return text, currency


def _text(name: str, value: Any) -> str:
    if name in PREFIXES:
        return ids.encode(PREFIXES[name], value if isinstance(value, UUID) else UUID(str(value)))
    if name.endswith(("_at", "_before")):
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def faults_of(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk REST framework's nested error structure as (`entries[0].amount`, message) pairs."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from faults_of(inner, _below(path, key))
    elif isinstance(detail, Sequence) and not isinstance(detail, str):
        for index, inner in enumerate(detail):
            yield from faults_of(inner, path if isinstance(inner, str) else f"{path}[{index}]")
    else:
        yield path, str(detail)


def _below(path: str, key: str | int) -> str:
    if key in {"non_field_errors", "__all__"}:
        return path
    if isinstance(key, int) or key.isdigit():  # the framework keys the rows of a list by their number
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
