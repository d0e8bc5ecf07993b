"""Conditions of guards mean the same however they are spelled, and something else when they say something else."""

import pytest

from ledger.checks.guards.declared import Declared
from ledger.checks.guards.expressions import canonical, loose


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("\"state\" IN ('a', 'b')",
         "((state)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))"),
        ("\"sign\" IN (1, -1)", "(sign = ANY (ARRAY[1, '-1'::integer]))"),
        ('"floor" IS NULL OR "balance" >= ("floor" + "pending_out")',
         "((floor IS NULL) OR (balance >= (floor + pending_out)))"),
        ("NOT (\"a\" = '' OR \"b\" = '')", "(NOT (((a)::text = ''::text) OR ((b)::text = ''::text)))"),
        ("a >= 0 AND b >= 0 AND c", "((a >= (0)::numeric) AND (b >= (0)::numeric) AND c)"),
        ("a BETWEEN 1 AND 5", "((a >= 1) AND (a <= 5))"),
        ("a IS DISTINCT FROM b OR NOT c", "((a IS DISTINCT FROM b) OR (NOT c))"),
        ("CASE WHEN x IS NULL THEN NULL ELSE f(x) END <= 10",
         "(CASE WHEN (x IS NULL) THEN NULL::integer ELSE f(x) END <= 10)"),
    ],
)  # fmt: skip
def test_what_django_writes_is_what_postgresql_answers(ours: str, theirs: str) -> None:
    assert canonical(ours) == canonical(theirs)


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ("a AND (b OR c)", "a AND b OR c"),
        ("NOT (a OR b)", "NOT a OR b"),
        ("a >= 0", "(a)::integer >= 0"),
        ("a >= 0", "a > 0"),
        ("a >= b + c", "a >= b - c"),
        ("a - (b - c) > 0", "a - b - c > 0"),
        ("a IN ('x')", "a IN ('x', 'y')"),
        ("a = 'X'", "a = 'x'"),
        ("old.a IS DISTINCT FROM new.a", "old.a IS DISTINCT FROM old.a"),
        ("a IS NULL", "a IS NOT NULL"),
        ("a", "true"),
    ],
)
def test_what_says_something_else_is_something_else(ours: str, other: str) -> None:
    assert canonical(ours) != canonical(other)


def test_of_a_view_only_what_changes_nothing_is_left_out() -> None:
    ours = "SELECT e.id, trim_scale(e.amount)::text AS x FROM entry e LEFT JOIN account a ON a.id = e.account_id"
    assert loose(ours) == loose(
        "SELECT e.id, (trim_scale(e.amount))::text AS x FROM (entry e LEFT JOIN account a ON ((a.id = e.account_id)));"
    )
    assert loose(ours) != loose(ours.replace("e.amount", "a.amount"))
    assert loose(ours) != loose(ours.replace("e.amount", "(e.amount)::bigint"))
    assert loose(ours) != loose(ours + " WHERE e.id <> 7")


def test_what_migrations_make_replace_and_take_away_is_what_is_left() -> None:
    found = Declared()
    found.run("""
        -- A comment; with a semicolon.
        CREATE FUNCTION one(p_a int, p_b numeric[] DEFAULT '{}', OUT c text)
        LANGUAGE sql STABLE STRICT AS $$ SELECT ';' $$;
        CREATE OR REPLACE FUNCTION two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET x = 'y' AS $f$ $$;$$ $f$;
        CREATE TRIGGER t BEFORE UPDATE OF a, b OR DELETE ON things FOR EACH ROW WHEN (OLD.a <> 'x')
            EXECUTE FUNCTION two();
        CREATE TRIGGER gone AFTER INSERT ON things FOR EACH STATEMENT EXECUTE FUNCTION two();
        DO $$ DECLARE name text; BEGIN
            FOREACH name IN ARRAY ARRAY['p', 'q'] LOOP
                EXECUTE format('CREATE TRIGGER e BEFORE TRUNCATE ON %I
                                FOR EACH STATEMENT EXECUTE FUNCTION two()', name);
            END LOOP;
        END $$;
        CREATE FUNCTION three() RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 1';
        DROP FUNCTION three();
        DROP TRIGGER IF EXISTS gone ON things;
    """)
    one, two = found.functions["one"], found.functions["two"]
    assert one.parameters == (("i", "p_a", "integer"), ("i", "p_b", "numeric[]"), ("o", "c", "text"))
    assert (one.body, one.volatility, one.strict, one.definer) == (" SELECT ';' ", "s", True, False)
    assert (two.body, two.definer, two.settings, two.returns) == (" $$;$$ ", True, (("x", "y"),), "trigger")
    assert set(found.functions) == {"one", "two"}
    assert set(found.triggers) == {("things", "t"), ("p", "e"), ("q", "e")}
    trigger = found.triggers["things", "t"]
    assert (trigger.type, trigger.columns, trigger.condition) == (
        1 | 2 | 16 | 8, ("a", "b"), canonical("OLD.a <> 'x'"),
    )  # fmt: skip
