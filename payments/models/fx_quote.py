"""Quotes: a price that a client was offered, to the smallest unit of every amount, with all that it was made from."""

from datetime import datetime

import pgtrigger
from django.db import models
from django.db.models import F, Q

from ledger.models.fields import AmountField
from ledger.money import Money
from payments.models.base import PublicModel
from payments.models.client import Client
from payments.models.rate import Rate


class FxQuote(PublicModel):
    """Written once. It is open until it has expired or a conversion has used it, and it is used at most once.

    The position takes `position_sell` and gives `position_buy`; the residues are what rounding left over."""

    PREFIX = "fxq"
    append_only = True

    class Fixed(models.TextChoices):
        SELL = "sell", "the sold amount is given"
        BUY = "buy", "the bought amount is given"

    client = models.ForeignKey(Client, models.PROTECT, related_name="fx_quotes")
    fixed = models.CharField(max_length=4, choices=Fixed.choices)
    sell_currency = models.CharField(max_length=8)
    sell_amount = AmountField()
    position_sell = AmountField()
    residue_sell = AmountField()
    buy_currency = models.CharField(max_length=8)
    buy_amount = AmountField()
    position_buy = AmountField()
    spread = AmountField()
    residue_buy = AmountField()
    rate = models.DecimalField(max_digits=38, decimal_places=18, help_text="the client's: bought units for one sold")
    mid_rate = models.DecimalField(
        max_digits=38, decimal_places=18, help_text="without the spread; exact by the rates it was made from"
    )
    spread_bps = models.DecimalField(max_digits=8, decimal_places=4)
    path = models.CharField(max_length=60, help_text="the currencies passed")
    made_by = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(sell_currency=F("buy_currency")), name="payments_fxquote_pair"),
            models.CheckConstraint(condition=Q(fixed__in=["sell", "buy"]), name="payments_fxquote_fixed"),
            models.CheckConstraint(
                condition=Q(sell_amount__gt=0, position_sell__gt=0, buy_amount__gt=0, position_buy__gt=0, rate__gt=0)
                & Q(residue_sell__gte=0, residue_buy__gte=0, spread__gte=0, spread_bps__gte=0, mid_rate__gt=0),
                name="payments_fxquote_amounts",
            ),
            models.CheckConstraint(
                condition=Q(sell_amount=F("position_sell") + F("residue_sell")), name="payments_fxquote_sold"
            ),
            models.CheckConstraint(
                condition=Q(position_buy=F("buy_amount") + F("spread") + F("residue_buy")),
                name="payments_fxquote_bought",
            ),
            # Never better for the client than the rate he was quoted.
            models.CheckConstraint(
                condition=Q(buy_amount__lte=F("sell_amount") * F("rate")), name="payments_fxquote_not_better"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="payments_fxquote_expiry"),
        ]
        indexes = [models.Index(fields=["client", "-id"], name="payments_fxquote_client")]
        triggers = [pgtrigger.Protect(name="fxquote_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    @property
    def sold(self) -> Money:
        return Money.of(self.sell_amount, self.sell_currency)

    @property
    def bought(self) -> Money:
        return Money.of(self.buy_amount, self.buy_currency)

    @property
    def used(self) -> bool:
        return getattr(self, "conversion", None) is not None

    def state(self, now: datetime) -> str:
        """open, used or expired."""
        if self.used:
            return "used"
        return "open" if now < self.expires_at else "expired"


class FxQuoteRate(models.Model):
    """One step of a quote's price: a published rate, taken as it is or turned round."""

    append_only = True

    quote = models.ForeignKey(FxQuote, models.PROTECT, related_name="steps")
    step = models.PositiveSmallIntegerField()
    rate = models.ForeignKey(Rate, models.PROTECT, related_name="quote_steps")
    inverted = models.BooleanField()

    class Meta:
        ordering = ["quote", "step"]
        constraints = [models.UniqueConstraint(fields=["quote", "step"], name="payments_fxquoterate_step")]
        triggers = [pgtrigger.Protect(name="fxquoterate_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.quote_id}:{self.step}"
