"""Bodies and answers of `/transactions`: what can be asked, and how a page of transactions is shown.

Reads the ledger through its queries, a fixed number of them per page.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from ledger import dry_runs, queries
from ledger.api import by_hand, fields
from ledger.api.accounts import LAYERS
from ledger.api.conditions import CONDITIONS_MAX, ConditionRequest
from ledger.api.rehearsing import Rehearsable
from ledger.api.shapes import Answer, Input
from ledger.models import Pending, Transaction
from ledger.money import Money
from ledger.posting import LEGS_MAX
from ledger.reasons import REASONS

STATES = ("pending", "posted", "voided", "expired", "reversed", "partly_reversed")
_PLAIN = ("phase", "reason_id", "description", "metadata", "effective_at", "recorded_at", "pending_id", "reverses_id")


class SourceRequest(Input):
    system = fields.Text(max_length=36)
    kind = fields.Text(max_length=40)
    id = fields.Text(max_length=120)


class EntryRequest(Input):
    account = fields.Text(max_length=120, help_text="The account's id `acc_…` or its code.")
    direction = fields.Choice(choices=["debit", "credit"])
    amount = fields.Amount()
    currency = fields.Currency()


class TransactionDraft(Input):
    specimen = {
        "reason": "CLIENT_INTERNAL_TRANSFER",
        "entries": [
            {
                "account": f"client/{fields.example('cl')}/wallet",
                "direction": "debit",
                "amount": "500.00",
                "currency": "USD",
            },
            {
                "account": f"client/{fields.example('cl')}/pocket/savings",
                "direction": "credit",
                "amount": "500.00",
                "currency": "USD",
            },
        ],
        "source": {"system": "crm", "kind": "saving", "id": "A-17"},
        "description": "Monthly saving",
    }

    reason = fields.Choice(choices=sorted(REASONS), help_text="A reason code that is open to callers.")
    effective_at = fields.Moment(
        required=False,
        help_text="When it happened; now if left out. More than five minutes ago needs ledger.backdate_transaction.",
    )
    land = fields.Choice(
        choices=["next_open"],
        required=False,
        help_text="Where the day of `effective_at` is closed: take effect at the first open moment, and point back.",
    )
    source = SourceRequest(required=False, help_text="Your permanent reference: the same one never posts twice.")
    entries = EntryRequest(many=True, min_length=2, max_length=LEGS_MAX)
    description = fields.Text(required=False, allow_blank=True, max_length=500)
    metadata = fields.Facts(required=False)
    pending = fields.Flag(required=False, help_text="Reserve only; post or void it later.")
    expires_at = fields.Moment(required=False, help_text="When what is still pending of it is given back by itself.")
    expires_on = serializers.ListField(
        child=fields.Text(max_length=60),
        required=False,
        allow_empty=False,
        max_length=10,
        help_text="Outside statuses that end it, like `mt5.rejected`.",
    )
    conditions = ConditionRequest(
        many=True,
        required=False,
        min_length=1,
        max_length=CONDITIONS_MAX,
        help_text="What must be so just before, or it is refused.",
    )


class TransactionRequest(TransactionDraft, Rehearsable):
    pass


class PartRequest(Rehearsable):
    specimen = {"amount": "125.00"}

    amount = fields.Amount(
        required=False, help_text="The part whose credits are this much, every entry in exact proportion; else all."
    )
    currency = fields.Currency(required=False)
    entries = EntryRequest(
        many=True,
        required=False,
        min_length=2,
        max_length=LEGS_MAX,
        help_text="The entries to post, instead of an amount.",
    )


class VoidRequest(Rehearsable):
    reason = fields.Text(required=False, max_length=500)


class ExpireRequest(Rehearsable):
    specimen = {"status": "mt5.rejected"}

    status = fields.Text(max_length=60, help_text="The outside status; one of the transaction's `expires_on`.")
    reason = fields.Text(required=False, max_length=500)


class ExtendRequest(Rehearsable):
    specimen = {"expires_at": "2099-01-01T00:00:00Z", "reason": "The platform is closed for maintenance"}

    expires_at = fields.Moment(help_text="Later than now set; an end is only ever put off.")
    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words.")


class ReverseRequest(Rehearsable):
    specimen = {"reason": "Booked to the wrong client", "amount": "125.00", "currency": "USD"}

    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words.")
    amount = fields.Amount(
        required=False,
        help_text="The part whose credits are this much, every entry in proportion; else all that is not reversed yet.",
    )
    currency = fields.Currency(required=False)
    entries = EntryRequest(
        many=True,
        required=False,
        min_length=2,
        max_length=LEGS_MAX,
        help_text="Entries of the original as they were posted, or less of them, instead of an amount.",
    )


class SourceAnswer(Answer):
    system = fields.Text()
    kind = fields.Text()
    id = fields.Text()


class EntryAnswer(Answer):
    account = fields.Text(source="code")
    account_id = fields.PublicId("acc", integer=True)
    direction = fields.Choice(choices=["debit", "credit"])
    amount = fields.Amount()
    currency = fields.Currency()
    layer = fields.Choice(choices=sorted(LAYERS.values()))
    balance_before = fields.Figure(
        allow_null=True,
        help_text="Null for accounts that keep no running balance; in a dry run told for them too, as of that moment.",
    )
    balance_after = fields.Figure(allow_null=True)


class TransactionAnswer(Answer):
    id = fields.Text(source="public_id", allow_null=True, help_text="Null where a dry run would make it.")
    state = fields.Choice(choices=STATES)
    phase = fields.Choice(choices=Transaction.Phase.values)
    reason = fields.Text(source="reason_id")
    description = fields.Text()
    metadata = fields.Facts(allow_null=True)
    source = SourceAnswer(allow_null=True)
    effective_at = fields.Moment()
    recorded_at = fields.Moment()
    remaining = fields.Figure(allow_null=True, help_text="What is still pending; null where nothing ever was.")
    expires_at = fields.Moment(allow_null=True)
    expires_on = serializers.ListField(child=fields.Text())
    resolves = fields.PublicId("txn", source="pending_id", allow_null=True)
    reverses = fields.PublicId("txn", source="reverses_id", allow_null=True)
    entries = EntryAnswer(many=True)
    dry_run = fields.Flag()


def present(
    rows: Iterable[Transaction], *, dry_run: bool = False, rehearsed: Collection[UUID] = ()
) -> list[dict[str, Any]]:
    """Transactions with state, entries and what is pending of them, each fetched for all at once. `rehearsed`: those
    that a dry run just made, in the order in which it did; they have no id, and balances of house accounts too."""
    found = list(rows)
    keys = [row.pk for row in found]
    lines, states = entries_of(keys, rehearsed), queries.states_of(keys)
    pending = Pending.objects.in_bulk(keys)
    return [
        {
            **{name: getattr(row, name) for name in _PLAIN},
            "public_id": None if row.pk in rehearsed else row.public_id,
            "state": states[row.pk],
            "source": _source(row),
            "remaining": _remaining(pending[row.pk].remaining, lines[row.pk]) if row.pk in pending else None,
            "expires_at": pending[row.pk].expires_at if row.pk in pending else None,
            "expires_on": pending[row.pk].expires_on if row.pk in pending else [],
            "entries": [shown_entry(line) for line in lines[row.pk]],
            "dry_run": dry_run,
        }
        for row in found
    ]


def entries_of(keys: Iterable[UUID], rehearsed: Collection[UUID] = ()) -> dict[UUID, list[queries.Line]]:
    """The entries of transactions; those of the `rehearsed` with the balances of house accounts."""
    lines = queries.lines_of_many([*keys, *rehearsed])
    lines |= dict(zip(rehearsed, dry_runs.with_house_balances([lines[key] for key in rehearsed]), strict=True))
    return lines


def _remaining(amount: Decimal, lines: list[queries.Line]) -> Money | Decimal:
    currencies = {line.currency for line in lines}
    if len(currencies) != 1:
        return amount.normalize()
    return Money.of(amount, currencies.pop())


def _source(row: Transaction) -> dict[str, Any] | None:
    if row.source_system is None:
        return None
    return {"system": row.source_system.removeprefix(by_hand.OURS), "kind": row.source_kind, "id": row.source_id}


def shown_entry(line: queries.Line) -> dict[str, Any]:
    def figure(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money.of(amount, line.currency)

    return {
        "code": line.code,
        "account_id": line.account_id,
        "direction": line.direction,
        "amount": abs(Money.of(line.amount, line.currency)),
        "currency": line.currency,
        "layer": LAYERS[line.layer],
        "balance_before": figure(line.balance_before),
        "balance_after": figure(line.balance_after),
    }
