"""Routes of the ledger's part of the API."""

from django.urls import path

from ledger.api import accounts, events, holds, monitors, periods, reports, transactions

urlpatterns = [
    path("accounts", accounts.Accounts.as_view()),
    path("accounts/<path:reference>/entries", accounts.AccountEntries.as_view()),
    path("accounts/<path:reference>/balance", accounts.AccountBalance.as_view()),
    path("accounts/<path:reference>/statement", periods.AccountStatement.as_view()),
    path("accounts/<path:reference>", accounts.AccountItem.as_view()),
    path("transactions", transactions.Transactions.as_view()),
    path("transactions/batch", transactions.TransactionBatch.as_view()),
    path("transactions/<str:reference>", transactions.TransactionItem.as_view()),
    path("transactions/<str:reference>/post", transactions.TransactionPost.as_view()),
    path("transactions/<str:reference>/void", transactions.TransactionVoid.as_view()),
    path("transactions/<str:reference>/reverse", transactions.TransactionReverse.as_view()),
    path("transactions/<str:reference>/expire", transactions.TransactionExpire.as_view()),
    path("transactions/<str:reference>/extend", transactions.TransactionExtend.as_view()),
    path("holds", holds.Holds.as_view()),
    path("holds/<str:reference>", holds.HoldItem.as_view()),
    path("holds/<str:reference>/capture", holds.HoldCapture.as_view()),
    path("holds/<str:reference>/release", holds.HoldRelease.as_view()),
    path("holds/<str:reference>/extend", holds.HoldExtend.as_view()),
    path("periods", periods.Periods.as_view()),
    path("periods/<str:reference>", periods.PeriodItem.as_view()),
    path("periods/<str:reference>/close", periods.PeriodClose.as_view()),
    path("periods/<str:reference>/trial-balance", periods.PeriodTrialBalance.as_view()),
    path("events", events.Events.as_view()),
    path("balance-monitors", monitors.Monitors.as_view()),
    path("balance-monitors/<str:reference>", monitors.MonitorItem.as_view()),
    path("balance-monitors/<str:reference>/change", monitors.MonitorChanges.as_view()),
    path("balance-monitors/<str:reference>/retire", monitors.MonitorRetirement.as_view()),
    path("reports/trial-balance", reports.TrialBalance.as_view()),
    path("reports/roll-up", reports.RollUps.as_view()),
    path("reports/gl", reports.GeneralLedger.as_view()),
]
