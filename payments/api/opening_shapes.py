"""Bodies and answers of `/opening-imports`."""

from typing import Any

from rest_framework import serializers

from ledger.api import fields
from ledger.api.shapes import Answer, Input
from payments.decisions import REASON_CODES
from payments.models import OpeningImport
from payments.opening_files import COLUMNS, CONTROL_COLUMNS, ROWS_MAX
from payments.services.approvals import NOTE_MAX
from payments.services.opening_imports import REFERENCE_MAX
from payments.states import OPENING_IMPORT

FILE_NAME = "balances.csv"
FILE_MAX = 8_000_000  # characters: both files and their escapes fit into one request
HASH = "9f2c4e5b8d7a6c1e0f3b2a4d5c6e7f80"


class OpeningImportRequest(Input):
    specimen = {
        "reference": "cut-over-2026-10",
        "balances": f"{','.join(COLUMNS)}\n"
        "c1,Ada Lund,ada@example.test,SE,wallet,,EUR,1000.50,2026-10-31\n"
        ",,,,bank_client_money,sepa,EUR,1000.50,2026-10-31\n",
        "control": f"{','.join(CONTROL_COLUMNS)}\nwallet,EUR,1,1000.50\nbank_client_money,EUR,1,1000.50\n",
        "name": "old.csv",
        "suspense": False,
    }

    reference = fields.Text(max_length=REFERENCE_MAX, help_text="The cut-over's own name: one import each.")
    balances = fields.Text(
        max_length=FILE_MAX, help_text=f"The file: CSV, one account per line, up to {ROWS_MAX} lines, `{COLUMNS[0]},…`."
    )
    control = fields.Text(
        max_length=FILE_MAX, help_text=f"The old system's own totals: CSV, `{','.join(CONTROL_COLUMNS)}`."
    )
    name = fields.Text(max_length=200, required=False, help_text="A name for the file.")
    suspense = fields.Flag(
        required=False, help_text="What fits no client goes to suspense, each with a case; otherwise it is refused."
    )
    dry_run = fields.Flag(required=False, help_text="Show what would happen; nothing is kept.")


class OpeningApproval(Input):
    specimen = {"content_hash": HASH, "note": "Totals agree with the old system's closing"}

    content_hash = fields.Text(max_length=64)
    note = fields.Text(max_length=NOTE_MAX, required=False)


class OpeningRejection(Input):
    specimen = {"content_hash": HASH, "reason_code": "other", "note": "The old system was not closed yet"}

    content_hash = fields.Text(max_length=64)
    reason_code = fields.Choice(choices=sorted(REASON_CODES))
    note = fields.Text(max_length=NOTE_MAX)


class Plain(fields.Figure):
    """An amount that is kept as text."""

    def to_representation(self, value: Any) -> str:
        return str(value)


class OpeningTotalAnswer(Answer):
    kind = fields.Text()
    currency = fields.Currency()
    rows = serializers.IntegerField()
    amount = Plain(help_text="In the accounts' normal direction.")


class OpeningUnplacedAnswer(Answer):
    line = serializers.IntegerField()
    client_external_id = fields.Text()
    kind = fields.Text()
    account = fields.Text()
    currency = fields.Currency()
    amount = Plain()
    why = fields.Text(help_text="What does not fit.")


class OpeningImportAnswer(Answer):
    id = fields.Text(allow_null=True, help_text="Null in a dry run.")
    reference = fields.Text()
    file = fields.Text()
    sha256 = fields.Text(help_text="Of the balances.")
    control_sha256 = fields.Text()
    suspense = fields.Flag(help_text="What fits no client goes to suspense.")
    state = fields.Choice(choices=OPENING_IMPORT.states)
    rows = serializers.IntegerField()
    transactions = serializers.IntegerField(help_text="How many will be posted: empty accounts are only opened.")
    clients_new = serializers.IntegerField()
    clients_known = serializers.IntegerField()
    trading_accounts_new = serializers.IntegerField()
    unplaced_rows = serializers.IntegerField(help_text="How many go to suspense.")
    control_totals = OpeningTotalAnswer(many=True)
    file_totals = OpeningTotalAnswer(many=True, help_text="What the rows add up to; the same as the control totals.")
    made_by = fields.Text()
    created_at = fields.Moment()
    content_hash = fields.Text(
        allow_null=True, help_text="What a decision decides on; send it back with the decision. Null in a dry run."
    )
    decided_by = fields.Text(help_text="Empty while it waits.")
    decided_at = fields.Moment(allow_null=True)
    ended_at = fields.Moment(allow_null=True)
    error = fields.Text(help_text="Why nothing was posted, when it has failed.")
    dry_run = fields.Flag()


class OpeningImportDetailAnswer(OpeningImportAnswer):
    unplaced = OpeningUnplacedAnswer(many=True, help_text="The rows that fit no client and go to suspense.")


class OpeningReportAnswer(Answer):
    report = serializers.DictField(
        help_text="Files, totals, every line with its transaction, who prepared and approved."
    )
    signature = serializers.DictField(child=serializers.CharField(), help_text="`algorithm`, `key`, `value`.")


class OpeningReportCheckRequest(Input):
    specimen = {
        "report": {"report": "wherewithal.opening-balances", "version": 1},
        "signature": {"algorithm": "ed25519", "key": "0f3b2a4d5c6e7f80", "value": HASH * 2},
    }

    report = serializers.DictField(allow_empty=False)
    signature = serializers.DictField(child=fields.Text(max_length=200), allow_empty=False)


class OpeningReportCheckAnswer(Answer):
    genuine = fields.Flag(help_text="Signed here, and not changed since.")


def present(row: OpeningImport, *, dry_run: bool = False) -> dict[str, Any]:
    """An import as its answers show it; in a dry run nothing has a name yet."""
    figures = row.figures
    counted = ("rows", "transactions", "clients_new", "clients_known", "trading_accounts_new")
    kept = ("reference", "sha256", "control_sha256", "suspense", "state", "created_at", "decided_by", "decided_at")
    return {
        **{name: figures[name] for name in counted},
        **{name: getattr(row, name) for name in (*kept, "ended_at", "error")},
        "id": None if dry_run else row.public_id,
        "content_hash": None if dry_run else row.content_hash,
        "file": row.file_name,
        "made_by": row.made_by,
        "control_totals": figures["control"],
        "file_totals": figures["file"],
        "unplaced_rows": len(figures["suspense"]),
        "unplaced": figures["suspense"],
        "dry_run": dry_run,
    }
