"""What a stolen app password could do to the books: raw SQL with the rights of web and worker, one guard at a time.

Everything here must be refused by the database itself, and nothing may have moved.
"""

import json
import uuid
from decimal import Decimal

import psycopg
import pytest

from ledger import invariants, queries
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

TABLES = [
    "ledger_transaction",
    "ledger_entry",
    "ledger_event",
    "ledger_checkpoint",
    "ledger_checkpoint_hour",
    "ledger_checkpoint_sum",
    "ledger_backdated_block",
    "ledger_backdated_sum",
    "ledger_entity",
    "ledger_period",
    "ledger_period_account",
    "ledger_account",
    "ledger_balance",
    "ledger_hold",
    "ledger_pending",
    "ledger_currency",
    "ledger_reason",
    "ledger_kind",
    "ledger_seal",
    "ledger_seal_root",
    "ledger_seal_checkpoint",
    "ledger_seal_copy",
]
INSERTABLE = {"ledger_account", "ledger_event", "ledger_seal_copy"}
NO_RIGHT = "42501"
LEDGER = "LG000"


def everything(owner):
    """Every row of every ledger table, as text."""
    sql = "SELECT coalesce(json_agg(t ORDER BY t::text), '[]')::text FROM {} t"
    return {table: owner.execute(sql.format(table)).fetchone() for table in TABLES}


@pytest.fixture
def book(kept_book, owner):
    """The kept book and its accounts' ids; whatever the test tries, all rows are the same afterwards."""
    before = everything(owner)
    yield kept_book | {
        "euro": books.wallet().id,
        "ben": books.wallet(books.BEN).id,
        "held": books.held().id,
        "bank": books.bank().id,
        "dollar": books.wallet(currency="USD").id,
    }
    assert everything(owner) == before, "something moved"


def refused(app, sql, parameters=None):
    """The SQLSTATE and message with which the database refuses; a statement that passes is a failure."""
    with pytest.raises(psycopg.Error) as caught, app.transaction():
        app.execute(sql, parameters)
    return caught.value.sqlstate, caught.value.diag.message_primary


def post(app, accounts, amounts, reason="MANUAL_ADJUSTMENT", phase="single", reverses=None, key=None):
    """The posting function as an intruder would call it: without our Python in front."""
    app.execute(
        """SELECT * FROM ledger_post(%s, %s, %s, %s::bigint[], %s::numeric[], NULL, %s, NULL, NULL, NULL, %s, '', NULL,
                                     %s::uuid, NULL)""",
        [uuid.uuid4(), phase, reason, accounts, amounts, key, b"x" * 16, reverses],
    )


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_rewritten_or_removed(app, book, table):
    columns = app.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
    for (column,) in columns.fetchall():
        assert refused(app, f'UPDATE {table} SET "{column}" = "{column}"')[0] == NO_RIGHT
    assert refused(app, f"DELETE FROM {table}")[0] == NO_RIGHT
    assert refused(app, f"TRUNCATE {table} CASCADE")[0] == NO_RIGHT
    assert refused(app, f"SELECT * FROM {table} FOR UPDATE")[0] == NO_RIGHT


def test_the_switch_for_test_databases_does_not_help(app, book):
    app.execute("SET ledger.allow_truncate = on")
    assert refused(app, "TRUNCATE ledger_entry CASCADE")[0] == NO_RIGHT


