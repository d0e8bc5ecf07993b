"""One session: it is kept, proved alive, renewed when it ended, and shared without mixing up answers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal

import pytest

from ledger.errors import Unavailable
from payments.connectors.outcomes import Accepted, InDoubt, Rejected
from payments.connectors.platforms.mt5 import channel
from payments.connectors.platforms.mt5.simulator import Mt5Simulator

TEN = Decimal(10)


def move(adapter, login, token="t1", amount=TEN):
    return adapter.move(login=login, amount=amount, token=token, note="")


def test_many_calls_share_one_connection_and_one_sign_in(server, wire, make_adapter):
    login, adapter = server.open("100"), make_adapter(wire.url)
    for number in range(5):
        move(adapter, login, f"t{number}")
        adapter.account(login=login)
    assert (wire.opened, server.seen("auth")) == (1, 1)


def test_an_idle_connection_that_was_cut_is_noticed_before_money_is_sent(server, wire, make_adapter):
    """Without the look, the request would go into a dead connection and stay in doubt for nothing."""
    login, adapter = server.open("100"), make_adapter(wire.url)
    move(adapter, login)
    wire.cut()
    time.sleep(0.05)
    assert isinstance(move(adapter, login, "t2"), Accepted)
    assert (wire.opened, server.seen("auth"), server.seen("balance"), server.balance(login)) == (2, 2, 2, 120)


def test_a_server_that_went_away_while_idle_is_unreachable_and_not_a_doubt(server, wire, make_adapter):
    login, adapter = server.open("100"), make_adapter(wire.url)
    move(adapter, login)
    wire.close()
    time.sleep(0.05)
    outcome = move(adapter, login, "t2")
    assert isinstance(outcome, Rejected)
    assert outcome.code == "unreachable"
    assert server.balance(login) == 110


def test_a_session_that_ended_in_silence_is_renewed_before_money_is_sent(make_server, make_adapter):
    server = make_server(silence_seconds=1.0)
    login, adapter = server.open("100"), make_adapter(server.url, ping_after=0.1)
    move(adapter, login)
    time.sleep(1.3)
    assert isinstance(move(adapter, login, "t2"), Accepted)
    assert (server.seen("auth"), server.seen("balance"), server.balance(login)) == (2, 2, 120)


def test_pings_keep_a_quiet_session_alive(make_server, make_adapter):
    server = make_server(silence_seconds=1.5)
    login, adapter = server.open("100"), make_adapter(server.url, ping_after=0.05)
    for number in range(6):
        move(adapter, login, f"t{number}")
        time.sleep(0.3)
    assert server.seen("auth") == 1


def test_after_a_dropped_answer_the_next_call_signs_in_again(server, adapter):
    login = server.open("100")
    server.script({"on": "balance", "do": "drop_after"})
    move(adapter, login)
    assert isinstance(move(adapter, login, "t2"), Accepted)
    assert (server.fired(), server.seen("auth"), server.balance(login)) == ([1], 2, 120)


def test_whoever_answered_garbage_is_not_spoken_to_again(server, adapter):
    login = server.open("100")
    server.script({"on": "balance", "do": "garbage"})
    assert isinstance(move(adapter, login), InDoubt)
    assert isinstance(move(adapter, login, "t2"), Accepted)
    assert (server.fired(), server.seen("auth")) == ([1], 2)


class Forgetful(Mt5Simulator):
    """A server that forgets the session when it is next asked for `path`, without closing the connection."""

    path = ""

    def handle(self, request):
        if request.path == self.path:
            self.path = ""
            request.connection.pop("cookie")
        return super().handle(request)


def test_a_forgotten_session_is_renewed_for_a_read(make_server, make_adapter):
    server = make_server(kind=Forgetful)
    login, adapter = server.open("100"), make_adapter(server.url)
    server.simulator.path = "/api/user/account/get"
    assert adapter.account(login=login).balance == 100
    assert (server.simulator.path, server.seen("auth")) == ("", 2)


def test_a_forgotten_session_during_a_move_is_a_doubt_and_nothing_is_sent_again(make_server, make_adapter, since):
    """403 without a return code is not an answer about the money, so the history has the last word."""
    server = make_server(kind=Forgetful)
    login, adapter = server.open("100"), make_adapter(server.url)
    server.simulator.path = "/api/trade/balance"
    outcome = move(adapter, login)
    assert isinstance(outcome, InDoubt)
    assert outcome.reason == "http_403"
    assert adapter.find(login=login, amount=TEN, token="t1", since=since) is None
    assert (server.seen("balance"), server.seen("auth"), server.balance(login)) == (0, 2, 100)


def test_a_session_inherited_by_a_fork_is_not_used(server, adapter, monkeypatch):
    login = server.open("100")
    move(adapter, login)
    monkeypatch.setattr(channel.os, "getpid", lambda: -1)
    assert isinstance(move(adapter, login, "t2"), Accepted)
    assert server.seen("auth") == 2


def test_eight_threads_share_one_session_without_mixing_answers(server, wire, make_adapter, since):
    logins = [server.open("1000") for _ in range(3)]
    adapter = make_adapter(wire.url)
    amounts = {f"t{n}": (logins[n % 3], Decimal(n - 30) + Decimal("0.01")) for n in range(64)}

    def one(token):
        login, amount = amounts[token]
        outcome = move(adapter, login, token, amount)
        adapter.account(login=login)
        return token, outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = dict(pool.map(one, amounts))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes.values())
    assert (wire.opened, server.seen("balance")) == (1, 64)
    assert sum(server.balance(login) for login in logins) == 3000 + sum(amount for _, amount in amounts.values())
    for token, (login, amount) in amounts.items():
        assert adapter.find(login=login, amount=amount, token=token, since=since).ticket == outcomes[token].reference


def test_the_owner_lock_is_held_around_every_exchange_and_given_back(server, make_adapter):
    login, held, most = server.open("100"), threading.Semaphore(1), []

    @contextmanager
    def owner():
        assert held.acquire(blocking=False)
        most.append(1)
        try:
            yield
        finally:
            held.release()

    adapter = make_adapter(server.url, owner_lock=owner)
    assert isinstance(move(adapter, login), Accepted)
    assert len(most) == 3  # account, group, balance
    assert held.acquire(blocking=False)


@pytest.mark.parametrize("error", [TimeoutError("held elsewhere"), Unavailable("no lock server")])
def test_without_the_owner_lock_nothing_is_sent(server, make_adapter, error):
    @contextmanager
    def owner():
        raise error
        yield

    login, adapter = server.open("100"), make_adapter(server.url, owner_lock=owner)
    outcome = move(adapter, login)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "busy"
    assert (server.seen("auth"), server.balance(login)) == (0, 100)
    with pytest.raises(Unavailable):
        adapter.account(login=login)
