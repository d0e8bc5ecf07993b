"""Reading the facts of a row: what each noun's sentences need, and under which names it can be found.

One reader per noun. Codes of providers and banks are turned into words here and go no further.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from ledger import ids
from ledger.money import Money
from portal import explanations, formats
from portal.queries.cursor import Key
from portal.queries.naming import masked, origins, place, public
from portal.queries.rows import Facts
from portal.wording.conversions import NOTE
from portal.wording.entries import entry
from portal.wording.holds import WHY
from portal.wording.sentence import Sentence
from portal.wording.shape import Text


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a line needs to know; `references` are (label, value), empty values are left out."""

    reference: str
    money: Money
    direction: str
    kind: str = ""
    fee: Money | None = None
    since: datetime | None = None
    by: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)
    references: tuple[tuple[Text, str], ...] = ()
    related: tuple[str, ...] = ()
    day: date | None = None
    details: tuple[tuple[str, Money], ...] = ()
    note: str = ""


_OURS = _("Our reference")
_PROVIDER = _("Card provider's reference")


def deposit(key: Key, state: str, facts: Facts) -> Read:
    captured = facts.money("captured")
    method = _("card") if facts["rail"] == "card" else _("bank transfer")
    reason = explanations.of_deposit(facts["failure_code"])
    reference = ids.encode("dep", key.id)
    return Read(
        reference=reference,
        money=captured or facts.money("amount"),
        direction="in",
        since=facts.time("captured_at") or facts.time("updated_at"),
        by=facts.time("expires_at"),
        values={"method": method, "reason": reason},
        references=((_OURS, reference), (_PROVIDER, facts["provider_reference"])),
    )


def withdrawal(key: Key, state: str, facts: Facts) -> Read:
    money, fee = facts.money("amount"), facts.money("fee")
    reference = ids.encode("wd", key.id)
    reason = facts["client_message"] or explanations.of_withdrawal(facts["reason_code"], state)
    return Read(
        reference=reference,
        money=money,
        direction="out",
        fee=fee or None,
        since=facts.time("paid_at") if state == "paid" else facts.time("ended_at") or facts.time("updated_at"),
        by=facts.time("expected_by"),
        values={"fee": fee, "net": money - fee, "payee": masked(facts), "reason": reason},
        references=(
            (_OURS, reference),
            (_("Reference on the bank statement"), facts["end_to_end"] or ""),
            (_("Bank's reference"), facts["provider_reference"]),
        ),
    )


def transfer(key: Key, state: str, facts: Facts) -> Read:
    if facts["direction"] == "within":
        return _within(key, facts)
    platform = f"{facts['platform'].upper()} {facts['login']}"
    wallet, in_wallet = pgettext("place", "your wallet"), pgettext("place", "in your wallet")
    on_platform = pgettext("place", "on %(account)s") % {"account": platform}
    out = facts["direction"] == "to_platform"
    reason = explanations.of_transfer(facts["reason_code"])
    reference = ids.encode("tr", key.id)
    return Read(
        reference=reference,
        money=facts.money("amount"),
        direction="between",
        since=facts.time("ended_at") or facts.time("updated_at"),
        values={
            "source": wallet if out else platform,
            "target": platform if out else wallet,
            "at_source": in_wallet if out else on_platform,
            "at_target": on_platform if out else in_wallet,
            "asked": facts.time("asked_at") or facts.time("sent_at") or facts.time("updated_at"),
            "reason": reason,
        },
        references=((_OURS, reference), (_("Platform's ticket"), facts["ticket"])),
    )


def _within(key: Key, facts: Facts) -> Read:
    """A transfer between the wallet and pockets: no platform has a say in it."""
    source, target = facts["from_pocket"], facts["to_pocket"]
    reference = ids.encode("tr", key.id)
    return Read(
        reference=reference,
        money=facts.money("amount"),
        direction="between",
        since=facts.time("ended_at") or facts.time("updated_at"),
        values={
            "source": _end(source),
            "target": _end(target),
            "at_source": _at(source),
            "at_target": _at(target),
            "asked": facts.time("updated_at"),
            "reason": "",
        },
        references=((_OURS, reference),),
    )


