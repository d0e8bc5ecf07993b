"""The books on staff pages, and the base that every staff admin stands on."""

from ledger.admin import entries, events, holds, transactions

__all__ = ["entries", "events", "holds", "transactions"]
