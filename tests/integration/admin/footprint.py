"""What a refusal must leave as it was: every row that money, decisions or people's rights could show in."""

from collections.abc import Callable
from typing import Any

from django.apps import apps

WATCHED = (
    "ledger.Transaction", "ledger.Entry", "ledger.Hold", "ledger.Event", "ledger.Account", "payments.Approval",
    "payments.OutboxMessage", "payments.Adjustment", "payments.Withdrawal", "payments.Deposit", "payments.Transfer",
    "payments.Client", "payments.PaymentMethod", "payments.PolicyRule", "payments.ApiKey", "payments.User",
    "reconciliation.ExceptionCase", "reconciliation.CaseNote",
)  # fmt: skip
CHANGES_BY_LOOKING = {"payments.User": ("last_login",)}


def of() -> dict[str, list[Any]]:
    """All watched rows, by model."""
    found = {}
    for label in WATCHED:
        model = apps.get_model(label)
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in CHANGES_BY_LOOKING.get(label, ())]
        found[label] = sorted((row for row in model._default_manager.values_list(*names)), key=repr)
    found["roles"] = sorted(apps.get_model("payments.User").groups.through.objects.values_list("user_id", "group_id"))
    return found


def unchanged(act: Callable[[], Any]) -> Any:
    """The answer of `act`, which must have changed nothing."""
    before = of()
    answer = act()
    after = of()
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    return answer
