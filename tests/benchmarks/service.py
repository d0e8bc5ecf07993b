"""Posting through the public Python function, one process per client, each call in a database transaction of its own.

What is timed is what a service pays: BEGIN, the call, COMMIT, and Python in between. No short cut around Django.
"""

from functools import partial
from random import Random

from django.db import transaction

from ledger import posting
from tests.benchmarks.books import HOUSE_REASON, SPREAD_REASON, Book, fresh_source
from tests.benchmarks.clients import Load, Work, work_for


def post_for(book: Book, *, house: bool, clients: int, seconds: float, seed: int) -> Load:
    """Let `clients` processes post for `seconds`. Raises RuntimeError when one of them could not."""
    return work_for(partial(_worker, book, house), clients=clients, seconds=seconds, seed=seed)


def _worker(book: Book, house: bool, seed: int) -> Work:
    random = Random(seed)
    reason, draw = (HOUSE_REASON, book.house_legs) if house else (SPREAD_REASON, book.spread_legs)

    def post() -> None:
        legs = draw(random)
        with transaction.atomic():
            posting.post(reason=reason, legs=legs, source=fresh_source())

    return post
