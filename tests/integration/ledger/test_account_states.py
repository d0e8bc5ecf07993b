"""What an account is and whether it is open: said once, sealed, and seen when a row says otherwise."""

from typing import Any

import psycopg
import pytest
from django.db import connection

from ledger import accounts, events, ids, invariants
from ledger.models import Account, Event
from tests.integration.ledger import books, sealed_books
from tests.integration.ledger.conftest import superuser
from tests.integration.ledger.test_corruption import execute

# Checkpoints and the seal reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.alone]


@pytest.fixture
def told(transactional_db: None) -> dict[str, int]:
    """Accounts that were frozen, frozen and unfrozen, closed, opened by hand, and never touched."""
    books.receive("100")
    books.receive("50", to=books.wallet(books.BEN))
    found = {
        "frozen": books.wallet().id,
        "unfrozen": books.wallet(books.BEN).id,
        "closed": books.fees().id,
        "untouched": books.bank().id,
        "by_hand": accounts.open_account(code="client/cl_eve/wallet", currency="EUR").id,
    }
    accounts.set_status(account_id=found["frozen"], status="frozen")
    accounts.set_status(account_id=found["unfrozen"], status="frozen")
    accounts.set_status(account_id=found["unfrozen"], status="open")
    accounts.set_status(account_id=found["closed"], status="closed")
    account = Account.objects.get(pk=found["by_hand"])
    events.record(
        type="account.opened",
        object_ref=account.public_id,
        actor=events.CLOCK,
        after={"code": account.code, "currency": account.currency_id},
    )
    return found


def found_by(*checks: str) -> set[tuple[str, str]]:
    return {(f.check, f.reference) for f in invariants.run().findings if not checks or f.check in checks}


def test_every_change_is_an_event_and_the_book_is_right(told: dict[str, int]) -> None:
    types = Event.objects.filter(object_ref=ids.encode("acc", told["unfrozen"])).order_by("id")
    assert list(types.values_list("type", "before", "after")) == [
        ("account.frozen", {"status": "open"}, {"status": "frozen"}),
        ("account.unfrozen", {"status": "frozen"}, {"status": "open"}),
    ]
    assert accounts.set_status(account_id=told["frozen"], status="frozen") == "frozen"
    assert types.model.objects.filter(object_ref=ids.encode("acc", told["frozen"])).count() == 1
    assert invariants.run().findings == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("frozen", "open"), ("frozen", "closed"), ("unfrozen", "frozen"), ("closed", "open"), ("untouched", "frozen"),
     ("untouched", "closed"), ("by_hand", "frozen")],
)  # fmt: skip
def test_a_status_that_no_event_tells_of_is_found(told: dict[str, int], name: str, status: str) -> None:
    with superuser():
        execute(f"UPDATE ledger_account SET status = '{status}' WHERE id = {told[name]}", {})
        named = found_by()
    assert named == {("account_states", ids.encode("acc", told[name]))}


def test_it_is_found_by_a_look_at_what_is_new_too(told: dict[str, int]) -> None:
    assert invariants.run().clean
    with superuser():
        execute(f"UPDATE ledger_account SET status = 'open' WHERE id = {told['frozen']}", {})
        report = invariants.run(incremental=True)
    assert report.since > 0
    assert [finding.check for finding in report.findings] == ["account_states"]


def test_the_event_that_told_of_it_taken_away_is_found(told: dict[str, int]) -> None:
    with superuser():
        execute("DELETE FROM ledger_event WHERE type = 'account.closed'", {})
        assert ("account_states", ids.encode("acc", told["closed"])) in found_by()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("floor = -1000", "accounts"), ("floor = NULL", "accounts"), ("kind = 'pocket'", "accounts"),
        ("category = 'asset'", "accounts"), ("sign = -1", "accounts"), ("owner = 'cl_mallory'", "accounts"),
        ("running = false, floor = NULL", "accounts"), ("exponent = 3", "accounts"),
        ("currency = 'USD'", "entry_accounts"),
        ("code = 'client/cl_mallory/wallet'", "accounts"),
        ("code = 'client/cl_mallory/wallet', owner = 'cl_mallory'", "seal_links"),
    ],
)  # fmt: skip
def test_what_an_account_is_cannot_be_changed_unseen(told: dict[str, int], change: str, check: str) -> None:
    sealed_books.seal_all()
    with superuser():
        execute(f"UPDATE ledger_account SET {change} WHERE id = {told['frozen']}", {})
        assert check in {name for name, _ in found_by()}


def test_an_account_without_entries_is_known_by_the_event_that_opened_it(told: dict[str, int]) -> None:
    with superuser():
        execute(f"""UPDATE ledger_account SET code = 'client/cl_mallory/wallet', owner = 'cl_mallory'
                     WHERE id = {told['by_hand']}""", {})  # fmt: skip
        event = Event.objects.get(type="account.opened")
        assert found_by() == {("account_states", event.public_id)}
        execute(f"DELETE FROM ledger_balance WHERE account_id = {told['by_hand']}", {})
        execute(f"DELETE FROM ledger_account WHERE id = {told['by_hand']}", {})
        assert found_by("account_states") == {("account_states", event.public_id)}


@pytest.mark.parametrize("key", [1, 31, 32, 987654321, 2**62 + 12345, 2**63 - 1])
def test_the_database_names_accounts_as_the_code_does(key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_account_in(%s)", [ids.encode("acc", key)])
        assert cursor.fetchone() == (key,)


def test_the_database_refuses_a_change_without_its_event(
    told: dict[str, int], app_connection: psycopg.Connection[Any], superuser_connection: psycopg.Connection[Any]
) -> None:
    """The function is public, but who calls it has to tell of it, in the same commit; and so has a superuser."""
    key = told["frozen"]
    for role, sql in (
        (app_connection, f"SELECT ledger_account_set_status({key}, 'open')"),
        (superuser_connection, f"UPDATE ledger_account SET status = 'open' WHERE id = {key}"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            role.execute(sql)  # type: ignore[call-overload]
        assert (refused.value.sqlstate, refused.value.diag.message_primary) == ("LG000", "append_only")
    assert Account.objects.get(pk=key).status == "frozen"


def test_a_temporary_table_of_events_tells_nothing(
    told: dict[str, int], app_connection: psycopg.Connection[Any]
) -> None:
    key = told["frozen"]
    app_connection.execute("CREATE TEMPORARY TABLE ledger_event (LIKE public.ledger_event)")
    app_connection.execute("ALTER TABLE pg_temp.ledger_event ALTER ip DROP NOT NULL")
    with pytest.raises(psycopg.Error) as refused, app_connection.transaction():
        app_connection.execute(
            "INSERT INTO pg_temp.ledger_event (id, type, object_ref, client_ref, actor, person, on_behalf_of, device,"
            " request_id, after, occurred_at, recorded_at, xid) VALUES (1, 'account.unfrozen', %s, '', '', '', '',"
            " '', '', '{\"status\": \"open\"}', now(), now(), pg_current_xact_id()::text::bigint)",
            [ids.encode("acc", key)],
        )  # fmt: skip
        app_connection.execute("SELECT ledger_account_set_status(%s, 'open')", [key])
    assert refused.value.sqlstate == "LG000"
    assert Account.objects.get(pk=key).status == "frozen"
