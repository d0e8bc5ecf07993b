"""What staff are told about transfers whose outcome is not known, and that it is known after all.

Cases live above this app: they are promised through the outbox. Nothing here changes a transfer.
"""

from typing import Any

from ledger import ids
from payments import dispatch, outbox
from payments.models import Transfer

CATEGORY = "platform_unknown"
SETTLED_TOPIC = "exception.settled"


def facts_of(transfer: Transfer) -> dict[str, Any]:
    """What a person needs to look the operation up on the platform."""
    account = transfer.platform_account
    return {
        "transfer": transfer.public_id,
        "platform": account.platform,
        "login": account.login,
        "direction": transfer.direction,
        "platform_amount": f"{transfer.platform_amount.normalize():f}",
        "token": transfer.token,
        "sent_at": transfer.sent_at.isoformat() if transfer.sent_at else None,
        "asked_times": transfer.asked_times,
    }


def waiting(transfer: Transfer, *, stage: str = "", **facts: Any) -> None:
    """Promise the case of an unknown transfer, once per stage: first doubt, conflict in the history, quiet period over.
    All stages are the same case: where it is still open the later ones find it there."""
    title = f"Transfer {transfer.public_id}: the platform has not said what became of it"
    if stage == "quiet":
        title = f"Transfer {transfer.public_id} is not in the platform's history: a person must decide"
    key = ":".join(part for part in (CATEGORY, transfer.public_id, stage) if part)
    outbox.put(
        dispatch.EXCEPTION_TOPIC,
        key=key,
        payload={
            "category": CATEGORY,
            "key": transfer.public_id,
            "title": title,
            "facts": {**facts_of(transfer), **facts},
            "client": ids.encode("cl", transfer.client_id),
            "object_ref": transfer.public_id,
            "amount": transfer.money.text,
            "currency": transfer.currency,
        },
    )


def settle(transfer: Transfer, note: str) -> None:
    """Promise that the case of this transfer, if there was one, is closed by what happened."""
    if transfer.asked_at is not None:
        outcome = "confirmed_elsewhere" if transfer.state == "confirmed" else "not_happened"
        settled(category=CATEGORY, key=transfer.public_id, outcome=outcome, note=note)


def settled(*, category: str, key: str, outcome: str, note: str) -> None:
    """Promise that an open case has settled itself; where there is none, nothing happens."""
    payload = {"category": category, "key": key, "outcome": outcome, "note": note}
    outbox.put(SETTLED_TOPIC, key=f"{category}:{key}", payload=payload)
