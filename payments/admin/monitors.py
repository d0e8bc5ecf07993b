"""Balance monitors on staff pages: what is watched, what was crossed, and setting levels."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ledger import accounts, monitors
from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.chart import CATEGORIES, KINDS
from ledger.ids import encode
from ledger.models import BalanceMonitor, Event
from ledger.money import CURRENCIES, Money
from ledger.scopes import scope
from payments.web import actor_of

CROSSINGS_SHOWN = 30
_ANY = ("", "any")
_WAYS = (("below", "it falls below"), ("above", "it rises above"))


def _optional(words: Any) -> list[tuple[str, str]]:
    return [_ANY, *((word, display.words(word)) for word in sorted(words))]


class SetUp(forms.Form):
    name = acts.line("Name", help_text="What people will read when it is crossed.", longest=120)
    account = acts.line("Account", help_text="One account by its code; or leave it empty and name a group:",
                        required=False, longest=120)  # fmt: skip
    category = forms.ChoiceField(label="Category", choices=_optional(CATEGORIES), required=False)
    kind = forms.ChoiceField(label="Kind", choices=_optional(KINDS), required=False)
    prefix = acts.line("Branch", help_text="The beginning of account codes, like psp/stripe.", required=False)
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    measure = forms.ChoiceField(
        label="Figure", choices=[("posted", "posted"), ("available", "available: less what is on its way out")]
    )
    way = forms.ChoiceField(label="Tell when", choices=_WAYS)
    threshold = acts.line("Level", inputmode="decimal", help_text="For example 10000.00; may be below zero.")
    clear_at = acts.line("Calm again at", inputmode="decimal", required=False,
                         help_text="Between the two it says nothing. The level itself if left empty.")  # fmt: skip


class Change(forms.Form):
    threshold = acts.line("Level", inputmode="decimal")
    clear_at = acts.line("Calm again at", inputmode="decimal", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)


class End(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


def _money(text: str, currency: str) -> Money | None:
    return Money.of(text.strip().replace(",", ""), currency) if text.strip() else None


def _level(text: str, currency: str) -> Money:
    return Money.of(text.strip().replace(",", ""), currency)


def _set_up(call: Call) -> tuple[str, str]:
    given, code = call.data, call.data["account"].strip()
    words = {name: given[name].strip() for name in ("category", "kind", "prefix")}
    monitor = monitors.create(
        name=given["name"],
        account=accounts.find(code, given["currency"]) if code else None,
        scope=scope(**words, currency=given["currency"]) if any(words.values()) else None,
        threshold=_level(given["threshold"], given["currency"]),
        clear_at=_money(given["clear_at"], given["currency"]),
        measure=given["measure"],
        way=given["way"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"“{monitor.name}” watches from now on.", references.url(monitor.public_id)


def _change(call: Call) -> str:
    currency = call.shown.currency
    monitors.change(
        monitor_id=call.shown.pk,
        version=call.data["version"],
        threshold=_level(call.data["threshold"], currency),
        clear_at=_money(call.data["clear_at"], currency),
        actor=actor_of(call.request),
        now=call.now,
    )
    return "The new level counts from now on."


def _retire(call: Call) -> str:
    monitors.retire(monitor_id=call.shown.pk, version=call.data["version"], actor=actor_of(call.request), now=call.now)
    return "It watches no more; its history stays."


def _watching(shown: BalanceMonitor) -> bool:
    return shown.state != BalanceMonitor.State.RETIRED


@admin.register(BalanceMonitor)
class BalanceMonitorAdmin(ReadOnlyAdmin):
    prefix = "mon"
    list_display = ("monitor", "watched", "level", "now_shown", "state_shown", "looked")
    list_filter = (
        choices("state", "State", BalanceMonitor.State.values),
        choices("currency", "Currency", sorted(CURRENCIES)),
    )
    list_select_related = detail_select_related = ("account",)
    finders = (finding.public_id("mon"), finding.name("name"), finding.account_code("account__code"))
    search_help_text = "Name, account code"
    intro = "Looked at every few seconds, beside the postings and never in their way. No crossing is missed."
    empty = "No monitor yet. Set one up to be told when an account or a group of accounts crosses a level."
    makes = (
        Act(
            name="set-up",
            label="Set up a monitor",
            permission=monitors.PERMISSION,
            form=SetUp,
            perform=_set_up,
            sentence=lambda shown, data: f"Watch “{data['name']}”",
        ),
    )
    acts = (
        Act(
            name="set-level",
            label="Change the level",
            permission=monitors.PERMISSION,
            form=Change,
            perform=_change,
            sentence=lambda shown, data: f"Set the level to {data['threshold']} {shown.currency}",
            offered=_watching,
            initial=lambda request, shown: {
                "threshold": Money.of(shown.threshold, shown.currency).text,
                "clear_at": Money.of(shown.clear_at, shown.currency).text,
                "version": shown.version,
            },
        ),
        Act(
            name="retire",
            label="Retire",
            permission=monitors.PERMISSION,
            form=End,
            perform=_retire,
            sentence=lambda shown, data: f"Stop watching “{shown.name}”",
            offered=_watching,
            initial=lambda request, shown: {"version": shown.version},
            danger=True,
        ),
    )

    @admin.display(description="Monitor")
    def monitor(self, shown: BalanceMonitor) -> Any:
        return display.stacked(shown.name, display.short(shown.public_id))

    @admin.display(description="Watches")
    def watched(self, shown: BalanceMonitor) -> Any:
        if shown.account is not None:
            return display.stacked(display.account(shown.account.code), shown.measure)
        words = [display.words(word) for word in (shown.category, shown.kind, shown.prefix) if word]
        return display.stacked(", ".join(words), f"all of them together, {shown.measure}")

    @admin.display(description="Tells when")
    def level(self, shown: BalanceMonitor) -> Any:
        clear = f"calm again at {self._plain(shown, shown.clear_at)}" if shown.clear_at != shown.threshold else ""
        return display.stacked(f"{shown.way} {self._plain(shown, shown.threshold)}", clear)

    @admin.display(description="Figure")
    def now_shown(self, shown: BalanceMonitor) -> Any:
        return display.raw_amount(shown.value, shown.currency)

    @admin.display(description="State")
    def state_shown(self, shown: BalanceMonitor) -> Any:
        tones = {"calm": "good", "triggered": "attention", "retired": "stopped"}
        return display.tag(shown.state, tones[shown.state])

    @admin.display(description="Looked at")
    def looked(self, shown: BalanceMonitor) -> Any:
        return display.when(shown.evaluated_at)

    def heading(self, shown: BalanceMonitor) -> str:
        return shown.name

    def tags(self, shown: BalanceMonitor) -> list[Any]:
        return [self.state_shown(shown)]

    def lead(self, request: HttpRequest, shown: BalanceMonitor) -> Any:
        return self.now_shown(shown)

    def summary(self, request: HttpRequest, shown: BalanceMonitor) -> Any:
        return self.level(shown)

    def panels(self, request: HttpRequest, shown: BalanceMonitor) -> list[Panel]:
        found = Event.objects.filter(
            object_ref=shown.public_id, type__in=["monitor.triggered", "monitor.cleared"]
        ).order_by("-id")[:CROSSINGS_SHOWN]
        rows = tuple(
            (
                display.when(event.occurred_at, seconds=True),
                display.tag("triggered", "attention")
                if event.type == "monitor.triggered"
                else display.tag("cleared", "good"),
                display.raw_amount(Decimal(told["value"]), shown.currency),
                display.raw_amount(Decimal(told["limit"]), shown.currency),
                references.link(request, told["transaction"]) if told["transaction"] else "",
            )
            for event in found
            if (told := event.data)
        )
        heads = columns(("When", "main"), "What", ("Figure", "money"), ("Level", "money"), "By")
        return [Table("Crossings", heads, rows, "None so far.")]

    def asides(self, request: HttpRequest, shown: BalanceMonitor) -> list[Panel]:
        account = shown.account
        return [
            facts(
                "Monitor",
                ("Account", references.link(request, encode("acc", account.pk), account.code) if account else ""),
                ("Category", shown.category),
                ("Kind", display.words(shown.kind)),
                ("Branch", shown.prefix),
                ("Currency", shown.currency),
                ("Figure", shown.measure),
                ("Triggered so far", f"{shown.times_triggered}×"),
                ("Looked at", display.when(shown.evaluated_at, seconds=True)),
                ("Last change of state", display.when(shown.changed_state_at) if shown.changed_state_at else ""),
                ("Set up by", people.name(shown.made_by)),
                ("Public id", display.code(shown.public_id)),
            )
        ]

    def _plain(self, shown: BalanceMonitor, value: Decimal) -> str:
        return display.plain(Money.of(value, shown.currency))
