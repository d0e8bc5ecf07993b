"""What clients read about converting one currency into another: both amounts, the rate and what it cost."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Tone, Wording

CONVERSION = Noun(
    "conversion",
    (_("Converted"),),
    frozenset({"amount", "bought", "rate", "bps", "spread", "since"}),
    {
        "converted": Wording(
            status=_("Converted"),
            tone=Tone.DONE,
            title=_("Converted to %(bought)s"),
            where=_("%(amount)s became %(bought)s, in your wallet since %(since)s."),
            step=1,
        ),
    },
)
NOTE = _("Your rate: %(rate)s. Our spread of %(bps)s%% is in it: %(spread)s. There is no other fee.")
