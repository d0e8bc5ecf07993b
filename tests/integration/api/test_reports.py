"""Reports, monitors and pockets as a program sees them: figures that add up, files that are files."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger import monitoring, seal_checkpoints
from ledger.models import Event
from tests.integration.api.world import World, counts, problem
from tests.integration.ledger import sealed_books

pytestmark = pytest.mark.django_db


def read_csv(response):
    assert response["Content-Type"].startswith("text/csv")
    assert response["Content-Disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


def test_the_trial_balance_balances_in_json_and_in_csv(firm: World) -> None:
    found = firm.auditor.read("/reports/trial-balance")
    for total in found["totals"]:
        assert total["debit"] == total["credit"]
        rows = [row for row in found["rows"] if row["currency"] == total["currency"]]
        assert sum(Decimal(row["debit"]) for row in rows) == Decimal(total["debit"])
    lines = read_csv(firm.auditor.get("/reports/trial-balance", format="csv"))
    assert [(row["name"], row["debit"]) for row in lines if row["record"] == "line"] == [
        (row["name"], row["debit"]) for row in found["rows"]
    ]
    assert lines[-1]["record"] == "end"
    assert int(lines[-1]["accounts"]) == len(found["rows"])


def test_before_anything_happened_there_was_nothing(firm: World) -> None:
    found = firm.auditor.read("/reports/trial-balance", at="2020-01-01T00:00:00Z", by="category")
    amounts = {row[name] for row in found["rows"] + found["totals"] for name in ("debit", "credit", "balance")}
    assert amounts <= {"0.00", "0"}
    assert found["at"] == "2020-01-01T00:00:00Z"


def test_a_roll_up_opens_into_its_parts(firm: World) -> None:
    whole = firm.auditor.read("/reports/roll-up", by="prefix", currency="EUR")
    clients = next(row for row in whole["rows"] if row["name"] == "client")
    parts = firm.auditor.read("/reports/roll-up", by="prefix", prefix="client/*", currency="EUR")
    assert sum(Decimal(row["balance"]) for row in parts["rows"]) == Decimal(clients["balance"])


@pytest.mark.parametrize(("query", "param"), [({"by": "colour"}, "by"), ({"prefix": "%"}, "prefix"), ({"x": "1"}, "x")])
def test_a_question_that_makes_no_sense_is_refused_by_name(firm: World, query: dict[str, str], param: str) -> None:
    found = problem(firm.auditor.get("/reports/roll-up", **query), 400, "invalid_request")
    assert found["param"] == param


def test_a_day_for_the_general_ledger(firm: World) -> None:
    day = str((datetime.now(tz=UTC) - timedelta(days=1)).date())
    first = firm.auditor.get("/reports/gl", date=day, format="csv")
    assert read_csv(first)[-1]["record"] == "end"
    assert firm.auditor.get("/reports/gl", date=day, format="csv").content == first.content
    told = firm.auditor.read("/reports/gl", date=day)
    assert (told["again"], told["content"]) == (True, first.content.decode())
    assert problem(firm.auditor.get("/reports/gl"), 400, "invalid_request")["param"] == "date"
    today = str(datetime.now(tz=UTC).date())
    assert problem(firm.auditor.get("/reports/gl", date=today), 400, "invalid_request")["param"] == "date"


def test_a_monitor_from_set_up_to_retirement(firm: World) -> None:
    body = {"name": "Ada", "account": firm.wallet(), "currency": "EUR", "way": "below", "threshold": "-100.00"}
    made = firm.finance.made("/balance-monitors", body)
    assert (made["state"], made["clear_at"]) == ("calm", "-100.00")
    path = f"/balance-monitors/{made['id']}"
    changed = firm.finance.made(f"{path}/change", {"version": 1, "threshold": "2000.00"})
    assert (changed["state"], changed["version"], changed["times_triggered"]) == ("triggered", 2, 1)
    assert Event.objects.filter(type="monitor.triggered", object_ref=made["id"]).count() == 1
    problem(firm.finance.post(f"{path}/change", {"version": 1, "threshold": "1"}), 409, "version_conflict")
    assert firm.finance.made(f"{path}/retire", {"version": 2})["state"] == "retired"
    problem(firm.finance.post(f"{path}/retire", {"version": 3}), 409, "invalid_transition")
    assert monitoring.evaluate_due(now=datetime.now(tz=UTC)) == 0


def test_a_monitor_watches_one_account_or_one_group(firm: World) -> None:
    body = {"name": "x", "currency": "EUR", "way": "below", "threshold": "-1.00"}
    problem(firm.finance.post("/balance-monitors", body), 400, "invalid_request")
    both = body | {"account": firm.wallet(), "kind": "wallet"}
    assert problem(firm.finance.post("/balance-monitors", both), 400, "invalid_request")["param"] == "account"


def test_a_client_keeps_money_apart_and_the_total_stays(firm: World) -> None:
    body = {"client": firm.client.public_id, "from": "wallet", "to": "pocket:savings", "amount": "250.00"}
    made = firm.ops.made("/transfers", body | {"currency": "EUR"})
    assert (made["state"], made["from"], made["to"]) == ("confirmed", "wallet", "pocket:savings")
    euro = firm.auditor.read(f"/clients/{firm.client.public_id}/balances")["currencies"][0]
    assert (euro["total"], euro["available"], euro["in_pockets"]) == ("1000.00", "750.00", "250.00")
    assert euro["pockets"] == [{"name": "savings", "balance": "250.00", "available": "250.00"}]
    for ends, param in ((("pocket:", "wallet"), "from"), (("pocket:a", "mt5:1"), "to"), (("wallet", "wallet"), "to")):
        refused = firm.ops.post("/transfers", body | {"currency": "EUR", "from": ends[0], "to": ends[1]})
        assert problem(refused, 400, "invalid_request")["param"] == param
    held = {
        "account": firm.client.account_code("pocket", "savings"), "amount": "50.00", "currency": "EUR",
        "kind": "manual", "reason": "Looked at",
    }  # fmt: skip
    firm.compliance.made("/holds", held)
    euro = firm.auditor.read(f"/clients/{firm.client.public_id}/balances")["currencies"][0]
    assert (euro["total"], euro["held"], euro["in_pockets"]) == ("1000.00", "50.00", "200.00")


def test_the_mapping_says_where_an_account_goes_from_a_day_on(firm: World) -> None:
    day = str((datetime.now(tz=UTC) - timedelta(days=1)).date())
    told = firm.auditor.read("/reports/gl", date=day)
    (listed,) = firm.auditor.read("/gl-exports", **{"date[gte]": day})["data"]
    assert (listed["date"], listed["form"], listed["sha256"]) == (day, "summary", told["sha256"])
    tomorrow = str((datetime.now(tz=UTC) + timedelta(days=1)).date())
    line = {"pattern": "wallet", "gl_code": "9999", "gl_name": "Owed", "valid_from": tomorrow, "reason": "New chart"}
    made = firm.finance.made("/gl-mappings", line)
    assert (made["pattern"], made["currency"], made["gl_code"], made["valid_from"]) == ("wallet", "", "9999", tomorrow)
    assert firm.auditor.read(f"/gl-mappings/{made['id']}") == made
    assert firm.auditor.read("/gl-mappings", gl_code="9999")["data"] == [made]
    assert Event.objects.filter(type="gl_mapping.added", object_ref=made["id"]).count() == 1
    before = counts()
    problem(firm.finance.post("/gl-mappings", line), 422, "duplicate_reference", "valid_from")
    problem(firm.finance.post("/gl-mappings", line | {"valid_from": day}), 422, "period_closed", "valid_from")
    problem(firm.finance.post("/gl-mappings", line | {"pattern": "purse"}), 400, "invalid_request", "pattern")
    problem(firm.finance.post("/gl-mappings", line | {"gl_code": "=1+1"}), 400, "invalid_request", "gl_code")
    assert counts() == before


@pytest.mark.django_db(transaction=True)
def test_a_signed_checkpoint_is_the_text_of_its_copies(committed_world: World) -> None:
    sealed_books.seal_all()
    made = seal_checkpoints.sign_head(now=datetime.now(UTC))
    assert made is not None
    (shown,) = committed_world.auditor.read("/seal-checkpoints")["data"]
    assert (shown["serial"], shown["number"], shown["key"]) == (made.serial, made.number, made.key)
    assert shown["note"] == seal_checkpoints.text_of(made)
    assert committed_world.auditor.read("/seal-checkpoints", key="0" * 16)["data"] == []
