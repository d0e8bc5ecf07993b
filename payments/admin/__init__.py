"""Movements, people and set-up on staff pages."""

from payments.admin import (
    accounts,
    adjustments,
    api_keys,
    clients,
    conversions,
    deposits,
    outbox_messages,
    payees,
    policy_rules,
    provider_events,
    rates,
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
    "conversions",
    "deposits",
    "outbox_messages",
    "payees",
    "policy_rules",
    "provider_events",
    "rates",
    "refunds",
    "trading_accounts",
    "transfers",
    "users",
    "withdrawals",
]