@pytest.mark.parametrize("table", [table for table in TABLES if table not in INSERTABLE])
def test_no_row_can_be_slipped_in(app, book, table):
    assert refused(app, f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")[0] == NO_RIGHT


def test_a_header_of_ones_own_cannot_be_forged(app, book):
    sql = """INSERT INTO ledger_transaction (id, phase, reason, fingerprint, description, legs, effective_at,
                                             recorded_at, xid)
             VALUES (gen_random_uuid(), 'single', 'MANUAL_ADJUSTMENT', 'x', '', 2, now(), now(), 1)"""
    assert refused(app, sql)[0] == NO_RIGHT


@pytest.mark.parametrize(
    "call",
    [
        f"SELECT ledger_write({', '.join(['NULL'] * 17)})",
        "SELECT ledger_existing(NULL, NULL, NULL, NULL, NULL, NULL)",
        "SELECT ledger_append_only()",
        "SELECT ledger_rest(gen_random_uuid(), 1::smallint)",
        "SELECT ledger_share(gen_random_uuid(), 1, 'EUR')",
        "SELECT ledger_reversible(gen_random_uuid())",
        "SELECT ledger_mirrored(gen_random_uuid())",
        "SELECT ledger_require_open('pending', now(), 'post', '{}')",
        "SELECT ledger_require_later('pending', now(), now(), '{}')",
    ],
)
def test_the_functions_behind_the_public_ones_cannot_be_called(app, book, call):
    assert refused(app, call)[0] == NO_RIGHT


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_floor",
        "DROP TRIGGER ledger_entry_guard ON ledger_entry",
        "CREATE OR REPLACE FUNCTION ledger_refuse(code text, facts jsonb) RETURNS void LANGUAGE sql AS 'SELECT'",
        "CREATE FUNCTION public.sum(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 0::numeric'",
        "CREATE TABLE public.ledger_shadow (id int)",
        "SET ROLE wherewithal_owner",
        "CREATE RULE quiet AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
        "COPY ledger_entry FROM PROGRAM 'true'",
        "SELECT setval('ledger_entry_id_seq', 1)",
    ],
)
def test_the_guards_themselves_cannot_be_touched(app, book, statement):
    assert refused(app, statement)[0] == NO_RIGHT


def test_an_unbalanced_transaction_is_refused(app, book):
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], ["50", "-49.99"])
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (LEDGER, "unbalanced")
    assert json.loads(caught.value.diag.message_detail)["difference"] == "0.01"


def test_balance_in_sum_but_not_per_currency_is_refused(app, book):
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["dollar"]], ["-5", "5"])
    assert caught.value.diag.message_primary == "unbalanced"


def test_one_leg_alone_and_none_at_all_are_refused(app, book):
    for accounts, amounts in (([book["euro"]], ["1"]), ([], [])):
        with pytest.raises(psycopg.Error):
            post(app, accounts, amounts)


def test_a_zero_amount_is_refused(app, book):
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], ["0", "0"])
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (LEDGER, "invalid_request")


def test_more_decimals_than_the_currency_has_are_refused(app, book):
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], ["0.001", "-0.001"])
    assert (caught.value.sqlstate, caught.value.diag.message_primary) == (LEDGER, "invalid_request")


def test_nan_and_infinity_are_refused(app, book):
    for amount in ("NaN", "Infinity"):
        with pytest.raises(psycopg.Error):
            post(app, [book["euro"], book["bank"]], [amount, amount.replace("I", "-I")])


def test_taking_more_than_there_is_is_refused(app, book):
    available = queries.balance_of(book["euro"]).available
    wanted = str(available + Decimal("0.01"))
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], [f"-{wanted}", wanted])
    assert caught.value.diag.message_primary == "insufficient_available"
    facts = json.loads(caught.value.diag.message_detail)
    assert facts.pop("account") == "client/cl_ada/wallet"
    assert (Decimal(facts["available"]), Decimal(facts["wanted"])) == (available, Decimal(wanted))


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ({"reason": "NO_SUCH_REASON"}, LEDGER),
        ({"phase": "post"}, LEDGER),
        ({"phase": "void"}, LEDGER),
        ({"phase": "whatever"}, LEDGER),
        ({"reverses": uuid.uuid4()}, LEDGER),
    ],
)
def test_unknown_words_are_refused(app, book, words, state):
    with pytest.raises(psycopg.Error) as caught, app.transaction():
        post(app, [book["euro"], book["bank"]], ["1", "-1"], **words)
    assert caught.value.sqlstate == state


