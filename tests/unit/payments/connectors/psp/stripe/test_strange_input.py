"""Whatever arrives, the answer is an event or a refusal with a name: never another exception, never a guess."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidRequest
from payments.connectors.psp.base import PspEvent, Refused, Verified
from payments.connectors.psp.stripe import facts, webhook

SAMPLES = Path(__file__).parents[6] / "tests" / "samples" / "stripe"
EVENTS = [
    json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.json")) if not path.name.endswith(".expected.json")
]
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*path, key)
        yield from places(child, (*path, key))


def replaced(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = deepcopy(document)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@given(data=st.data(), event=st.sampled_from(EVENTS), value=STRANGE)
def test_any_one_strange_value_is_read_or_refused(data: st.DataObject, event: dict[str, Any], value: Any) -> None:
    path = data.draw(st.sampled_from(list(places(event))))
    try:
        read = webhook.parse(body=json.dumps(replaced(event, path, value)).encode())
    except InvalidRequest as refusal:
        assert refusal.param
        return
    assert isinstance(read, PspEvent)
    assert isinstance(read.amount, Decimal)
    assert read.fee is None or isinstance(read.fee, Decimal)
    assert "\u0000" not in json.dumps([read.event_id, read.our_reference, read.code, dict(read.facts)])


@given(body=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        webhook.parse(body=body)
    except InvalidRequest as refusal:
        assert refusal.param


@given(header=st.text(max_size=120) | st.from_regex(r"t=[0-9]{1,12},(v1=[0-9a-f]*,?)*", fullmatch=True))
def test_any_header_is_judged(header: str) -> None:
    verdict = webhook.verify(
        headers={"Stripe-Signature": header}, body=b"{}", secrets=["whsec_now"], tolerance_seconds=300, now=NOW
    )
    assert isinstance(verdict, Refused | Verified)
    assert isinstance(verdict, Refused), "nobody knows our secret"


INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 100000,
    "amount_received": 60000,
    "currency": "usd",
    "metadata": {"deposit": "dep_1"},
    "last_payment_error": None,
    "latest_charge": {
        "id": "ch_1",
        "object": "charge",
        "amount": 100000,
        "amount_captured": 60000,
        "amount_refunded": 50000,
        "currency": "usd",
        "balance_transaction": {"id": "txn_1", "currency": "usd", "amount": 100000, "fee": 2900},
        "refunds": {
            "object": "list",
            "has_more": False,
            "data": [
                {
                    "id": "re_1",
                    "balance_transaction": {
                        "reporting_category": "partial_capture_reversal",
                        "amount": -40000,
                        "fee": -1160,
                        "currency": "usd",
                    },
                }
            ],
        },
    },
}


def test_the_document_that_is_made_strange_is_understood() -> None:
    read = facts.payment(INTENT)
    assert (read.captured, read.refunded, read.fee) == (Decimal("600.00"), Decimal("100.00"), Decimal("17.40"))


@given(data=st.data(), value=STRANGE)
def test_any_strange_payment_is_read_or_refused(data: st.DataObject, value: Any) -> None:
    path = data.draw(st.sampled_from(list(places(INTENT))))
    try:
        read = facts.payment(replaced(INTENT, path, value))
    except InvalidRequest as refusal:
        assert refusal.param
        return
    assert all(isinstance(amount, Decimal) for amount in (read.amount, read.captured, read.refunded))
