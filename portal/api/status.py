"""`/status`: whether the books are right, how far they are sealed, what is in transit and what is in doubt."""

from rest_framework import serializers

from ledger.api import fields
from ledger.api.endpoints import Reads
from ledger.api.shapes import Answer
from portal.queries import status


class FoundAnswer(Answer):
    object = fields.Text()
    reference = fields.Text()
    detail = fields.Text()


class CheckAnswer(Answer):
    name = fields.Text()
    title = fields.Text(help_text="What is true when the check finds nothing.")
    clean = serializers.BooleanField()
    checked_at = fields.Moment()
    full_at = fields.Moment(allow_null=True, help_text="When it last looked at everything, not only at what was new.")
    broken_since = fields.Moment(allow_null=True)
    findings = FoundAnswer(many=True, help_text="The first broken rows.")


class CopyAnswer(Answer):
    place = fields.Text()
    serial = serializers.IntegerField(allow_null=True)
    at = fields.Moment(allow_null=True)


class ChainAnswer(Answer):
    sealed = serializers.IntegerField(help_text="The number of the last link.")
    sealed_at = fields.Moment(allow_null=True)
    verified = serializers.IntegerField(
        help_text="The chain is verified to this link; 0 while a check of it is broken."
    )
    verified_at = fields.Moment(allow_null=True)
    waiting = serializers.IntegerField(help_text="Rows that wait for their link; stops counting at 10000.")
    lag = serializers.IntegerField(help_text="Seconds for which the oldest of them has waited.")
    late = serializers.BooleanField()
    checkpoint = serializers.IntegerField(allow_null=True, help_text="The last signed checkpoint.")
    signed_to = serializers.IntegerField(allow_null=True)
    signed_at = fields.Moment(allow_null=True)
    copies = CopyAnswer(many=True, help_text="Where checkpoints are kept outside the database.")


class TransitAnswer(Answer):
    account = fields.Text()
    kind = fields.Text()
    balance = fields.Figure()
    currency = fields.Currency(source="balance.currency")
    since = fields.Moment(allow_null=True, help_text="When the oldest open amount came, first in, first out.")
    beyond = serializers.BooleanField(help_text="It is at least this old.")
    unmatched_lines = serializers.IntegerField()
    old = serializers.BooleanField()


class DoubtAnswer(Answer):
    what = fields.Text()
    count = serializers.IntegerField()
    since = fields.Moment(allow_null=True)


class StatusAnswer(Answer):
    as_of = fields.Moment()
    clean = serializers.BooleanField(help_text="Every check has run and found nothing.")
    stale = serializers.BooleanField(help_text="The last verification is too old to say anything about now.")
    checked_at = fields.Moment(allow_null=True)
    drift = serializers.IntegerField(
        help_text="Stored figures that differ from their entries, as far as they are kept."
    )
    drift_more = serializers.BooleanField(help_text="There may be more of them: `drift` is the least.")
    checks = CheckAnswer(many=True)
    chain = ChainAnswer()
    transit = TransitAnswer(
        many=True,
        help_text="Clearing, reserve, payout and suspense accounts that are not empty, the oldest open amount first; "
        f"{status.TRANSIT_MOST} at most.",
    )
    transit_accounts = serializers.IntegerField(help_text="How many such accounts there are.")
    doubts = DoubtAnswer(many=True)


class StatusItem(Reads):
    """The firm's books at a glance. Nothing is computed anew here: checks run on the schedule."""

    permission = {"GET": "ledger.view_status"}
    summary = {"GET": "Read the status of the books"}
    answer = StatusAnswer

    def find(self) -> status.Status:
        return status.read(now=self.now)