def test_an_account_that_does_not_exist_is_refused(app, book):
    with pytest.raises(psycopg.Error) as caught:
        post(app, [987654321, book["bank"]], ["1", "-1"])
    assert caught.value.diag.message_primary == "not_found"


def test_a_held_account_moves_only_with_its_hold(app, book):
    for legs in ([book["held"], book["bank"]], [book["bank"], book["held"]]):
        with pytest.raises(psycopg.Error) as caught:
            post(app, legs, ["-5", "5"])
        assert caught.value.diag.message_primary == "invalid_request"
    with pytest.raises(psycopg.Error) as caught:
        app.execute(
            """SELECT * FROM ledger_hold_resolve(%s, 'capture', gen_random_uuid(), 'WITHDRAWAL_PAYOUT', %s, 5, NULL,
                                                 NULL, NULL, NULL, NULL, 'x', '', NULL)""",
            [book["hold"].hold_id, book["held"]],
        )
    assert caught.value.diag.message_primary == "invalid_request"


def test_a_hold_cannot_be_negative_nor_on_somebody_elses_money(app, book):
    sql = """SELECT * FROM ledger_hold_place(gen_random_uuid(), gen_random_uuid(), %s, %s, %s, 'manual', '', 'x', NULL,
                                             NULL, NULL, NULL, NULL, NULL, 'x', '', NULL)"""
    for wallet, amount in (
        (book["euro"], -5),
        (book["euro"], 0),
        (book["ben"], 1),
        (book["dollar"], 1),
        (book["bank"], 1),
    ):
        assert refused(app, sql, [wallet, book["held"], amount]) == (LEDGER, "invalid_request")


def test_a_release_cannot_pass_for_a_capture_nor_a_release_for_an_expiry(app, book):
    sql = """SELECT * FROM ledger_hold_resolve(%s, %s, gen_random_uuid(), %s, %s, NULL, NULL, NULL, NULL, NULL, NULL,
                                               'x', '', NULL)"""
    hold = book["hold"].hold_id
    assert refused(app, sql, [hold, "capture", "HOLD_RELEASED", book["euro"]])[0] == LEDGER
    assert refused(app, sql, [hold, "release", "WITHDRAWAL_PAYOUT", None])[0] == LEDGER
    assert refused(app, sql, [hold, "expire", "HOLD_RELEASED", None])[0] == LEDGER


def test_a_reversal_cannot_exceed_its_original(app, book):
    with pytest.raises(psycopg.Error) as caught:
        reason = "CLIENT_INTERNAL_TRANSFER_REVERSAL"
        post(app, [book["euro"], book["bank"]], ["-6", "6"], reason=reason, reverses=book["pending"].id)
    assert caught.value.diag.message_primary == "over_reversal"
    with pytest.raises(psycopg.Error) as caught:
        reason = "BANK_RECEIPT_REVERSAL"
        post(app, [book["bank"], book["euro"]], ["-1", "1"], reason=reason, reverses=book["receipt"].id)
    assert caught.value.diag.message_primary == "over_reversal"
    for original, reason in (("receipt", "MANUAL_ADJUSTMENT"), ("reversal", "BANK_RECEIPT_REVERSAL_REVERSAL")):
        with pytest.raises(psycopg.Error) as caught:
            post(app, [book["bank"], book["euro"]], ["-1", "1"], reason=reason, reverses=book[original].id)
        assert caught.value.diag.message_primary == "invalid_request"


REVERSE = """SELECT * FROM ledger_reverse(gen_random_uuid(), %s, %s, %s, %s::bigint[], %s::numeric[], NULL, NULL, NULL,
                                          NULL, NULL, 'x', '', NULL)"""


