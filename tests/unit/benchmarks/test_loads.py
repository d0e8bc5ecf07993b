"""What is measured: never an account against itself, never a rate from a run that failed, each step once per round."""

import re
from decimal import Decimal
from random import Random

import pytest

from config.processes import ServerError
from ledger.accounts import AccountRef
from tests.benchmarks import __main__ as command
from tests.benchmarks.books import Book
from tests.benchmarks.pgbench import posting_script, rate
from tests.benchmarks.rounds import turned

PRINTED = """number of clients: 8
number of transactions actually processed: 6213
number of failed transactions: {failed} (0.000%)
latency average = 3.862 ms
tps = 2071.294 (without initial connection time)
"""


def wallet(number: int) -> AccountRef:
    return AccountRef(number, f"client/bench{number}/wallet", "EUR", "wallet", 1)


BOOK = Book(
    wallets=tuple(wallet(number) for number in range(11, 16)),
    house=AccountRef(1, "psp/bench/clearing", "EUR", "psp_clearing", -1),
)


def test_a_transfer_always_has_two_different_accounts_and_sums_to_zero():
    random = Random(1)
    for _ in range(200):
        debited, credited = BOOK.spread_legs(random)
        assert debited.account != credited.account
        assert debited.amount + credited.amount == 0
        assert credited.amount >= Decimal("0.01")


def test_a_batch_takes_each_wallet_once_as_long_as_there_are_enough():
    drafts = BOOK.drafts(5, Random(1))
    assert sorted(draft.legs[1].account.id for draft in drafts) == [11, 12, 13, 14, 15]
    assert {draft.legs[0].account for draft in drafts} == {BOOK.house}
    assert len(BOOK.drafts(12, Random(1))) == 12
    assert len({draft.source for draft in BOOK.drafts(12, Random(1))}) == 12


@pytest.mark.parametrize("major", [16, 18])
def test_the_script_draws_from_the_wallets_with_keys_that_rise(major: int):
    spread = posting_script(BOOK, house=False, major=major)
    assert "ARRAY[11 + :one::bigint, 11 + :other::bigint]" in spread
    assert "(:one + :step) % :accounts" in spread
    assert ("uuidv7()" in spread) == (major == 18)
    assert len([line for line in spread.splitlines() if not line.startswith("\\set")]) == 1, "one call is one line"


def test_with_a_house_account_everybody_debits_the_same_one():
    script = posting_script(BOOK, house=True, major=18)
    assert "ARRAY[1, 11 + :one::bigint]" in script
    assert not re.search(r":other|:step", script)


def test_the_rate_is_read_from_what_pgbench_prints():
    assert rate(PRINTED.format(failed=0)) == 2071.294


@pytest.mark.parametrize("printed", [PRINTED.format(failed=3), "", "pgbench: error"])
def test_a_run_with_failures_has_no_rate(printed: str):
    with pytest.raises(ServerError):
        rate(printed)


def test_each_round_begins_with_another_step_and_misses_none():
    done: list[str] = []
    steps = [lambda name=name: done.append(name) for name in "abc"]
    for number in (1, 2, 3):
        for step in turned(steps, number):
            step()
    assert "".join(done) == "bcacababc"
    assert turned([], 1) == []


def test_the_command_takes_its_numbers_and_refuses_nonsense(capsys: pytest.CaptureFixture[str]):
    chosen = command.parse(["--rounds", "2", "--seconds", "1.5", "--clients", "8,1,8"])
    assert (chosen.rounds, chosen.seconds, chosen.clients) == (2, 1.5, (1, 8))
    for wrong in (["--clients", "many"], ["--clients", "0"], ["--rounds", "0"], ["--seconds", "0"]):
        with pytest.raises(SystemExit):
            command.parse(wrong)
    assert "least" in capsys.readouterr().err
