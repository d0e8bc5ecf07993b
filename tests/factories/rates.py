"""Exchange rates for tests: published by the simulated ECB, or written as a source would have published them."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from payments import dispatch
from payments.connectors import registry
from payments.connectors.rates.ecb.simulator import EcbSimulator
from payments.connectors.simulation import RunningSimulator
from payments.fx.freshness import ecb_moment, last_target_day
from payments.models import ProviderEvent, Rate
from payments.services import rates

USUAL = {"USD": "1.0852", "PLN": "4.3120", "GBP": "0.83615", "JPY": "163.42", "CHF": "0.9371"}


def publish(values: Mapping[str, str] = USUAL, *, at: datetime | None = None, source: str = "ecb") -> list[Rate]:
    """Rates against the euro as if they had been fetched and read, by default of the last publication before now."""
    moment = at or last_publication(timezone.now())
    body = repr((source, moment, sorted(values.items()))).encode()
    digest = hashlib.sha256(body).hexdigest()
    event, _ = ProviderEvent.objects.get_or_create(
        connector=source,
        event_id=digest[:40],
        body_sha256=digest,
        defaults={"event_type": "test", "headers": {}, "body": body, "state": "processed"},
    )
    return [
        Rate.objects.get_or_create(
            source=source,
            base="EUR",
            counter=code,
            value=Decimal(value),
            published_at=moment,
            defaults={"fetched_at": moment, "message": event},
        )[0]
        for code, value in values.items()
    ]


def last_publication(now: datetime) -> datetime:
    day = last_target_day(now.date())
    moment = ecb_moment(day)
    return moment if moment <= now else ecb_moment(last_target_day(day.fromordinal(day.toordinal() - 1)))


class Publisher:
    """The simulated ECB over HTTP, with our connector pointed at it."""

    def __init__(self, settings: Any, folder: Path, *, now: str = "2026-11-20T17:00:00+00:00") -> None:
        self.simulator = EcbSimulator(state=folder / "ecb.sqlite3", now=now)
        self.running = RunningSimulator(self.simulator).start()
        settings.RATES = {"ecb": {"url": self.running.url, "timeout": 1.0}}
        registry.forget()

    def fetched(self, now: datetime, *, history: bool = False) -> int:
        """Fetch and read; how many files were new."""
        new = rates.fetch(source="ecb", now=now, history=history)
        dispatch.drain(topics=(rates.TOPIC,), now=timezone.now())
        return new

    def stop(self) -> None:
        self.running.stop()
        registry.forget()
