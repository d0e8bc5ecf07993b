"""The hosted card page: honest about what it is, usable without scripts, and safe against a double click."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from payments.connectors.psp.stripe.simulated.cards import CARDS


def post(url: str, **form: str) -> requests.Response:
    return requests.post(url, data=form, allow_redirects=False, timeout=10)


def outcome(answer: requests.Response) -> tuple[int, str, dict[str, list[str]]]:
    parts = urlsplit(answer.headers["Location"])
    return answer.status_code, f"{parts.scheme}://{parts.netloc}{parts.path}", parse_qs(parts.query)


def test_the_page_says_what_it_is_and_what_it_costs(house) -> None:
    made = house.create("dep_7", "1234.50", "EUR")
    answer = requests.get(made.facts["checkout_url"], timeout=10)
    assert answer.status_code == 200
    assert "Simulated card page: no real money moves here" in answer.text
    assert "1,234.50 EUR" in answer.text
    assert "Reference dep_7" in answer.text
    assert 'name="viewport"' in answer.text
    assert "prefers-color-scheme: dark" in answer.text
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    for number, card in CARDS.items():
        assert f'value="{number}"' in answer.text
        assert card.label in answer.text


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("4242 4242 4242 4242", "succeeded"),
        ("4242-4242-4242-4242", "succeeded"),
        ("4000000000000002", "failed"),
        ("4000000000009995", "failed"),
        ("4000000000003220", "succeeded"),
        ("4000000000000259", "succeeded"),
        ("4000000000005126", "pending"),
    ],
)
def test_paying_sends_the_payer_back_with_the_outcome(house, typed: str, status: str) -> None:
    made = house.create()
    code, address, query = outcome(post(made.facts["checkout_url"], card_number=typed))
    assert (code, address) == (303, "http://127.0.0.1:1/deposits/back")
    assert query == {"tab": ["cards"], "payment_intent": [made.reference], "redirect_status": [status]}


def test_a_second_click_pays_nothing_more(house) -> None:
    made = house.create()
    url = made.facts["checkout_url"]
    first, second = (post(url, card_number="4242424242424242") for _ in range(2))
    assert outcome(first) == outcome(second)
    assert house.count("balance_transaction") == 1
    page = requests.get(url, timeout=10).text
    assert "This payment is complete." in page
    assert "Go back" in page
    assert 'name="card_number"' not in page


@pytest.mark.parametrize("typed", ["", "abcd", "4242424242424241", "42424242", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"])
def test_what_is_no_card_number_is_said_on_the_page_and_nothing_happens(house, typed: str) -> None:
    made = house.create()
    answer = post(made.facts["checkout_url"], card_number=typed)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'aria-describedby="problem"' in answer.text
    assert house.count("charge") == 0


def test_after_a_decline_another_card_can_be_tried(house) -> None:
    made = house.create()
    url = made.facts["checkout_url"]
    post(url, card_number="4000000000009995")
    page = requests.get(url, timeout=10).text
    assert "insufficient funds" in page
    assert "Nothing was taken." in page
    assert outcome(post(url, card_number="4242424242424242"))[2]["redirect_status"] == ["succeeded"]


def test_cancelling_takes_nothing_and_goes_back(house) -> None:
    made = house.create()
    url = made.facts["checkout_url"]
    assert outcome(post(url, action="cancel"))[2]["redirect_status"] == ["canceled"]
    assert house.adapter.fetch_payment(payment_reference=made.reference).status == "cancelled"
    assert outcome(post(url, card_number="4242424242424242"))[2]["redirect_status"] == ["canceled"]
    assert house.count("charge") == 0


def test_a_page_that_does_not_exist(house) -> None:
    answer = requests.get(f"{house.url}/pay/pi_no", timeout=10)
    assert answer.status_code == 404
    assert "There is no such payment." in answer.text


def test_what_came_from_outside_is_escaped(house) -> None:
    made = house.create('dep_"><script>alert(1)</script>')
    page = requests.get(made.facts["checkout_url"], timeout=10).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
