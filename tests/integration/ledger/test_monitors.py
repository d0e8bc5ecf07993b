"""Balance monitors: what crosses a level is told, once, however quickly it comes back and whoever is looking."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger import accounts, errors, invariants, monitoring, monitors, posting
from ledger.models import BalanceMonitor, Event
from ledger.money import Money
from ledger.scopes import scope
from payments.actors import Actor
from tests.integration.ledger import books

# A look reaches as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]

FINANCE = Actor(id="usr_1", person="usr_1", roles=frozenset({"finance_approver"}))
SUPPORT = Actor(id="usr_2", person="usr_2", roles=frozenset({"support"}))


@pytest.fixture(autouse=True)
def _fresh(transactional_db: None) -> None:
    accounts.forget()


def now() -> datetime:
    return datetime.now(tz=UTC)


def euros(amount: str) -> Money:
    return Money.of(amount, "EUR")


def watch(threshold: str = "100", **words: Any) -> BalanceMonitor:
    clear = words.pop("clear_at", None)
    given = {"name": "Ada's wallet", "way": "below", "actor": FINANCE, "now": now()} | words
    if "scope" not in given:
        given.setdefault("account", books.wallet())
    return monitors.create(threshold=euros(threshold), clear_at=euros(clear) if clear else None, **given)


def look(monitor: BalanceMonitor) -> list[str]:
    return [crossing.state for crossing in monitoring.evaluate(monitor_id=monitor.pk, now=now())]


def told(monitor: BalanceMonitor) -> list[str]:
    found = Event.objects.filter(object_ref=monitor.public_id, type__in=["monitor.triggered", "monitor.cleared"])
    return [kind.removeprefix("monitor.") for kind in found.order_by("id").values_list("type", flat=True)]


def test_falling_below_is_told_and_coming_back_is_told(transactional_db):
    books.receive("500")
    monitor = watch("100")
    assert look(monitor) == []
    sent = books.send("450")
    assert look(monitor) == ["triggered"]
    assert look(monitor) == [], "once"
    books.receive("200")
    assert look(monitor) == ["calm"]
    assert told(monitor) == ["triggered", "cleared"]
    first = Event.objects.get(object_ref=monitor.public_id, type="monitor.triggered")
    assert first.data["value"] == "50.00"
    assert (first.data["limit"], first.data["transaction"]) == ("100.00", sent.public_id)
    monitor.refresh_from_db()
    assert (monitor.state, monitor.times_triggered, monitor.value) == ("calm", 1, Decimal("250"))


def test_going_below_and_coming_back_between_two_looks_is_not_missed(transactional_db):
    books.receive("500")
    monitor = watch("100")
    for _ in range(3):
        books.send("450")
        books.receive("450")
    assert look(monitor) == ["triggered", "calm"] * 3
    assert told(monitor) == ["triggered", "cleared"] * 3


def test_between_the_two_levels_it_says_nothing(transactional_db):
    books.receive("500")
    monitor = watch("100", clear_at="300")
    books.send("450")
    assert look(monitor) == ["triggered"]
    for _ in range(5):
        books.receive("60")
        books.send("60")
    books.receive("249.99")
    assert look(monitor) == [], "299.99 is not yet where it calms down"
    books.receive("0.01")
    assert look(monitor) == ["calm"]


def test_what_is_beyond_already_is_told_at_once(transactional_db):
    monitor = watch("100")
    assert (monitor.state, told(monitor)) == ("triggered", ["triggered"])


def test_the_legs_of_one_transaction_are_not_moments_of_their_own(transactional_db):
    books.receive("500")
    monitor = watch("100")
    with transaction.atomic():
        posting.post(
            reason="CLIENT_INTERNAL_TRANSFER",
            legs=[
                posting.debit(books.wallet(), Decimal("450")), posting.credit(books.wallet(books.BEN), Decimal("450")),
                posting.debit(books.wallet(books.BEN), Decimal("450")), posting.credit(books.wallet(), Decimal("450")),
            ],
        )  # fmt: skip
    assert look(monitor) == []


def test_available_counts_what_is_on_its_way_out(transactional_db):
    books.receive("500")
    posted, available = watch("100", name="posted"), watch("100", measure="available", name="available")
    pending = books.send("450", to=books.trading(), pending=True)
    assert (look(posted), look(available)) == ([], ["triggered"])
    books.void(pending)
    assert (look(posted), look(available)) == ([], ["calm"])
    pending = books.send("450", to=books.trading(), pending=True)
    books.settle(pending)
    assert (look(posted), look(available)) == (["triggered"], ["triggered"])
    assert invariants.run().clean


def test_a_group_is_watched_as_one_sum_and_new_accounts_join_it(transactional_db):
    books.receive("80")
    monitor = watch("100", way="above", scope=scope(kind="wallet", currency="EUR"))
    books.receive("15", to=books.wallet("cl_cid"))
    assert look(monitor) == []
    books.receive("10", to=books.wallet("cl_dot"))
    assert look(monitor) == ["triggered"]
    books.receive("10", to=books.wallet("cl_dot", "USD"))
    books.send("20", source=books.wallet(), to=books.wallet(books.BEN))
    assert look(monitor) == [], "from wallet to wallet the sum stays"
    books.send("30", to=books.trading())
    assert look(monitor) == ["calm"]
    monitor.refresh_from_db()
    assert monitor.value == Decimal("75")


def test_a_bank_account_is_watched_in_its_own_direction(transactional_db):
    books.receive("500")
    monitor = watch("100", scope=scope(prefix="bank/sepa", currency="EUR"))
    assert (monitor.state, monitor.value) == ("calm", Decimal("500"))
    with transaction.atomic():
        posting.post(
            reason="DEPOSIT_SETTLED",
            legs=[posting.debit(books.clearing(), Decimal("450")), posting.credit(books.bank(), Decimal("450"))],
        )
    assert look(monitor) == ["triggered"]
    books.receive("450")
    assert look(monitor) == ["calm"]


def test_what_has_not_committed_is_looked_at_later_and_not_lost(transactional_db, app_connection):
    """A transaction that began before the look and commits after it, while younger ones are done already."""
    books.receive("500")
    monitor = watch("100")
    with app_connection.transaction():
        app_connection.execute("SELECT pg_current_xact_id()")
        books.send("450")
        assert look(monitor) == [], "younger than the open one: beyond the horizon"
        books.receive("450")
    assert look(monitor) == ["triggered", "calm"]
    assert told(monitor) == ["triggered", "cleared"]


def test_many_writers_and_many_lookers_tell_every_crossing_once(transactional_db):
    """Each round trip of the writer crosses the level twice; lookers hold nobody up and count nothing twice."""
    rounds, writers = 15, 3
    owners = [f"cl_w{number}" for number in range(writers)]
    for owner in owners:
        books.receive("500", to=books.wallet(owner))
    watches = {owner: watch("100", account=books.wallet(owner)) for owner in owners}
    busy, seen, failures = threading.Event(), [], []

    def write(owner: str) -> None:
        try:
            for _ in range(rounds):
                books.send("450", source=books.wallet(owner), to=books.wallet("cl_sink"))
                books.receive("450", to=books.wallet(owner))
        except Exception as error:  # shown by the test
            failures.append(error)
        finally:
            connection.close()

    def keep_looking() -> None:
        try:
            while not busy.is_set():
                seen.append(monitoring.evaluate_due(now=now()))
        except Exception as error:  # shown by the test
            failures.append(error)
        finally:
            connection.close()

    lookers = [threading.Thread(target=keep_looking) for _ in range(2)]
    hands = [threading.Thread(target=write, args=(owner,)) for owner in owners]
    for thread in [*lookers, *hands]:
        thread.start()
    for thread in hands:
        thread.join()
    busy.set()
    for thread in lookers:
        thread.join()
    assert not failures
    seen.append(monitoring.evaluate_due(now=now()))
    for monitor in watches.values():
        assert told(monitor) == ["triggered", "cleared"] * rounds
    assert sum(seen) == 2 * rounds * writers
    assert sum(1 for count in seen if count) > 1, "they looked while money moved"
    assert invariants.run().clean


def test_changing_the_level_judges_at_once_and_needs_the_version_that_was_seen(transactional_db):
    books.receive("500")
    monitor = watch("100")
    changed = monitors.change(monitor_id=monitor.pk, version=1, threshold=euros("600"), actor=FINANCE, now=now())
    assert (changed.state, changed.version, changed.clear_at) == ("triggered", 2, Decimal("600"))
    with pytest.raises(errors.VersionConflict):
        monitors.change(monitor_id=monitor.pk, version=1, threshold=euros("50"), actor=FINANCE, now=now())
    monitors.change(monitor_id=monitor.pk, version=2, threshold=euros("50"), actor=FINANCE, now=now())
    assert told(monitor) == ["triggered", "cleared"]


def test_a_retired_monitor_says_nothing_more(transactional_db):
    books.receive("500")
    monitor = watch("100")
    monitors.retire(monitor_id=monitor.pk, version=1, actor=FINANCE, now=now())
    books.send("450")
    assert (look(monitor), told(monitor)) == ([], [])
    with pytest.raises(errors.InvalidTransition):
        monitors.change(monitor_id=monitor.pk, version=2, name="again", actor=FINANCE, now=now())


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ({"name": " "}, "name"),
        ({"way": "beside"}, "way"),
        ({"measure": "felt"}, "measure"),
        ({"clear_at": "99"}, "clear_at"),
        ({"way": "above", "clear_at": "101"}, "clear_at"),
        ({"scope": scope(kind="wallet"), "account": None, "name": ""}, "name"),
        ({"scope": scope(), "account": None}, "account"),
    ],
)
def test_a_monitor_that_makes_no_sense_is_refused_by_name(transactional_db, words, param):
    with pytest.raises(errors.InvalidRequest) as refused:
        watch("100", **words)
    assert refused.value.param == param
    assert not BalanceMonitor.objects.exists()


def test_only_those_who_may_keep_monitors(transactional_db):
    with pytest.raises(errors.Forbidden):
        watch("100", actor=SUPPORT)
    assert not BalanceMonitor.objects.exists()


def test_the_database_refuses_to_look_back_or_ahead(transactional_db, app_connection):
    books.receive("500")
    monitor = watch("100")
    for change in ("horizon = horizon - 1", "horizon = horizon + 1000000", "threshold = 1", "currency = 'USD'"):
        with pytest.raises(Exception, match="append_only"):
            app_connection.execute(f"UPDATE ledger_balance_monitor SET {change} WHERE id = {monitor.pk}")
    with pytest.raises(Exception, match="permission denied"):
        app_connection.execute("DELETE FROM ledger_balance_monitor")
    with pytest.raises(DatabaseError, match="hysteresis"):
        BalanceMonitor.objects.filter(pk=monitor.pk).update(clear_at=1, version=2)


def test_a_figure_that_its_entries_do_not_make_is_found(transactional_db, superuser_connection):
    books.receive("500")
    one, two = watch("100"), watch("100", scope=scope(prefix="bank", currency="EUR"))
    books.send("50")
    books.receive("50")
    assert look(one) == look(two) == []
    assert invariants.run().clean
    superuser_connection.execute("SET session_replication_role = replica")
    superuser_connection.execute(f"UPDATE ledger_balance_monitor SET value = value + 1 WHERE id = {two.pk}")
    report = invariants.run()
    assert [finding.reference for finding in report.findings if finding.check == "monitors"] == [two.public_id]
