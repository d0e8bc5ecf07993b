"""Everything a person needs to decide, on one page.

What will be posted, what the rules say today, who is paid, what the client did lately, and what was decided before.
Reads only.
"""

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from ledger import ids
from ledger.admin import display, references
from ledger.admin.panels import Facts, Panel, Table, columns, facts
from ledger.money import CURRENCIES, Money
from payments import postings
from payments.admin.adjustments import KIND_WORDS, takes_effect
from payments.admin.movements import client_link, made_facts
from payments.admin.payees import payee_shown, payouts_to
from payments.admin.recipes import preview
from payments.admin.withdrawals import decisions_on
from payments.models import Client, Withdrawal
from payments.policy import facts as policy_facts
from payments.policy.decision import Answer
from portal.queries import balances, timeline
from portal.queries.figures import DoesNotAddUp
from portal.queries.lines import Line
from portal.staff.standing import Decidable
from portal.wording import Tone

MOVEMENTS = 10
TITLES = {"first_withdrawal_kyc": "KYC before the first withdrawal", "no_debt": "Debt", "payee": "Payee's name"}
_MONEY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ([A-Z]{3,5})")
MARKS = {"allow": ("pass", "good"), "refuse": ("fail", "attention")}


def main(request: HttpRequest, item: Decidable, now: datetime) -> list[Panel]:
    if isinstance(item, Withdrawal):
        return [
            payout_preview(item),
            client_money(item),
            checks(item, now),
            *recent(request, item.client, now),
        ]
    recipe = postings.adjusted(
        reason=item.reason_code, debit=item.debit_account.code, credit=item.credit_account.code, money=item.money
    )
    found: list[Panel] = [
        preview("What will be posted when you approve", recipe),
        facts(
            "Why",
            ("Reason", item.reason),
            ("Evidence", item.evidence),
            ("Kind", KIND_WORDS.get(item.reason_code)),
            ("Takes effect", takes_effect(item.effective_at, item.lands)),
        ),
    ]
    return found + (recent(request, item.client, now) if item.client else [])


def aside(request: HttpRequest, item: Decidable) -> list[Panel]:
    found: list[Panel] = [_about(request, item), *decisions_on(request, item.public_id)]
    if isinstance(item, Withdrawal):
        found.insert(1, payouts_to(request, item.payment_method, but=item))
    return found


def payout_preview(item: Withdrawal) -> Table:
    """The postings that follow when the bank has paid: the very recipes that will be used."""
    held = item.client.account_code("held")
    recipes = [postings.withdrawal_paid(held=held, rail=item.connector, net=item.net)]
    if item.fee:
        recipes.append(postings.withdrawal_fee(held=held, fee=item.fee_money))
    return preview(
        "What will be posted when the bank has paid", *recipes,
        note="Approving posts nothing by itself: it sends the order to the bank.",
    )  # fmt: skip


def client_money(item: Withdrawal) -> Panel:
    """The client's money and the hold in both outcomes: now, when paid, when rejected."""
    try:
        found = balances.of_client(item.client, now=item.created_at).of(item.currency)
    except DoesNotAddUp as error:
        return facts("The books do not add up", ("Do not approve", str(error)))
    zero = Money.zero(item.currency)
    parts = (found.available, found.held, found.on_its_way, found.in_pockets) if found else (zero,) * 4
    available, held, way, apart = parts
    total = available + held + way + apart
    hold = f"active, {display.plain(item.money)}"
    rows = (
        _three("Available", available, available, available + item.money),
        _three("Held", held, held - item.money, held - item.money),
        _three("On its way", way, way, way),
        *([_three("In pockets", apart, apart, apart)] if apart else []),
        _three("Total", total, total - item.money, total),
        ("Hold of this withdrawal", hold, "captured", "released"),
    )
    heads = columns((f"Client's {item.currency}", "main"), ("Now", "money"), ("When paid", "money"),
                    ("When rejected", "money"))  # fmt: skip
    return Table("What it does to the client's money", heads, rows)


def _three(label: str, *figures: Money) -> tuple[Any, ...]:
    return (label, *(display.amount(figure) for figure in figures))


def checks(item: Withdrawal, now: datetime) -> Table:
    """Every rule asked again with today's facts, as the approval will ask it."""
    answers = policy_facts.decide_withdrawal(
        policy_facts.withdrawal_facts(
            client=item.client, money=item.money, payment_method=item.payment_method, now=now, excluding=item
        )
    ).answers
    before = {answer["rule"]: answer["verdict"] for answer in item.policy.get("answers", [])}
    rows = tuple(
        (
            display.stacked(TITLES.get(answer.rule, display.words(answer.rule).capitalize()), answer.staff),
            _mark(answer),
            _figures(answer),
            "same" if before.get(answer.rule, answer.verdict) == answer.verdict else f"was: {before[answer.rule]}",
        )
        for answer in answers
    )
    heads = columns(("Rule", "main"), "Result", "Figures", "Since the request")
    return Table("Policy checks, as of now", heads, rows)


def _mark(answer: Answer) -> Any:
    words, tone = MARKS.get(answer.verdict, (display.words(answer.verdict), "attention"))
    return display.tag(words, tone)


def _figures(answer: Answer) -> str:
    version = f"rule version {answer.version}" if answer.version else ""
    found = [f"{display.words(name)} {_readable(value)}" for name, value in answer.figures.items()]
    return ", ".join([*found, version]).strip(", ") or display.DASH


def _readable(value: str) -> str:
    """An amount as people read it; other figures as they are."""
    match = _MONEY.fullmatch(value)
    return display.plain(Money.of(match[1], match[2])) if match and match[2] in CURRENCIES else value


def recent(request: HttpRequest, client: Client, now: datetime) -> list[Panel]:
    """The client's last movements, as the client sees them."""
    found = timeline.page(client, now=now, limit=MOVEMENTS).lines
    rows = tuple(
        (
            references.link(request, line.reference, str(line.title)),
            display.amount(_signed(line), signed=line.direction in ("in", "out")),
            display.tag(line.status, _tone(line)),
            display.when(line.at),
        )
        for line in found
    )
    heads = columns(("Movement", "main"), ("Amount", "money"), "State", ("When", "time"))
    return [Table(f"Last {MOVEMENTS} movements of {client.name}", heads, rows, "None yet.")]


def _signed(line: Line) -> Money:
    return -line.money if line.direction == "out" else line.money


def _tone(line: Line) -> str:
    return {Tone.DONE: "good", Tone.ATTENTION: "attention", Tone.STOPPED: "stopped"}.get(line.tone, "open")


def _about(request: HttpRequest, item: Decidable) -> Facts:
    if isinstance(item, Withdrawal):
        payee, hold = item.payment_method, ids.encode("hold", item.hold_id) if item.hold_id else ""
        return facts(
            "Withdrawal",
            ("Client", client_link(request, item.client)),
            ("KYC", item.client.get_kyc_level_display()),
            ("To", payee_shown(request, payee)),
            ("Payee added", display.when(payee.created_at)),
            ("Fee", display.amount(item.fee_money)),
            ("To be sent", display.amount(item.net)),
            ("Hold", references.link(request, hold, display.short(hold)) if hold else ""),
            ("Promised by", display.when(item.expected_by) if item.expected_by else ""),
            *made_facts(item),
        )
    return facts(
        "Adjustment",
        ("Client", client_link(request, item.client) or "none: the firm's own accounts"),
        ("Runs out", display.when(item.expires_at)),
        *made_facts(item),
    )
