"""What a decision page showed, signed into its form, so that a later page can say what has changed since.

The content hash decides whether a decision stands; this only finds the words. A missing or forged text costs the words,
never the refusal.
"""

from typing import Any

from django.core import signing

from ledger.admin import display
from payments.models import Withdrawal
from portal.staff.standing import Decidable

SALT = "staff.decision.seen"


def facts(item: Decidable) -> dict[str, str]:
    """Everything the content hash covers, in words."""
    if isinstance(item, Withdrawal):
        payee = item.payment_method
        return {
            "Amount": display.plain(item.money),
            "Fee": display.plain(item.fee_money),
            "Payee": payee.holder_name,
            "Account": payee.masked,
            "Payee's state": display.words(payee.state),
            "State": display.words(item.state),
            "Version": str(item.version),
        }
    return {
        "Amount": display.plain(item.money),
        "Debit": item.debit_account.code,
        "Credit": item.credit_account.code,
        "Kind": display.words(item.reason_code),
        "Why": item.reason,
        "Evidence": item.evidence,
        "Takes effect": f"{item.effective_at:%Y-%m-%d %H:%M:%S %Z}" if item.effective_at else "when it is approved",
        "In a closed day": "in the next open day" if item.lands else "refused",
        "State": display.words(item.state),
        "Version": str(item.version),
    }


def sign(item: Decidable) -> str:
    return signing.dumps({"of": item.public_id, "facts": facts(item)}, salt=SALT, compress=True)


def differences(item: Decidable, signed: str) -> list[tuple[str, str, str]]:
    """(what, as it was shown, as it is now) for everything that differs."""
    try:
        shown: dict[str, Any] = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return []
    if shown.get("of") != item.public_id:
        return []
    before = shown["facts"]
    return [(name, before.get(name, ""), now) for name, now in facts(item).items() if before.get(name) != now]
