"""The figures of a client's balances are always the sums of their parts, whatever happened before."""

from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import InsufficientAvailable
from ledger.money import Money
from portal.queries import balances
from portal.queries.figures import CurrencyBalances, DoesNotAddUp
from tests.integration.portal.world import World, full_history

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_a_new_client_has_nothing_and_no_rows() -> None:
    shown = balances.of_client(World().client, now=timezone.now())
    assert shown.currencies == () and shown.trading == ()


def test_a_full_history_shows_each_part_with_its_lines() -> None:
    world, now = World(), timezone.now()
    full_history(world, now)
    shown = balances.of_client(world.client, now=now)
    euro = shown.of("EUR")
    assert euro is not None
    assert euro.total == Money.of("2002.50", "EUR")
    assert euro.on_its_way == Money.of("150.00", "EUR")
    assert euro.held == Money.of("370.00", "EUR")
    assert euro.available == Money.of("1482.50", "EUR")
    assert euro.available_to_withdraw == euro.available
    assert {hold.kind for hold in euro.holds} == {"withdrawal", "aml_review"}
    assert sum(1 for hold in euro.holds if hold.movement.startswith("wd_")) == 2
    assert [item.target for item in euro.on_the_way] == [shown.trading[0].name]
    (trading,) = shown.trading
    assert trading.balance == Money.of("354.25", "EUR")
    assert trading.on_its_way_in == Money.of("150.00", "EUR")
    assert not trading.agrees


def test_while_money_is_owed_nothing_can_be_withdrawn() -> None:
    world = World()
    world.deposit("100.00")
    world.owe("30.00")
    euro = balances.of_client(world.client, now=timezone.now()).of("EUR")
    assert euro is not None
    assert euro.owed == Money.of("30.00", "EUR")
    assert euro.available == Money.of("100.00", "EUR")
    assert euro.available_to_withdraw == Money.zero("EUR")
    assert [line.code for line in euro.formula] == ["available", "blocked_by_debt"]


def test_bonus_is_never_cash() -> None:
    world = World()
    account = world.trading_account(currency="USD")
    world.post("BONUS_GRANTED", "house/bonus-cost", f"bonus/mt5/{account.login}", "25.00", "USD")
    shown = balances.of_client(world.client, now=timezone.now())
    assert shown.currencies == ()
    assert shown.trading[0].bonus == Money.of("25.00", "USD")
    assert shown.trading[0].balance == Money.zero("USD")


def test_another_clients_money_is_never_in_the_sum() -> None:
    one, other = World(), World()
    one.deposit("10.00")
    other.deposit("99.00")
    euro = balances.of_client(one.client, now=timezone.now()).of("EUR")
    assert euro is not None and euro.total == Money.of("10.00", "EUR")


def test_figures_that_contradict_each_other_are_not_shown() -> None:
    euro = Money.of("10.00", "EUR")
    zero = Money.zero("EUR")
    with pytest.raises(DoesNotAddUp):
        CurrencyBalances(
            currency="EUR", available=euro, held=euro, on_its_way=zero, total=euro, arriving=zero, owed=zero,
            available_to_withdraw=zero, formula=(), holds=(), on_the_way=(), pockets=(), in_pockets=zero,
        )  # fmt: skip


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "hold", "requested", "paid", "cancelled", "sent", "unknown", "back", "refused"]),
        st.sampled_from(["EUR", "USD", "JPY", "KWD"]),
        st.integers(min_value=1, max_value=5_000_000),
    ),
    max_size=14,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_parts_add_up_in_every_history(steps: list[tuple[str, str, int]]) -> None:
    world = World()
    payees = {code: world.payee(currency=code) for code in ("EUR", "USD", "JPY", "KWD")}
    platforms = {code: world.trading_account(currency=code) for code in payees}
    for step, code, minor in steps:
        money = Money.from_minor(minor, code)
        try:
            _walk(world, step, money, payees[code], platforms[code])
        except InsufficientAvailable:
            continue  # refused: nothing may have moved, which the sums below would show
    shown = balances.of_client(world.client, now=timezone.now())
    for found in shown.currencies:
        assert found.total == found.available + found.held + found.on_its_way
        assert found.held.amount == sum((hold.money.amount for hold in found.holds), Decimal(0))
        assert found.on_its_way.amount == sum((item.money.amount for item in found.on_the_way), Decimal(0))
        assert found.available.amount >= 0


def _walk(world: World, step: str, money: Money, payee: object, platform: object) -> None:
    from django.db import transaction

    with transaction.atomic():
        if step == "deposit":
            world.deposit(money.text, money.currency)
        elif step == "hold":
            world.hold(money.text, money.currency)
        elif step in ("requested", "paid", "cancelled"):
            world.withdrawal(money.text, payee, step)  # type: ignore[arg-type]
        elif step == "back":
            world.transfer(money.text, platform, "from_platform", "sent")  # type: ignore[arg-type]
        else:
            world.transfer(money.text, platform, "to_platform", step)  # type: ignore[arg-type]
