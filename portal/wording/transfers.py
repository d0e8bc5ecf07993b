"""What clients read about transfers to and from trading accounts, and about the days of trading on them."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Text, Tone, Wording

_TITLE = _("Transfer to %(target)s")
_USUALLY = _("Usually a few seconds.")
_ASK = _("If we get no answer, we look in the platform's own records until we know. It is never sent twice.")


def _reserved(status: Text, next_step: Text) -> Wording:
    return Wording(
        status=status,
        tone=Tone.MOVING,
        title=_TITLE,
        where=_("%(amount)s is reserved %(at_source)s. It has not arrived yet."),
        next=next_step,
        usually=_USUALLY,
        late=_ASK,
        step=1,
    )


TRANSFER = Noun(
    "transfer",
    (_("Requested"), _("Reserved and sent"), _("Arrived")),
    frozenset({"amount", "source", "target", "at_source", "at_target", "since", "reason", "asked"}),
    {
        "requested": Wording(
            status=_("Requested"),
            tone=Tone.WAITING,
            title=_TITLE,
            where=_("Still %(at_source)s."),
            next=_("We reserve the amount and send it."),
            usually=_USUALLY,
            late=_("If it cannot be done, the amount stays where it is and we say why."),
            step=0,
        ),
        "reserved": _reserved(_("Reserved"), _("We tell the trading platform to book it.")),
        "sent": _reserved(_("On its way"), _("The trading platform confirms that it is booked.")),
        "unknown": Wording(
            status=_("Taking longer"),
            tone=Tone.ATTENTION,
            title=_TITLE,
            where=_("Reserved %(at_source)s, not lost. The platform has not answered clearly; asked last %(asked)s."),
            next=_("We look in the platform's own records: it is then either confirmed or given back."),
            usually=_("We ask again every few minutes."),
            late=_("If the records do not tell, one of us clears it up with the platform."),
            step=1,
        ),
        "confirmed": Wording(
            status=_("Arrived"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("Available %(at_target)s since %(since)s."),
            step=3,
        ),
        "refused": Wording(
            status=_("Not moved"),
            tone=Tone.STOPPED,
            title=_TITLE,
            where=_("Not moved: %(amount)s is available %(at_source)s again since %(since)s. %(reason)s"),
            act=_("Try again, or contact us."),
            step=1,
            stopped=True,
            moved=False,
        ),
    },
)

TRADING_DAY = Noun(
    "trading_day",
    (_("Booked"),),
    frozenset({"amount", "account"}),
    {
        "posted": Wording(
            status=_("Booked"),
            tone=Tone.DONE,
            title=_("Trading result on %(account)s"),
            where=_("Booked on %(account)s. Open the day to see each line."),
            step=1,
        ),
    },
)
