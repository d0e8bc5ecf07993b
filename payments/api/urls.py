"""Routes of this app's part of the API."""

from django.urls import path

from payments.api import (
    adjustments,
    clients,
    deposits,
    operations,
    payment_methods,
    trading_accounts,
    transfers,
    withdrawal_decisions,
    withdrawals,
)

urlpatterns = [
    path("clients", clients.Clients.as_view()),
    path("clients/<str:reference>", clients.ClientItem.as_view()),
    path("clients/<str:reference>/kyc", clients.ClientKyc.as_view()),
    path("clients/<str:reference>/payment-methods", payment_methods.PaymentMethods.as_view()),
    path("clients/<str:reference>/trading-accounts", trading_accounts.TradingAccounts.as_view()),
    path("deposits", deposits.Deposits.as_view()),
    path("deposits/<str:reference>", deposits.DepositItem.as_view()),
    path("deposits/<str:reference>/refund", deposits.DepositRefund.as_view()),
    path("withdrawals", withdrawals.Withdrawals.as_view()),
    path("withdrawals/<str:reference>", withdrawals.WithdrawalItem.as_view()),
    path("withdrawals/<str:reference>/approve", withdrawal_decisions.WithdrawalApprove.as_view()),
    path("withdrawals/<str:reference>/reject", withdrawal_decisions.WithdrawalReject.as_view()),
    path("withdrawals/<str:reference>/send-back", withdrawal_decisions.WithdrawalSendBack.as_view()),
    path("withdrawals/<str:reference>/cancel", withdrawal_decisions.WithdrawalCancel.as_view()),
    path("withdrawals/<str:reference>/resubmit", withdrawal_decisions.WithdrawalResubmit.as_view()),
    path("withdrawals/<str:reference>/retry", withdrawal_decisions.WithdrawalRetry.as_view()),
    path("withdrawals/<str:reference>/abandon", withdrawal_decisions.WithdrawalAbandon.as_view()),
    path("transfers", transfers.Transfers.as_view()),
    path("transfers/<str:reference>", transfers.TransferItem.as_view()),
    path("adjustments", adjustments.Adjustments.as_view()),
    path("adjustments/<str:reference>", adjustments.AdjustmentItem.as_view()),
    path("adjustments/<str:reference>/approve", adjustments.AdjustmentApprove.as_view()),
    path("adjustments/<str:reference>/reject", adjustments.AdjustmentReject.as_view()),
    path("operations/<str:reference>", operations.OperationItem.as_view()),
]
