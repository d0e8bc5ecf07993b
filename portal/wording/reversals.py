"""What clients read about money that goes back to a card: refunds that we send, disputes that a bank opens."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Tone, Wording

_REFUND = _("Refund to your card")
_DISPUTE = _("Card payment disputed by your bank")

REFUND = Noun(
    "refund",
    (_("Requested"), _("Sent to your card"), _("Confirmed")),
    frozenset({"amount", "since"}),
    {
        "requested": Wording(
            status=_("Requested"),
            tone=Tone.WAITING,
            title=_REFUND,
            where=_("%(amount)s is reserved in your wallet."),
            next=_("The card provider takes the refund and sends it to your card."),
            usually=_("Usually within minutes."),
            late=_("If the provider does not answer, we ask it. It is never refunded twice."),
            step=1,
        ),
        "sent": Wording(
            status=_("On its way to your card"),
            tone=Tone.MOVING,
            title=_REFUND,
            where=_("%(amount)s was handed to the card provider; it has not confirmed it yet."),
            next=_("The provider confirms, then your bank shows it on the card's statement."),
            usually=_("Usually 5 to 10 days until your bank shows it."),
            late=_("If your bank does not show it after that, give it the reference below or ask us."),
            step=1,
        ),
        "done": Wording(
            status=_("Sent back to you"),
            tone=Tone.DONE,
            title=_REFUND,
            where=_("%(amount)s went back to your card on %(since)s. Your bank may take 5 to 10 days to show it."),
            step=3,
        ),
        "refused": Wording(
            status=_("Not refunded"),
            tone=Tone.STOPPED,
            title=_REFUND,
            where=_("The card could not be credited. %(amount)s is available in your wallet again."),
            act=_("Withdraw it to your bank account, or contact us."),
            step=1,
            stopped=True,
            moved=False,
        ),
    },
)

DISPUTE = Noun(
    "dispute",
    (_("Opened"), _("Amount taken back"), _("Decided")),
    frozenset({"amount", "since", "by"}),
    {
        "opened": Wording(
            status=_("Opened by your bank"),
            tone=Tone.ATTENTION,
            title=_DISPUTE,
            where=_("Your bank questions a card payment of %(amount)s. Nothing was taken from your wallet yet."),
            next=_("The card provider may take the amount back while the banks decide."),
            usually=_("This can take up to 75 days."),
            by=_("Decision by %(by)s."),
            late=_("If they need longer, we ask for the state and write it here."),
            act=_("If you did not dispute this payment, contact us and your bank."),
            step=0,
            yours=True,
            moved=False,
        ),
        "funds_withdrawn": Wording(
            status=_("Amount taken back"),
            tone=Tone.ATTENTION,
            title=_DISPUTE,
            where=_("%(amount)s was taken from your wallet while the banks decide."),
            next=_("The banks decide. If they decide for us, the amount is in your wallet again."),
            usually=_("This can take up to 75 days."),
            by=_("Decision by %(by)s."),
            late=_("If they need longer, we ask for the state and write it here."),
            act=_("If you did not dispute this payment, contact us and your bank."),
            step=1,
            yours=True,
        ),
        "won": Wording(
            status=_("In your wallet again"),
            tone=Tone.DONE,
            title=_DISPUTE,
            where=_("Decided on %(since)s: %(amount)s stays yours and is in your wallet."),
            step=3,
            moved=False,
        ),
        "lost": Wording(
            status=_("Taken back by your bank"),
            tone=Tone.STOPPED,
            title=_DISPUTE,
            where=_("Decided on %(since)s: your bank keeps %(amount)s."),
            act=_("Nothing. Contact us if you think this is wrong."),
            step=3,
        ),
    },
)