def test_no_more_than_the_original_is_taken_back_by_amount_or_by_entries(app, book):
    original, euro, bank = book["receipt"].id, book["euro"], book["bank"]
    for part in (
        ["1000.01", "EUR", None, None],
        [None, None, [euro, bank], ["-1000.01", "1000.01"]],
        [None, None, [euro, bank], ["1", "-1"]],  # not mirrored
        [None, None, [book["ben"], bank], ["-1", "1"]],
    ):
        assert refused(app, REVERSE, [original, *part]) == (LEDGER, "over_reversal")
    assert refused(app, REVERSE, [original, "-1", "EUR", None, None]) == (LEDGER, "invalid_request")
    assert refused(app, REVERSE, [original, "1", "USD", None, None]) == (LEDGER, "currency_mismatch")
    assert refused(app, REVERSE, [book["reversal"].id, "1", "EUR", None, None]) == (LEDGER, "invalid_request")


RESOLVE = """SELECT * FROM ledger_resolve(gen_random_uuid(), %s, %s, %s, %s, %s::bigint[], %s::numeric[], %s, NULL,
                                          NULL, NULL, NULL, NULL, 'x', '', NULL)"""


def test_a_reservation_gives_no_more_than_it_holds_and_ends_neither_early_nor_on_any_word(app, book):
    key, euro, trading = book["pending"].id, book["euro"], books.trading().id
    for words, code in (
        (["post", key, "40.01", "EUR", None, None, None], "over_capture"),
        (["post", key, None, None, [euro, trading], ["-40.01", "40.01"], None], "over_capture"),
        (["post", key, None, None, [euro, book["ben"]], ["-1", "1"], None], "over_capture"),
        (["post", key, None, None, [euro, trading], ["-2", "1"], None], "unbalanced"),
        (["post", key, "0.001", "EUR", None, None, None], "invalid_request"),
        (["post", key, "-1", "EUR", None, None, None], "invalid_request"),
        (["void", key, "1", "EUR", None, None, None], "invalid_request"),
        (["whatever", key, None, None, None, None, None], "invalid_request"),
        (["expire", key, None, None, None, None, None], "invalid_transition"),
        (["expire", key, None, None, None, None, "mt5.rejected"], "invalid_transition"),
        (["post", key, None, None, None, None, "mt5.rejected"], "invalid_transition"),
        (["post", book["posted"].id, None, None, None, None, None], "invalid_transition"),
    ):
        assert refused(app, RESOLVE, words) == (LEDGER, code)


def test_an_end_is_never_moved_back_or_invented(app, book):
    for function, key in (("pending", book["extended"].id), ("hold", book["hold_extended"].hold_id)):
        for moment in ("2001-01-01", None):
            assert refused(app, f"SELECT ledger_{function}_extend(%s, %s)", [key, moment])[0] == LEDGER
    assert refused(app, "SELECT ledger_pending_extend(%s, '2999-01-01')", [book["pending"].id])[0] == LEDGER
    assert refused(app, "SELECT ledger_hold_extend(%s, '2999-01-01')", [book["hold"].hold_id])[0] == LEDGER


def test_temporary_tables_cannot_stand_in_for_the_ledgers(app, book):
    """pg_temp comes first in every search path that does not say otherwise."""
    for table in TABLES:
        app.execute(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table})")
    app.execute("INSERT INTO pg_temp.ledger_balance SELECT * FROM public.ledger_balance")
    app.execute("UPDATE pg_temp.ledger_balance SET balance = 1000000, floor = NULL")
    app.execute("INSERT INTO pg_temp.ledger_account SELECT * FROM public.ledger_account")
    app.execute("UPDATE pg_temp.ledger_account SET exponent = 18, kind = 'trading', floor = NULL")
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], ["-5000", "5000"])
    assert caught.value.diag.message_primary == "insufficient_available"
    with pytest.raises(psycopg.Error) as caught:
        post(app, [book["euro"], book["bank"]], ["0.001", "-0.001"])
    assert caught.value.diag.message_primary == "invalid_request"


