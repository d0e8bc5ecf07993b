"""Everything below is watched: no call to an outside system while a database transaction is open."""

from tests.factories.outside import calls_inside_transactions

__all__ = ["calls_inside_transactions"]
