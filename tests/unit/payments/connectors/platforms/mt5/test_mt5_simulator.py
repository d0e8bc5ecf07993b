"""The simulator on its own wire: it keeps the documented rules even against a client that does not."""

import http.client
import json
import secrets
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from payments.connectors.platforms.mt5.simulator import proof


@pytest.fixture
def dial(server):
    """Open a connection to the server without signing in."""
    callers = []

    def new(password="Password1"):
        callers.append(Caller(server.simulator.port, password))
        return callers[-1]

    yield new
    for one in callers:
        one.http.close()


class Caller:
    """A bare Web API client on one connection, without any manners."""

    def __init__(self, port, password):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        self.password, self.cookie = password, ""

    def __call__(self, path, body=None, **query):
        headers = {"Cookie": self.cookie} if self.cookie else {}
        content = None if body is None else json.dumps(body).encode()
        method = "POST" if content else "GET"
        self.http.request(method, f"/api/{path}?{urlencode(query)}", body=content, headers=headers)
        response = self.http.getresponse()
        self.cookie = (response.headers.get("Set-Cookie") or self.cookie).split(";")[0]
        raw = response.read()
        return response.status, json.loads(raw) if raw.startswith(b"{") else raw

    def sign_in(self, login="1000"):
        _, start = self("auth/start", version=484, agent="test", login=login, type="manager")
        rand = bytes.fromhex(start["srv_rand"])
        mine = secrets.token_hex(16)
        status, answer = self("auth/answer", srv_rand_answer=proof(self.password, rand), cli_rand=mine)
        return status, answer, mine


@pytest.fixture
def caller(dial):
    one = dial()
    assert one.sign_in()[1]["retcode"] == "0 Done"
    return one


def test_without_a_session_there_is_nothing_but_forbidden(server, caller, dial):
    login = server.open("100")
    stranger = dial()
    stranger.cookie = caller.cookie  # the cookie alone is not the session: that lives on its connection
    assert stranger("trade/balance", login=login, type=2, balance=5)[0] == 403
    assert stranger("user/get", login=login)[0] == 403
    assert server.balance(login) == 100


def test_the_cookie_belongs_to_the_session_too(caller):
    caller.cookie = "mt5_session=forged"
    assert caller("test/access")[0] == 403


def test_sign_in_proves_the_servers_knowledge_and_refuses_ignorance(dial):
    status, answer, mine = dial().sign_in()
    assert (status, answer["cli_rand_answer"]) == (200, proof("Password1", bytes.fromhex(mine)))
    assert dial(password="guess").sign_in()[:2] == (403, {"retcode": "1001 Invalid account"})
    assert dial().sign_in(login="1")[0] == 403


def test_a_challenge_can_be_answered_only_once(dial):
    caller = dial()
    _, start = caller("auth/start", version=484, agent="test", login=1000, type="manager")
    answer = {"srv_rand_answer": proof("Password1", bytes.fromhex(start["srv_rand"])), "cli_rand": "00" * 16}
    assert caller("auth/answer", **answer)[0] == 200
    assert caller("auth/answer", **answer)[0] == 403


@pytest.mark.parametrize("query", [{"version": 483}, {"agent": ""}, {"type": "client"}])
def test_sign_in_wants_its_parameters(dial, query):
    good = {"version": 484, "agent": "test", "login": 1000, "type": "manager"}
    assert dial()("auth/start", **(good | query))[1]["retcode"].startswith("3 ")


@pytest.mark.parametrize(
    ("query", "retcode"),
    [
        ({"type": 1}, "3 "),
        ({"type": 7}, "3 "),
        ({"balance": "x"}, "3 "),
        ({"balance": "NaN"}, "3 "),
        ({"login": 9999}, "13 "),
        ({"login": "9" * 40}, "13 "),
        ({"balance": "1000000000.01"}, "4005 "),
        ({"balance": "-100.01"}, "10019 "),
        ({"type": 3, "balance": "-0.01"}, "10019 "),
    ],
)
def test_a_bad_operation_is_refused_and_changes_nothing(server, caller, query, retcode):
    login = server.open("100")
    good = {"login": login, "type": 2, "balance": "10", "comment": "c"}
    status, answer = caller("trade/balance", **(good | query))
    assert (status, answer["retcode"].startswith(retcode)) == (200, True)
    assert server.balance(login) == 100


