"""The books on staff pages, and the base that every staff admin stands on."""

from ledger.admin import events, holds, transactions

__all__ = ["events", "holds", "transactions"]
