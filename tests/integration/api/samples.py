"""One request for every route and method of the API that a caller with the right role sees succeed.

The sweeps (roles, owners, absurd input) walk this table; a test fails when a route is missing from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ledger import accounts
from payments.actors import Actor
from payments.models import Deposit, TradingAccount, Withdrawal
from reconciliation.services import exceptions
from tests.integration.api.world import World

SYSTEM = Actor.system("test")


@dataclass(frozen=True)
class Sample:
    """`prepare` makes what the request needs and returns its path and body. `owner`: the client may read it too."""

    method: str
    route: str
    role: str
    prepare: Callable[[World], tuple[str, Any]]

    def __str__(self) -> str:
        return f"{self.method} {self.route}"


SAMPLES: list[Sample] = []


def sample(method: str, route: str, role: str) -> Callable[[Callable[[World], Any]], Callable[[World], Any]]:
    def register(prepare: Callable[[World], Any]) -> Callable[[World], Any]:
        SAMPLES.append(Sample(method, route, role, prepare))
        return prepare

    return register


# --- what requests need -----------------------------------------------------------------------------------------------


def trading_account(world: World, *, currency: str = "EUR") -> TradingAccount:
    account, _ = TradingAccount.objects.get_or_create(
        client=world.client, platform="mt5", login="990001", currency=currency
    )
    accounts.open_account(code=world.client.account_code("trading", "mt5", "990001"), currency=currency)
    return account


def deposit(world: World, *, captured: str = "0") -> Deposit:
    row = Deposit(
        client=world.client, amount="50.00", currency="EUR", rail="card", connector="stripe", made_by="usr_x",
        provider_reference=f"pi_{Deposit.objects.count()}", captured=captured,
        state="captured" if captured != "0" else "initiated", return_url="https://portal.example/back",
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def withdrawal(world: World, state: str = "requested") -> Withdrawal:
    made = Withdrawal.objects.get(pk=Withdrawal.key(world.withdrawal("40.00")["id"]))
    steps: dict[str, tuple[str, ...]] = {"needs_information": ("send_back",), "failed": ("approve", "instruct", "fail")}
    for step in steps.get(state, ()):
        getattr(made, step)()
        made.save()
    return made


def decision(row: Any, **more: str) -> dict[str, str]:
    return {"content_hash": row.content_hash, **more}


def case(world: World, *, resolved: bool = False) -> str:
    made = exceptions.raise_case(
        category="client_debt",
        key=f"case {timezone.now().timestamp()}",
        title="A case",
        facts={"iban": "DE89370400440532013000"},
        client=world.client,
        now=timezone.now(),
    )
    if resolved:
        exceptions.resolve(case_id=made.pk, outcome="repaid", note="It is.", actor=SYSTEM, now=timezone.now())
    return made.public_id


def adjustment_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id, "debit_account": "house/adjustments", "credit_account": world.wallet(),
        "amount": "5.00", "currency": "EUR", "reason": "Goodwill", "evidence": "ticket 17",
    }  # fmt: skip


def adjustment(world: World) -> Any:
    from payments.models import Adjustment

    return Adjustment.objects.get(pk=Adjustment.key(world.ops.made("/adjustments", adjustment_body(world))["id"]))


def hold_body(world: World) -> dict[str, Any]:
    return {
        "account": world.wallet(), "amount": "20.00", "currency": "EUR", "kind": "aml_review", "reason": "Unusual",
    }  # fmt: skip


def hold(world: World) -> str:
    return str(world.compliance.made("/holds", hold_body(world))["id"])


def posted(world: World, **more: Any) -> str:
    return str(world.ops.made("/transactions", world.transfer_between(**more))["id"])


# --- clients ----------------------------------------------------------------------------------------------------------


@sample("GET", "clients", "support")
def _(world: World) -> Any:
    return "/clients", {"limit": "5"}


@sample("POST", "clients", "payments_ops")
def _(world: World) -> Any:
    return "/clients", {
        "name": "Grace", "email": "grace@example.test", "country": "GB", "external_id": "crm-17",
        "timezone": "Europe/London", "class": "professional",
    }  # fmt: skip


@sample("GET", "clients/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}", {}


@sample("POST", "clients/<str:reference>/kyc", "compliance")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}/kyc", {"kyc_level": "enhanced"}


@sample("GET", "clients/<str:reference>/payment-methods", "support")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}/payment-methods", {}


@sample("POST", "clients/<str:reference>/payment-methods", "payments_ops")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}/payment-methods", {
        "rail": "sepa", "holder_name": "Ada Client", "iban": "FR1420041010050500013M02606", "currency": "EUR",
    }  # fmt: skip


@sample("GET", "clients/<str:reference>/trading-accounts", "support")
def _(world: World) -> Any:
    trading_account(world)
    return f"/clients/{world.client.public_id}/trading-accounts", {}


@sample("POST", "clients/<str:reference>/trading-accounts", "payments_ops")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}/trading-accounts", {"platform": "mt5", "currency": "USD"}


@sample("GET", "clients/<str:reference>/balances", "support")
def _(world: World) -> Any:
    hold(world)
    return f"/clients/{world.client.public_id}/balances", {}


@sample("GET", "clients/<str:reference>/timeline", "support")
def _(world: World) -> Any:
    world.withdrawal()
    return f"/clients/{world.client.public_id}/timeline", {"kind": "withdrawal"}


# --- deposits, withdrawals, transfers, adjustments --------------------------------------------------------------------


@sample("GET", "deposits", "support")
def _(world: World) -> Any:
    deposit(world)
    return "/deposits", {"client": world.client.public_id}


@sample("POST", "deposits", "payments_ops")
def _(world: World) -> Any:
    return "/deposits", {
        "client": world.client.public_id, "amount": "75.00", "currency": "EUR", "rail": "card",
        "return_url": "https://portal.example/back",
    }  # fmt: skip


@sample("GET", "deposits/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/deposits/{deposit(world).public_id}", {}


@sample("POST", "deposits/<str:reference>/refund", "finance_approver")
def _(world: World) -> Any:
    made = deposit(world, captured="50.00")
    return f"/deposits/{made.public_id}/refund", {"amount": "10.00", "currency": "EUR", "reason": "Asked for it"}


@sample("GET", "withdrawals", "support")
def _(world: World) -> Any:
    world.withdrawal()
    return "/withdrawals", {"state": "requested"}


@sample("POST", "withdrawals", "payments_ops")
def _(world: World) -> Any:
    return "/withdrawals", world.withdrawal_body()


@sample("GET", "withdrawals/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/withdrawals/{withdrawal(world).public_id}", {}


@sample("POST", "withdrawals/<str:reference>/approve", "finance_approver")
def _(world: World) -> Any:
    made = withdrawal(world)
    return f"/withdrawals/{made.public_id}/approve", decision(made, note="Looks right")


@sample("POST", "withdrawals/<str:reference>/reject", "finance_approver")
def _(world: World) -> Any:
    made = withdrawal(world)
    body = decision(made, reason_code="client_asked", note="By phone", client_message="As you wished.")
    return f"/withdrawals/{made.public_id}/reject", body


@sample("POST", "withdrawals/<str:reference>/send-back", "finance_approver")
def _(world: World) -> Any:
    made = withdrawal(world)
    return f"/withdrawals/{made.public_id}/send-back", decision(made, reason_code="documents_needed", note="Passport")


@sample("POST", "withdrawals/<str:reference>/cancel", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{withdrawal(world).public_id}/cancel", {}


@sample("POST", "withdrawals/<str:reference>/resubmit", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{withdrawal(world, 'needs_information').public_id}/resubmit", {}


@sample("POST", "withdrawals/<str:reference>/retry", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{withdrawal(world, 'failed').public_id}/retry", {}


@sample("POST", "withdrawals/<str:reference>/abandon", "payments_ops")
def _(world: World) -> Any:
    path = f"/withdrawals/{withdrawal(world, 'failed').public_id}/abandon"
    return path, {"reason_code": "account_closed", "note": "The bank says so"}


def transfer_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id,
        "from": "wallet",
        "to": "mt5:990001",
        "amount": "60.00",
        "currency": "EUR",
    }


def transfer(world: World) -> str:
    trading_account(world)
    return str(world.ops.made("/transfers", transfer_body(world))["id"])


@sample("GET", "transfers", "support")
def _(world: World) -> Any:
    transfer(world)
    return "/transfers", {"currency": "EUR"}


@sample("POST", "transfers", "payments_ops")
def _(world: World) -> Any:
    trading_account(world)
    return "/transfers", transfer_body(world)


@sample("GET", "transfers/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/transfers/{transfer(world)}", {}


@sample("GET", "adjustments", "auditor")
def _(world: World) -> Any:
    adjustment(world)
    return "/adjustments", {"state": "awaiting_second_person"}


@sample("POST", "adjustments", "payments_ops")
def _(world: World) -> Any:
    return "/adjustments", adjustment_body(world) | {"reason_code": "MANUAL_ADJUSTMENT"}


@sample("GET", "adjustments/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/adjustments/{adjustment(world).public_id}", {}


@sample("POST", "adjustments/<str:reference>/approve", "finance_approver")
def _(world: World) -> Any:
    made = adjustment(world)
    return f"/adjustments/{made.public_id}/approve", decision(made, note="Checked")


@sample("POST", "adjustments/<str:reference>/reject", "finance_approver")
def _(world: World) -> Any:
    made = adjustment(world)
    return f"/adjustments/{made.public_id}/reject", decision(made, reason_code="other", note="No")


@sample("GET", "operations/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/operations/{withdrawal(world).public_id}", {}


# --- the ledger -------------------------------------------------------------------------------------------------------


@sample("GET", "accounts", "auditor")
def _(world: World) -> Any:
    return "/accounts", {"owner": world.client.public_id}


@sample("POST", "accounts", "payments_ops")
def _(world: World) -> Any:
    return "/accounts", {"code": "house/fees", "currency": "CHF"}


@sample("GET", "accounts/<path:reference>", "auditor")
def _(world: World) -> Any:
    return f"/accounts/{world.wallet()}", {"currency": "EUR"}


@sample("GET", "accounts/<path:reference>/entries", "auditor")
def _(world: World) -> Any:
    return f"/accounts/{world.wallet()}/entries", {"currency": "EUR"}


@sample("GET", "accounts/<path:reference>/balance", "auditor")
def _(world: World) -> Any:
    return f"/accounts/{world.wallet()}/balance", {"currency": "EUR"}


@sample("GET", "transactions", "auditor")
def _(world: World) -> Any:
    posted(world)
    return "/transactions", {"reason": "CLIENT_INTERNAL_TRANSFER"}


@sample("POST", "transactions", "payments_ops")
def _(world: World) -> Any:
    return "/transactions", world.transfer_between(
        effective_at="2026-11-20T10:00:00Z",
        source={"system": "crm", "kind": "gift", "id": "17"},
        description="A gift",
        metadata={"ticket": "17"},
        pending=False,
        dry_run=False,
    )


@sample("POST", "transactions/batch", "payments_ops")
def _(world: World) -> Any:
    return "/transactions/batch", {"transactions": [world.transfer_between(), world.transfer_between("2.00")]}


@sample("GET", "transactions/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/transactions/{posted(world)}", {}


@sample("POST", "transactions/<str:reference>/post", "payments_ops")
def _(world: World) -> Any:
    return f"/transactions/{posted(world, pending=True)}/post", {"amount": "4.00", "currency": "EUR"}


@sample("POST", "transactions/<str:reference>/void", "payments_ops")
def _(world: World) -> Any:
    return f"/transactions/{posted(world, pending=True)}/void", {"reason": "Not wanted"}


@sample("POST", "transactions/<str:reference>/reverse", "finance_approver")
def _(world: World) -> Any:
    return f"/transactions/{posted(world)}/reverse", {"reason": "It was an error"}


@sample("GET", "holds", "support")
def _(world: World) -> Any:
    hold(world)
    return "/holds", {"state": "active"}


@sample("POST", "holds", "compliance")
def _(world: World) -> Any:
    return "/holds", hold_body(world) | {"expires_at": "2099-01-01T00:00:00Z"}


@sample("GET", "holds/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/holds/{hold(world)}", {}


@sample("POST", "holds/<str:reference>/capture", "finance_approver")
def _(world: World) -> Any:
    body = {"to": "house/adjustments", "amount": "5.00", "currency": "EUR", "reason": "Court order"}
    made = world.ops.made("/holds", hold_body(world))  # whoever captures is another person
    return f"/holds/{made['id']}/capture", body


@sample("POST", "holds/<str:reference>/release", "compliance")
def _(world: World) -> Any:
    return f"/holds/{hold(world)}/release", {"reason": "All is well"}


@sample("GET", "events", "auditor")
def _(world: World) -> Any:
    return "/events", {"order": "asc"}


# --- exceptions and statements ----------------------------------------------------------------------------------------


@sample("GET", "exceptions", "support")
def _(world: World) -> Any:
    case(world)
    return "/exceptions", {"state": "new"}


@sample("GET", "exceptions/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/exceptions/{case(world)}", {}


@sample("POST", "exceptions/<str:reference>/take", "support")
def _(world: World) -> Any:
    return f"/exceptions/{case(world)}/take", {}


@sample("POST", "exceptions/<str:reference>/note", "support")
def _(world: World) -> Any:
    return f"/exceptions/{case(world)}/note", {"text": "Called the client"}


@sample("POST", "exceptions/<str:reference>/resolve", "compliance")
def _(world: World) -> Any:
    return f"/exceptions/{case(world)}/resolve", {"outcome": "repaid", "note": "Paid yesterday"}


@sample("POST", "exceptions/<str:reference>/reopen", "compliance")
def _(world: World) -> Any:
    return f"/exceptions/{case(world, resolved=True)}/reopen", {"note": "The payment came back"}


@sample("GET", "statements", "auditor")
def _(world: World) -> Any:
    return "/statements", {"currency": "EUR"}


@sample("POST", "statements", "payments_ops")
def _(world: World) -> Any:
    return "/statements", {"account": "bank/sepa/client-money", "name": "day.sta", "dry_run": "false", "file": mt940()}


@sample("GET", "statements/<str:reference>", "auditor")
def _(world: World) -> Any:
    from reconciliation.services import statements

    done = statements.import_file(
        content=mt940(), name="day.sta", account_code="bank/sepa/client-money", actor=SYSTEM, now=timezone.now()
    )
    return f"/statements/{done.statements[0]}", {}


def mt940(*, number: int = 1) -> bytes:
    """A day's statement of our client-money account with one receipt."""
    return (
        "{1:F01COBADEFFXXXX0000000000}{2:I940COBADEFFXXXXN}{4:\n"
        f":20:STMT-API-{number}\n"
        f":25:{settings.BANK['sepa']['iban']}\n"
        f":28C:{number}/1\n"
        ":60F:C261119EUR1000,00\n"
        f":61:2611201120C250,00NTRFNONREF//BANKREF-{number}\n"
        ":86:166?00SEPA CREDIT?20EREF+NOTPROVIDED?21SVWZ+Hello?32ADA CLIENT\n"
        ":62F:C261120EUR1250,00\n-}\n"
    ).encode()


def upload(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a statement sample as a form."""
    form = dict(fields)
    form["file"] = SimpleUploadedFile("day.sta", form["file"])
    return form