def test_without_the_margin_check_the_balance_may_go_below_zero(server, caller):
    login = server.open("100")
    answer = caller("trade/balance", login=login, type=2, balance="-150", check_margin=0)[1]
    assert answer["retcode"] == "0 Done"
    assert server.balance(login) == -50


def test_a_long_comment_is_cut_without_a_word_and_all_values_are_strings(server, caller):
    login = server.open()
    answer = caller("trade/balance", login=login, type=2, balance="10", comment="y" * 40)[1]["answer"]
    row = caller("deal/get", ticket=answer["Ticket"])[1]["answer"]
    assert row["Comment"] == "y" * 31
    assert row.pop("ApiData") == []
    assert {type(value) for value in row.values()} == {str}
    assert len(row) == 42


def test_types_three_and_six_are_credit_and_the_history_agrees_with_the_books(server, caller):
    login = server.open("100")
    caller("trade/balance", login=login, type=3, balance="40")
    caller("trade/balance", login=login, type=6, balance="2.50")
    closed = server.desk("trade", login=login, symbol="XAUUSD", profit="7", swap="-1", commission="-2")["closed"]
    server.desk("cancel_deal", deal=closed)
    server.desk("correction", login=login, amount="-3")
    answer = caller("user/check_balance", login=login, fixflag=0)[1]["answer"]
    assert answer["Balance"] == {"User": "94.000000", "History": "94.000000"}
    assert answer["Credit"] == {"User": "42.500000", "History": "42.500000"}
    assert caller("user/check_balance", login=login, fixflag=1)[1]["retcode"].startswith("8 ")


def test_totals_and_pages_agree_and_a_page_has_at_most_a_hundred_rows(server, caller):
    login = server.open()
    for _ in range(103):
        server.simulator.books.operate(login=login, action=2, amount="1", check=False)
    window = {"login": login, "from": 0, "to": 2**31}
    assert caller("deal/get_total", **window)[1]["answer"] == {"Total": "103"}
    assert len(caller("deal/get_page", **window, offset=0, total=500)[1]["answer"]) == 100
    assert len(caller("deal/get_page", **window, offset=100, total=100)[1]["answer"]) == 3


def test_the_state_of_an_idle_account_is_not_to_be_had(server, caller):
    idle, busy = server.open(), server.open("5")
    assert caller("user/account/get", login=idle)[1]["retcode"].startswith("13 ")
    assert caller("user/account/get", login=busy)[1]["answer"]["Balance"] == "5.00"
    assert [row["Login"] for row in caller("user/account/get_batch", login=f"{busy},{busy}")[1]["answer"]] == [busy] * 2


@pytest.mark.parametrize(
    ("change", "retcode"),
    [({"PassMain": "short1#"}, "3006"), ({"Leverage": "0"}, "3"), ({"Name": ""}, "3"), ({"Group": "nowhere"}, "8")],
)
def test_a_bad_account_is_not_opened(server, caller, change, retcode):
    good = {"PassMain": "1Ar#pqkj", "PassInvestor": "2Ar#pqkj", "Leverage": "100", "Name": "A", "Group": "real\\USD"}
    before = server.accounts()
    assert caller("user/add", body=good | change)[1]["retcode"].split()[0] == retcode
    assert server.accounts() == before


def test_commands_that_do_not_exist_are_refused(caller):
    assert caller("deal/delete", ticket=1)[1]["retcode"].startswith("12002 ")


def test_a_restart_forgets_nothing(make_server, tmp_path):
    first = make_server(state=tmp_path / "kept.sqlite3")
    login = first.open("77.70")
    second = make_server(state=tmp_path / "kept.sqlite3")
    assert second.balance(login) == Decimal("77.70")
    assert second.desk("accounts")["totals"] == {"USD": "77.70"}
    assert second.open("1") == str(int(login) + 1)


@pytest.mark.parametrize(("door", "data"), [("trade", {"login": "9999"}), ("cancel_deal", {"deal": 1}), ("bonus", {})])
def test_the_desk_says_what_is_wrong(dial, door, data):
    caller = dial()
    caller.http.request("POST", f"/_sim/{door}", body=json.dumps(data))
    response = caller.http.getresponse()
    assert (response.status, "error" in json.loads(response.read())) == (400, True)
