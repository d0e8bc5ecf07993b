"""Absurd values in every field of every body: a clear 4xx that names the field, and not one row anywhere.

The fields come from the endpoints' own declarations, so that a new field is tested without being named here.
"""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from rest_framework import serializers

from ledger import accounts
from ledger.api.batch_shapes import BatchDraft
from payments.models import IdempotencyKey
from tests.integration.api.absurd import values_for
from tests.integration.api.making import upload
from tests.integration.api.samples import SAMPLES, Sample
from tests.integration.api.test_roles import VIEWS
from tests.integration.api.world import PROBLEM, Api, World, counts, problem

pytestmark = pytest.mark.slow

ACTING = [sample for sample in SAMPLES if sample.method == "POST"]
JSON = [sample for sample in ACTING if sample.route != "statements"]
Path_ = tuple[str | int, ...]


def fields_of(shape: serializers.BaseSerializer[Any], at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every field of a body with the way that leads to it; of a list, its first row."""
    for name, field in shape.fields.items():  # type: ignore[attr-defined]
        yield (*at, name), field
        if isinstance(field, serializers.ListSerializer):
            yield from fields_of(field.child, (*at, name, 0))
        elif isinstance(field, serializers.Serializer):
            yield from fields_of(field, (*at, name))


def changed(body: Any, way: Path_, value: Any) -> Any:
    copied = copy.deepcopy(body)
    inner = copied
    for step in way[:-1]:
        if isinstance(inner, dict) and step not in inner:
            return None  # the sample has no such part
        inner = inner[step]
    inner[way[-1]] = value
    return copied


def named(way: Path_) -> str:
    text = ""
    for step in way:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


@pytest.mark.parametrize("sample", JSON, ids=str)
def test_every_field_refuses_what_it_cannot_mean(firm: World, sample: Sample) -> None:
    path, body = sample.prepare(firm)
    api, before, tried = firm.apis[sample.role], counts(), 0
    for way, field in fields_of(VIEWS[sample.route].body()):
        for value in values_for(field):
            sent = changed(body, way, value)
            if sent is None:
                continue
            response = api.post(path, raw=json.dumps(sent).encode())
            seen = (way, str(value)[:60], response.status_code, response.content[:300])
            assert 400 <= response.status_code < 500, seen
            assert response.headers["Content-Type"] == PROBLEM, seen
            found = response.json()
            assert found["param"] is None or named(way).startswith(found["param"].split("[")[0].split(".")[0]), seen
            tried += 1
    assert tried or not VIEWS[sample.route].body().fields
    refuse_missing_and_unknown(api, sample, path, body)
    assert counts() == before
    assert not IdempotencyKey.objects.filter(status__isnull=True).exists()


def test_absurd_items_of_a_batch_are_each_refused_and_never_all(firm: World) -> None:
    """In parts, what an item cannot mean is the result of that item."""
    good = {**firm.transfer_between("1.00"), "description": "", "metadata": {}, "pending": True}
    good |= {"source": {"system": "crm", "kind": "gift", "id": "17"}, "expires_on": ["mt5.rejected"]}
    good |= {"conditions": [{"account": firm.wallet(), "currency": "EUR", "available_gte": "1.00"}]}
    items: list[Any] = [*no_items(), [good], {"transactions": [good]}]
    for way, field in fields_of(BatchDraft()):
        items += [changed(good, way, value) for value in values_for(field)]
    items = [item for item in items if item is not None]
    assert len(items) > 300
    before, sent = counts(), {"mode": "partial", "transactions": items}
    unreadable = firm.ops.post("/transactions/batch", raw=json.dumps(sent).encode())
    problem(unreadable, 400, "invalid_request", None)  # no text of JSON at all: that is the request's fault
    sent["transactions"] = [item for item in items if not any(odd in json.dumps(item) for odd in UNREADABLE)]
    response = firm.ops.post("/transactions/batch", raw=json.dumps(sent).encode())
    assert response.status_code == 201, response.content[:500]
    data = response.json()["data"]
    assert {item["status"] for item in data} == {"refused"}, [
        sent["transactions"][place] for place, item in enumerate(data) if item["status"] != "refused"
    ][:3]
    assert counts() == before


UNREADABLE = ("\\u0000", "\\ud800")


def no_items() -> list[Any]:
    return ["x", 17, 1.5, True, None, [], {}, {"a": 1}]


def refuse_missing_and_unknown(api: Api, sample: Sample, path: str, body: dict[str, Any]) -> None:
    problem(api.post(path, body | {"colour": "red"}), 400, "invalid_request", "colour")
    for name, field in VIEWS[sample.route].body().fields.items():
        if field.required:
            less = {key: value for key, value in body.items() if key != name}
            problem(api.post(path, less), 400, "invalid_request", name)


BODIES: dict[str, bytes] = {
    "nothing at all": b"\x00",
    "not JSON": b"amount=5",
    "half of it": b'{"amount": "5.00"',
    "an array": b"[]",
    "a text": b'"hello"',
    "null": b"null",
    "a number": b"17",
    "a key twice": b'{"amount": "5.00", "amount": "6.00"}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": -Infinity}',
    "not UTF-8": b'{"amount": "\xff\xfe"}',
    "UTF-16": '{"amount": "5.00"}'.encode("utf-16"),
    "bottomless": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "deep arrays": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a lone surrogate": b'{"amount": "\\ud800"}',
    "a lone surrogate as a key": b'{"\\udfff": 1}',
    "a NUL": b'{"amount": "\\u0000"}',
    "a NUL as a key": b'{"\\u0000": 1}',
    "an integer without end": b'{"amount": ' + b"9" * 10_000 + b"}",
    "a thousand unknown fields": json.dumps({f"f{n}": n for n in range(1000)}).encode(),
    "a byte order mark": b'\xef\xbb\xbf{"amount": "5.00"}',
}


def test_bodies_that_are_no_request_are_refused(firm: World) -> None:
    for sample in JSON:
        with apart():
            path, _ = sample.prepare(firm)
            api, before = firm.apis[sample.role], counts()
            for name, body in BODIES.items():
                if sample.route not in ("clients", "transactions", "withdrawals") and name not in EVERYWHERE:
                    continue  # one reader reads them all
                response = api.post(path, raw=body)
                assert response.status_code == 400, (str(sample), name, response.content)
                problem(response, 400, "invalid_request")
            assert counts() == before


EVERYWHERE = ("not JSON", "an array", "a key twice", "NaN", "a NUL", "a lone surrogate", "bottomless")

FORMS: dict[str, dict[str, Any]] = {
    "no file": {"file": None},
    "an empty file": {"file": b""},
    "a file that is no statement": {"file": b"GIF89a" + bytes(range(256))},
    "a bomb of entities": {"file": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Document>&b;</Document>'},
    "no account": {"account": None},
    "an account that is no bank": {"account": "house/fees"},
    "a NUL in the account": {"account": "bank/se\x00pa/client-money"},
    "a path": {"account": "../../etc/passwd"},
    "a long name": {"name": "n" * 300},
    "a flag that is none": {"dry_run": "perhaps"},
    "a field that is none": {"colour": "red"},
}


@pytest.mark.parametrize("change", FORMS.values(), ids=FORMS.keys())
def test_uploads_that_are_no_statement_are_refused(firm: World, change: dict[str, Any]) -> None:
    sample = next(s for s in ACTING if s.route == "statements")
    path, fields = sample.prepare(firm)
    before = counts()
    wanted = {name: value for name, value in (fields | change).items() if value is not None}
    form = upload(wanted) if "file" in wanted else wanted
    response = firm.ops.upload(path, form)
    assert 400 <= response.status_code < 500, response.content
    assert response.headers["Content-Type"] == PROBLEM
    assert counts() == before


ADDRESSES = (
    "limit=0", "limit=201", "limit=-1", "limit=ten", "limit=١", "limit=", "limit=1&limit=2", "limit=9999999999999999",
    "cursor=", "cursor=x", "cursor=" + "x" * 5000, "cursor=%F0%9F%92%A9", "colour=red", "created[gte]=yesterday",
    "created[gte]=2026-11-20T00:00:00Z&created[gte]=2026-11-21T00:00:00Z", "state=%27%20OR%201%3D1", "currency=eur",
    "state=", "client=cl_1", "offset=10", "%ED%A0%80=1", "format=xml", "state=%00",
)  # fmt: skip


def test_absurd_addresses_are_refused(firm: World) -> None:
    for sample in (s for s in SAMPLES if s.method == "GET"):
        with apart():
            path, query = sample.prepare(firm)
            api, by_code = firm.apis[sample.role], path.startswith("/accounts/")
            for address in ADDRESSES:
                if by_code and address.startswith("currency"):
                    continue
                kept = f"currency={query['currency']}&" if by_code else ""
                response = api.http.get(f"/api/v1{path}?{kept}{address}", headers=api.headers)
                assert response.status_code == 400, (str(sample), address, response.content)
                problem(response, 400, "invalid_request")


def wrong_ids(real: str) -> tuple[str, ...]:
    prefix = real.split("_", maxsplit=1)[0]
    bodies = ("0" * 26, "z" * 26, "0" * 13, "", "!")
    others = ("x", "xx_" + "0" * 26, "%F0%9F%92%A9", "1", "%27", real + "0", real.upper())
    return (*(f"{prefix}_{body}" for body in bodies), *others)


def test_ids_that_name_nothing_are_not_found(firm: World) -> None:
    for sample in (s for s in SAMPLES if "reference" in s.route):
        with apart():
            path, body = sample.prepare(firm)
            api, before = firm.apis[sample.role], counts()
            real = next(part for part in path.split("/") if "_" in part)
            for wrong in wrong_ids(real):
                named_wrong = path.replace(f"client/{real}/wallet", f"acc_{wrong}").replace(real, wrong)
                response = api.get(named_wrong, **body) if sample.method == "GET" else api.post(named_wrong, body)
                assert response.status_code == 404, (str(sample), wrong, response.content)
                problem(response, 404, "not_found")
            assert counts() == before


@contextmanager
def apart() -> Iterator[None]:
    """What one sample makes is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    accounts.forget()
