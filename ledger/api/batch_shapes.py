"""Bodies and answers of `/transactions/batch`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework import serializers

from ledger.api import fields, refusals
from ledger.api.conditions import Version
from ledger.api.permissions import Acting
from ledger.api.rehearsing import Rehearsable
from ledger.api.shapes import Answer
from ledger.api.transaction_shapes import EntryAnswer, TransactionDraft, entries_of, shown_entry
from ledger.batches import BATCH_MAX
from ledger.errors import DomainError, InvalidRequest
from ledger.posting import Posted

MODES = ("atomic", "partial")
FAULTS_MAX = 20  # of one item


@dataclass(frozen=True)
class Malformed:
    """An item that is no transaction: what is wrong with which of its fields, and the chain that it breaks."""

    faults: Sequence[tuple[str, str]]
    chain: str | None = None

    @property
    def error(self) -> InvalidRequest:
        param, detail = self.faults[0]
        return InvalidRequest(detail, param=param or None, **({"more": self.faults[1:]} if self.faults[1:] else {}))


class Items(serializers.ListSerializer[Any]):
    """The items of a batch, each read for itself: one that cannot be read keeps its place as `Malformed`, so that all
    that is wrong with all of them is found at once, whatever it is."""

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            chain = data.get("chain") if isinstance(data, Mapping) else None
            faults = list(refusals.faults_of(error.detail))[:FAULTS_MAX]
            return Malformed(faults, chain if isinstance(chain, str) else None)


class BatchDraft(TransactionDraft):
    class Meta:
        list_serializer_class = Items

    chain = fields.Text(
        required=False, min_length=1, max_length=64, help_text="Neighbours with the same chain: all or none of them."
    )


class BatchRequest(Rehearsable):
    specimen = {"transactions": [BatchDraft.specimen]}

    transactions = BatchDraft(many=True, min_length=1, max_length=BATCH_MAX)
    mode = fields.Choice(
        choices=MODES,
        required=False,
        help_text="`atomic` (if left out): all or none. `partial`: each for itself, with one result per item.",
    )


class BatchItemAnswer(Answer):
    status = fields.Choice(choices=["accepted", "replayed", "refused"])
    id = fields.Text(allow_null=True, help_text="Null where it was refused, and in a dry run.")
    recorded_at = fields.Moment(allow_null=True)
    replayed = fields.Flag(help_text="Its source was posted before, with the same content.")
    code = fields.Text(allow_null=True, help_text="Why it was refused.")
    cause = fields.Text(allow_null=True, help_text="Which of the code's causes it was, where it has several.")
    detail = fields.Text(allow_null=True)
    param = fields.Text(allow_null=True, help_text="The first field at fault.")
    facts = serializers.DictField(
        child=fields.Text(), allow_null=True, help_text="The facts of the refusal, as in a problem document."
    )
    broken_by = Version(allow_null=True, help_text="In a broken chain, the index of the item that broke it.")
    entries = EntryAnswer(many=True, allow_null=True, help_text="In a dry run; otherwise null.")


class BatchAnswer(Answer):
    data = BatchItemAnswer(many=True, help_text="In the order of the request.")
    dry_run = fields.Flag()


def present_batch(answers: Sequence[Posted | DomainError], *, actor: Acting, dry_run: bool) -> dict[str, Any]:
    """One result per item, refusals as this caller may be told them; a dry run shows the entries too."""
    entries: dict[UUID, Any] = {}
    fresh: list[UUID] = []
    if dry_run:
        posted = [answer for answer in answers if isinstance(answer, Posted)]
        fresh = [answer.id for answer in posted if not answer.replayed]
        entries = entries_of([answer.id for answer in posted], fresh)
    shown = [_item(answer, entries if dry_run else None, fresh, actor) for answer in answers]
    return {"data": shown, "dry_run": dry_run}


def _item(
    answer: Posted | DomainError, entries: Mapping[UUID, Any] | None, fresh: Collection[UUID], actor: Acting
) -> dict[str, Any]:
    """`entries`: in a dry run, by transaction; `fresh`: those that it made, which have no id that anybody may keep."""
    if isinstance(answer, DomainError):
        told = refusals.fault_of(answer, actor)
        return _BLANK | told | {"status": "refused", "replayed": False, "broken_by": answer.data.get("broken_by")}
    kept = answer.id not in fresh
    return _BLANK | {
        "status": "replayed" if answer.replayed else "accepted",
        "replayed": answer.replayed,
        "id": answer.public_id if kept else None,
        "recorded_at": answer.recorded_at if kept else None,
        "entries": [shown_entry(line) for line in entries[answer.id]] if entries is not None else None,
    }


_BLANK: dict[str, Any] = dict.fromkeys(
    ("id", "recorded_at", "code", "cause", "detail", "param", "facts", "broken_by", "entries")
)
