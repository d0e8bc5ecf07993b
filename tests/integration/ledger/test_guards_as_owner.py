"""Even the owner of the tables cannot rewrite history by ordinary SQL: the triggers refuse, whoever asks."""

import uuid

import psycopg
import pytest

from ledger import invariants
from tests.integration.ledger import books

# Checkpoints reach as far as every other transaction of the server has ended: not beside parallel workers.
pytestmark = [pytest.mark.django_db, pytest.mark.alone]

APPEND_ONLY = ["ledger_transaction", "ledger_entry", "ledger_event", "ledger_checkpoint"]
KEPT = ["ledger_account", "ledger_balance", "ledger_hold", "ledger_pending"]

HEADER = """INSERT INTO ledger_transaction (id, phase, reason, fingerprint, description, legs, effective_at,
                                            recorded_at, xid)
            VALUES (%s, 'single', 'MANUAL_ADJUSTMENT', 'x', '', %s, now(), '2001-01-01', 7)"""
ENTRY = """INSERT INTO ledger_entry (transaction_id, leg, account_id, currency, amount, layer, effective_at,
                                     recorded_at, backdated, xid)
           VALUES """


@pytest.fixture
def book(kept_book):
    return kept_book


def refused(owner, *statements):
    """Run in one transaction; what the database says when it refuses, at once or at the commit."""
    with pytest.raises(psycopg.Error) as caught, owner.transaction():
        for sql, parameters in statements:
            owner.execute(sql, parameters)
    return caught.value.diag.message_primary


