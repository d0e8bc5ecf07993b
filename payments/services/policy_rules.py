"""New versions of policy rules: the old one is kept and switched off, the new one acts at once on new requests.

A decision that was stored with a movement keeps the version it was made by.
"""

from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from ledger import events
from ledger.database import unit_of_work
from ledger.errors import InvalidRequest, InvalidTransition
from ledger.money import Money, positive
from ledger.money import currency as currency_of
from payments.actors import Actor
from payments.models import PolicyRule

PERMISSION = "payments.change_policyrule"
# What can be set: rule → (its one figure, what it means).
SETTABLE = {
    "second_approver": ("limit", "Withdrawals above this amount a day need a second approver"),
    "withdrawal_fee": ("amount", "What the firm keeps of each withdrawal"),
}


def new_version(*, code: str, currency: str, amount: str, reason: str, actor: Actor, now: datetime) -> PolicyRule:
    """Set a rule's figure for one currency, from now on; `amount` in that currency, as text.

    Raises Forbidden, InvalidRequest (param "code", "reason"), InvalidAmount (param "currency" or "amount"),
    InvalidTransition when it is set to that already."""
    actor.require(PERMISSION)
    if code not in SETTABLE:
        raise InvalidRequest(f"A rule that can be set is one of: {', '.join(SETTABLE)}.", param="code")
    currency_of(currency)
    money = Money.of(amount, currency)
    if code == "second_approver" or money:
        positive(money)
    if not 3 <= len(reason.strip()) <= 1000:
        raise InvalidRequest("Say why, in 3 to 1000 characters.", param="reason")
    parameters = {SETTABLE[code][0]: money.text}

    def work() -> PolicyRule:
        versions = PolicyRule.objects.select_for_update().filter(code=code, currency=currency)
        active = versions.filter(active=True).first()
        if active and Decimal(str(active.parameters.get(SETTABLE[code][0], "-1"))) == money.amount:
            raise InvalidTransition("The rule has this figure already.", action="change")
        highest = PolicyRule.objects.filter(code=code, currency=currency).aggregate(top=Max("version"))["top"] or 0
        if active:
            active.active = False
            active.save(update_fields=["active"])
        rule = PolicyRule(
            code=code, currency=currency, parameters=parameters, version=highest + 1, made_by=actor.person or actor.id
        )
        rule.save(force_insert=True)
        events.record(
            type="policy_rule.changed",
            object_ref=rule.public_id,
            actor=actor,
            before={"parameters": active.parameters, "version": active.version} if active else None,
            after={"parameters": parameters, "version": rule.version, "code": code, "currency": currency},
            data={"reason": reason.strip()},
            occurred_at=now,
        )
        return rule

    return unit_of_work(work)
