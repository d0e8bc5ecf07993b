"""Finding out what became of a move: by token, type and signed amount, and never a guess."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.errors import Unavailable
from payments.connectors.platforms.mt5.history import TokenConflict

TEN = Decimal("10.00")


def find(adapter, login, since, token="tr_1", amount=TEN):
    return adapter.find(login=login, amount=amount, token=token, since=since)


def test_nothing_is_found_where_nothing_happened(server, adapter, since):
    login = server.open("100")
    server.desk("operation", login=login, action=2, amount="10", comment="tr_2 other")
    server.desk("operation", login=server.open(), action=2, amount="10", comment="tr_1 other account")
    assert find(adapter, login, since) is None


def test_a_longer_token_and_a_token_in_the_middle_are_not_ours(server, adapter, since):
    login = server.open()
    server.desk("operation", login=login, action=2, amount="10", comment="tr_11 longer")
    server.desk("operation", login=login, action=2, amount="10", comment="see tr_1")
    assert find(adapter, login, since) is None


def test_money_that_moved_twice_is_found_with_its_duplicates(server, adapter, since):
    login = server.open()
    tickets = [
        server.desk("operation", login=login, action=2, amount="10", comment="tr_1 twice")["ticket"] for _ in range(3)
    ]
    found = find(adapter, login, since)
    assert found.ticket == tickets[0]
    assert found.duplicates == tuple(tickets[1:])


@pytest.mark.parametrize(("action", "amount"), [(2, "9.99"), (2, "-10.00"), (5, "10.00"), (3, "10.00")])
def test_a_rewritten_row_is_a_conflict_and_never_a_not_found(server, adapter, since, action, amount):
    """Answering None here would give the client his money back although the platform may have it."""
    login = server.open("100")
    ticket = server.desk("operation", login=login, action=action, amount=amount, comment="tr_1 rewritten")["ticket"]
    with pytest.raises(TokenConflict) as raised:
        find(adapter, login, since)
    assert raised.value.data["tickets"] == [ticket]
    assert raised.value.code == "unavailable"


def test_a_manager_who_takes_it_back_with_our_comment_does_not_hide_the_original(server, adapter, since):
    login = server.open("100")
    original = server.desk("operation", login=login, action=2, amount="10", comment="tr_1")["ticket"]
    server.desk("operation", login=login, action=2, amount="-10", comment="tr_1 taken back")
    assert find(adapter, login, since).ticket == original


def test_a_lagging_history_does_not_show_the_newest(server, adapter, since, eventually):
    login = server.open("100")
    server.script({"on": "history", "do": "lag", "seconds": 1.5, "times": -1})
    adapter.move(login=login, amount=TEN, token="tr_1", note="")
    assert find(adapter, login, since) is None
    assert server.balance(login) == 110
    assert eventually(lambda: find(adapter, login, since))
    assert server.fired()[0] >= 2


def test_a_lost_connection_is_asked_again(server, adapter, since):
    login = server.open()
    adapter.move(login=login, amount=TEN, token="tr_1", note="")
    server.script({"on": "history", "do": "drop"})
    assert find(adapter, login, since)
    assert server.fired() == [1]


def test_a_history_that_cannot_be_asked_proves_nothing(server, adapter, since):
    login = server.open()
    server.script({"on": "history", "do": "drop", "times": -1})
    with pytest.raises(Unavailable):
        find(adapter, login, since)
    assert server.fired() == [2]


def test_an_unknown_account_proves_nothing(adapter, since):
    with pytest.raises(Unavailable):
        find(adapter, "9999", since)


@pytest.mark.parametrize("believed", [timedelta(hours=-12), timedelta(0), timedelta(hours=2), timedelta(hours=14)])
def test_a_wrongly_known_server_clock_hides_nothing(server, make_adapter, believed):
    login = server.open()
    adapter = make_adapter(server.url, utc_offset=believed)
    accepted = adapter.move(login=login, amount=TEN, token="tr_1", note="")
    found = find(adapter, login, datetime.now(UTC) - timedelta(seconds=1))
    assert found.ticket == accepted.reference