def pair(key, leg=1, amount="1", back="-1", account=None):
    """Two house entries in one statement."""
    bank, fees = account or books.bank().id, books.fees().id
    row = "(%s, %s, %s, 'EUR', %s, 0, now(), now(), false, %s)"
    values = [key, leg, bank, amount, 0, key, leg + 1, fees, back, 0]
    return f"{ENTRY} {row}, {row}", values


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_history_is_neither_updated_nor_deleted_nor_emptied(owner, book, table):
    for sql in (
        f"UPDATE {table} SET xid = xid" if table != "ledger_checkpoint" else f"UPDATE {table} SET horizon = horizon",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        assert refused(owner, (sql, None)) == "append_only"


@pytest.mark.parametrize("table", KEPT)
def test_what_history_refers_to_is_kept(owner, book, table):
    for sql in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert refused(owner, (sql, None)) == "append_only"


@pytest.mark.parametrize(
    "change",
    [
        "code = 'client/eve/wallet'",
        "currency = 'USD'",
        "kind = 'trading'",
        "floor = NULL",
        "sign = -1",
        "running = false",
        "owner = 'eve'",
        "category = 'asset'",
        "exponent = 18",
    ],
)
def test_what_an_account_is_never_changes(owner, book, change):
    assert refused(owner, (f"UPDATE ledger_account SET {change} WHERE id = %s", [books.wallet().id])) == "append_only"


def test_the_decimals_of_a_currency_never_change(owner, book):
    assert refused(owner, ("UPDATE ledger_currency SET exponent = 3 WHERE code = 'EUR'", None)) == "append_only"


def test_a_header_names_a_reason_of_the_catalogue(owner, book):
    header = HEADER.replace("MANUAL_ADJUSTMENT", "NO_SUCH_REASON")
    assert header != HEADER
    assert refused(owner, (header, [uuid.uuid4(), 2])) == "invalid_request"


@pytest.mark.parametrize(
    "change", ["DELETE FROM ledger_reason", "UPDATE ledger_reason SET code = 'OTHER'", "TRUNCATE ledger_reason CASCADE"]
)
def test_a_reason_that_headers_may_name_stays(owner, book, change):
    assert refused(owner, (change, None)) == "append_only"


def test_a_header_alone_does_not_commit(owner, book):
    assert refused(owner, (HEADER, [uuid.uuid4(), 2])) == "unbalanced"


def test_fewer_or_more_entries_than_the_header_says_do_not_commit(owner, book):
    key = uuid.uuid4()
    assert refused(owner, (HEADER, [key, 3]), pair(key)) == "unbalanced"
    assert refused(owner, (HEADER, [key, 2]), pair(key), pair(key, leg=3)) == "unbalanced"


def test_entries_that_do_not_balance_are_refused_at_once(owner, book):
    key = uuid.uuid4()
    assert refused(owner, (HEADER, [key, 2]), pair(key, back="-0.99")) == "unbalanced"


def test_each_statement_must_balance_by_itself(owner, book):
    key = uuid.uuid4()
    half = f"{ENTRY} (%s, 1, %s, 'EUR', 1, 0, now(), now(), false, 0)", [key, books.bank().id]
    assert refused(owner, (HEADER, [key, 2]), half) == "unbalanced"


def test_entries_in_another_currency_than_the_accounts_are_refused(owner, book):
    key = uuid.uuid4()
    sql, values = pair(key)
    other = (sql.replace("'EUR'", "'USD'"), values)
    assert refused(owner, (HEADER, [key, 2]), other) == "currency_mismatch"


def test_entries_of_an_account_that_does_not_exist_are_refused(owner, book):
    key = uuid.uuid4()
    nowhere = pair(key, account=2**40)
    assert refused(owner, (HEADER, [key, 2]), nowhere) == "currency_mismatch"


def test_entries_over_nothing_are_refused(owner, book):
    key = uuid.uuid4()
    assert refused(owner, (HEADER, [key, 2]), pair(key, amount="0", back="0")) == "invalid_request"


def test_entries_of_a_layer_that_does_not_exist_are_refused(owner, book):
    key = uuid.uuid4()
    sql, values = pair(key)
    third = (sql.replace("%s, 0, now()", "%s, 3, now()"), values)
    assert refused(owner, (HEADER, [key, 2]), third) == "invalid_request"


def test_entries_with_half_of_their_running_figures_are_refused(owner, book):
    key = uuid.uuid4()
    sql, values = pair(key)
    half = sql.replace("backdated, xid)", "backdated, xid, seq)").replace("false, %s)", "false, %s, %s)")
    values = [*values[:5], None, *values[5:], 77]
    assert refused(owner, (HEADER, [key, 2]), (half, values)) == "invalid_request"


@pytest.mark.parametrize(
    ("column", "value", "param"),
    [
        ("legs", "1", "entries"),
        ("phase", "'post'", "phase"),
        ("phase", "'settle'", "phase"),
        ("source_system", "'mt5'", "source"),
    ],
)
def test_a_header_whose_parts_do_not_fit_is_refused(owner, book, column, value, param):
    columns = {"legs": "2", "phase": "'single'", column: value}
    sql = f"""INSERT INTO ledger_transaction (id, reason, fingerprint, description, effective_at, recorded_at, xid,
                                              {", ".join(columns)})
              VALUES (%s, 'MANUAL_ADJUSTMENT', 'x', '', now(), now(), 7, {", ".join(columns.values())})"""
    with pytest.raises(psycopg.Error) as caught, owner.transaction():
        owner.execute(sql, [uuid.uuid4()])
    assert caught.value.diag.message_primary == "invalid_request"
    assert caught.value.diag.message_detail == f'{{"param": "{param}"}}'


@pytest.mark.parametrize(
    ("column", "phase"), [("pending_id", "post"), ("reverses_id", "single"), ("moves_hold_id", "single")]
)
def test_a_header_that_points_nowhere_does_not_commit(owner, book, column, phase):
    key = uuid.uuid4()
    sql = HEADER.replace("xid)", f"xid, {column})").replace("7)", "7, gen_random_uuid())").replace("single", phase)
    assert refused(owner, (sql, [key, 2]), pair(key)) == "not_found"


def test_entries_off_the_scale_are_refused(owner, book):
    key = uuid.uuid4()
    assert refused(owner, (HEADER, [key, 2]), pair(key, amount="0.001", back="-0.001")) == "invalid_request"


def test_nothing_is_added_to_an_old_transaction(owner, book):
    assert refused(owner, pair(book["receipt"].id, leg=3)) == "append_only"


def test_nothing_is_added_to_an_old_transaction_through_savepoints(owner, book):
    statements = [("SAVEPOINT a", None), ("SAVEPOINT b", None), pair(book["receipt"].id, leg=3), ("RELEASE b", None)]
    assert refused(owner, *statements) == "append_only"


def test_a_header_and_its_entries_may_stand_in_different_savepoints(owner, book):
    """Savepoints have numbers of their own; the outermost one counts."""
    key = uuid.uuid4()
    with owner.transaction():
        for statement in (
            ("SAVEPOINT a", None),
            (HEADER, [key, 2]),
            ("RELEASE a", None),
            ("SAVEPOINT b", None),
            pair(key),
        ):
            owner.execute(*statement)
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert owner.execute("SELECT count(*) FROM ledger_entry WHERE transaction_id = %s", [key]).fetchone() == (2,)
        raise psycopg.Rollback


def test_the_writer_cannot_say_when_or_by_whom_a_header_was_written(owner, book):
    key = uuid.uuid4()
    with owner.transaction():
        owner.execute(HEADER, [key, 2])
        sql = "SELECT recorded_at > now() - interval '1 minute', xid > 7 FROM ledger_transaction WHERE id = %s"
        assert owner.execute(sql, [key]).fetchone() == (True, True)
        raise psycopg.Rollback


def test_a_balance_row_below_its_floor_is_refused(owner, book):
    sql = "UPDATE ledger_balance SET balance = 9 WHERE account_id = %s"
    assert "ledger_balance_floor" in refused(owner, (sql, [books.wallet().id]))


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("UPDATE ledger_pending SET remaining = amount + 1", "ledger_pending_remaining"),
        ("UPDATE ledger_pending SET remaining = 0", "ledger_pending_state"),
        ("UPDATE ledger_pending SET state = 'done'", "ledger_pending_state"),
        ("UPDATE ledger_hold SET captured = amount + 1", "ledger_hold_amounts"),
        ("UPDATE ledger_hold SET state = 'done'", "ledger_hold_state"),
        ("UPDATE ledger_hold SET state = 'captured'", "ledger_hold_state"),
        ("UPDATE ledger_account SET status = 'gone'", "ledger_account_status"),
    ],
)
def test_states_and_amounts_that_cannot_be_are_refused(owner, book, sql, rule):
    assert rule in refused(owner, (sql, None))


def test_a_closed_account_stays_closed(owner, book):
    account = [books.wallet(currency="USD").id]
    close = ("UPDATE ledger_account SET status = 'closed' WHERE id = %s", account)
    assert (
        refused(owner, close, ("UPDATE ledger_account SET status = 'open' WHERE id = %s", account)) == "account_closed"
    )


def test_emptying_needs_a_connection_opened_for_it(owner, book):
    assert refused(owner, ("TRUNCATE ledger_entry CASCADE", None)) == "append_only"
    with owner.transaction():
        owner.execute("SET LOCAL ledger.allow_truncate = on")
        owner.execute("TRUNCATE ledger_entry CASCADE")
        raise psycopg.Rollback


def test_after_all_of_it_the_books_are_right(kept_book):
    assert invariants.run().clean
