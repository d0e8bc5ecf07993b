"""Who may do what: the one table of permissions, per role.

A permission is a Django-style name; a role is the name of a group. Nothing else grants anything: no rows of
django.contrib.auth's permission table, no checks by role name in views. Deny is the default. `docs/reference/roles.md`
is generated from this file.
"""

from collections.abc import Iterable

CLIENT = "client"
SUPPORT = "support"
PAYMENTS_OPS = "payments_ops"
FINANCE_APPROVER = "finance_approver"
COMPLIANCE = "compliance"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"

ROLES: dict[str, str] = {
    CLIENT: "A client of the firm, in the portal and only over their own money.",
    SUPPORT: "Answers clients: searches and reads, with bank details masked.",
    PAYMENTS_OPS: "Runs the day: requests on behalf of clients, imports, matches, works exceptions.",
    FINANCE_APPROVER: "Second person for money: approves withdrawals and adjustments.",
    COMPLIANCE: "Holds, KYC decisions and large withdrawals.",
    AUDITOR: "Reads and exports everything, changes nothing.",
    ADMINISTRATOR: "Manages people, keys and settings; touches no money.",
}

_STAFF = (SUPPORT, PAYMENTS_OPS, FINANCE_APPROVER, COMPLIANCE, AUDITOR, ADMINISTRATOR)
_MONEY = (PAYMENTS_OPS, FINANCE_APPROVER, COMPLIANCE, AUDITOR)
_READERS = (SUPPORT, *_MONEY)

