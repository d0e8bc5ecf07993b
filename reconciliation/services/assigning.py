"""Money in suspense whose owner was found: a draft for a second person, written down on its case in one commit.

Nothing moves here. The draft's approval posts it; the case is resolved by whoever works it, once that has happened.
"""

from datetime import datetime
from uuid import UUID

from ledger import accounts
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, InvalidTransition
from ledger.money import Money
from payments.actors import Actor
from payments.models import Adjustment, Client
from payments.services import adjustments, locking
from reconciliation.models import CaseNote, ExceptionCase

CATEGORY = "unmatched_receipt"
FACT = "adjustment"
PERMISSION = "payments.request_adjustment"


def draft_assignment(*, case_id: UUID, client: Client, evidence: str, actor: Actor, now: datetime) -> Adjustment:
    """Draft the credit of a receipt in suspense to a client's wallet, awaiting a second person.

    Raises Forbidden, NotFound, InvalidRequest (param "evidence"), InvalidTransition when the case is resolved, is about
    something else, or has a draft that waits or was applied."""
    actor.require(PERMISSION)

    def work() -> Adjustment:
        case = locking.locked(ExceptionCase, case_id)
        _require_open(case)
        assert case.amount is not None  # noqa: S101 (a receipt's case always has its amount)
        money = Money.of(case.amount, case.currency)
        adjustment = adjustments.draft(
            debit_account=accounts.ref("house/suspense", money.currency),
            credit_account=accounts.ref(client.account_code("wallet"), money.currency),
            money=money,
            reason=f"Received without an owner, now known: {case.title}"[:2000],
            evidence=f"{case.public_id}: {evidence.strip()}"[:2000],
            client=client,
            reason_code="SUSPENSE_ASSIGNED",
            actor=actor,
            now=now,
        )
        case.facts = {**case.facts, FACT: adjustment.public_id}
        case.version += 1
        case.save(update_fields=["facts", "version"])
        text = f"Drafted {adjustment.public_id}: {money} for {client.public_id}. A second person decides."
        CaseNote(case=case, author=actor.person or actor.id, text=text).save(force_insert=True)
        return adjustment

    if len(evidence.strip()) < 3:
        raise InvalidRequest("Say how the owner was found.", param="evidence")
    return unit_of_work(work)


def draft_of(case: ExceptionCase) -> Adjustment | None:
    """The latest draft that assigns this case's receipt, None when there is none."""
    reference = case.facts.get(FACT, "")
    return Adjustment.objects.filter(pk=Adjustment.key(reference)).first() if reference else None


def _require_open(case: ExceptionCase) -> None:
    if case.category != CATEGORY or case.state == "resolved":
        raise InvalidTransition("Only an open case about a receipt is assigned.", state=case.state, action="assign")
    earlier = draft_of(case)
    if earlier is not None and earlier.state in ("awaiting_second_person", "applied"):
        raise InvalidTransition(
            f"{earlier.public_id} already assigns it and is {earlier.state.replace('_', ' ')}.",
            state=earlier.state,
            action="assign",
        )
