"""The general-ledger mapping: which outside account takes what an account of ours holds, from which day.

A line speaks of a kind of the chart, of one account code, or of a branch ("psp/stripe/*"); the closest one counts, one
with a currency before one for any. Lines are never changed: a new one takes over from its day, which may not have been
exported yet.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Max

from ledger import events
from ledger.chart import KINDS, classify
from ledger.database import unit_of_work
from ledger.errors import DuplicateReference, InvalidRequest, PeriodClosed
from ledger.gl_chart import DEFAULTS
from ledger.models import GlExport, GlMapping
from ledger.money import currency as currency_of
from ledger.system import Permitted

PERMISSION = "ledger.change_glmapping"
_BRANCH = re.compile(r"[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,4}/\*", re.ASCII)
_GL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}", re.ASCII)
_EVER = date(1970, 1, 1)


@dataclass(frozen=True)
class GlAccount:
    """An account of the firm's general ledger."""

    code: str
    name: str


@dataclass(frozen=True)
class Mapped:
    """What of our chart is to be found a place for."""

    code: str
    kind: str
    currency: str


class Unmapped(InvalidRequest):
    """Accounts without a place in the general ledger; `data["accounts"]` names every one."""


def add(
    *,
    pattern: str,
    currency: str = "",
    gl_code: str,
    gl_name: str,
    valid_from: date,
    reason: str,
    actor: Permitted,
    now: datetime,
) -> GlMapping:
    """Let `pattern` go to a general-ledger account from a day on; it counts at once for days not exported yet.

    Raises Forbidden, InvalidRequest naming the field, PeriodClosed (param "valid_from") for a day that was exported,
    DuplicateReference when there is a line for that pattern, currency and day."""
    actor.require(PERMISSION)
    _check(pattern, currency, gl_code, gl_name, reason)

    def work() -> GlMapping:
        lock()
        last = last_exported()
        if last is not None and valid_from <= last:
            raise PeriodClosed(f"Days up to {last} have been exported.", param="valid_from")
        same = GlMapping.objects.filter(pattern=pattern, currency=currency)
        if same.filter(valid_from=valid_from).exists():
            raise DuplicateReference("There is a line for this from that day already.", param="valid_from")
        before = same.filter(valid_from__lt=valid_from).order_by("-valid_from").first()
        line = GlMapping(
            pattern=pattern,
            currency=currency,
            gl_code=gl_code,
            gl_name=gl_name.strip(),
            valid_from=valid_from,
            reason=reason.strip(),
            made_by=actor.person or actor.id,
        )
        line.save(force_insert=True)
        after = {"pattern": pattern, "currency": currency, "gl_code": gl_code, "valid_from": str(valid_from)}
        events.record(
            type="gl_mapping.added",
            object_ref=line.public_id,
            actor=actor,
            before={"gl_code": before.gl_code, "valid_from": str(before.valid_from)} if before else None,
            after=after,
            data={"reason": reason.strip()},
            occurred_at=now,
        )
        return line

    return unit_of_work(work)


def on(day: date, accounts: Iterable[Mapped], using: str = "default") -> Mapping[Mapped, GlAccount]:
    """Where each account goes on a day. Raises Unmapped naming all that go nowhere."""
    lines = list(GlMapping.objects.using(using).filter(valid_from__lte=day).order_by("valid_from", "pk"))
    found, lost = {}, []
    for account in accounts:
        fitting = [line for line in lines if _fits(line, account)]
        if fitting:
            best = max(fitting, key=_closeness)
            found[account] = GlAccount(best.gl_code, best.gl_name)
        else:
            lost.append(account)
    if lost:
        names = sorted(f"{account.code} {account.currency}" for account in lost)
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise Unmapped(f"No general-ledger account is named for: {shown}.", param="mapping", accounts=names)
    return found


def seed() -> None:
    """Give every pattern of the defaults that has no line yet its first one. Runs after every migrate."""
    known = set(GlMapping.objects.filter(currency="").values_list("pattern", flat=True))
    last = last_exported()
    start = last + timedelta(days=1) if last else _EVER
    GlMapping.objects.bulk_create(
        [
            GlMapping(
                pattern=pattern, gl_code=code, gl_name=name, valid_from=start, made_by="chart",
                reason="First mapping, from the chart of accounts",
            )
            for pattern, (code, name) in DEFAULTS.items()
            if pattern not in known
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def last_exported() -> date | None:
    """The last day that was handed to the general ledger."""
    last: date | None = GlExport.objects.aggregate(last=Max("day"))["last"]
    return last


def lock() -> None:
    """Keep exports and changes of the mapping apart until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger_gl', 0))")


def _fits(line: GlMapping, account: Mapped) -> bool:
    if line.currency not in ("", account.currency):
        return False
    if line.pattern.endswith("/*"):
        return account.code.startswith(line.pattern[:-1])
    return line.pattern in (account.code, account.kind)


def _closeness(line: GlMapping) -> tuple[int, int, bool, date, int]:
    """A code is closer than a branch, a long branch closer than a short one, both closer than a kind."""
    rank = 0 if line.pattern in KINDS else 1 if line.pattern.endswith("/*") else 2
    return rank, len(line.pattern) if rank == 1 else 0, bool(line.currency), line.valid_from, line.pk


def _check(pattern: str, currency: str, gl_code: str, gl_name: str, reason: str) -> None:
    if pattern not in KINDS and not _BRANCH.fullmatch(pattern):
        try:
            classify(pattern)
        except InvalidRequest:
            words = "A pattern is a kind of account, an account code, or a branch like psp/stripe/*."
            raise InvalidRequest(words, param="pattern") from None
    if currency:
        currency_of(currency)
    if not _GL_CODE.fullmatch(gl_code):
        raise InvalidRequest("A general-ledger code has 1 to 40 letters, digits and . / _ -", param="gl_code")
    if not 1 <= len(gl_name.strip()) <= 120:
        raise InvalidRequest("A name has 1 to 120 characters.", param="gl_name")
    if not 3 <= len(reason.strip()) <= 1000:
        raise InvalidRequest("Say why, in 3 to 1000 characters.", param="reason")