# permission → (what it allows, roles that have it)
PERMISSIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    # reading
    "payments.enter_staff": ("Enter the staff pages", _STAFF),
    "payments.use_portal": ("See one's own money in the portal", (CLIENT,)),
    "payments.view_client": ("Read clients", _READERS),
    "payments.view_bank_details": ("See payees' bank details unmasked", _MONEY),
    "payments.view_paymentmethod": ("Read payees", _READERS),
    "payments.view_tradingaccount": ("Read trading accounts", _READERS),
    "payments.view_deposit": ("Read deposits", _READERS),
    "payments.view_withdrawal": ("Read withdrawals", _READERS),
    "payments.view_transfer": ("Read transfers", _READERS),
    "payments.view_rate": ("Read exchange rates", _READERS),
    "payments.view_fxquote": ("Read quotes of conversions", _READERS),
    "payments.view_conversion": ("Read conversions", _READERS),
    "payments.view_fxrevaluation": ("Read the FX position and its revaluation", _MONEY),
    "payments.view_adjustment": ("Read adjustments", _MONEY),
    "payments.view_dispute": ("Read disputes", _READERS),
    "payments.view_approval": ("Read decisions", _MONEY),
    "payments.view_policyrule": ("Read policy rules", (*_MONEY, ADMINISTRATOR)),
    "payments.view_providerevent": ("Read raw provider messages", (PAYMENTS_OPS, AUDITOR)),
    "payments.view_outboxmessage": ("Read the outbox", (PAYMENTS_OPS, AUDITOR, ADMINISTRATOR)),
    "payments.view_apikey": ("Read API keys (never their secrets)", (AUDITOR, ADMINISTRATOR)),
    "payments.view_user": ("Read users", (AUDITOR, ADMINISTRATOR)),
    "ledger.view_account": ("Read accounts", _MONEY),
    "ledger.view_balance": ("Read balances", _READERS),
    "ledger.view_transaction": ("Read transactions", _MONEY),
    "ledger.view_entry": ("Read entries", _MONEY),
    "ledger.view_hold": ("Read holds", _READERS),
    "ledger.view_period": ("Read business days and months, and their statements", _MONEY),
    "ledger.view_event": ("Read the event log", _MONEY),
    "ledger.view_status": ("See whether the books are right, sealed and settled", _MONEY),
    "reconciliation.view_statement": ("Read statements", _MONEY),
    "reconciliation.view_sourcefile": ("Read imported files", _MONEY),
    "reconciliation.view_externalrecord": ("Read statement lines", _MONEY),
    "reconciliation.view_match": ("Read matches", _MONEY),
    "reconciliation.view_exceptioncase": ("Read exceptions", _READERS),
    "ledger.view_report": ("Read the trial balance, roll-ups and general-ledger exports", _MONEY),
    "ledger.view_glexport": ("Export days for the general ledger", (FINANCE_APPROVER, AUDITOR)),
    "ledger.view_book": ("Export the whole book and its sealed history", (FINANCE_APPROVER, AUDITOR)),
    "ledger.view_glmapping": ("Read the general-ledger mapping", _MONEY),
    "ledger.view_balancemonitor": ("Read balance monitors", _MONEY),
    "payments.view_openingimport": ("Read imports of opening balances", _MONEY),
    # acting
    "payments.add_client": ("Create clients", (PAYMENTS_OPS,)),
    "payments.decide_kyc": ("Decide a client's KYC level", (COMPLIANCE,)),
    "payments.add_paymentmethod": ("Add a payee", (CLIENT, PAYMENTS_OPS)),
    "payments.open_trading_account": ("Open a trading account", (CLIENT, PAYMENTS_OPS)),
    "payments.request_deposit": ("Start a deposit", (CLIENT, PAYMENTS_OPS)),
    "payments.refund_deposit": ("Refund a deposit", (FINANCE_APPROVER,)),
    "payments.request_withdrawal": ("Request or cancel a withdrawal", (CLIENT, PAYMENTS_OPS)),
    "payments.approve_withdrawal": ("Decide a withdrawal", (FINANCE_APPROVER, COMPLIANCE)),
    "payments.retry_withdrawal": ("Try a failed payout again, or give the money back", (PAYMENTS_OPS,)),
    "payments.request_transfer": ("Transfer between wallet and trading account", (CLIENT, PAYMENTS_OPS)),
    "payments.resolve_transfer": (
        "Decide a transfer whose outcome the platform does not tell",
        (PAYMENTS_OPS, FINANCE_APPROVER),
    ),
    "payments.request_conversion": ("Ask for a quote and convert currencies", (CLIENT, PAYMENTS_OPS)),
    "payments.bring_rate": ("Bring a rate by hand, for another person to confirm", (PAYMENTS_OPS, FINANCE_APPROVER)),
    "payments.decide_rate": ("Confirm or reject a rate that was held back", (PAYMENTS_OPS, FINANCE_APPROVER)),
    "payments.request_adjustment": ("Draft an adjustment", (PAYMENTS_OPS,)),
    "payments.approve_adjustment": ("Decide an adjustment", (FINANCE_APPROVER,)),
    "payments.change_policyrule": ("Change a policy rule", (COMPLIANCE,)),
    "payments.manage_users": ("Create and disable users, give roles", (ADMINISTRATOR,)),
    "payments.manage_keys": ("Create and revoke API keys", (ADMINISTRATOR,)),
    "ledger.add_account": ("Open ledger accounts", (PAYMENTS_OPS,)),
    "ledger.freeze_account": ("Freeze and unfreeze accounts", (COMPLIANCE,)),
    "ledger.post_transaction": ("Post, settle and void transactions by API", (PAYMENTS_OPS,)),
    "ledger.backdate_transaction": (
        "Post by hand what took effect more than five minutes earlier",
        (PAYMENTS_OPS, FINANCE_APPROVER),
    ),
    "ledger.close_period": ("Close a business day or month for ever", (FINANCE_APPROVER,)),
    "ledger.reverse_transaction": ("Reverse a transaction", (FINANCE_APPROVER,)),
    "ledger.place_hold": ("Place holds", (COMPLIANCE, PAYMENTS_OPS)),
    "ledger.release_hold": ("Capture and release holds", (COMPLIANCE, FINANCE_APPROVER)),
    "ledger.manage_monitors": ("Set up, change and retire balance monitors", (FINANCE_APPROVER, COMPLIANCE)),
    "ledger.change_glmapping": ("Change the general-ledger mapping", (FINANCE_APPROVER,)),
    "payments.prepare_opening_import": ("Prepare an import of opening balances", (PAYMENTS_OPS,)),
    "payments.approve_opening_import": ("Approve or reject an import of opening balances", (FINANCE_APPROVER,)),
    "reconciliation.import_statement": ("Import statements", (PAYMENTS_OPS,)),
    "reconciliation.match": ("Match statement lines by hand", (PAYMENTS_OPS,)),
    "reconciliation.work_exception": ("Take, note, resolve and reopen exceptions", (PAYMENTS_OPS, COMPLIANCE, SUPPORT)),
}

_BY_ROLE: dict[str, frozenset[str]] = {
    role: frozenset(name for name, (_, roles) in PERMISSIONS.items() if role in roles) for role in ROLES
}

# Roles that one person must not hold together: who makes, who checks, and who hands out the roles.
TOXIC_PAIRS: tuple[tuple[str, str], ...] = (
    (PAYMENTS_OPS, FINANCE_APPROVER),
    (PAYMENTS_OPS, COMPLIANCE),
    (FINANCE_APPROVER, ADMINISTRATOR),
    (PAYMENTS_OPS, ADMINISTRATOR),
    (COMPLIANCE, ADMINISTRATOR),
    (CLIENT, PAYMENTS_OPS),
    (CLIENT, FINANCE_APPROVER),
    (CLIENT, COMPLIANCE),
    (CLIENT, ADMINISTRATOR),
)


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """All permissions of a set of roles; unknown roles have none."""
    return frozenset().union(*(_BY_ROLE.get(role, frozenset()) for role in roles))


def toxic_pair(roles: Iterable[str]) -> tuple[str, str] | None:
    """The first pair of roles that one person may not hold together, or None."""
    held = set(roles)
    return next((pair for pair in TOXIC_PAIRS if held.issuperset(pair)), None)
