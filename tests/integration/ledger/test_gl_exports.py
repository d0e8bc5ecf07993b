"""A day handed to the general ledger: it balances, it counts itself, and it is the same file for ever."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from ledger import accounts, errors, gl_exports, gl_mappings, queries, rollups
from ledger.chart import KINDS
from ledger.gl_chart import DEFAULTS
from ledger.models import Event, GlExport, GlMapping
from payments.actors import Actor
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db

FINANCE = Actor(id="usr_1", person="usr_1", roles=frozenset({"finance_approver"}))
CLERK = Actor(id="usr_2", person="usr_2", roles=frozenset({"payments_ops"}))


@pytest.fixture
def book(db):
    accounts.forget()
    gl_mappings.seed()
    return books.full_book()


def today():
    return datetime.now(tz=UTC).date()


def tomorrow():
    return datetime.now(tz=UTC) + timedelta(days=1, hours=1)


def export(form="summary", day=None, actor=FINANCE, now=None):
    return gl_exports.export(day=day or today(), form=form, actor=actor, now=now or tomorrow())


def rows(made, record="line"):
    return [row for row in csv.DictReader(io.StringIO(made.content.decode(), newline="")) if row["record"] == record]


def line(**words):
    values = {"gl_code": "2999", "gl_name": "New place", "valid_from": today() + timedelta(days=2), "reason": "Audit"}
    return gl_mappings.add(**(values | words), actor=FINANCE, now=tomorrow())


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_a_day_is_read_again_when_the_mapping_changes_meanwhile(book, monkeypatch, changes):
    read, readings = gl_exports._read, []

    def while_somebody_maps(day, form):
        found = read(day, form)
        readings.append(found)
        if len(readings) <= changes:
            line(pattern="wallet", currency=["EUR", "USD", "JPY"][len(readings) - 1], valid_from=today())
        return found

    monkeypatch.setattr(gl_exports, "_read", while_somebody_maps)
    if changes == 3:
        with pytest.raises(errors.Unavailable, match="being changed"):
            export()
        assert not GlExport.objects.exists()
        assert not Event.objects.filter(type="gl.exported").exists()
        return
    made = export()
    assert len(readings) == changes + 1
    assert readings[0].content != made.content == readings[-1].content
    assert b"2999" in made.content


@pytest.mark.parametrize("form", ["summary", "detailed"])
def test_a_day_balances_per_currency_and_counts_its_own_lines(book, form):
    made = export(form)
    found = rows(made)
    totals = {row["currency"]: row for row in rows(made, "total")}
    assert set(totals) == {"EUR", "USD", "JPY", "ETH"}
    for code, total in totals.items():
        assert total["debit"] == total["credit"]
        assert Decimal(total["debit"]) == sum(Decimal(row["debit"] or 0) for row in found if row["currency"] == code)
    [end] = rows(made, "end")
    assert int(end["count"]) == len(found)
    assert made.rows == len(found) + len(totals) + 1


def test_both_forms_say_the_same_about_every_general_ledger_account(book):
    sums = {}
    for row in rows(export("detailed")):
        key = row["gl_code"], row["currency"]
        debit, credit = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = debit + Decimal(row["debit"] or 0), credit + Decimal(row["credit"] or 0)
    summary = {(row["gl_code"], row["currency"]): row for row in rows(export("summary"))}
    assert {key: (Decimal(row["debit"]), Decimal(row["credit"])) for key, row in summary.items()} == sums


def test_a_book_of_one_day_is_its_trial_balance(book):
    """Everything was recorded today, though some of it took effect earlier: the day has it all."""
    net = {(row["gl_code"], row["currency"]): Decimal(row["credit"]) - Decimal(row["debit"]) for row in rows(export())}
    wallets = rollups.roll_up(by="kind", within=rollups.Scope(kind="wallet"))
    assert {row.currency: row.balance for row in wallets} == {
        code: amount for (gl, code), amount in net.items() if gl == "2100"
    }
    assert sum(net.values()) == 0
    assert queries.trial_balance()


def test_a_file_that_would_differ_is_refused_instead_of_given_out(book):
    export()
    books.receive("9")  # the test's own clock is ahead: in truth a day that is over takes nothing more
    with pytest.raises(errors.VersionConflict) as refused:
        export()
    assert refused.value.data["exported"] != refused.value.data["now"]
    assert Event.objects.filter(type="gl.exported").count() == 1


def test_exporting_again_gives_the_same_bytes_and_says_so(book):
    first = export()
    line(pattern="wallet")
    again = export(now=tomorrow() + timedelta(days=30))
    assert (again.content, again.sha256, again.again) == (first.content, first.sha256, True)
    assert GlExport.objects.count() == 1
    assert Event.objects.filter(type="gl.exported").count() == 2, "every export is told of"


def test_no_line_of_the_mapping_may_speak_of_a_day_that_was_exported(book):
    export()
    before = GlMapping.objects.count()
    with pytest.raises(errors.PeriodClosed) as refused:
        line(pattern="wallet", valid_from=today())
    assert refused.value.param == "valid_from"
    with pytest.raises(DatabaseError, match="period_closed"), transaction.atomic():
        GlMapping.objects.create(
            pattern="wallet", gl_code="1", gl_name="x", valid_from=date(2020, 1, 1), reason="x", made_by="x"
        )
    assert GlMapping.objects.count() == before


def test_what_was_written_stays(book):
    export()
    for rows_ in (GlMapping.objects.all(), GlExport.objects.all()):
        for change in (rows_.delete, lambda rows_=rows_: rows_.update(made_by="somebody else")):
            with pytest.raises(DatabaseError, match="append_only"), transaction.atomic():
                change()


def test_accounts_without_a_place_are_named_and_nothing_is_exported(book):
    early = [
        gl_mappings.Mapped("house/fees", "income", "EUR"),
        gl_mappings.Mapped("client/cl_ada/wallet", "wallet", "EUR"),
    ]
    with pytest.raises(gl_mappings.Unmapped) as refused:
        gl_mappings.on(date(1969, 12, 31), early)
    assert refused.value.data["accounts"] == ["client/cl_ada/wallet EUR", "house/fees EUR"]
    assert "house/fees EUR" in refused.value.detail
    assert GlExport.objects.count() == 0


def test_the_closest_line_counts(book):
    day = today() + timedelta(days=3)
    line(pattern="wallet", gl_code="A")
    line(pattern="wallet", gl_code="B", currency="USD")
    line(pattern="client/cl_ben/*", gl_code="C")
    line(pattern="client/cl_ben/wallet", gl_code="D")
    line(pattern="wallet", gl_code="E", valid_from=day + timedelta(days=1))

    def place(code, currency="EUR", on=day):
        account = gl_mappings.Mapped(code, "wallet", currency)
        return gl_mappings.on(on, [account])[account].code

    assert place("client/cl_ada/wallet", on=today()) == "2100"
    assert place("client/cl_ada/wallet") == "A"
    assert place("client/cl_ada/wallet", "USD") == "B"
    assert place("client/cl_ben/wallet") == "D"
    assert place("client/cl_ada/wallet", on=day + timedelta(days=1)) == "E"


def test_every_kind_of_the_chart_has_a_first_place():
    assert set(KINDS) <= set(DEFAULTS)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"pattern": "purse"}, "pattern"),
        ({"pattern": "psp/stripe/**"}, "pattern"),
        ({"pattern": "wallet", "currency": "XXX"}, "currency"),
        ({"pattern": "wallet", "gl_code": "=1+1"}, "gl_code"),
        ({"pattern": "wallet", "gl_name": " "}, "gl_name"),
        ({"pattern": "wallet", "reason": "x"}, "reason"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_by_name(book, changes, param):
    before = GlMapping.objects.count()
    with pytest.raises(errors.InvalidRequest) as refused:
        line(**changes)
    assert refused.value.param == param
    assert GlMapping.objects.count() == before


def test_a_line_for_the_same_day_twice_is_refused(book):
    line(pattern="wallet")
    with pytest.raises(errors.DuplicateReference):
        line(pattern="wallet", gl_code="7")


def test_a_day_that_is_not_over_and_people_without_the_right_get_nothing(book):
    with pytest.raises(errors.InvalidRequest):
        export(now=datetime.now(tz=UTC))
    with pytest.raises(errors.Forbidden):
        export(actor=CLERK)
    with pytest.raises(errors.Forbidden):
        gl_mappings.add(
            pattern="wallet", gl_code="1", gl_name="x", valid_from=today(), reason="why not", actor=CLERK,
            now=tomorrow(),
        )  # fmt: skip
    assert GlExport.objects.count() == 0


def test_the_command_writes_the_same_file(book, tmp_path):
    with pytest.raises(CommandError, match="over"):
        call_command("export_gl", "--date", str(today()))
    target = tmp_path / "gl.csv"
    yesterday = str(today() - timedelta(days=1))
    call_command("export_gl", "--date", yesterday, "--output", str(target), stderr=io.StringIO())
    assert target.read_text().splitlines()[-1].startswith("end,")
    out = io.StringIO()
    call_command("export_gl", "--date", yesterday, stdout=out)
    assert out.getvalue().encode() == target.read_bytes()
