"""Bodies and answers of `/transactions/batch`."""

from collections.abc import Sequence
from typing import Any

from ledger.api import fields
from ledger.api.conditions import Version
from ledger.api.shapes import Answer, Input
from ledger.api.transaction_shapes import EntryAnswer, TransactionDraft, present
from ledger.batches import BATCH_MAX
from ledger.errors import DomainError
from ledger.models import Transaction
from ledger.posting import Posted

MODES = ("atomic", "partial")


class BatchDraft(TransactionDraft):
    chain = fields.Text(
        required=False, min_length=1, max_length=64, help_text="Neighbours with the same chain: all or none of them."
    )


class BatchRequest(Input):
    specimen = {"transactions": [BatchDraft.specimen]}

    transactions = BatchDraft(many=True, min_length=1, max_length=BATCH_MAX)
    mode = fields.Choice(
        choices=MODES,
        required=False,
        help_text="`atomic` (if left out): all or none. `partial`: each for itself, with one result per item.",
    )
    dry_run = fields.Flag(required=False, help_text="Show what would happen; nothing is kept.")


class BatchItemAnswer(Answer):
    status = fields.Choice(choices=["accepted", "replayed", "refused"])
    id = fields.Text(allow_null=True, help_text="Null where it was refused, and in a dry run.")
    recorded_at = fields.Moment(allow_null=True)
    replayed = fields.Flag(help_text="Its source was posted before, with the same content.")
    code = fields.Text(allow_null=True, help_text="Why it was refused.")
    detail = fields.Text(allow_null=True)
    param = fields.Text(allow_null=True)
    broken_by = Version(allow_null=True, help_text="In a broken chain, the index of the item that broke it.")
    entries = EntryAnswer(many=True, allow_null=True, help_text="In a dry run; otherwise null.")


class BatchAnswer(Answer):
    data = BatchItemAnswer(many=True, help_text="In the order of the request.")
    dry_run = fields.Flag()


def present_batch(answers: Sequence[Posted | DomainError], *, dry_run: bool) -> dict[str, Any]:
    """One result per item; a dry run shows the entries too."""
    keys = {answer.id for answer in answers if isinstance(answer, Posted)} if dry_run else set()
    rows = list(Transaction.objects.filter(pk__in=keys)) if keys else []
    shown = {row.pk: found["entries"] for row, found in zip(rows, present(rows, dry_run=True), strict=True)}
    return {"data": [_item(answer, shown, dry_run) for answer in answers], "dry_run": dry_run}


def _item(answer: Posted | DomainError, shown: dict[Any, Any], dry_run: bool) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(("id", "recorded_at", "code", "detail", "param", "broken_by", "entries"))
    if isinstance(answer, DomainError):
        why = {"code": answer.code, "detail": answer.detail, "param": answer.param}
        return blank | why | {"status": "refused", "replayed": False, "broken_by": answer.data.get("broken_by")}
    kept = answer.replayed or not dry_run
    return blank | {
        "status": "replayed" if answer.replayed else "accepted",
        "replayed": answer.replayed,
        "id": answer.public_id if kept else None,
        "recorded_at": answer.recorded_at if kept else None,
        "entries": shown.get(answer.id),
    }
