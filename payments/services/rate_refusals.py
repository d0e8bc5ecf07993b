"""Files of rates that are not taken: too old as a whole, or not wholly understood. People are told with the cause.

The raw message stays as it came, and no rate is written. Nothing here fetches.
"""

from datetime import datetime

from ledger.errors import DomainError
from payments import dispatch
from payments.connectors import registry
from payments.connectors.rates.base import ReadRates
from payments.connectors.rates.refusals import RateFileStale
from payments.models import ProviderEvent
from payments.services.bank_files import finish


def taken(event: ProviderEvent, now: datetime) -> ReadRates:
    """What a stored file says. Raises InvalidRequest for one that is not understood, RateFileStale."""
    found = registry.rate_source(event.connector).read(kind=event.event_type, content=bytes(event.body))
    require_fresh(found, now)
    return found


def require_fresh(found: ReadRates, now: datetime) -> None:
    """Raise RateFileStale when the file as a whole is too old by then."""
    if found.stale_at is not None and now >= found.stale_at:
        newest = max(rate.published_at for rate in found.rates)
        raise RateFileStale(f"The newest rate in the file is of {newest:%Y-%m-%d %H:%M} UTC.", param="file")


def refuse(event: ProviderEvent, refusal: DomainError, now: datetime) -> None:
    """Mark the message as failed and open a case with the cause."""
    dispatch.raise_exception(
        category="unreadable_file",
        key=event.public_id,
        title=f"Rates from {event.connector} are not taken: {refusal.detail}"[:200],
        facts={"event": event.public_id, "code": code_of(refusal), "why": refusal.detail},
    )
    finish(event, now, state=ProviderEvent.State.FAILED)


def words_of(event: ProviderEvent) -> str:
    """Why a message was refused, "code: words": read again, because a message keeps no verdict but its state."""
    try:
        taken(event, event.processed_at or event.received_at)
    except DomainError as error:
        return f"{code_of(error)}: {error.detail}"
    return ""


def code_of(refusal: DomainError) -> str:
    return refusal.cause or refusal.code
