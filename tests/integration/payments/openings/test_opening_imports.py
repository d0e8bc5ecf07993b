"""Opening balances: two people, one outcome, and nothing of it when anything is wrong."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from ledger import accounts, errors, ids, invariants, rollups
from ledger.models import Account, Entry, Event, Transaction
from payments import dispatch
from payments.actors import Actor
from payments.models import Client, OpeningImport, OutboxMessage, TradingAccount
from payments.services import clients, opening_imports, opening_plans, opening_reports
from tests.factories import books, cutover, people

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def prepare(actor, rows=cutover.EVERYTHING, **words):
    given = {"name": "old.csv", "reference": "cut-over", "content": cutover.balances(rows)} | words
    given.setdefault("control", cutover.control(rows))
    return opening_imports.prepare(**given, actor=actor, now=NOW)[0]


def approve(opening, actor):
    return opening_imports.approve(import_id=opening.pk, content_hash=opening.content_hash, actor=actor, now=NOW)


def apply(opening):
    return opening_imports.apply(import_id=opening.pk, now=NOW)


def carried_out(clerk, approver, rows=cutover.EVERYTHING, **words):
    opening = prepare(clerk, rows, **words)
    approve(opening, approver)
    return apply(opening)


def everything():
    models = (Client, TradingAccount, Account, Transaction, Entry, OutboxMessage, Event, OpeningImport)
    return {model.__name__: model.objects.count() for model in models}


def test_a_whole_cut_over(clerk, approver):
    opening = carried_out(clerk, approver)
    assert (opening.state, opening.error) == ("applied", "")
    ada, ben = Client.objects.get(external_id="c1"), Client.objects.get(external_id="c2")
    assert (ada.name, ada.email, ada.country, ada.kyc_level) == ("Ada Lund", "ada@example.test", "SE", "none")
    assert books.balance(ada.account_code("wallet")) == Decimal("1000.50")
    assert books.balance(ada.account_code("pocket", "savings")) == Decimal("200")
    assert books.balance(ada.account_code("trading", "mt5", "70001"), "USD") == Decimal("-12.25")
    assert books.balance(ada.account_code("bonus", "mt5", "70001"), "USD") == Decimal("50")
    assert books.balance(ben.account_code("wallet"), "JPY") == Decimal("70000")
    assert books.balance(ben.account_code("debt")) == Decimal("30")
    assert books.balance("bank/sepa/client-money") == Decimal("1170.50")
    assert books.balance("psp/stripe/clearing", "USD") == Decimal("-37.75")
    assert books.balance("psp/sepa/payout") == Decimal("5")
    assert TradingAccount.objects.get().reference == "mt5:70001"
    assert Transaction.objects.filter(reason="OPENING_BALANCE").count() == 9, "an empty account moves nothing"
    assert Account.objects.filter(code=ben.account_code("wallet"), currency="EUR").exists()
    day = Transaction.objects.filter(source_kind="wallet").values_list("effective_at", flat=True)
    assert {moment.date().isoformat() for moment in day} == {cutover.DAY}
    for total in rollups.totals(rollups.roll_up(by="account")):
        assert total.debit == total.credit
    assert invariants.run().clean


def test_a_dry_run_has_the_exact_figures_and_writes_nothing(clerk):
    before = everything()
    plan = opening_imports.rehearse(content=cutover.balances(), control=cutover.control(), now=NOW)
    assert everything() == before
    assert prepare(clerk).figures == plan.figures()
    assert plan.figures()["transactions"] == 9
    assert (plan.figures()["clients_new"], plan.figures()["trading_accounts_new"]) == (2, 1)


def test_control_totals_that_do_not_agree_are_refused_with_every_difference(clerk):
    before = everything()
    with pytest.raises(opening_plans.Refused) as refused:
        prepare(clerk, control=cutover.control(cutover.EVERYTHING[1:-1]))
    assert len(refused.value.errors) == 2
    assert everything() == before


def test_all_errors_come_at_once_with_their_lines(clerk):
    rows = [
        cutover.EVERYTHING[0],
        ("nobody", "", "", "", "wallet", "", "EUR", "5.00", cutover.DAY),
        ("c3", "Cid", "not an address", "DE", "wallet", "", "EUR", "5.00", cutover.DAY),
        ("c1", "", "", "", "trading", "mt9:1", "EUR", "5.00", cutover.DAY),
    ]
    before = everything()
    with pytest.raises(opening_plans.Refused) as refused:
        prepare(clerk, rows)
    assert [error.line for error in refused.value.errors] == [3, 4, 5]
    assert refused.value.data["errors"][0]["detail"].startswith("unknown client")
    assert everything() == before


def test_what_fits_no_client_goes_to_suspense_with_a_case(clerk, approver):
    known = clients.create(name="Dot", email="dot@example.test", country="FR", external_id="c4", actor=clerk, now=NOW)
    other = clients.create(name="Eve", email="eve@example.test", country="FR", external_id="c5", actor=clerk, now=NOW)
    TradingAccount.objects.create(client=other, platform="mt5", login="9", currency="EUR")
    rows = [
        *cutover.EVERYTHING,
        ("nobody", "", "", "", "wallet", "", "EUR", "5.00", cutover.DAY),
        ("c4", "Dorothy", "dot@example.test", "FR", "wallet", "", "EUR", "7.00", cutover.DAY),
        ("c4", "", "", "", "trading", "mt5:9", "EUR", "11.00", cutover.DAY),
        ("nobody", "", "", "", "debt", "", "EUR", "2.00", cutover.DAY),
    ]  # fmt: skip
    with pytest.raises(opening_plans.Refused) as refused:
        prepare(clerk, rows)
    assert [error.line for error in refused.value.errors] == [12, 13, 14, 15]
    opening = carried_out(clerk, approver, rows, suspense=True)
    assert opening.state == "applied", opening.error
    assert books.balance("house/suspense") == Decimal("21"), "5 + 7 + 11 owed to somebody, 2 owed by somebody"
    assert books.balance(known.account_code("wallet")) == 0
    assert [row["line"] for row in opening.figures["suspense"]] == [12, 13, 14, 15]
    cases = OutboxMessage.objects.filter(topic=dispatch.EXCEPTION_TOPIC)
    assert {case.payload["category"] for case in cases} == {"opening_unplaced"}
    assert cases.count() == 4
    report = json.loads(opening.report)
    assert {row["why"] for row in report["suspense"]} == {
        "unknown client, and the file does not say who it is",
        "this client is known with another name, e-mail or country",
        "the login belongs to another client",
    }
    assert all(row["transaction"] for row in report["suspense"])
    assert invariants.run().clean


def test_a_login_in_another_currency_does_not_fit(clerk):
    client = clients.create(name="Dot", email="dot@example.test", country="FR", external_id="c4", actor=clerk, now=NOW)
    TradingAccount.objects.create(client=client, platform="mt5", login="9", currency="EUR")
    with pytest.raises(opening_plans.Refused, match="kept in EUR"):
        prepare(clerk, [("c4", "", "", "", "trading", "mt5:9", "USD", "1.00", cutover.DAY)])


def test_an_account_that_takes_nothing_is_found_before_anybody_approves(clerk, approver):
    dot = clients.create(name="Dot", email="dot@example.test", country="FR", external_id="c4", actor=clerk, now=NOW)
    TradingAccount.objects.create(client=dot, platform="mt5", login="9", currency="EUR")
    for path, status in ((("trading", "mt5", "9"), "frozen"), (("wallet",), "frozen"), (("debt",), "closed")):
        account = accounts.open_account(code=dot.account_code(*path), currency="EUR")
        accounts.set_status(account_id=account.id, status=status)
    rows = [
        ("c4", "", "", "", "wallet", "", "EUR", "5.00", cutover.DAY),
        ("c4", "", "", "", "trading", "mt5:9", "EUR", "-1.00", cutover.DAY),
        ("c4", "", "", "", "debt", "", "EUR", "2.00", cutover.DAY),
    ]
    before = everything()
    with pytest.raises(opening_plans.Refused) as refused:
        prepare(clerk, rows)
    assert [(error.line, error.words[:22]) for error in refused.value.errors] == [
        (3, "this account is frozen"), (4, "this account is closed"),
    ]  # fmt: skip
    assert everything() == before
    assert carried_out(clerk, approver, rows[:1]).state == "applied", "a frozen wallet may be given money"


def test_the_same_file_again_is_the_import_that_is_there(clerk, approver):
    first = carried_out(clerk, approver)
    before = everything()
    again, replayed = opening_imports.prepare(
        content=cutover.balances(), control=cutover.control(), name="old.csv", reference="cut-over", actor=clerk,
        now=NOW,
    )  # fmt: skip
    assert (again.pk, replayed) == (first.pk, True)
    assert apply(again).state == "applied"
    assert everything() == before


def test_a_changed_file_under_the_same_reference_is_refused(clerk):
    prepare(clerk)
    before = everything()
    for words in ({"rows": cutover.EVERYTHING[:-1]}, {"suspense": True}):
        with pytest.raises(errors.DuplicateReference) as refused:
            prepare(clerk, **words)
        assert refused.value.param == "reference"
    assert everything() == before


def test_an_account_has_one_opening_balance_whatever_the_import_is_called(clerk, approver):
    carried_out(clerk, approver)
    before = everything()
    with pytest.raises(opening_plans.Refused, match="has its opening balance already"):
        prepare(clerk, cutover.EVERYTHING[:1], reference="second")
    assert everything() == before


def test_nobody_approves_what_he_prepared_and_only_what_he_saw(clerk, approver):
    opening = prepare(clerk)
    before = everything()
    with pytest.raises(errors.Forbidden):
        approve(opening, clerk)
    acting = Actor(id=clerk.id, person=clerk.person, roles=frozenset({"finance_approver"}))
    with pytest.raises(errors.SelfApproval):
        approve(opening, acting)
    with pytest.raises(errors.VersionConflict):
        opening_imports.approve(import_id=opening.pk, content_hash="0" * 32, actor=approver, now=NOW)
    with pytest.raises(errors.InvalidTransition):
        apply(opening)
    assert everything() == before
    assert OpeningImport.objects.get().state == "awaiting_second_person"


def test_a_rejected_import_frees_its_reference(clerk, approver):
    opening = prepare(clerk)
    opening_imports.reject(
        import_id=opening.pk, content_hash=opening.content_hash, reason_code="other", note="Not yet", actor=approver,
        now=NOW,
    )  # fmt: skip
    with pytest.raises(errors.InvalidTransition):
        approve(OpeningImport.objects.get(pk=opening.pk), approver)
    assert prepare(clerk, cutover.EVERYTHING[:-1]).pk != opening.pk
    assert not Transaction.objects.exists()


def test_books_that_changed_after_the_approval_undo_it_all(clerk, approver):
    opening = prepare(clerk)
    approve(opening, approver)
    clients.create(name="Another", email="x@example.test", country="DE", external_id="c1", actor=clerk, now=NOW)
    failed = apply(opening)
    assert failed.state == "failed"
    assert not Transaction.objects.exists()
    assert not Client.objects.filter(external_id="c2").exists()
    with pytest.raises(errors.InvalidTransition):
        opening_reports.as_json(failed)


def test_an_approved_import_is_promised_to_a_worker(clerk, approver):
    approve(prepare(clerk), approver)
    message = OutboxMessage.objects.get(topic=opening_imports.TOPIC)
    assert opening_imports.TOPIC in dispatch.topics()
    opening_imports.apply_from_outbox(payload=message.payload, now=NOW)
    assert OpeningImport.objects.get().state == "applied"


def test_the_database_keeps_what_was_seen(clerk):
    opening = prepare(clerk)
    row = OpeningImport.objects.filter(pk=opening.pk)
    for change in ({"figures": {}}, {"content": b""}, {"reference": "other"}, {"state": "applied"}, {"state": "gone"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_the_number_of_statements_does_not_grow_with_the_rows(clerk, approver, django_assert_max_num_queries):
    """What makes ten thousand rows a matter of seconds."""
    with django_assert_max_num_queries(60):
        opening = carried_out(clerk, approver, cutover.many(2500))
    assert opening.state == "applied", opening.error
    assert Transaction.objects.count() == 2500


def test_the_command_with_four_eyes(clerk, tmp_path):
    balances, control = tmp_path / "old.csv", tmp_path / "control.csv"
    balances.write_bytes(cutover.balances())
    control.write_bytes(cutover.control())
    people.user("payments_ops", email="maker@example.test")
    people.user("finance_approver", email="checker@example.test")

    def run(*options):
        out = io.StringIO()
        files = [str(balances), "--control", str(control)]
        call_command("import_opening_balances", *files, *options, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    assert "Dry run" in run("--dry-run")
    assert not OpeningImport.objects.exists()
    with pytest.raises(CommandError, match="--by"):
        run()
    assert "awaiting_second_person" in run("--by", "maker@example.test")
    with pytest.raises(CommandError):
        run("--approve", "--by", "maker@example.test")
    assert "Cut-over report old" in run("--approve", "--by", "checker@example.test")
    assert "Known already" in run("--by", "maker@example.test")
    assert ids.encode("opn", OpeningImport.objects.get().pk) in run("--by", "maker@example.test")
    balances.write_bytes(cutover.balances(cutover.EVERYTHING[:-1]))
    with pytest.raises(CommandError, match="other files"):
        run("--by", "maker@example.test")
