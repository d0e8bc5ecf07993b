"""The three decisions as forms, and the one service call each of them makes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from ledger.admin import acts, display
from payments.actors import Actor
from payments.decisions import REASON_CODES, REJECT_CODES, SEND_BACK_CODES
from payments.models import Withdrawal
from payments.services import adjustments, withdrawal_decisions
from portal.staff.standing import Decidable

ADJUSTMENT_CODES = ("other", "client_asked", "suspected_fraud")


class Decision(forms.Form):
    """`content_hash` names what was seen; `seen` says it in words."""

    decision = forms.CharField(widget=forms.HiddenInput)
    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)


class Approve(Decision):
    note = acts.text("Note", help_text="For colleagues and auditors.", required=False, rows=2)


class Refuse(Decision):
    """Rejecting and sending back: a reason, a note for the maker, and the words that the client reads."""

    reason_code = forms.ChoiceField(label="Reason")
    note = acts.text("Note to the maker", help_text="For colleagues and auditors. The client never reads it.", rows=2)
    client_message = acts.text(
        "Words for the client",
        help_text="Empty: the standard words of the reason.",
        required=False,
        rows=2,
        longest=500,
    )


class Reject(Refuse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = _choices(REJECT_CODES)  # type: ignore[attr-defined]


class SendBack(Refuse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = _choices(SEND_BACK_CODES)  # type: ignore[attr-defined]


class RejectAdjustment(Decision):
    reason_code = forms.ChoiceField(label="Reason", choices=[(c, REASON_CODES[c].staff) for c in ADJUSTMENT_CODES])
    note = acts.text("Note to the maker", help_text="For colleagues and auditors.", rows=2)


def _choices(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [("", "Choose a reason"), *((code, REASON_CODES[code].staff) for code in codes)]


@dataclass(frozen=True)
class Option:
    """One way to decide: `verb` opens its form, `sentence` is on the check page and its button."""

    code: str
    verb: str
    sentence: str
    form: type[Decision]
    effect: str
    danger: bool = False


def options(item: Decidable) -> tuple[Option, ...]:
    """The ways to decide this item, the first one being to approve."""
    money = display.plain(item.money)
    if isinstance(item, Withdrawal):
        return (
            Option("approve", "Approve", f"Approve payout of {money}", Approve,
                   "With enough approvals the payout goes to the bank. The money stays held until the bank has paid."),
            Option("send_back", "Send back", f"Send back the payout of {money}", SendBack,
                   "The maker is asked for something. The money stays held."),
            Option("reject", "Reject", f"Reject payout of {money}", Reject,
                   "The withdrawal ends. The hold is released and the client can use the money at once.", danger=True),
        )  # fmt: skip
    return (
        Option("approve", "Approve", f"Approve correction of {money}", Approve, "It is posted at once."),
        Option("reject", "Reject", f"Reject correction of {money}", RejectAdjustment, "Nothing is ever posted.",
               danger=True),
    )  # fmt: skip


def carry_out(item: Decidable, option: Option, data: dict[str, Any], actor: Actor, now: datetime) -> str:
    """Make the decision and return what to tell the person. Raises what the services raise."""
    given: dict[str, Any] = {"content_hash": data["content_hash"], "actor": actor, "now": now, "note": data["note"]}
    if option.code != "approve":
        given["reason_code"] = data["reason_code"]
    if isinstance(item, Withdrawal):
        if option.code != "approve":
            given["client_message"] = data["client_message"]
        verb = {"approve": withdrawal_decisions.approve, "reject": withdrawal_decisions.reject,
                "send_back": withdrawal_decisions.send_back}[option.code]  # fmt: skip
        return _words(verb(withdrawal_id=item.pk, **given))
    decide = adjustments.approve if option.code == "approve" else adjustments.reject
    decided = decide(adjustment_id=item.pk, **given)
    done = {"applied": "is posted", "rejected": "is rejected; nothing was posted"}
    return f"The correction of {display.plain(decided.money)} {done.get(decided.state, decided.state)}."


def _words(withdrawal: Withdrawal) -> str:
    money = display.plain(withdrawal.money)
    words = {
        "approved": f"The payout of {money} is approved and goes to the bank.",
        "rejected": f"The payout of {money} is rejected; the money is back in the wallet.",
        "needs_information": f"The payout of {money} is sent back; the money stays held.",
    }
    first = f"Your approval of {money} is recorded. Another person has to approve it too."
    return words.get(withdrawal.state, first)
