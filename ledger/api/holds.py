"""`/holds`: money of a client set aside, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters, holding
from ledger.api.endpoints import Lists, Reads, one
from ledger.api.holding import Moved
from ledger.api.pages import among
from ledger.api.rehearsing import Rehearsable, Rehearses
from ledger.api.shapes import Answer
from ledger.api.transaction_shapes import EntryAnswer, ExtendRequest, entries_of, shown_entry
from ledger.models import Hold

OPEN = "open"


class HoldRequest(Rehearsable):
    specimen = {
        "account": f"client/{fields.example('cl')}/wallet",
        "amount": "500.00",
        "currency": "USD",
        "kind": "aml_review",
        "reason": "Source of funds asked for",
    }

    account = fields.Text(max_length=120, help_text="A wallet or pocket, by id or code.")
    amount = fields.Amount()
    currency = fields.Currency()
    kind = fields.Choice(choices=holding.KINDS)
    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words for staff.")
    expires_at = fields.Moment(required=False, help_text="When it is given back by itself.")


class CaptureRequest(Rehearsable):
    specimen = {"to": "house/adjustments", "amount": "100.00", "reason": "Court order 17/2026"}

    to = fields.Text(max_length=120, help_text="An account of the house, by id or code.")
    amount = fields.Amount(required=False, help_text="A part; the whole rest if left out.")
    currency = fields.Currency(required=False)
    reason = fields.Text(min_length=3, max_length=500, help_text="Why, in words.")


class ReleaseRequest(Rehearsable):
    amount = fields.Amount(required=False, help_text="A part; the whole rest if left out.")
    currency = fields.Currency(required=False)
    reason = fields.Text(required=False, max_length=500)


class HoldAnswer(Answer):
    # Who holds money and why is for staff: a client under review must not be told of it here.
    restricted = {"reason": "ledger.view_hold", "placed_by": "ledger.view_hold"}

    id = fields.Text(source="public_id")
    account = fields.Text(source="wallet.code")
    client = fields.Text(source="wallet.owner")
    currency = fields.Currency(source="wallet.currency_id")
    kind = fields.Choice(choices=Hold.Kind.values)
    reason = fields.Text()
    placed_by = fields.Text(source="actor", help_text="Who asked for it.")
    state = fields.Choice(choices=Hold.State.values)
    amount = fields.Column(currency="wallet.currency_id")
    captured = fields.Column(currency="wallet.currency_id")
    released = fields.Column(currency="wallet.currency_id")
    remaining = fields.Column(currency="wallet.currency_id")
    transaction = fields.PublicId("txn", source="placed_by_id")
    placed_at = fields.Moment()
    expires_at = fields.Moment(allow_null=True)
    ended_at = fields.Moment(allow_null=True)


class HoldActAnswer(HoldAnswer):
    """A hold after an act, with the entries that the act wrote."""

    id = fields.Text(source="public_id", allow_null=True, help_text="Null where a dry run would place it.")
    transaction = fields.PublicId("txn", source="placed_by_id", allow_null=True)
    entries = EntryAnswer(many=True, help_text="What this act wrote; none where it moved nothing.")
    dry_run = fields.Flag()

    def to_representation(self, shown: "Shown") -> dict[str, Any]:
        found = dict(HoldAnswer(shown.hold, context=self.context).data)
        if shown.nameless:
            found |= {"id": None, "transaction": None}
        return found | {"entries": EntryAnswer(shown.entries, many=True).data, "dry_run": shown.dry_run}


@dataclass(frozen=True)
class Shown:
    """A hold after an act, as it is shown. `nameless`: it does not exist, so it has no id."""

    hold: Hold
    entries: Sequence[dict[str, Any]]
    dry_run: bool = False
    nameless: bool = False


class HoldActs(Rehearses):
    """What every act on a hold shares: it can be rehearsed, and answers with the hold and what it wrote."""

    created = HoldActAnswer
    places = False

    def presented(self, result: Moved) -> Shown:
        return Shown(result.hold, _entries(result, dry_run=False))

    def rehearsed(self, result: Moved) -> Shown:
        return Shown(result.hold, _entries(result, dry_run=True), dry_run=True, nameless=self.places)


def _entries(result: Moved, *, dry_run: bool) -> list[dict[str, Any]]:
    if result.transaction is None:
        return []
    lines = entries_of([result.transaction], [result.transaction] if dry_run else [])
    return [shown_entry(line) for line in lines[result.transaction]]


class Holds(Lists, HoldActs):
    """Money set aside. A hold of a withdrawal, refund or dispute is decided there."""

    permission = {"GET": "ledger.view_hold", "POST": "ledger.place_hold"}
    owners = True
    summary = {"GET": "List holds", "POST": "Place a hold"}
    body, answer, status, other_statuses = HoldRequest, HoldAnswer, 201, (200,)
    places = True
    filters = (
        filters.Filter(
            "state",
            fields.Choice(choices=[OPEN, *sorted(Hold.State.values)]),
            "",
            "Only in this state; `open` are those that still hold something: active and partly captured.",
        ),
        filters.choice("kind", Hold.Kind.values),
        filters.public("client", "cl", "wallet__owner"),
        filters.currency("wallet__currency"),
        filters.text("placed_by", "actor", longest=80),
        *filters.moment("placed", "placed_at"),
        *filters.moment("expires", "expires_at"),
    )

    def rows(self) -> QuerySet[Hold]:
        rows, state = _visible(self), self.asked().values.get("state")
        if state == OPEN or state in Hold.OPEN_STATES:
            rows = among(rows, Hold.objects.filter(state__in=Hold.OPEN_STATES))
        return rows.filter(state=state) if state in Hold.State.values else rows

    def act(self, given: dict[str, Any]) -> Moved:
        return holding.placed(given=given, actor=self.actor, now=self.now)


class HoldItem(Reads):
    """One hold."""

    permission = {"GET": "ledger.view_hold"}
    owners = True
    summary = {"GET": "Read a hold"}
    answer = HoldAnswer

    def find(self, reference: str) -> Hold:
        return one(_visible(self), pk=ids.decode_uuid("hold", reference))


class HoldCapture(HoldActs):
    """Take held money for the firm, as a person who did not place the hold."""

    permission = {"POST": "ledger.release_hold"}
    summary = {"POST": "Capture a hold, wholly or in part"}
    body, answer = CaptureRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Moved:
        key = ids.decode_uuid("hold", reference)
        return holding.captured(hold_id=key, given=given, actor=self.actor, now=self.now)


class HoldRelease(HoldActs):
    """Give held money back to its wallet, all of it or a part."""

    permission = {"POST": "ledger.release_hold"}
    summary = {"POST": "Release a hold, wholly or in part"}
    body, answer = ReleaseRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Moved:
        key = ids.decode_uuid("hold", reference)
        return holding.released(hold_id=key, given=given, actor=self.actor, now=self.now)


class HoldExtend(HoldActs):
    """Put off the end of a hold."""

    permission = {"POST": "ledger.place_hold"}
    summary = {"POST": "Give a hold more time"}
    body, answer = ExtendRequest, HoldAnswer

    def act(self, given: dict[str, Any], reference: str) -> Moved:
        key = ids.decode_uuid("hold", reference)
        return Moved(holding.extend(hold_id=key, given=given, actor=self.actor, now=self.now), None)


def _visible(endpoint: Holds | HoldItem) -> QuerySet[Hold]:
    rows = Hold.objects.select_related("wallet")
    return rows.filter(wallet__owner=endpoint.actor.client_id) if endpoint.only_own else rows
