"""Balance monitors as people keep them: set one up, change its level, retire it. `ledger.monitoring` does the looking.

What a monitor watches never changes; another one takes its place. Every change has its event in the same commit.
"""

from datetime import datetime
from typing import Any

from ledger import events, ids
from ledger.accounts import AccountRef
from ledger.database import unit_of_work
from ledger.errors import CurrencyMismatch, InvalidRequest, InvalidTransition, NotFound, VersionConflict
from ledger.models import BalanceMonitor
from ledger.money import EXACT, Money
from ledger.monitoring import judge, record, safe_horizon, value_below
from ledger.scopes import Scope
from ledger.scopes import scope as scope_of
from ledger.system import Permitted

PERMISSION = "ledger.manage_monitors"


def create(
    *,
    name: str,
    threshold: Money,
    way: str,
    clear_at: Money | None = None,
    measure: str = BalanceMonitor.Measure.POSTED,
    account: AccountRef | None = None,
    scope: Scope | None = None,
    actor: Permitted,
    now: datetime,
) -> BalanceMonitor:
    """Watch one account, or the sum of a part of the book, in the currency of `threshold`.

    It is triggered when the figure is below (`way` "below") or above the threshold, and clears when it is back at
    `clear_at` (the threshold itself when left out). A figure that is beyond already triggers at once.
    Raises Forbidden, InvalidRequest naming the word, CurrencyMismatch."""
    actor.require(PERMISSION)
    watched = scope or Scope()
    if (account is None) == (watched == Scope(currency=watched.currency)):
        raise InvalidRequest("Name an account, or a category, kind or prefix; not both.", param="account")
    scope_of(**vars(watched))
    if account is not None and account.currency != threshold.currency:
        raise CurrencyMismatch(f"{account.code} is in {account.currency}.", param="currency")
    _check(name, way, measure, threshold, clear_at)

    def work() -> BalanceMonitor:
        monitor = BalanceMonitor(
            name=name.strip(),
            account_id=account.id if account else None,
            category=watched.category,
            kind=watched.kind,
            prefix=watched.prefix,
            currency=threshold.currency,
            measure=measure,
            way=way,
            threshold=threshold.amount,
            clear_at=(clear_at or threshold).amount,
            horizon=safe_horizon(),
            evaluated_at=now,
            made_by=actor.person or actor.id,
        )
        monitor.value = value_below(monitor, monitor.horizon)
        crossings = judge(monitor, monitor.value, at=now)
        monitor.save(force_insert=True)
        _record(monitor, "monitor.created", actor, now, before=None)
        for crossing in crossings:
            record(monitor, crossing, actor)
        return monitor

    return unit_of_work(work)


def change(
    *,
    monitor_id: int,
    version: int,
    name: str = "",
    threshold: Money | None = None,
    clear_at: Money | None = None,
    actor: Permitted,
    now: datetime,
) -> BalanceMonitor:
    """Set another level or name; what is left out stays. A level that calls for another state changes it at once.

    A new threshold without `clear_at` moves `clear_at` along. Raises Forbidden, NotFound, VersionConflict,
    InvalidTransition (retired), InvalidRequest, CurrencyMismatch."""
    actor.require(PERMISSION)

    def work() -> BalanceMonitor:
        monitor = _locked(monitor_id, version)
        before = _figures(monitor)
        level = Money.of(monitor.threshold, monitor.currency)
        clear = clear_at
        if clear is None:
            gap = EXACT.subtract(monitor.clear_at, monitor.threshold)
            clear = Money.of(EXACT.add((threshold or level).amount, gap), monitor.currency)
        _check(name or monitor.name, monitor.way, monitor.measure, threshold or level, clear, monitor.currency)
        monitor.name = name.strip() or monitor.name
        monitor.threshold, monitor.clear_at = (threshold or level).amount, clear.amount
        monitor.version += 1
        crossings = judge(monitor, monitor.value, at=now)
        monitor.save()
        _record(monitor, "monitor.changed", actor, now, before=before)
        for crossing in crossings:
            record(monitor, crossing, actor)
        return monitor

    return unit_of_work(work)


def retire(*, monitor_id: int, version: int, actor: Permitted, now: datetime) -> BalanceMonitor:
    """Stop watching for good; its history stays. Raises Forbidden, NotFound, VersionConflict, InvalidTransition."""
    actor.require(PERMISSION)

    def work() -> BalanceMonitor:
        monitor = _locked(monitor_id, version)
        before = _figures(monitor)
        monitor.state, monitor.version = BalanceMonitor.State.RETIRED, monitor.version + 1
        monitor.save()
        _record(monitor, "monitor.retired", actor, now, before=before)
        return monitor

    return unit_of_work(work)


def find(public_id: str) -> BalanceMonitor:
    """The monitor with this public id. Raises NotFound."""
    found = BalanceMonitor.objects.select_related("account").filter(pk=ids.decode_int("mon", public_id)).first()
    if found is None:
        raise NotFound
    return found


def _locked(monitor_id: int, version: int) -> BalanceMonitor:
    rows = BalanceMonitor.objects.select_for_update(of=("self",)).select_related("account")
    monitor = rows.filter(pk=monitor_id).first()
    if monitor is None:
        raise NotFound
    if monitor.state == BalanceMonitor.State.RETIRED:
        raise InvalidTransition("The monitor is retired.", state=monitor.state)
    if monitor.version != version:
        raise VersionConflict(param="version")
    return monitor


def _check(name: str, way: str, measure: str, threshold: Money, clear_at: Money | None, currency: str = "") -> None:
    if not 1 <= len(name.strip()) <= 120:
        raise InvalidRequest("A name has 1 to 120 characters.", param="name")
    if way not in BalanceMonitor.Way.values:
        raise InvalidRequest("It watches below or above.", param="way")
    if measure not in BalanceMonitor.Measure.values:
        raise InvalidRequest("It measures posted or available.", param="measure")
    for param, money in (("threshold", threshold), ("clear_at", clear_at)):
        if money is not None and money.currency != (currency or threshold.currency):
            raise CurrencyMismatch(f"This monitor is in {currency or threshold.currency}.", param=param)
    if clear_at is None:
        return
    if (clear_at < threshold) if way == BalanceMonitor.Way.BELOW else (threshold < clear_at):
        raise InvalidRequest("It clears on the other side of the threshold.", param="clear_at")


def _figures(monitor: BalanceMonitor) -> dict[str, Any]:
    level, clear = (Money.of(amount, monitor.currency).text for amount in (monitor.threshold, monitor.clear_at))
    return {"state": monitor.state, "threshold": level, "clear_at": clear, "version": monitor.version}


def _record(
    monitor: BalanceMonitor, kind: str, actor: Permitted, now: datetime, *, before: dict[str, Any] | None
) -> None:
    events.record(
        type=kind,
        object_ref=monitor.public_id,
        actor=actor,
        before=before,
        after=_figures(monitor),
        data={"currency": monitor.currency, "way": monitor.way, "measure": monitor.measure},
        occurred_at=now,
    )
