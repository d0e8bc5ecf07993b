"""What clients read about withdrawals. "Sent" never means "arrived", and a failure always says where the money is."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Text, Tone, Wording

_TITLE = _("Withdrawal to %(payee)s")
_RESERVED = _("%(amount)s is reserved in your wallet. Nothing has been sent yet.")
_CALL_OFF = _("Nothing. You can still cancel.")


def _in_review(status: Text, next_step: Text) -> Wording:
    return Wording(
        status=status,
        tone=Tone.WAITING,
        title=_TITLE,
        where=_RESERVED,
        next=next_step,
        usually=_("Usually within one working day."),
        by=_("Expected on your bank account by %(by)s."),
        late=_("If it takes longer, the request goes to the next person who can decide. It cannot get lost."),
        act=_CALL_OFF,
        step=1,
    )


def _going_out(status: Text, where: Text, next_step: Text, late: Text, *, tone: Tone = Tone.MOVING) -> Wording:
    return Wording(
        status=status,
        tone=tone,
        title=_TITLE,
        where=where,
        next=next_step,
        usually=_("Usually within one working day."),
        by=_("Expected on your bank account by %(by)s."),
        late=late,
        step=2,
    )


_ASK_THE_BANK = _("If the bank has not confirmed by then, we ask it and write the answer here.")

WITHDRAWAL = Noun(
    "withdrawal",
    (_("Requested"), _("Checked"), _("Sent to your bank"), _("Paid")),
    frozenset({"amount", "fee", "net", "payee", "since", "by", "reason"}),
    {
        "requested": _in_review(_("Requested"), _("One of us checks the request, then it is sent to your bank.")),
        "in_review": _in_review(_("Being checked"), _("A second person checks the request, then it is sent.")),
        "needs_information": Wording(
            status=_("We need something from you"),
            tone=Tone.ATTENTION,
            title=_TITLE,
            where=_RESERVED,
            next=_("We continue as soon as you have answered: %(reason)s"),
            usually=_("The clock stands still until then."),
            late=_("The request waits for you; the amount stays reserved."),
            act=_("Do what we ask, then press “Continue the request”. Or cancel it."),
            step=1,
            yours=True,
        ),
        "approved": _going_out(
            _("Approved"), _RESERVED, _("We send the payment to your bank with the next file."), _ASK_THE_BANK
        ),
        "instructed": _going_out(
            _("Being sent"),
            _("%(amount)s is reserved. We are handing the payment to our bank."),
            _("Our bank takes the payment and sends it on."),
            _ASK_THE_BANK,
        ),
        "sent": _going_out(
            _("On its way to your bank"),
            _("%(net)s was sent to your bank. It has not confirmed it yet."),
            _("Your bank receives the payment and books it to your account."),
            _ASK_THE_BANK,
        ),
        "unknown": _going_out(
            _("Taking longer"),
            _("We are asking the bank whether it has the payment. Your money is reserved, not lost."),
            _("The bank answers; then it is either on its way or in your wallet again. It is never sent twice."),
            _("If the bank does not answer, one of us calls it."),
            tone=Tone.ATTENTION,
        ),
        "paid": Wording(
            status=_("Paid"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("%(net)s was paid to your bank account on %(since)s."),
            step=4,
        ),
        "rejected": Wording(
            status=_("Not sent"),
            tone=Tone.STOPPED,
            title=_TITLE,
            where=_("Not sent. %(amount)s is available in your wallet again since %(since)s. %(reason)s"),
            act=_("You can ask again when this is cleared up, or contact us."),
            step=1,
            stopped=True,
            moved=False,
        ),
        "cancelled": Wording(
            status=_("Cancelled"),
            tone=Tone.STOPPED,
            title=_TITLE,
            where=_("You cancelled it. %(amount)s is available in your wallet again since %(since)s."),
            step=1,
            stopped=True,
            moved=False,
        ),
        "failed": Wording(
            status=_("Could not be sent yet"),
            tone=Tone.ATTENTION,
            title=_TITLE,
            where=_("The bank did not take the payment. %(amount)s is still reserved for you. %(reason)s"),
            next=_("One of us tries again or gives the amount back to your wallet."),
            usually=_("Usually within one working day."),
            by=_("Usually within one working day."),
            late=_("If it takes longer, the case goes to the next person. Your money stays reserved until then."),
            act=_("Check the bank details. If they are wrong, tell us."),
            step=2,
        ),
        "returned": Wording(
            status=_("Came back"),
            tone=Tone.STOPPED,
            title=_TITLE,
            where=_("Your bank sent the payment back. What came back is in your wallet since %(since)s. %(reason)s"),
            act=_("Check the bank details before you ask again."),
            step=3,
            stopped=True,
        ),
    },
)
