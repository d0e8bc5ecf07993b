"""Drafting an adjustment from a form: sent twice, it makes one draft and leads to it."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.accounts import AccountRef
from ledger.money import Money
from payments.actors import Actor
from payments.models import Client
from payments.services import adjustments, idempotency

_SEE_OTHER = 303


def draft_once(
    *,
    once: UUID,
    debit_account: AccountRef,
    credit_account: AccountRef,
    money: Money,
    reason: str,
    evidence: str,
    reason_code: str,
    client: Client | None,
    effective_at: datetime | None = None,
    lands: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """The public id of the draft that this form made, now or a moment ago. `once` is the form's own name.

    Raises what `payments.services.adjustments.draft` raises, and IdempotencyKeyReused for a form sent again with other
    values."""
    content: dict[str, Any] = {
        "debit": debit_account.code, "credit": credit_account.code, "money": str(money), "reason": reason,
        "evidence": evidence, "reason_code": reason_code,
        "effective_at": effective_at.isoformat() if effective_at else None, "lands": lands,
    }  # fmt: skip

    def work() -> tuple[int, bytes]:
        adjustment = adjustments.draft(
            debit_account=debit_account,
            credit_account=credit_account,
            money=money,
            reason=reason,
            evidence=evidence,
            client=client,
            reason_code=reason_code,
            effective_at=effective_at,
            lands=lands,
            actor=actor,
            now=now,
        )
        return _SEE_OTHER, adjustment.public_id.encode()

    answer = idempotency.once(
        caller=actor.id,
        key=f"staff:adjustment:{once}",
        method="POST",
        path="adjustment.draft",
        body=json.dumps(content).encode(),
        work=work,
    )
    return answer.body.decode()
