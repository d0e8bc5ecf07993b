"""What became of a reservation so far: posted, given back, still pending, and when or why it ends by itself."""

from ledger.admin import display, remainders
from ledger.admin.panels import Panel, facts
from ledger.models import Pending, Transaction


def reservation_of(shown: Transaction) -> Pending | None:
    """What is pending of this transaction; None where nothing ever was."""
    return getattr(shown, "reservation", None)


def panels_of(shown: Transaction) -> list[Panel]:
    """Where a pending transaction stands, account by account; nothing for one that was posted at once."""
    reservation = reservation_of(shown)
    if reservation is None:
        return []
    rows = remainders.of_reservation(shown.pk)
    left = remainders.credits_left(rows)
    ends_on = display.joined(*(display.code(name) for name in reservation.expires_on)) if reservation.expires_on else ""
    waits = reservation.state == Pending.State.PENDING
    return [
        facts(
            "Where it stands",
            ("State", display.state(reservation.state)),
            ("Still pending", display.joined(*(display.amount(money) for money in left.values())) if left else ""),
            (
                "Runs out",
                (display.when(reservation.expires_at) if reservation.expires_at else "never") if waits else "",
            ),
            ("Ends when told", ends_on if waits else ""),
        ),
        remainders.table("What was reserved", rows, written="Reserved", taken="Posted so far", left="Still pending"),
    ]
