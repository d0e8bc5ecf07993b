"""Samples of the ledger, the exception queue and statements: one working request per route and method."""

from typing import Any

from django.utils import timezone

from reconciliation.services import statements
from tests.integration.api import making
from tests.integration.api.samples import sample
from tests.integration.api.world import World


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
    making.posted(world)
    return "/transactions", {"reason": "CLIENT_INTERNAL_TRANSFER"}


@sample("POST", "transactions", "payments_ops")
def _(world: World) -> Any:
    return "/transactions", world.transfer_between(
        effective_at="2026-11-20T10:00:00Z",
        land="next_open",
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
    return f"/transactions/{making.posted(world)}", {}


@sample("POST", "transactions/<str:reference>/post", "payments_ops")
def _(world: World) -> Any:
    return f"/transactions/{making.posted(world, pending=True)}/post", {"amount": "4.00", "currency": "EUR"}


@sample("POST", "transactions/<str:reference>/void", "payments_ops")
def _(world: World) -> Any:
    return f"/transactions/{making.posted(world, pending=True)}/void", {"reason": "Not wanted"}


@sample("POST", "transactions/<str:reference>/reverse", "finance_approver")
def _(world: World) -> Any:
    return f"/transactions/{making.posted(world)}/reverse", {"reason": "It was an error"}


@sample("POST", "transactions/<str:reference>/expire", "payments_ops")
def _(world: World) -> Any:
    pending = making.posted(world, pending=True, expires_on=["mt5.rejected"])
    return f"/transactions/{pending}/expire", {"status": "mt5.rejected", "reason": "No margin"}


@sample("POST", "transactions/<str:reference>/extend", "payments_ops")
def _(world: World) -> Any:
    pending = making.posted(world, pending=True, expires_at="2098-01-01T00:00:00Z")
    return f"/transactions/{pending}/extend", {"expires_at": "2099-01-01T00:00:00Z", "reason": "Slow"}


@sample("GET", "holds", "support")
def _(world: World) -> Any:
    making.hold(world)
    return "/holds", {"state": "active"}


@sample("POST", "holds", "compliance")
def _(world: World) -> Any:
    return "/holds", making.hold_body(world) | {"expires_at": "2099-01-01T00:00:00Z"}


@sample("GET", "holds/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/holds/{making.hold(world)}", {}


@sample("POST", "holds/<str:reference>/capture", "finance_approver")
def _(world: World) -> Any:
    body = {"to": "house/adjustments", "amount": "5.00", "currency": "EUR", "reason": "Court order"}
    made = world.ops.made("/holds", making.hold_body(world))  # whoever captures is another person
    return f"/holds/{made['id']}/capture", body


@sample("POST", "holds/<str:reference>/release", "compliance")
def _(world: World) -> Any:
    return f"/holds/{making.hold(world)}/release", {"amount": "5.00", "currency": "EUR", "reason": "All is well"}


@sample("POST", "holds/<str:reference>/extend", "compliance")
def _(world: World) -> Any:
    made = world.compliance.made("/holds", making.hold_body(world) | {"expires_at": "2098-01-01T00:00:00Z"})
    return f"/holds/{made['id']}/extend", {"expires_at": "2099-01-01T00:00:00Z", "reason": "Papers late"}


@sample("GET", "events", "auditor")
def _(world: World) -> Any:
    return "/events", {"order": "asc"}


@sample("GET", "exceptions", "support")
def _(world: World) -> Any:
    making.case(world)
    return "/exceptions", {"state": "new"}


@sample("GET", "exceptions/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/exceptions/{making.case(world)}", {}


@sample("POST", "exceptions/<str:reference>/take", "support")
def _(world: World) -> Any:
    return f"/exceptions/{making.case(world)}/take", {}


@sample("POST", "exceptions/<str:reference>/note", "support")
def _(world: World) -> Any:
    return f"/exceptions/{making.case(world)}/note", {"text": "Called the client"}


@sample("POST", "exceptions/<str:reference>/resolve", "compliance")
def _(world: World) -> Any:
    return f"/exceptions/{making.case(world)}/resolve", {"outcome": "repaid", "note": "Paid yesterday"}


@sample("POST", "exceptions/<str:reference>/reopen", "compliance")
def _(world: World) -> Any:
    return f"/exceptions/{making.case(world, resolved=True)}/reopen", {"note": "The payment came back"}


@sample("GET", "statements", "auditor")
def _(world: World) -> Any:
    return "/statements", {"currency": "EUR"}


@sample("POST", "statements", "payments_ops")
def _(world: World) -> Any:
    return "/statements", {
        "account": "bank/sepa/client-money",
        "name": "day.sta",
        "dry_run": "false",
        "file": making.mt940(),
    }


@sample("GET", "statements/<str:reference>", "auditor")
def _(world: World) -> Any:

    done = statements.import_file(
        content=making.mt940(),
        name="day.sta",
        account_code="bank/sepa/client-money",
        actor=making.SYSTEM,
        now=timezone.now(),
    )
    return f"/statements/{done.statements[0]}", {}


@sample("GET", "accounts/<path:reference>/statement", "auditor")
def _(world: World) -> Any:
    return f"/accounts/{world.wallet()}/statement", {"currency": "EUR", "period": making.closed_day(), "format": "json"}


@sample("GET", "periods", "auditor")
def _(world: World) -> Any:
    making.closed_day()
    return "/periods", {"state": "closed"}


@sample("POST", "periods", "finance_approver")
def _(world: World) -> Any:
    return "/periods", {"label": "2020-01-02"}


@sample("GET", "periods/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/periods/{making.closed_day()}", {}


@sample("POST", "periods/<str:reference>/close", "finance_approver")
def _(world: World) -> Any:
    return f"/periods/{making.open_day()}/close", {}


@sample("GET", "periods/<str:reference>/trial-balance", "auditor")
def _(world: World) -> Any:
    return f"/periods/{making.closed_day()}/trial-balance", {"format": "json"}


def monitor_body() -> dict[str, str]:
    return {"name": "Bank", "prefix": "bank/sepa", "currency": "EUR", "way": "below", "threshold": "-10.00"}


def _monitor(world: World) -> str:
    return str(world.finance.made("/balance-monitors", monitor_body())["id"])


@sample("GET", "balance-monitors", "auditor")
def _(world: World) -> Any:
    _monitor(world)
    return "/balance-monitors", {"currency": "EUR", "state": "calm"}


@sample("POST", "balance-monitors", "finance_approver")
def _(world: World) -> Any:
    return "/balance-monitors", {
        "name": "Wallet of Ada", "account": world.wallet(), "currency": "EUR", "way": "below", "threshold": "100.00",
        "clear_at": "150.00", "measure": "available",
    }  # fmt: skip


@sample("GET", "balance-monitors/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/balance-monitors/{_monitor(world)}", {}


@sample("POST", "balance-monitors/<str:reference>/change", "finance_approver")
def _(world: World) -> Any:
    return f"/balance-monitors/{_monitor(world)}/change", {"version": 1, "threshold": "0", "name": "The bank"}


@sample("POST", "balance-monitors/<str:reference>/retire", "compliance")
def _(world: World) -> Any:
    return f"/balance-monitors/{_monitor(world)}/retire", {"version": 1}


@sample("GET", "reports/trial-balance", "auditor")
def _(world: World) -> Any:
    return "/reports/trial-balance", {"at": "2026-11-20T09:00:00Z", "currency": "EUR"}


@sample("GET", "reports/roll-up", "auditor")
def _(world: World) -> Any:
    return "/reports/roll-up", {"by": "prefix", "prefix": "client", "format": "csv"}


@sample("GET", "reports/gl", "auditor")
def _(world: World) -> Any:
    return "/reports/gl", {"date": "2026-01-31", "form": "detailed"}
