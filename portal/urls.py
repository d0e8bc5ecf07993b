"""The portal's addresses. Every view is behind `portal.access.client_page`; a test walks this list."""

from django.urls import path

from portal.views import account, activity, convert, deposit, home, pockets, transfer, withdraw

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("balances/<slug:currency>/", home.balance, name="balance"),
    path("activity/", activity.activity, name="activity"),
    path("movements/<slug:reference>/", activity.movement, name="movement"),
    path("movements/<slug:reference>/cancel/", withdraw.cancel, name="withdraw-cancel"),
    path("movements/<slug:reference>/continue/", withdraw.resubmit, name="withdraw-resubmit"),
    path("deposit/", deposit.deposit, name="deposit"),
    path("deposit/back/<slug:name>/", deposit.back, name="deposit-back"),
    path("deposit/<slug:reference>/pay/", deposit.pay, name="deposit-pay"),
    path("deposit/<slug:reference>/", deposit.returned, name="deposit-return"),
    path("transfer/", transfer.transfer, name="transfer"),
    path("pockets/", pockets.pockets, name="pockets"),
    path("convert/", convert.convert, name="convert"),
    path("convert/<slug:reference>/", convert.quote, name="convert-quote"),
    path("withdraw/", withdraw.withdraw, name="withdraw"),
    path("payees/", account.payees, name="payees"),
    path("payees/add/", account.add_payee, name="payee-add"),
    path("payees/<slug:reference>/remove/", account.remove_payee, name="payee-remove"),
    path("trading/", account.trading, name="trading"),
    path("trading/open/", account.open_trading_account, name="trading-open"),
    path("trading/<slug:reference>/<slug:day>/", activity.trading_day, name="trading-day"),
    path("settings/", account.preferences_page, name="settings"),
    path("theme/", account.theme, name="theme"),
    path("help/", home.help_page, name="help"),
]
