"""The simulator keeps Stripe's rules for requests: keys, parameters, errors, lists."""

from collections.abc import Callable
from typing import Any

import pytest

FORM = {"amount": "100000", "currency": "usd"}


def create(house, key: str | None = "k1", **changes: str) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return house.api("POST", "/v1/payment_intents", data=FORM | changes, headers=headers)


def test_the_same_key_gives_the_same_answer_byte_for_byte(house) -> None:
    first, second = create(house), create(house)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert house.count("payment_intent") == 1


def test_the_first_answer_is_kept_even_when_the_payment_moved_on(house) -> None:
    first = create(house)
    house.tell("pay", payment_intent=first.json()["id"])
    assert create(house).json()["status"] == "requires_payment_method"
    assert house.count("payment_intent") == 1


@pytest.mark.parametrize("changes", [{"amount": "100001"}, {"currency": "eur"}, {"metadata[deposit]": "x"}])
def test_other_parameters_under_a_key_are_refused(house, changes: dict[str, str]) -> None:
    create(house)
    answer = create(house, **changes)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")
    assert house.count("payment_intent") == 1


def test_a_key_belongs_to_one_address(house) -> None:
    create(house)
    answer = house.api("POST", "/v1/refunds", data=FORM, headers={"Idempotency-Key": "k1"})
    assert answer.json()["error"]["type"] == "idempotency_error"


def test_a_request_refused_for_its_form_leaves_its_key_free(house) -> None:
    assert create(house, amount="12.50").status_code == 400
    assert create(house).status_code == 200


def test_a_refusal_of_the_work_itself_is_kept(house) -> None:
    reference = create(house).json()["id"]
    headers = {"Idempotency-Key": "k2"}
    form = {"payment_intent": reference}
    first = house.api("POST", "/v1/refunds", data=form, headers=headers)
    house.tell("pay", payment_intent=reference)
    second = house.api("POST", "/v1/refunds", data=form, headers=headers)
    assert (first.status_code, second.status_code) == (400, 400)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert house.count("refund") == 0


def test_keys_are_forgotten_after_a_day(open_house: Callable) -> None:
    now = [1_795_262_400.0]
    house = open_house(clock=lambda: now[0])
    first = create(house).json()["id"]
    now[0] += 86_401
    assert create(house).json()["id"] != first


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": "1000"}, "parameter_missing", "currency"),
        ({"amount": "10.00", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "49", "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": "100000000", "currency": "usd"}, "amount_too_large", "amount"),
        ({"amount": "1234", "currency": "kwd"}, "invalid_charge_amount", "amount"),
        ({"amount": "1000", "currency": "xxx"}, None, "currency"),
        ({"amount": "1000", "currency": "usd", "ammount": "1"}, "parameter_unknown", "ammount"),
        ({"amount": "1000", "currency": "usd", "confirm": "true"}, "parameter_missing", "return_url"),
    ],
)
def test_errors_have_stripes_form(house, form: dict[str, str], code: str | None, param: str) -> None:
    answer = house.api("POST", "/v1/payment_intents", data=form)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error.get("code"), error["param"], error["type"]) == (code, param, "invalid_request_error")
    assert error["message"]
    assert house.count("payment_intent") == 0


@pytest.mark.parametrize("path", ["/v1/payment_intents/pi_no", "/v1/charges/ch_no", "/v1/nothing", "/"])
def test_what_is_not_there_is_a_404_in_stripes_form(house, path: str) -> None:
    answer = house.api("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic sk_test_x", "sk_test_x"])
def test_no_key_no_answer(house, header: str) -> None:
    answer = house.api("GET", "/v1/events", headers={"Authorization": header})
    assert answer.status_code == 401


def test_lists_page_forwards_and_backwards(house) -> None:
    made = [create(house, None).json()["id"] for _ in range(7)][::-1]

    def page(**params: str) -> tuple[list[str], bool]:
        listed = house.api("GET", "/v1/payment_intents", params=params).json()
        return [item["id"] for item in listed["data"]], listed["has_more"]

    assert page(limit="3") == (made[:3], True)
    assert page(limit="3", starting_after=made[2]) == (made[3:6], True)
    assert page(limit="3", starting_after=made[5]) == (made[6:], False)
    assert page(limit="3", ending_before=made[6]) == (made[3:6], True)
    assert page(limit="3", ending_before=made[2]) == (made[:2], False)


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"starting_after": "pi_no"}])
def test_bad_paging_is_refused(house, params: dict[str, str]) -> None:
    assert house.api("GET", "/v1/payment_intents", params=params).status_code == 400


def test_expansion_follows_ids_and_refuses_nonsense(house) -> None:
    reference = house.paid()
    plain = house.api("GET", f"/v1/payment_intents/{reference}").json()
    assert plain["latest_charge"].startswith("ch_")
    full = house.api(
        "GET", f"/v1/payment_intents/{reference}", params={"expand[]": "latest_charge.balance_transaction"}
    ).json()
    assert full["latest_charge"]["balance_transaction"]["fee"] == 2900
    wrong = house.api("GET", f"/v1/payment_intents/{reference}", params={"expand[]": "nothing"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "expand")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"amount[a][b]=1", b"=1"])
def test_a_form_that_is_none_is_refused(house, raw: bytes) -> None:
    assert house.api("POST", "/v1/payment_intents", data=raw).status_code == 400


def test_unknown_controls_and_settings_are_refused(house) -> None:
    assert house.api("POST", "/_sim/nothing", json={}).status_code == 404
    assert house.api("POST", "/_sim/settings", json={"colour": "red"}).status_code == 400
    assert house.api("POST", "/_sim/settings", data=b"[").status_code == 400
