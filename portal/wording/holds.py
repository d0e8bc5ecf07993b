"""What clients read about amounts that the firm holds back, and why. Withdrawals speak of their own holds."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Text, Tone, Wording

_TITLE = _("Amount held")

# Per kind of hold: why, in the client's words. Compliance's own reason text is for staff and never shown.
WHY: dict[str, Text] = {
    "withdrawal": _("Reserved for a withdrawal."),
    "kyc_review": _("Held until we have checked your documents."),
    "aml_review": _("Held while we check a payment, as the law asks of us."),
    "settlement_window": _("Held until the card provider has paid us."),
    "chargeback_window": _("Held until the card payment can no longer be taken back."),
    "dispute": _("Held because your bank disputes a card payment."),
    "manual": _("Held by us. Contact us if you do not know why."),
}
REFUND = _("Reserved for a refund to your card.")


def _held(status: Text, where: Text) -> Wording:
    return Wording(
        status=status,
        tone=Tone.WAITING,
        title=_TITLE,
        where=where,
        next=_("When the check is done, the amount is available again, or we write to you."),
        usually=_("We look at it every working day."),
        by=_("It ends by itself on %(by)s at the latest."),
        late=_("If the check takes longer, we write to you what is missing."),
        act=_("Nothing, unless we asked you for a document."),
        step=0,
    )


HOLD = Noun(
    "hold",
    (_("Held"), _("Ended")),
    frozenset({"amount", "why", "since", "by"}),
    {
        "active": _held(_("Held"), _("%(amount)s is yours but cannot be used. %(why)s")),
        "partly_captured": _held(_("Partly used"), _("The rest is yours but cannot be used. %(why)s")),
        "captured": Wording(
            status=_("Used"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("The held amount was used for what it was held for. %(why)s"),
            step=2,
        ),
        "released": Wording(
            status=_("Available again"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("Available in your wallet again since %(since)s."),
            step=2,
            moved=False,
        ),
        "expired": Wording(
            status=_("Available again"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("The hold ended by itself: available in your wallet again since %(since)s."),
            step=2,
            moved=False,
        ),
    },
)
