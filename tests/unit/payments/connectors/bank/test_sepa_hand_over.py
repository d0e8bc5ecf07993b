"""Handing over a file when things go wrong: each fault fires, and a doubt is never called a refusal."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from payments.connectors.bank.sepa.adapter import SepaBank
from payments.connectors.bank.sepa.simulator import BIC
from payments.connectors.outcomes import Accepted, InDoubt, Rejected
from tests.unit.payments.connectors.bank.conftest import GERMAN_IBAN, Desk, adapter, payout, send


def messages(desk: Desk) -> set[str]:
    return {payment["message_id"] for payment in desk.books()["payments"]}


DOUBTS = {
    "drop_before": ("connection_lost", False),
    "drop_after": ("connection_lost", True),
    "http_500_before": ("unclear_answer", False),
    "http_500_after": ("unclear_answer", True),
    "hang_after": ("timeout", True),
}


@pytest.mark.parametrize("fault", DOUBTS)
def test_no_clear_answer_is_a_doubt_and_asking_settles_it(desk: Desk, fault: str) -> None:
    reason, taken = DOUBTS[fault]
    bank = adapter(desk.url, timeout=0.5)
    desk.faults({"on": "upload", "do": fault, "seconds": 1.5})
    outcome = send(bank)
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == reason
    assert "WD-1" in outcome.facts["file"]
    assert desk.fired() == [1]
    assert bank.knows_message(message_id="PAY-1") is taken
    assert messages(desk) == ({"PAY-1"} if taken else set())
    desk.step(3)
    assert desk.balance() == (Decimal("-12000.00") if taken else 0)


def test_a_file_can_arrive_after_we_gave_up_and_after_the_bank_denied_it(desk: Desk) -> None:
    """Why a "no" is only definite once the upload's time-out has passed."""
    bank = adapter(desk.url, timeout=0.3)
    desk.faults({"on": "upload", "do": "hang_before", "seconds": 1.0})
    outcome = send(bank)
    assert isinstance(outcome, InDoubt) and outcome.reason == "timeout"
    assert bank.knows_message(message_id="PAY-1") is False
    for _ in range(40):
        if bank.knows_message(message_id="PAY-1"):
            break
        threading.Event().wait(0.1)
    assert bank.knows_message(message_id="PAY-1") is True
    assert desk.fired() == [1]


def test_the_same_message_id_again_is_a_doubt_and_pays_once(desk: Desk, bank: SepaBank) -> None:
    """The id may be known because this very file got through: calling it refused could pay a client twice."""
    assert isinstance(send(bank), Accepted)
    again = send(bank)
    assert isinstance(again, InDoubt) and again.reason == "duplicate_message"
    assert again.facts["http_status"] == 409
    other = send(bank, payout("WD-2", "5.00"))
    assert isinstance(other, InDoubt)
    desk.step(3)
    assert desk.balance() == Decimal("-12000.00")


def test_a_bank_that_refuses_says_so(desk: Desk, bank: SepaBank) -> None:
    desk.faults({"on": "upload", "do": "refuse", "data": {"code": "refused", "message": "Contract suspended."}})
    outcome = send(bank)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.message) == ("refused", "Contract suspended.")
    assert bank.knows_message(message_id="PAY-1") is False
    assert (desk.fired(), messages(desk)) == ([1], set())


def test_a_refusal_in_words_nobody_documented_is_a_doubt(desk: Desk, bank: SepaBank) -> None:
    desk.faults({"on": "upload", "do": "refuse", "data": {"code": "maintenance_mode_7"}})
    outcome = send(bank)
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == "unclear_answer"
    assert "maintenance_mode_7" in outcome.facts["answer"]
    assert desk.fired() == [1]


