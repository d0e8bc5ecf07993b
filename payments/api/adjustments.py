"""`/adjustments`: corrections that one person drafts and another applies."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.account_names import Names
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input, money
from payments.api.reading import client_named
from payments.decisions import REASON_CODES
from payments.models import Adjustment
from payments.services import adjustments
from payments.services.approvals import NOTE_MAX
from payments.states import ADJUSTMENT


class AdjustmentRequest(Input):
    specimen = {
        "client": fields.example("cl"),
        "debit_account": "house/adjustments",
        "credit_account": f"client/{fields.example('cl')}/wallet",
        "amount": "25.00",
        "currency": "USD",
        "reason": "Goodwill for the outage of 20 November",
        "evidence": "Ticket 4711",
    }

    client = fields.PublicId("cl", required=False, help_text="Whom it concerns.")
    debit_account = fields.Text(max_length=120, help_text="By id or code.")
    credit_account = fields.Text(max_length=120, help_text="By id or code.")
    amount = fields.Amount()
    currency = fields.Currency()
    reason = fields.Text(min_length=3, max_length=fields.TEXT_MAX, help_text="Why, in words.")
    evidence = fields.Text(min_length=3, max_length=fields.TEXT_MAX, help_text="Where the proof is.")
    reason_code = fields.Choice(choices=sorted(adjustments.KINDS), required=False)
    effective_at = fields.Moment(
        required=False,
        help_text="When it took effect; when it is approved if left out. Needs ledger.backdate_transaction.",
    )
    land = fields.Choice(
        choices=["next_open"],
        required=False,
        help_text="Where the day of `effective_at` is closed: take effect at the first open moment, and point back.",
    )


class AdjustmentApproval(Input):
    specimen = {"content_hash": "9f2c4e5b8d7a6c1e0f3b2a4d5c6e7f80", "note": "Amount agrees with the ticket"}

    content_hash = fields.Text(max_length=64)
    note = fields.Text(max_length=NOTE_MAX, required=False)


class AdjustmentRejection(Input):
    specimen = {"content_hash": "9f2c4e5b8d7a6c1e0f3b2a4d5c6e7f80", "reason_code": "other", "note": "No such outage"}

    content_hash = fields.Text(max_length=64)
    reason_code = fields.Choice(choices=sorted(REASON_CODES))
    note = fields.Text(max_length=NOTE_MAX)


class AdjustmentAnswer(Answer):
    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id", allow_null=True)
    debit_account = fields.Text(source="debit_account.code")
    credit_account = fields.Text(source="credit_account.code")
    amount = fields.Column()
    currency = fields.Currency()
    reason_code = fields.Text()
    reason = fields.Text()
    evidence = fields.Text()
    state = fields.Choice(choices=ADJUSTMENT.states)
    effective_at = fields.Moment(allow_null=True, help_text="When it takes effect; null: when it is approved.")
    land = fields.Text(allow_null=True, help_text="`next_open`: at the first open moment, where that day is closed.")
    made_by = fields.Text()
    content_hash = fields.Text(help_text="What a decision decides on; send it back with the decision.")
    transaction = fields.PublicId("txn", source="transaction_id", allow_null=True)
    created_at = fields.Moment()
    expires_at = fields.Moment()
    ended_at = fields.Moment(allow_null=True)


class Adjustments(Lists, Acts):
    """Corrections by hand. Nothing moves until another person approves."""

    permission = {"GET": "payments.view_adjustment", "POST": "payments.request_adjustment"}
    summary = {"GET": "List adjustments", "POST": "Draft an adjustment"}
    keyed = True
    body, answer, status = AdjustmentRequest, AdjustmentAnswer, 201
    filters = (
        filters.reference("client", "cl"),
        filters.choice("state", ADJUSTMENT.states),
        filters.choice("reason_code", list(adjustments.KINDS)),
        filters.currency(),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[Adjustment]:
        return _rows()

    def act(self, given: dict[str, Any]) -> Adjustment:
        names, currency = Names(), given["currency"]
        return adjustments.draft(
            client=client_named(given["client"]) if "client" in given else None,
            debit_account=names.ref(given["debit_account"], currency, param="debit_account"),
            credit_account=names.ref(given["credit_account"], currency, param="credit_account"),
            money=money(given),
            reason=given["reason"],
            evidence=given["evidence"],
            reason_code=given.get("reason_code", "MANUAL_ADJUSTMENT"),
            effective_at=given.get("effective_at"),
            lands="land" in given,
            actor=self.actor,
            now=self.now,
        )


class AdjustmentItem(Reads):
    """One adjustment."""

    permission = {"GET": "payments.view_adjustment"}
    summary = {"GET": "Read an adjustment"}
    answer = AdjustmentAnswer

    def find(self, reference: str) -> Adjustment:
        adjustment: Adjustment = one(_rows(), pk=ids.decode_uuid("adj", reference))
        return adjustment


class AdjustmentApprove(Acts):
    """Apply an adjustment, as the second person."""

    permission = {"POST": "payments.approve_adjustment"}
    summary = {"POST": "Approve an adjustment"}
    keyed = True
    body, answer = AdjustmentApproval, AdjustmentAnswer

    def act(self, given: dict[str, Any], reference: str) -> Adjustment:
        key = ids.decode_uuid("adj", reference)
        return adjustments.approve(adjustment_id=key, **given, actor=self.actor, now=self.now)


class AdjustmentReject(Acts):
    """Refuse an adjustment, as the second person. Nothing ever moves."""

    permission = {"POST": "payments.approve_adjustment"}
    summary = {"POST": "Reject an adjustment"}
    keyed = True
    body, answer = AdjustmentRejection, AdjustmentAnswer

    def act(self, given: dict[str, Any], reference: str) -> Adjustment:
        key = ids.decode_uuid("adj", reference)
        return adjustments.reject(adjustment_id=key, **given, actor=self.actor, now=self.now)


def _rows() -> QuerySet[Adjustment]:
    return Adjustment.objects.select_related("client", "debit_account", "credit_account")
