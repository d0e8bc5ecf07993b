"""`/seal-checkpoints`: the signed words about the chain, as they stand in their copies.

Whoever keeps them can prove later that nothing before them was changed. Reads only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import seal_checkpoints
from ledger.api import fields, filters
from ledger.api.endpoints import Lists
from ledger.api.shapes import Answer
from ledger.models import SignedCheckpoint


class SealCheckpointAnswer(Answer):
    serial = serializers.IntegerField()
    number = serializers.IntegerField(help_text="The last link of the chain that it speaks for.")
    daily = fields.Flag(help_text="The first one since the last daily root.")
    key = fields.Text(help_text="Name of the public key.")
    note = fields.Text(help_text="The signed text, the same bytes as in every copy.")
    made_at = fields.Moment()


class SealCheckpoints(Lists):
    """Signed checkpoints of the chain, latest first."""

    permission = {"GET": "ledger.view_status"}
    summary = {"GET": "List signed checkpoints of the chain"}
    answer = SealCheckpointAnswer
    filters = (filters.text("key", longest=16), *filters.moment("made", "made_at"))

    def rows(self) -> QuerySet[SignedCheckpoint]:
        return SignedCheckpoint.objects.all()

    def present(self, rows: Iterable[SignedCheckpoint]) -> list[Mapping[str, Any]]:
        return [{**vars(row), "note": seal_checkpoints.text_of(row)} for row in rows]
