"""Conversions: a quote that was used, and the one ledger transaction that it became."""

from django.db import models

from ledger.models.transaction import Transaction
from ledger.money import Money
from payments.models.base import PublicModel
from payments.models.client import Client
from payments.models.fx_quote import FxQuote


class Conversion(PublicModel):
    """Written once, in the commit that moves the money. The database accepts it only for a quote of this client that
    had not expired, with a transaction whose entries are the quote's amounts (`migrations/sql/0002_fx.up.sql`)."""

    PREFIX = "cv"
    append_only = True

    quote = models.OneToOneField(FxQuote, models.PROTECT, related_name="conversion")
    client = models.ForeignKey(Client, models.PROTECT, related_name="conversions")
    transaction = models.OneToOneField(Transaction, models.PROTECT, related_name="conversion")
    made_by = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, blank=True)
    converted_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["client", "-id"], name="payments_conversion_client")]

    @property
    def state(self) -> str:
        return "converted"

    @property
    def sold(self) -> Money:
        return self.quote.sold

    @property
    def bought(self) -> Money:
        return self.quote.bought

    @property
    def spread(self) -> Money:
        return Money.of(self.quote.spread, self.quote.buy_currency)
