"""The tables of movements and of the promises around them."""

from payments.models.adjustment import Adjustment
from payments.models.api_key import ApiKey
from payments.models.approval import Approval
from payments.models.client import Client
from payments.models.conversion import Conversion
from payments.models.deposit import Deposit, Refund
from payments.models.dispute import Dispute
from payments.models.fx_quote import FxQuote, FxQuoteRate
from payments.models.idempotency_key import IdempotencyKey
from payments.models.opening_import import OpeningImport
from payments.models.outbox_message import OutboxMessage
from payments.models.payment_method import PaymentMethod
from payments.models.policy_rule import PolicyRule
from payments.models.provider_event import ProviderEvent
from payments.models.rate import Rate, RateDecision
from payments.models.trading_account import TradingAccount
from payments.models.transfer import Transfer
from payments.models.user import User
from payments.models.withdrawal import Withdrawal, WithdrawalAttempt

__all__ = [
    "Adjustment",
    "ApiKey",
    "Approval",
    "Client",
    "Conversion",
    "Deposit",
    "Dispute",
    "FxQuote",
    "FxQuoteRate",
    "IdempotencyKey",
    "OpeningImport",
    "OutboxMessage",
    "PaymentMethod",
    "PolicyRule",
    "ProviderEvent",
    "Rate",
    "RateDecision",
    "Refund",
    "TradingAccount",
    "Transfer",
    "User",
    "Withdrawal",
    "WithdrawalAttempt",
]
