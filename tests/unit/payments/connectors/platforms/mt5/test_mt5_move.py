"""Moving money: for every misfortune the outcome says exactly what is known, and the history tells the
truth."""

import signal
from decimal import Decimal

import pytest

from payments.connectors.outcomes import Accepted, InDoubt, Rejected
from payments.connectors.platforms.mt5 import codes

TOKEN = "tr_01jd0000000000000000000000"
FIFTY = Decimal("50.00")


def move(adapter, login, amount=FIFTY, token=TOKEN, note="to trading"):
    return adapter.move(login=login, amount=amount, token=token, note=note)


def test_money_in_and_out_changes_the_balance_by_the_signed_amount(server, adapter, since):
    login = server.open("100")
    deposit = move(adapter, login)
    withdrawal = move(adapter, login, amount=Decimal("-120.50"), token="t2")
    assert isinstance(deposit, Accepted)
    assert isinstance(withdrawal, Accepted)
    assert server.balance(login) == Decimal("29.50")
    found = adapter.find(login=login, amount=Decimal("-120.50"), token="t2", since=since)
    assert (found.ticket, found.bucket, found.profit) == (withdrawal.reference, "cash", Decimal("-120.50"))


# do, what the adapter may say, whether the money moved
FAULTS = [
    ("drop_before", InDoubt, "connection_lost", False),
    ("drop_after", InDoubt, "connection_lost", True),
    ("hang_after", InDoubt, "timeout", True),
    ("garbage", InDoubt, "unreadable", True),
    ("http_500_before", InDoubt, "http_500", False),
    ("http_500_after", InDoubt, "http_500", True),
    ("refuse", Rejected, "insufficient_on_platform", False),
    ("busy", Rejected, "too_frequent", False),
]


@pytest.mark.parametrize("case", FAULTS, ids=[case[0] for case in FAULTS])
def test_each_fault_has_its_outcome_and_is_met_once(server, impatient, since, case):
    adapter, (do, kind, why, moved) = impatient, case
    login = server.open("100")
    server.script({"on": "balance", "do": do, "seconds": 1.0})
    outcome = move(adapter, login)
    assert isinstance(outcome, kind)
    assert (outcome.reason if isinstance(outcome, InDoubt) else outcome.code) == why
    assert server.fired() == [1]
    assert server.seen("balance") == 1, "a request that moves money is never sent again"
    assert server.balance(login) == (150 if moved else 100)
    found = adapter.find(login=login, amount=FIFTY, token=TOKEN, since=since)
    assert (found is not None) == moved
    assert server.seen("balance") == 1, "asking moves nothing"


def test_a_late_success_is_found_only_when_it_is_there(server, impatient, since, eventually):
    """The server reads the request, sleeps past our patience, and then carries it out after all."""
    login = server.open("100")
    server.script({"on": "balance", "do": "hang_before", "seconds": 2.0})
    outcome = move(impatient, login)
    assert outcome == InDoubt(reason="timeout", facts=outcome.facts)
    assert server.balance(login) == 100
    assert impatient.find(login=login, amount=FIFTY, token=TOKEN, since=since) is None
    assert eventually(lambda: impatient.find(login=login, amount=FIFTY, token=TOKEN, since=since))
    assert (server.balance(login), server.fired()) == (150, [1])


@pytest.mark.parametrize(("number", "code"), sorted(codes.REFUSALS.items()))
def test_a_documented_refusal_is_a_rejection(server, adapter, number, code):
    login = server.open("100")
    server.script({"on": "balance", "do": "refuse", "data": {"retcode": f"{number} No"}})
    outcome = move(adapter, login)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.facts["retcode"], outcome.message) == (code, number, f"{number} No")
    assert (server.fired(), server.balance(login)) == ([1], 100)


