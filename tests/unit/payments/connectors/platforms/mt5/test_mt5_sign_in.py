"""Signing in: both sides prove that they know the password, and no money is mentioned before they did."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from payments.connectors.outcomes import Accepted, Rejected
from payments.connectors.platforms.mt5 import session, simulator

TEN = Decimal(10)
RAND = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")


@pytest.mark.parametrize("formula", [session.sign, simulator.proof])
def test_the_documented_vector_comes_out_on_both_sides(formula):
    assert formula("Password1", RAND) == "77fe51827f7fa69dd80fbec9aa33f1bb"


def test_a_password_outside_ascii_is_understood_alike_by_both_sides():
    assert session.sign("Zażółć-€-1", RAND) == simulator.proof("Zażółć-€-1", RAND)


def test_an_honest_server_lets_the_money_move(server, adapter):
    login = server.open("100")
    assert isinstance(adapter.move(login=login, amount=TEN, token="t1", note=""), Accepted)
    assert server.balance(login) == 110


def test_a_wrong_password_is_a_rejection_and_no_money_moves(server, make_adapter):
    login = server.open("100")
    outcome = make_adapter(server.url, password="guess").move(login=login, amount=TEN, token="t1", note="")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "auth_failed"
    assert (server.seen("balance"), server.balance(login)) == (0, 100)


@pytest.mark.parametrize(
    ("do", "code"), [("wrong_answer", "auth_failed"), ("refuse", "auth_failed"), ("drop", "unreachable")]
)
def test_a_failed_sign_in_sends_nothing_about_money(server, adapter, do, code):
    login = server.open("100")
    server.script({"on": "auth", "do": do})
    outcome = adapter.move(login=login, amount=TEN, token="t1", note="")
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert server.fired() == [1]
    assert (server.seen("balance"), server.balance(login)) == (0, 100)


def test_after_a_liar_was_refused_the_next_honest_server_is_used(server, adapter):
    login = server.open("100")
    server.script({"on": "auth", "do": "wrong_answer"})
    adapter.move(login=login, amount=TEN, token="t1", note="")
    assert isinstance(adapter.move(login=login, amount=TEN, token="t1", note=""), Accepted)
    assert server.balance(login) == 110


def test_no_server_at_all_is_unreachable(server, wire, make_adapter):
    adapter = make_adapter(wire.url)
    login = server.open("100")
    wire.close()
    outcome = adapter.move(login=login, amount=TEN, token="t1", note="")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "unreachable"
    assert server.balance(login) == 100


class _Stranger(BaseHTTPRequestHandler):
    answer = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def stranger() -> Iterator[HTTPServer]:
    http = HTTPServer(("127.0.0.1", 0), _Stranger)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>It works!</html>",
        b'{"retcode":"0 Done"}',
        b'{"retcode":"0 Done","srv_rand":"not hex"}',
        b'{"retcode":0,"srv_rand":"00"}',
        b'{"retcode":"12 Too frequent requests"}',
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_stranger_is_not_an_mt5_server(stranger, make_adapter, answer):
    _Stranger.answer = answer
    adapter = make_adapter(f"http://127.0.0.1:{stranger.server_address[1]}")
    outcome = adapter.move(login="1001", amount=TEN, token="t1", note="")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "auth_failed"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:443", "https://"])
def test_an_address_that_is_none_is_refused_at_once(make_adapter, url):
    with pytest.raises(ValueError, match="address"):
        make_adapter(url)
