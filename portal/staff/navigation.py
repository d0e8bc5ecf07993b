"""The side bar: what there is, in groups, only what the person may open, with what is waiting."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.staff import counts

Counter = Callable[[HttpRequest], int]

# (title, address name, permission, icon, counter)
Item = tuple[str, str, str, str, Counter | None]


def _list(title: str, app: str, model: str, icon: str, permission: str = "", counter: Counter | None = None) -> Item:
    return title, f"{app}_{model}_changelist", permission or f"{app}.view_{model}", icon, counter


GROUPS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "Work",
        (
            ("Today", "index", "payments.enter_staff", "home", None),
            ("Search", "search", "payments.view_client", "search", None),
            ("Approvals", "approvals", "payments.view_approval", "task_alt", counts.approvals_waiting),
            _list("Exceptions", "reconciliation", "exceptioncase", "report", counter=counts.exceptions_open),
        ),
    ),
    (
        "Money",
        (
            _list("Deposits", "payments", "deposit", "south_west"),
            _list("Withdrawals", "payments", "withdrawal", "north_east"),
            _list("Transfers", "payments", "transfer", "sync_alt"),
            _list("Conversions", "payments", "conversion", "currency_exchange"),
            _list("Adjustments", "payments", "adjustment", "tune"),
            _list("Refunds", "payments", "refund", "undo", "payments.view_deposit"),
            _list("Disputes", "payments", "dispute", "gavel"),
        ),
    ),
    (
        "People",
        (
            _list("Clients", "payments", "client", "group"),
            _list("Payees", "payments", "paymentmethod", "account_balance"),
            _list("Trading accounts", "payments", "tradingaccount", "candlestick_chart"),
        ),
    ),
    (
        "Books",
        (
            _list("Accounts", "ledger", "account", "menu_book"),
            _list("Transactions", "ledger", "transaction", "receipt_long"),
            _list("Entries", "ledger", "entry", "format_list_bulleted"),
            _list("Holds", "ledger", "hold", "lock"),
            _list("Periods", "ledger", "period", "event_available"),
            ("Trial balance", "trial-balance", "ledger.view_report", "balance", None),
            ("Roll-ups", "roll-ups", "ledger.view_report", "account_tree", None),
            _list("Balance monitors", "ledger", "balancemonitor", "notifications"),
            _list("General-ledger exports", "ledger", "glexport", "outbound", "ledger.view_report"),
            _list("Statements", "reconciliation", "statement", "description"),
            _list("Statement lines", "reconciliation", "externalrecord", "reorder"),
            _list("Imported files", "reconciliation", "sourcefile", "upload_file"),
            _list("Matches", "reconciliation", "match", "join_inner"),
            _list("Quotes", "payments", "fxquote", "request_quote"),
            _list("Exchange rates", "payments", "rate", "show_chart"),
            ("FX position", "fx-position", "payments.view_fxrevaluation", "balance", None),
            _list("Events", "ledger", "event", "history"),
            ("Downloads", "downloads", "ledger.view_book", "download", None),
            ("Status", "status", "ledger.view_status", "verified", None),
        ),
    ),
    (
        "Set-up",
        (
            _list("Policy rules", "payments", "policyrule", "rule"),
            _list("General-ledger mapping", "ledger", "glmapping", "fork_right"),
            _list("Opening balances", "payments", "openingimport", "move_to_inbox"),
            _list("People and roles", "payments", "user", "badge"),
            _list("API keys", "payments", "apikey", "key"),
            _list("Outbox", "payments", "outboxmessage", "outbox", counter=counts.work_parked),
            _list("Provider events", "payments", "providerevent", "webhook"),
        ),
    ),
)


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups in the shape that Unfold draws; empty groups are left out."""
    found = []
    for title, items in GROUPS:
        seen = [_drawn(request, item) for item in items if request.user.has_perm(item[2])]
        if seen:
            found.append({"title": title, "items": seen, "separator": False, "collapsible": False})
    return found


def _drawn(request: HttpRequest, item: Item) -> dict[str, Any]:
    title, name, _, icon, counter = item
    address = reverse(f"admin:{name}")
    drawn: dict[str, Any] = {"title": title, "icon": icon, "link": address, "active": _is_active(request, address)}
    if counter is not None and (badge := counts.words(counter(request))):
        drawn |= {"badge": badge, "badge_variant": "primary"}
    return drawn


def _is_active(request: HttpRequest, address: str) -> bool:
    if address == reverse("admin:index"):
        return request.path == address
    return request.path.startswith(address)


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """What stands under the person's own name."""
    return [
        {"title": "Second factor", "link": reverse("mfa_index")},
        {"title": "Change password", "link": reverse("account_change_password")},
    ]
