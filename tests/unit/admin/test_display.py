"""How staff pages write amounts, lengths of time and codes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.admin import display
from ledger.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1234.5", "EUR", "1,234.50"), ("-0.05", "EUR", "−0.05"), ("1000000", "JPY", "1,000,000"), ("1.5", "KWD", "1.500"),
     ("0.00000001", "BTC", "0.00000001"), ("0", "USD", "0.00"), ("99999999999999999999", "EUR", None)],
)  # fmt: skip
def test_amounts_are_exact_with_all_decimals_of_their_currency(amount: str, currency: str, shown: str | None) -> None:
    text = display.plain(Money.of(amount, currency))
    assert text == f"{shown or '99,999,999,999,999,999,999.00'}\u00a0{currency}"


def test_a_change_has_its_sign() -> None:
    assert display.number(Money.of("5", "EUR"), signed=True) == "+5.00"
    assert display.number(Money.of("-5", "EUR"), signed=True) == "−5.00"
    assert display.number(Money.of("0", "EUR"), signed=True) == "0.00"


def test_a_figure_that_the_currency_cannot_have_is_never_rounded() -> None:
    assert "0.005" in display.raw_amount(Decimal("0.005"), "EUR")
    assert "1.000000000000000000" not in display.raw_amount(Decimal("1.000000000000000000"), "EUR")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (5400, "1 h 30 min"), (86399, "23 h"),
     (90000, "1 d 1 h"), (86400 * 9, "9 d"), (-5, "0 s")],
)  # fmt: skip
def test_lengths_of_time(seconds: int, shown: str) -> None:
    assert display.span(timedelta(seconds=seconds)) == shown


def test_before_and_after_now() -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert display.ago(now - timedelta(hours=6), now=now) == "6 h ago"
    assert display.ago(now + timedelta(hours=6), now=now) == "in 6 h"


def test_what_comes_from_outside_is_escaped() -> None:
    for shown in (
        display.code("<b>"),
        display.stacked("<b>", "<i>"),
        display.tag("<b>"),
        display.account("client/<b>/x"),
    ):
        assert "<b>" not in shown and "<i>" not in shown


def test_a_clients_id_is_shortened_in_account_codes() -> None:
    shown = display.account("client/cl_01m7yz12bmeysah0yh15dndj7v/trading/mt5/1001")
    assert ">client/cl_…dndj7v/trading/mt5/1001<" in shown
    assert 'title="client/cl_01m7yz12bmeysah0yh15dndj7v/trading/mt5/1001"' in shown
    assert ">house/fees<" in display.account("house/fees")


def test_every_state_of_the_graphs_has_a_meaning() -> None:
    from payments.states import GRAPHS

    assert {display.tone(state) for graph in GRAPHS for state in graph.states} == {
        "good", "attention", "stopped", "open",
    }  # fmt: skip
    assert display.tone("unknown") == display.tone("failed") == "attention"
