"""Reading a platform's history into the books: every deal is posted once, and what was posted stays under watch.

Each read goes back over an overlap, because the platform's history can be rewritten. A row that is new is posted, one
that is understood by no rule becomes a case, one that changed or vanished after it was posted becomes a case too and
its postings stay. Never creates a transfer, never posts cash that no transfer of ours asked for.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F

from ledger import accounts, events
from ledger.database import unit_of_work
from ledger.errors import NotFound, Unavailable
from ledger.models import Transaction
from payments import dispatch
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.platforms.base import PlatformDeal
from payments.connectors.platforms.session_owner import session_owner
from payments.models import TradingAccount
from payments.services import (
    locking,
    trading_accounts,
    trading_cash,
    trading_deal_cases,
    trading_deal_postings,
    trading_drift,
)
from payments.services import trading_deal_recipes as recipes

log = logging.getLogger(__name__)

SYSTEM = Actor.system("platform-history")
# How far every read goes back: rows rewritten later than this are found by the daily comparison, not here.
OVERLAP = timedelta(days=3)
# Clocks differ: read a little further than the rows that are judged.
MARGIN = timedelta(hours=1)
# A history lags behind its own operations: what was posted later than this cannot have vanished yet.
LAG = timedelta(minutes=5)


@dataclass
class Reading:
    """What one read found, by ticket: posted now, paired with a transfer, in a case of its own, rewritten, vanished."""

    posted: list[str] = field(default_factory=list)
    paired: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    mutated: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)


def read(*, trading_account: TradingAccount, now: datetime) -> Reading:
    """Read the deals of one account since the last time, with overlap, and its figures. Calls the platform: not inside
    a transaction. Raises Unavailable, and then nothing was recorded."""
    dispatch.require_no_transaction()
    account = TradingAccount.objects.select_related("client").get(pk=trading_account.pk)
    platform = registry.platform(account.platform)
    since = (account.deals_read_until or account.created_at) - OVERLAP
    try:
        deals = platform.deals(login=account.login, since=since - MARGIN, until=now + MARGIN)
        figures = platform.account(login=account.login)
    except NotFound as error:
        raise Unavailable("The platform does not know this account.", account=account.public_id) from error

    def work() -> Reading:
        locking.locked(TradingAccount, account.pk)
        reading = _import(account, deals, since, now)
        newest = TradingAccount.objects.filter(pk=account.pk)
        newest.filter(deals_read_until__isnull=True).update(deals_read_until=now)
        newest.filter(deals_read_until__lt=now).update(deals_read_until=now)
        trading_drift.note(account, figures, now)
        return reading

    return unit_of_work(work)


def read_all(*, now: datetime, limit: int = 500) -> int:
    """Read every active account, the longest unread first; returns how many, none while another round is under way. A
    platform that cannot be asked is left alone for the rest of this round."""
    try:
        with session_owner("trading_deals.read_all", patience=0)():
            return _round(now, limit)
    except TimeoutError:
        return 0


def _round(now: datetime, limit: int) -> int:
    active = TradingAccount.objects.filter(state=TradingAccount.State.ACTIVE)
    silent: set[str] = set()
    count = 0
    for account in active.order_by(F("deals_read_until").asc(nulls_first=True))[:limit]:
        if account.platform in silent:
            continue
        try:
            read(trading_account=account, now=now)
            count += 1
        except Unavailable as error:
            log.warning("trading_deals.unavailable", extra={"account": account.public_id, "reason": error.detail})
            silent.add(account.platform)
        except Exception:  # one account's trouble must not keep the others from being read
            log.exception("trading_deals.failed", extra={"account": account.public_id})
    return count


def _import(account: TradingAccount, deals: Sequence[PlatformDeal], since: datetime, now: datetime) -> Reading:
    reading = Reading()
    tickets = [deal.ticket for deal in deals]
    posted = trading_deal_postings.posted(account.platform, tickets)
    settled = trading_cash.settled_by(account, tickets)
    fresh: list[PlatformDeal] = []
    for deal in deals:
        if (was := posted.get(deal.ticket)) is not None:
            if was != recipes.facts(deal):
                trading_deal_cases.mutated(account, deal, was)
                reading.mutated.append(deal.ticket)
        elif (transfer := settled.get(deal.ticket)) is not None:
            agrees = trading_cash.still_agrees(account, deal, transfer)
            (reading.paired if agrees else reading.mutated).append(deal.ticket)
        elif deal.bucket == "cash":
            paired = trading_cash.pair(account, deal, now)
            (reading.paired if paired else reading.unmatched).append(deal.ticket)
        else:
            fresh.append(deal)
    reading.posted, refused = trading_deal_postings.post(account, fresh)
    reading.unmatched += refused
    _watch(account, {deal.ticket for deal in deals}, since, now, reading)
    if reading.posted:
        events.record(
            type="trading_account.deals_posted",
            object_ref=account.public_id,
            client_ref=account.client.public_id,
            actor=SYSTEM,
            data={"count": len(reading.posted), "tickets": reading.posted[:50]},
            occurred_at=now,
        )
    return reading


def _watch(account: TradingAccount, seen: set[str], since: datetime, now: datetime, reading: Reading) -> None:
    """Raise a case for every row that was posted, should be in this read, and is not."""
    mirrors = [
        accounts.ref(trading_accounts.ledger_code(account, kind), account.currency).id for kind in ("trading", "bonus")
    ]
    # What landed later than it happened, because its day was closed, is not looked for in this read.
    rows = (
        Transaction.objects.exclude(metadata__has_key="corrects")
        .filter(
            source_system=account.platform,
            source_kind__in=(*recipes.KINDS, trading_cash.KIND),
            effective_at__range=(since, now),
            recorded_at__lte=now - LAG,
            entries__account_id__in=mirrors,
        )
        .values_list("source_id", "metadata", "description")
    )
    gone = {str(row[0]): row for row in rows.distinct() if row[0] not in seen}
    for ticket, (_, metadata, description) in gone.items():
        trading_deal_cases.vanished(account, ticket, metadata["deal"] if metadata else {"description": description})
        reading.vanished.append(ticket)
