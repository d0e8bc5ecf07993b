"""Movements, people and set-up on staff pages."""

from payments.admin import (
    accounts,
    adjustments,
    api_keys,
    clients,
    deposits,
    outbox_messages,
    payees,
    periods,
    policy_rules,
    provider_events,
    refunds,
    trading_accounts,
    transfers,
    users,
    withdrawals,
)

__all__ = [
    "accounts",
    "adjustments",
    "api_keys",
    "clients",
    "deposits",
    "outbox_messages",
    "payees",
    "periods",
    "policy_rules",
    "provider_events",
    "refunds",
    "trading_accounts",
    "transfers",
    "users",
    "withdrawals",
]