def _end(pocket: str) -> str:
    return _("the pocket “%(name)s”") % {"name": pocket} if pocket else pgettext("place", "your wallet")


def _at(pocket: str) -> str:
    return _("in the pocket “%(name)s”") % {"name": pocket} if pocket else pgettext("place", "in your wallet")


def conversion(key: Key, state: str, facts: Facts) -> Read:
    sold, bought = facts.money("amount"), facts.money("bought", facts["bought_currency"])
    spread = facts.money("spread", bought.currency)
    reference = ids.encode("cv", key.id)
    values = {
        "bought": bought,
        "rate": formats.rate(Decimal(facts["rate"]), sold.currency, bought.currency),
        "bps": formats.percent(Decimal(facts["spread_bps"])),
        "spread": spread,
    }
    return Read(
        reference=reference,
        money=sold,
        direction="between",
        since=facts.time("converted_at"),
        values=values,
        references=(
            (_OURS, reference),
            (_("Quote"), public("fxq", facts["quote"])),
            (_("Booking"), public("txn", facts["transaction"])),
        ),
        note=str(Sentence(NOTE, values)),
    )


def refund(key: Key, state: str, facts: Facts) -> Read:
    reference = ids.encode("ref", key.id)
    return Read(
        reference=reference,
        money=facts.money("amount"),
        direction="out",
        since=facts.time("updated_at"),
        references=((_OURS, reference), (_PROVIDER, facts["provider_reference"])),
        related=(public("dep", facts["deposit"]),),
    )


def dispute(key: Key, state: str, facts: Facts) -> Read:
    reference = ids.encode("dsp", key.id)
    return Read(
        reference=reference,
        money=facts.money("amount"),
        direction="out",
        since=facts.time("ended_at") or facts.time("withdrawn_at") or facts.time("updated_at"),
        references=((_OURS, reference), (_PROVIDER, facts["provider_reference"])),
        related=(public("dep", facts["deposit"]),),
    )


def hold(key: Key, state: str, facts: Facts) -> Read:
    reference = ids.encode("hold", key.id)
    return Read(
        reference=reference,
        money=facts.money("amount"),
        direction="between",
        since=facts.time("ended_at"),
        by=facts.time("expires_at"),
        values={"why": WHY[facts["kind"]]},
        references=((_OURS, reference),),
    )


def ledger_entry(key: Key, state: str, facts: Facts) -> Read:
    words = entry(facts["reason"])
    amount = facts.money("amount")
    reference = public("txn", facts["transaction"])
    return Read(
        reference=reference,
        kind=words.kind,
        money=abs(amount),
        direction="in" if amount.amount > 0 else "out",
        values={"what": words.title, "place": place(facts)},
        references=((_OURS, reference), (_("Correction"), public("adj", facts["adjustment"]))),
        related=origins(facts),
        note=str(words.note),
    )


def trading_day(key: Key, state: str, facts: Facts) -> Read:
    amount = facts.money("amount")
    account = public("ta", facts["trading_account"])
    return Read(
        reference=f"{account}:{facts['day']}",
        kind="trading",
        money=abs(amount),
        direction="in" if amount.amount > 0 else "out" if amount.amount < 0 else "none",
        values={"account": f"{facts['platform'].upper()} {facts['login']}"},
        day=date.fromisoformat(facts["day"]),
        details=tuple(
            (str(entry(reason).title), Facts(amount=part).money("amount", facts["currency"]))
            for reason, part in sorted(facts["parts"].items(), reverse=True)
        ),
    )


READERS: dict[str, Callable[[Key, str, Facts], Read]] = {
    "deposit": deposit,
    "withdrawal": withdrawal,
    "transfer": transfer,
    "conversion": conversion,
    "refund": refund,
    "dispute": dispute,
    "hold": hold,
    "entry": ledger_entry,
    "trading_day": trading_day,
}