@pytest.mark.parametrize("retcode", ["777 Strange", "2 Common error", "9 Operation timeout", "10012", "1 OK"])
def test_any_other_return_code_leaves_a_doubt_and_keeps_the_raw_answer(server, adapter, retcode):
    login = server.open("100")
    server.script({"on": "balance", "do": "refuse", "data": {"retcode": retcode}})
    outcome = move(adapter, login)
    assert isinstance(outcome, InDoubt)
    assert retcode in outcome.facts["raw"]
    assert server.fired() == [1]


def test_the_platform_refuses_more_than_the_free_margin(server, adapter):
    login = server.open("100")
    server.desk("margin", login=login, margin="60")
    outcome = move(adapter, login, amount=Decimal("-40.01"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "insufficient_on_platform"
    assert server.balance(login) == 100
    assert isinstance(move(adapter, login, amount=Decimal("-40.00"), token="t2"), Accepted)


@pytest.mark.parametrize(
    ("amount", "code"), [("1000000000.01", "limit_exceeded"), ("0.001", "amount_not_representable")]
)
def test_an_impossible_amount_is_rejected_and_not_rounded(server, adapter, amount, code):
    login = server.open("100")
    outcome = move(adapter, login, amount=Decimal(amount))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert server.balance(login) == 100


def test_an_unknown_account_is_rejected_before_anything_is_sent(server, adapter):
    outcome = move(adapter, "9999")
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.facts["step"]) == ("not_found", "before_sending")
    assert server.seen("balance") == 0


@pytest.mark.parametrize(
    "case",
    [
        ("real\\USD", "1E+3", "1000.00"),
        ("real\\JPY", "1000", "1000"),
        ("real\\JPY", "1000.00", "1000"),
        ("real\\KWD", "-1.5", "-1.500"),
        ("real\\BTC", "0.00000001", "0.00000001"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_the_account(server, adapter, since, case):
    group, amount, written = case
    login = server.open("5", group=group)
    outcome = move(adapter, login, amount=Decimal(amount))
    assert isinstance(outcome, Accepted)
    assert outcome.facts["amount"] == written
    assert server.balance(login) == 5 + Decimal(amount)
    assert adapter.find(login=login, amount=Decimal(amount), token=TOKEN, since=since).ticket == outcome.reference


@pytest.mark.parametrize("amount", [Decimal(0), Decimal("NaN"), Decimal("Infinity"), 5, 5.0, "5"])
def test_what_is_not_an_amount_is_not_sent(server, adapter, amount):
    login = server.open("100")
    with pytest.raises(ValueError, match="amount"):
        move(adapter, login, amount=amount)
    assert (server.seen("balance"), server.balance(login)) == (0, 100)


def test_a_lost_connection_during_the_look_before_is_asked_again(server, adapter):
    login = server.open("100")
    server.script({"on": "read", "do": "drop"})
    assert isinstance(move(adapter, login), Accepted)
    assert (server.fired(), server.balance(login)) == ([1], 150)


@pytest.mark.parametrize("do", ["http_500", "garbage"])
def test_a_failed_look_before_means_that_nothing_was_sent(server, adapter, do):
    login = server.open("100")
    server.script({"on": "read", "do": do})
    outcome = move(adapter, login)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "unreachable"
    assert (server.fired(), server.seen("balance"), server.balance(login)) == ([1], 0, 100)


class TimeLimit(Exception):
    """What a worker raises in the middle of anything when a task takes too long."""


def test_a_call_that_was_interrupted_half_way_does_not_give_its_answer_to_the_next(server, adapter, since):
    """A worker's time limit strikes while the server is thinking; the late answer must not be read as
    another's."""
    login = server.open("100")
    move(adapter, login, token="warm")
    server.script({"on": "balance", "do": "hang_after", "seconds": 1.0})

    def strike(*_):
        raise TimeLimit

    previous = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeLimit):
            move(adapter, login, token="first")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    second = move(adapter, login, token="second")
    assert isinstance(second, Accepted)
    assert adapter.find(login=login, amount=FIFTY, token="second", since=since).ticket == second.reference
    assert adapter.find(login=login, amount=FIFTY, token="first", since=since).ticket != second.reference
    assert (server.fired(), server.balance(login)) == ([1], 250)
