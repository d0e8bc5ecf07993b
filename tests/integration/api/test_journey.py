"""The story of some money through REST alone: what a program that integrates us would do."""

from decimal import Decimal

from django.utils import timezone

from ledger.models import Event
from payments.models import Withdrawal
from payments.services import opening_imports
from tests.factories import books, cutover, people
from tests.integration.api import sample_openings
from tests.integration.api.world import Api, World, counts, key, problem


def test_a_client_a_payee_and_a_withdrawal_that_two_programs_decide(world: World) -> None:
    client = world.ops.made(
        "/clients",
        {
            "name": "Grace Hopper", "email": "grace@example.test", "country": "DE", "class": "retail",
            "external_id": "crm-17",
        },
    )  # fmt: skip
    assert (client["kyc_level"], client["class"], client["external_id"]) == ("none", "retail", "crm-17")
    payee = world.ops.made(
        f"/clients/{client['id']}/payment-methods",
        {"holder_name": "Grace Hopper", "iban": "DE89370400440532013000"},
    )
    assert payee["name_matches"] is True
    alone = {
        "reason": "OPENING_BALANCE",
        "entries": [
            {"account": "house/opening", "direction": "debit", "amount": "250.00", "currency": "EUR"},
            {"account": f"client/{client['id']}/wallet", "direction": "credit", "amount": "250.00", "currency": "EUR"},
        ],
    }
    before = counts()
    problem(world.ops.post("/transactions", alone), 422, "policy_refused", "reason")
    problem(
        world.ops.post("/transactions/batch", {"transactions": [alone]}),
        422,
        "policy_refused",
        "transactions[0].reason",
    )
    assert counts() == before
    row = ("crm-17", "", "", "", "wallet", "", "EUR", "250.00", cutover.DAY)
    brought = sample_openings.prepared(world, [row])
    world.finance.made(f"/opening-imports/{brought['id']}/approve", {"content_hash": brought["content_hash"]})
    opening_imports.apply(import_id=sample_openings.row_of(brought).pk, now=timezone.now())
    wallet = world.auditor.read(f"/accounts/client/{client['id']}/wallet/balance", currency="EUR")
    assert wallet["posted"] == "250.00"
    asked = {"client": client["id"], "amount": "100.00", "currency": "EUR", "payment_method": payee["id"]}
    problem(world.ops.post("/withdrawals", asked), 422, "policy_refused")
    world.compliance.made(f"/clients/{client['id']}/kyc", {"kyc_level": "approved"})
    withdrawal = world.ops.made("/withdrawals", asked)
    assert (withdrawal["state"], withdrawal["net"]) == ("requested", "100.00")
    seen = world.finance.read(f"/withdrawals/{withdrawal['id']}")
    approved = world.finance.made(f"/withdrawals/{withdrawal['id']}/approve", {"content_hash": seen["content_hash"]})
    assert approved["state"] == "approved"
    balances = world.auditor.read(f"/clients/{client['id']}/balances")
    assert [(c["available"], c["held"], c["total"]) for c in balances["currencies"]] == [("150.00", "100.00", "250.00")]
    assert balances["holds"][0]["movement"] == withdrawal["id"]
    lines = world.auditor.read(f"/clients/{client['id']}/timeline")["data"]
    assert [line["kind"] for line in lines][:1] == ["withdrawal"]
    event = Event.objects.get(type="withdrawal.requested", object_ref=withdrawal["id"])
    assert (event.on_behalf_of, event.actor) == (client["id"], withdrawal["made_by"])
    assert event.ip == "127.0.0.1"
    assert event.request_id


def test_the_maker_cannot_approve_through_his_key(world: World) -> None:
    person = people.user("finance_approver")
    withdrawal = world.withdrawal()
    own = Api(key("finance_approver", owner=person))
    Withdrawal.objects.update(maker=person.public_id)
    seen = own.read(f"/withdrawals/{withdrawal['id']}")
    refused = own.post(f"/withdrawals/{withdrawal['id']}/approve", {"content_hash": seen["content_hash"]})
    problem(refused, 403, "self_approval")
    assert books.held(world.client) == Decimal(100)
    assert Withdrawal.objects.get().state == "requested"
