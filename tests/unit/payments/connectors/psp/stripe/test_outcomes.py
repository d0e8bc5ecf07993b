"""Every way a call can end is one of three answers, and a repeat with the same key never makes a second
payment."""

import socket
import threading
from decimal import Decimal

import pytest

from ledger.errors import Unavailable
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected
from payments.connectors.psp.stripe.adapter import StripeAdapter


def attempt(house, *, reference: str = "dep_1", amount: str = "1000.00", back: str = "http://127.0.0.1/b") -> Outcome:
    return house.adapter.create_payment(
        our_reference=reference, amount=Decimal(amount), currency="USD", return_url=back
    )


@pytest.mark.parametrize(
    ("fault", "reason", "made"),
    [
        ({"do": "drop"}, "connection_lost", 0),
        ({"do": "lose"}, "connection_lost", 1),
        ({"do": "hang", "seconds": 4}, "timeout", 1),
        ({"do": "error"}, "server_error", 0),
        ({"do": "conflict"}, "in_progress", 0),
        ({"do": "rate_limit"}, "rate_limited", 0),
        ({"do": "garbage"}, "unreadable_answer", 0),
    ],
)
def test_an_unclear_end_is_in_doubt_and_a_repeat_finds_the_one_payment(
    house, fault: dict, reason: str, made: int
) -> None:
    house.break_it({"on": "create_payment", **fault})
    first = attempt(house)
    assert isinstance(first, InDoubt)
    assert first.reason == reason
    assert house.fired() == [1]
    assert house.count("payment_intent") == made
    second = attempt(house)
    assert isinstance(second, Accepted)
    assert second.facts["replayed"] is bool(made)
    assert house.count("payment_intent") == 1


def test_a_definite_refusal_is_rejected_in_our_words(house) -> None:
    house.break_it({"on": "create_payment", "do": "refuse", "data": {"decline_code": "insufficient_funds"}})
    outcome = attempt(house)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "insufficient_funds"
    assert outcome.message == "There is not enough money on the card. Nothing was taken."
    assert outcome.facts["provider_code"] == "insufficient_funds"
    assert house.fired() == [1]
    assert house.count("payment_intent") == 0


def test_a_lagging_answer_is_still_an_answer(house) -> None:
    house.break_it({"on": "create_payment", "do": "lag", "seconds": 0.3})
    assert isinstance(attempt(house), Accepted)
    assert house.fired() == [1]


def test_a_lost_refund_is_asked_again_and_given_once(house) -> None:
    reference = house.paid()
    house.break_it({"on": "refund", "do": "lose"})
    answers = [
        house.adapter.refund(
            payment_reference=reference, refund_reference="ref_1", amount=Decimal("250.00"), currency="USD"
        )
        for _ in range(2)
    ]
    assert isinstance(answers[0], InDoubt)
    assert isinstance(answers[1], Accepted)
    assert house.fired() == [1]
    assert house.count("refund") == 1
    assert house.adapter.fetch_payment(payment_reference=reference).refunded == Decimal("250.00")


@pytest.mark.parametrize("fault", ["drop", "error", "garbage", "rate_limit"])
def test_reading_through_trouble_says_unavailable(house, fault: str) -> None:
    reference = house.paid()
    house.break_it({"on": "get_payment", "do": fault})
    with pytest.raises(Unavailable):
        house.adapter.fetch_payment(payment_reference=reference)
    assert house.fired() == [1]
    assert house.adapter.fetch_payment(payment_reference=reference).status == "captured"


def test_the_same_reference_with_another_amount_is_in_doubt_because_a_payment_exists(house) -> None:
    first = house.create("dep_1", "1000.00")
    outcome = attempt(house, amount="999.00")
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == "idempotency_conflict"
    assert house.count("payment_intent") == 1
    assert house.adapter.fetch_payment(payment_reference=first.reference).amount == Decimal("1000.00")


def nobody(port: int) -> StripeAdapter:
    return StripeAdapter(
        api_base=f"http://127.0.0.1:{port}", secret_key="sk_test_x", webhook_secrets=[], timeouts=(0.5, 0.5)
    )


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listening_is_in_doubt_not_a_failed_deposit() -> None:
    outcome = nobody(unused_port()).create_payment(
        our_reference="dep_1", amount=Decimal(10), currency="USD", return_url="http://127.0.0.1/b"
    )
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == "unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nproxy!",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "pi_1"',
        b"nothing like HTTP\r\n\r\n",
    ],
)
def test_answers_that_are_not_stripes_are_in_doubt(answer: bytes) -> None:
    """A proxy, a captive portal, a cut connection: none of them proves that nothing happened."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_once, args=(server, answer))
        thread.start()
        outcome = nobody(server.getsockname()[1]).create_payment(
            our_reference="dep_1", amount=Decimal(10), currency="USD", return_url="http://127.0.0.1/b"
        )
        thread.join()
    assert isinstance(outcome, InDoubt), outcome


def _answer_once(server: socket.socket, answer: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_an_answer_about_another_payment_is_in_doubt() -> None:
    body = (
        b'{"id": "pi_1", "object": "payment_intent", "amount": 1000, "currency": "usd", "status": "requires_action",'
        b' "metadata": {"deposit": "dep_other"},'
        b' "next_action": {"redirect_to_url": {"url": "https://pay.example/1"}}}'
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_once, args=(server, head + body))
        thread.start()
        outcome = nobody(server.getsockname()[1]).create_payment(
            our_reference="dep_1", amount=Decimal(10), currency="USD", return_url="http://127.0.0.1/b"
        )
        thread.join()
    assert outcome == InDoubt(reason="unexpected_answer", facts={"reference": "pi_1", "request_id": ""})


def test_nothing_secret_is_logged(house, caplog: pytest.LogCaptureFixture) -> None:
    house.break_it(
        {"on": "create_payment", "do": "error", "data": {"message": "key sk_test_house", "client_secret": "pi_s"}}
    )
    attempt(house)
    assert "server_error" in caplog.text
    assert "sk_test_house" not in caplog.text
    assert "pi_s" not in caplog.text


def test_two_threads_share_one_adapter(house) -> None:
    made: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda number=number: made.append(attempt(house, reference=f"dep_{number}")))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({outcome.reference for outcome in made if isinstance(outcome, Accepted)}) == 8


def test_fifty_copies_of_one_creation_make_one_payment(house) -> None:
    made: list[Outcome] = []
    threads = [threading.Thread(target=lambda: made.append(attempt(house))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = [outcome for outcome in made if isinstance(outcome, Accepted)]
    assert len(accepted) == 50
    assert len({outcome.reference for outcome in accepted}) == 1
    assert sum(not outcome.facts["replayed"] for outcome in accepted) == 1
    assert house.count("payment_intent") == 1
