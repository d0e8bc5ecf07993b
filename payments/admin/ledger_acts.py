"""The ledger's own pages of transactions and holds, with what staff may do on them by hand.

Each act calls one service of the API's; what belongs to a movement is decided there.
"""

from django.contrib import admin

from ledger.admin.holds import HoldAdmin
from ledger.admin.transactions import TransactionAdmin
from ledger.models import Hold, Transaction
from payments.admin import client_holds, hold_acts, pending_acts, reversing

__all__ = ["ActedHoldAdmin", "ActedTransactionAdmin", "client_holds"]


@admin.register(Transaction)
class ActedTransactionAdmin(TransactionAdmin):
    acts = (*pending_acts.ACTS, reversing.ACT)


@admin.register(Hold)
class ActedHoldAdmin(HoldAdmin):
    makes = (hold_acts.PLACE,)
    acts = hold_acts.ACTS