OPEN = """INSERT INTO public.ledger_account (code, currency, kind, category, owner, sign, running, exponent, floor,
                                             status, opened_at)
          VALUES (%s, 'EUR', %s, %s, %s, %s, %s, %s, %s, %s, now())"""


@pytest.mark.parametrize(
    "row",
    [
        ("client/eve/wallet", "wallet", "liability", "eve", 1, True, 2, None, "open"),  # no floor
        ("client/eve/wallet", "wallet", "liability", "eve", 1, True, 2, -1000, "open"),
        ("client/eve/wallet", "wallet", "liability", "eve", 1, False, 2, None, "open"),  # no balance row
        ("client/eve/wallet", "wallet", "asset", "eve", -1, True, 2, 0, "open"),  # turned round
        ("client/eve/wallet", "trading", "liability", "eve", 1, True, 2, None, "open"),  # a kind without a floor
        ("client/eve/wallet", "wallet", "liability", "cl_ada", 1, True, 2, 0, "open"),  # somebody else's
        ("client/eve/purse", "wallet", "liability", "eve", 1, True, 2, 0, "open"),  # not in the chart
        ("house/mine", "income", "income", "", 1, False, 2, None, "open"),
    ],
)
def test_an_account_is_what_the_chart_says_or_it_is_not_opened(app, book, row):
    assert refused(app, OPEN, row) == (LEDGER, "invalid_request")


def test_an_account_opened_by_hand_gets_the_currencys_decimals_and_is_open(app, book):
    with app.transaction():
        app.execute("CREATE TEMPORARY TABLE ledger_currency (code text, exponent int)")
        app.execute("INSERT INTO pg_temp.ledger_currency VALUES ('EUR', 18)")
        app.execute(OPEN, ("client/eve/wallet", "wallet", "liability", "eve", 1, True, 18, 0, "closed"))
        found = app.execute("SELECT exponent, status FROM public.ledger_account WHERE owner = 'eve'").fetchone()
        assert found == (2, "open")
        raise psycopg.Rollback


def test_an_event_says_itself_when_and_by_which_transaction_it_was_recorded(app, book):
    with app.transaction():
        app.execute(
            """INSERT INTO ledger_event (type, object_ref, client_ref, actor, person, on_behalf_of, device, request_id,
                                         occurred_at, recorded_at, xid)
               VALUES ('x', 'eve', '', 'z', '', '', '', '', '2001-01-01', '2001-01-01', 7)"""
        )
        sql = """SELECT occurred_at::date::text, recorded_at > now() - interval '1 minute', xid > 7 FROM ledger_event
                  WHERE object_ref = 'eve'"""
        assert app.execute(sql).fetchone() == ("2001-01-01", True, True)
        raise psycopg.Rollback


def test_only_house_accounts_get_checkpoints(app, book):
    assert refused(app, "SELECT ledger_take_checkpoint(%s)", [book["euro"]]) == (LEDGER, "invalid_request")


@pytest.mark.parametrize(("account", "entries", "blocks"), [("bank", 1, 2), ("euro", 0, 2), ("euro", 1, 1)])
def test_only_running_accounts_get_blocks_and_only_of_a_size(app, book, account, entries, blocks):
    sql = "SELECT ledger_take_block(%s, %s, %s)"
    assert refused(app, sql, [book[account], entries, blocks]) == (LEDGER, "invalid_request")


def test_the_reader_reads_and_nothing_else(reader, book):
    assert reader.execute("SELECT count(*) > 0 FROM ledger_entry").fetchone() == (True,)
    assert refused(reader, "UPDATE ledger_balance SET balance = 1")[0] == NO_RIGHT
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        post(reader, [book["bank"], book["euro"]], ["-1", "1"])
    assert refused(reader, "SELECT ledger_account_set_status(%s, 'frozen')", [book["euro"]])[0] == NO_RIGHT


def test_after_all_of_it_the_books_are_right(kept_book):
    assert invariants.run().clean
