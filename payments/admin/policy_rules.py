"""Policy rules on staff pages: every version of every rule, and setting a new one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ledger.admin import acts, display, finding, people, references
from ledger.admin.acts import Act, Call
from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.filters import choices, yes_no
from ledger.admin.panels import Panel, Table, columns, facts
from ledger.money import CURRENCIES
from payments.models import PolicyRule
from payments.services import policy_rules
from payments.web import actor_of

CODES = {code: f"{display.words(code).capitalize()}: {text}" for code, (_, text) in policy_rules.SETTABLE.items()}


class NewVersion(forms.Form):
    code = forms.ChoiceField(label="Rule", choices=list(CODES.items()))
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(CURRENCIES)])
    amount = acts.line("Amount", inputmode="decimal", help_text="In that currency, for example 10000.00.")
    reason = acts.text("Why", help_text="Kept in the event log.", longest=1000)


def _new_version(call: Call) -> tuple[str, str]:
    rule = policy_rules.new_version(
        code=call.data["code"],
        currency=call.data["currency"],
        amount=call.data["amount"].strip().replace(",", ""),
        reason=call.data["reason"],
        actor=actor_of(call.request),
        now=call.now,
    )
    return f"Version {rule.version} acts from now on.", references.url(rule.public_id)


@admin.register(PolicyRule)
class PolicyRuleAdmin(ReadOnlyAdmin):
    prefix = "pol"
    list_display = ("rule", "currency_shown", "figures", "version", "active_shown", "made")
    list_filter = (
        choices("code", "Rule", tuple(CODES), CODES),
        choices("currency", "Currency", sorted(CURRENCIES)),
        yes_no("active", "Acts", {"active": True}, "now", "not any more"),
    )
    finders = (finding.public_id("pol"), finding.name("code", "rule"))
    search_help_text = "Rule"
    makes = (
        Act(
            name="new-version",
            label="Set a rule",
            permission=policy_rules.PERMISSION,
            form=NewVersion,
            perform=_new_version,
            sentence=lambda shown, data: f"Set {display.words(data['code'])} to {data['amount']} {data['currency']}",
            note="The new version acts at once on new requests. Earlier decisions keep the version they were made by.",
        ),
    )

    @admin.display(description="Rule")
    def rule(self, shown: PolicyRule) -> Any:
        return display.stacked(display.words(shown.code).capitalize(), display.short(shown.public_id))

    @admin.display(description="Currency")
    def currency_shown(self, shown: PolicyRule) -> str:
        return shown.currency or "any other"

    @admin.display(description="Figures")
    def figures(self, shown: PolicyRule) -> str:
        return ", ".join(f"{display.words(name)} {value}" for name, value in shown.parameters.items())

    @admin.display(description="Acts")
    def active_shown(self, shown: PolicyRule) -> Any:
        return display.state("active" if shown.active else "replaced")

    @admin.display(description="Set")
    def made(self, shown: PolicyRule) -> Any:
        return display.when(shown.created_at)

    def heading(self, shown: PolicyRule) -> str:
        return f"{display.words(shown.code).capitalize()}, {self.currency_shown(shown)}, version {shown.version}"

    def tags(self, shown: PolicyRule) -> list[Any]:
        return [self.active_shown(shown)]

    def lead(self, request: HttpRequest, shown: PolicyRule) -> Any:
        return self.figures(shown)

    def panels(self, request: HttpRequest, shown: PolicyRule) -> list[Panel]:
        found = PolicyRule.objects.filter(code=shown.code, currency=shown.currency).order_by("-version")[:50]
        names = people.names(row.made_by for row in found)
        rows = tuple(
            (
                references.link(request, row.public_id, f"Version {row.version}"),
                self.figures(row),
                self.active_shown(row),
                names.get(row.made_by, row.made_by),
                display.when(row.created_at),
            )
            for row in found
        )
        heads = columns(("Version", "main"), "Figures", "Acts", "Set by", ("Set", "time"))
        return [Table("All versions", heads, rows)]

    def asides(self, request: HttpRequest, shown: PolicyRule) -> list[Panel]:
        return [
            facts(
                "Policy rule",
                ("Rule", CODES.get(shown.code, display.words(shown.code))),
                ("Currency", self.currency_shown(shown)),
                ("Set by", people.name(shown.made_by)),
                ("Set", display.when(shown.created_at)),
                ("Public id", display.code(shown.public_id)),
            )
        ]
