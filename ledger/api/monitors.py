"""`/balance-monitors`: set up, read, change and retire watches over an account or a part of the book."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from ledger import ids, monitors
from ledger.api import fields, filters
from ledger.api.account_names import Names
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input, level, money
from ledger.chart import CATEGORIES, KINDS
from ledger.errors import InvalidRequest
from ledger.models import BalanceMonitor
from ledger.scopes import scope

LEVEL = "A decimal string, below zero with a minus."


class Level(fields.Amount):
    """An amount that may be zero or below."""

    signed = True

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not fields.SIGNED.fullmatch(data):
            self.fail("invalid")
        return data


class MonitorRequest(Input):
    specimen = {
        "name": "Client money at the bank", "prefix": "bank/sepa", "currency": "EUR", "way": "below",
        "threshold": "10000.00", "clear_at": "12000.00",
    }  # fmt: skip

    name = fields.Text(max_length=120)
    account = fields.Text(max_length=120, required=False, help_text="An account's id or code; or a group:")
    category = fields.Choice(choices=sorted(CATEGORIES), required=False)
    kind = fields.Choice(choices=sorted(KINDS), required=False)
    prefix = fields.Text(max_length=120, required=False, help_text="A branch of the codes, like `psp/stripe`.")
    currency = fields.Currency()
    measure = fields.Choice(choices=BalanceMonitor.Measure.values, required=False, help_text="Posted if left out.")
    way = fields.Choice(choices=BalanceMonitor.Way.values)
    threshold = Level(help_text=LEVEL)
    clear_at = Level(required=False, help_text="Where it calms down again; the threshold if left out.")


class MonitorChange(Input):
    specimen = {"version": 1, "threshold": "15000.00"}

    version = serializers.IntegerField(min_value=1, help_text="The version that was seen.")
    name = fields.Text(max_length=120, required=False)
    threshold = Level(required=False, help_text=LEVEL)
    clear_at = Level(required=False)


class MonitorEnd(Input):
    specimen = {"version": 1}

    version = serializers.IntegerField(min_value=1, help_text="The version that was seen.")


class MonitorAnswer(Answer):
    id = fields.Text(source="public_id")
    name = fields.Text()
    account = fields.PublicId("acc", integer=True, source="account_id", allow_null=True)
    category = fields.Text()
    kind = fields.Text()
    prefix = fields.Text()
    currency = fields.Currency()
    measure = fields.Choice(choices=BalanceMonitor.Measure.values)
    way = fields.Choice(choices=BalanceMonitor.Way.values)
    threshold = fields.Column()
    clear_at = fields.Column()
    state = fields.Choice(choices=BalanceMonitor.State.values)
    value = fields.Column(help_text="The figure when it was looked at last.")
    evaluated_at = fields.Moment()
    changed_state_at = fields.Moment(allow_null=True)
    times_triggered = serializers.IntegerField()
    version = serializers.IntegerField()
    created_at = fields.Moment()


class Monitors(Lists, Acts):
    """Balance monitors. Crossing a level is an event, `monitor.triggered` or `monitor.cleared`; none is missed."""

    permission = {"GET": "ledger.view_balancemonitor", "POST": monitors.PERMISSION}
    summary = {"GET": "List balance monitors", "POST": "Set up a balance monitor"}
    body, answer, status = MonitorRequest, MonitorAnswer, 201
    filters = (
        filters.choice("state", BalanceMonitor.State.values),
        filters.choice("kind", list(KINDS)),
        filters.currency(),
    )

    def rows(self) -> QuerySet[BalanceMonitor]:
        return BalanceMonitor.objects.select_related("account")

    def act(self, given: dict[str, Any]) -> BalanceMonitor:
        named, code = given.get("account"), given["currency"]
        words = {name: given.get(name, "") for name in ("category", "kind", "prefix")}
        if named and any(words.values()):
            raise InvalidRequest("Name an account, or a category, kind or prefix; not both.", param="account")
        return monitors.create(
            name=given["name"],
            account=Names().ref(named, code, param="account") if named else None,
            scope=None if named else scope(**words, currency=code),
            threshold=money(given, amount="threshold"),
            clear_at=money(given, amount="clear_at") if "clear_at" in given else None,
            measure=given.get("measure", BalanceMonitor.Measure.POSTED),
            way=given["way"],
            actor=self.actor,
            now=self.now,
        )


class MonitorItem(Reads):
    """One balance monitor."""

    permission = {"GET": "ledger.view_balancemonitor"}
    summary = {"GET": "Read a balance monitor"}
    answer = MonitorAnswer

    def find(self, reference: str) -> BalanceMonitor:
        found: BalanceMonitor = one(BalanceMonitor.objects.all(), pk=ids.decode_int("mon", reference))
        return found


class MonitorChanges(Acts):
    """Set another level or name; what is left out stays."""

    permission = {"POST": monitors.PERMISSION}
    summary = {"POST": "Change a balance monitor"}
    body, answer = MonitorChange, MonitorAnswer

    def act(self, given: dict[str, Any], reference: str) -> BalanceMonitor:
        monitor = monitors.find(reference)
        levels = {
            name: level(given[name], monitor.currency, param=name)
            for name in ("threshold", "clear_at")
            if name in given
        }
        return monitors.change(
            monitor_id=monitor.pk,
            version=given["version"],
            name=given.get("name", ""),
            **levels,
            actor=self.actor,
            now=self.now,
        )


class MonitorRetirement(Acts):
    """Stop watching for good; its history stays."""

    permission = {"POST": monitors.PERMISSION}
    summary = {"POST": "Retire a balance monitor"}
    body, answer = MonitorEnd, MonitorAnswer

    def act(self, given: dict[str, Any], reference: str) -> BalanceMonitor:
        monitor = monitors.find(reference)
        return monitors.retire(monitor_id=monitor.pk, version=given["version"], actor=self.actor, now=self.now)
