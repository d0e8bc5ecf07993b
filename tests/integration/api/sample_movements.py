"""Samples of clients and movements: one working request per route and method."""

from typing import Any

from tests.integration.api import making
from tests.integration.api.samples import sample
from tests.integration.api.world import World


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
    making.trading_account(world)
    return f"/clients/{world.client.public_id}/trading-accounts", {}


@sample("POST", "clients/<str:reference>/trading-accounts", "payments_ops")
def _(world: World) -> Any:
    return f"/clients/{world.client.public_id}/trading-accounts", {"platform": "mt5", "currency": "USD"}


@sample("GET", "status", "auditor")
def status(world: World) -> Any:
    return "/status", {}


@sample("GET", "clients/<str:reference>/balances", "support")
def _(world: World) -> Any:
    making.hold(world)
    return f"/clients/{world.client.public_id}/balances", {}


@sample("GET", "clients/<str:reference>/timeline", "support")
def _(world: World) -> Any:
    world.withdrawal()
    return f"/clients/{world.client.public_id}/timeline", {"kind": "withdrawal"}


@sample("GET", "deposits", "support")
def _(world: World) -> Any:
    making.deposit(world)
    return "/deposits", {"client": world.client.public_id}


@sample("POST", "deposits", "payments_ops")
def _(world: World) -> Any:
    return "/deposits", {
        "client": world.client.public_id, "amount": "75.00", "currency": "EUR", "rail": "card",
        "return_url": "https://portal.example/back",
    }  # fmt: skip


@sample("GET", "deposits/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/deposits/{making.deposit(world).public_id}", {}


@sample("POST", "deposits/<str:reference>/refund", "finance_approver")
def _(world: World) -> Any:
    made = making.deposit(world, captured="50.00")
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
    return f"/withdrawals/{making.withdrawal(world).public_id}", {}


@sample("POST", "withdrawals/<str:reference>/approve", "finance_approver")
def _(world: World) -> Any:
    made = making.withdrawal(world)
    return f"/withdrawals/{made.public_id}/approve", making.decision(made, note="Looks right")


@sample("POST", "withdrawals/<str:reference>/reject", "finance_approver")
def _(world: World) -> Any:
    made = making.withdrawal(world)
    body = making.decision(made, reason_code="client_asked", note="By phone", client_message="As you wished.")
    return f"/withdrawals/{made.public_id}/reject", body


@sample("POST", "withdrawals/<str:reference>/send-back", "finance_approver")
def _(world: World) -> Any:
    made = making.withdrawal(world)
    return f"/withdrawals/{made.public_id}/send-back", making.decision(
        made, reason_code="documents_needed", note="Passport"
    )


@sample("POST", "withdrawals/<str:reference>/cancel", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{making.withdrawal(world).public_id}/cancel", {}


@sample("POST", "withdrawals/<str:reference>/resubmit", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{making.withdrawal(world, 'needs_information').public_id}/resubmit", {}


@sample("POST", "withdrawals/<str:reference>/retry", "payments_ops")
def _(world: World) -> Any:
    return f"/withdrawals/{making.withdrawal(world, 'failed').public_id}/retry", {}


@sample("POST", "withdrawals/<str:reference>/abandon", "payments_ops")
def _(world: World) -> Any:
    path = f"/withdrawals/{making.withdrawal(world, 'failed').public_id}/abandon"
    return path, {"reason_code": "account_closed", "note": "The bank says so"}


@sample("GET", "transfers", "support")
def _(world: World) -> Any:
    making.transfer(world)
    return "/transfers", {"currency": "EUR"}


@sample("POST", "transfers", "payments_ops")
def _(world: World) -> Any:
    making.trading_account(world)
    return "/transfers", making.transfer_body(world)


@sample("GET", "transfers/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/transfers/{making.transfer(world)}", {}


@sample("GET", "adjustments", "auditor")
def _(world: World) -> Any:
    making.adjustment(world)
    return "/adjustments", {"state": "awaiting_second_person"}


@sample("POST", "adjustments", "payments_ops")
def _(world: World) -> Any:
    return "/adjustments", making.adjustment_body(world) | {
        "reason_code": "MANUAL_ADJUSTMENT", "effective_at": "2026-11-20T10:00:00Z", "land": "next_open",
    }  # fmt: skip


@sample("GET", "adjustments/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/adjustments/{making.adjustment(world).public_id}", {}


@sample("POST", "adjustments/<str:reference>/approve", "finance_approver")
def _(world: World) -> Any:
    made = making.adjustment(world)
    return f"/adjustments/{made.public_id}/approve", making.decision(made, note="Checked")


@sample("POST", "adjustments/<str:reference>/reject", "finance_approver")
def _(world: World) -> Any:
    made = making.adjustment(world)
    return f"/adjustments/{made.public_id}/reject", making.decision(made, reason_code="other", note="No")


@sample("GET", "operations/<str:reference>", "support")
def _(world: World) -> Any:
    return f"/operations/{making.withdrawal(world).public_id}", {}