def test_a_file_from_an_account_that_is_not_ours_is_refused(desk: Desk) -> None:
    bank = SepaBank(url=desk.url, iban=GERMAN_IBAN, bic=BIC, name="Demo Broker")
    outcome = send(bank)
    assert isinstance(outcome, Rejected) and outcome.code == "unknown_account"
    assert messages(desk) == set()


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"currency": "USD"}, "currency"),
        ({"beneficiary_iban": "DE00"}, "iban"),
        ({"amount": "0"}, "amount"),
        ({"beneficiary_name": "!"}, "name"),
    ],
)
def test_a_payout_that_makes_no_file_is_refused_before_anything_leaves(
    desk: Desk, bank: SepaBank, changes: dict[str, Any], param: str
) -> None:
    desk.faults({"on": "upload", "do": "drop_after"})
    outcome = send(bank, payout(**changes))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.facts["param"]) == ("invalid_payment", param)
    assert (desk.fired(), messages(desk)) == ([0], set())


def test_a_bank_that_cannot_be_reached_got_nothing() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "http://bank.invalid"):
        outcome = send(adapter(url, timeout=1))
        assert isinstance(outcome, Rejected)
        assert outcome.code == "unreachable"
        assert adapter(url, timeout=1).knows_message(message_id="PAY-1") is None


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """A stranger on the line who reads a request and answers each one with the same bytes."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.3)
                try:
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass
                connection.sendall(raw)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    stop.set()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def http(status: str, body: str, length: int | None = None, extra: str = "") -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nConnection: close\r\n{extra}\r\n{body}".encode()


STRANGE = {
    "garbage": (b"\x00\x01 not http\r\n\r\n", "connection_lost"),
    "closed": (b"", "connection_lost"),
    "cut off": (http("201 Created", '{"reference": "U1", "message_id": "PAY-1"}', 500), "connection_lost"),
    "success without a reference": (http("201 Created", '{"message_id": "PAY-1"}'), "unclear_answer"),
    "success for another message": (
        http("201 Created", '{"reference": "U1", "message_id": "PAY-2"}'),
        "unclear_answer",
    ),
    "a login page": (http("200 OK", "<html>Sign in</html>"), "unclear_answer"),
    "JSON that is no object": (http("201 Created", '["PAY-1"]'), "unclear_answer"),
    "a proxy's 404": (http("404 Not Found", "no such page"), "unclear_answer"),
    "a proxy's 413": (http("413 Too Large", ""), "unclear_answer"),
    "a redirect": (http("307 Temporary Redirect", "", extra="Location: http://127.0.0.1:1/\r\n"), "unclear_answer"),
    "a bare conflict": (http("409 Conflict", "{}"), "unclear_answer"),
    "an endless answer": (http("201 Created", " " * (11 * 1024 * 1024)), "answer_too_large"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_an_answer_nobody_documented_is_a_doubt(name: str) -> None:
    raw, reason = STRANGE[name]
    with answering(raw) as url:
        outcome = send(adapter(url, timeout=3))
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    "raw",
    [
        http("404 Not Found", "no such page"),
        http("404 Not Found", '{"code": "unknown_path"}'),
        http("200 OK", '{"message_id": "PAY-2"}'),
        http("200 OK", "<html>"),
        http("500 Error", ""),
    ],
)
def test_only_the_bank_itself_can_say_whether_it_knows_a_message(raw: bytes) -> None:
    with answering(raw) as url:
        assert adapter(url, timeout=3).knows_message(message_id="PAY-1") is None


@pytest.mark.parametrize("fault", ["drop", "http_500", "lag"])
def test_a_bank_that_does_not_answer_the_question_leaves_it_open(desk: Desk, fault: str) -> None:
    bank = adapter(desk.url, timeout=0.4)
    send(bank)
    desk.faults({"on": "message", "do": fault, "seconds": 1.0})
    assert bank.knows_message(message_id="PAY-1") is None
    assert desk.fired() == [1]
    assert bank.knows_message(message_id="PAY-1") is True


def test_fifty_copies_of_one_message_at_once_pay_once(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    outcomes: list[object] = []

    def one() -> None:
        outcomes.append(send(adapter(desk.url, timeout=30)))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 50
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Accepted | InDoubt) for outcome in outcomes)
    desk.step(3)
    assert desk.balance() == Decimal("-12000.00")
