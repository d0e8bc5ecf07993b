"""What the simulated bank writes, the parser reads back: two programs that share nothing but the ISO definition."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from payments.connectors.bank.sepa.simulator_messages import Account, Booking, Day, notification, statement
from reconciliation.parsers import registry
from reconciliation.parsers.base import ParsedRecord

NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
ACCOUNT = Account(iban="DE07999900000000000001", currency="EUR", owner="Demo Broker", bic="SIMBDEFFXXX")
CODES = {("RCDT", "ESCT"): "receipt", ("ICDT", "ESCT"): "payout", ("ICDT", "RRTN"): "return"}

# Any letter of any script, but no control or surrogate characters: those cannot stand in XML.
words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
texts = st.lists(words, max_size=8).map(" ".join).map(lambda text: text[:140].strip())
references = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9\-]{0,33}", fullmatch=True).filter(
    lambda text: text.upper() not in ("NOTPROVIDED", "NONREF", "NOREF", "NONE")
)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31))
cents = st.integers(min_value=-(10**14), max_value=10**14)


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    amount = Decimal(draw(cents.filter(bool))).scaleb(-2)
    returned = amount > 0 and draw(st.booleans())
    family = ("ICDT", "RRTN") if returned else ("RCDT", "ESCT") if amount > 0 else ("ICDT", "ESCT")
    return Booking(
        reference=draw(references),
        amount=amount,
        currency="EUR",
        booked_on=draw(days),
        value_on=draw(days),
        code=family,
        end_to_end_id=draw(references),
        instruction_id=draw(st.just("") | references),
        message_id=draw(st.just("") | references),
        payment_information_id=draw(st.just("") | references),
        name=draw(texts),
        iban=draw(st.sampled_from(["", "DE89370400440532013000", "IE29AIBK93115212345678"])),
        remittance=draw(texts),
        return_reason="AC06" if returned else "",
    )


def expected(booking: Booking, position: int) -> ParsedRecord:
    returned = bool(booking.return_reason)
    return ParsedRecord(
        position=position,
        amount=booking.amount,
        currency=booking.currency,
        booked_on=booking.booked_on,
        value_on=booking.value_on,
        bank_reference=booking.reference,
        end_to_end_id=booking.end_to_end_id,
        instruction_id=booking.instruction_id,
        message_id=booking.message_id,
        counterparty_name=booking.name,
        counterparty_iban=booking.iban,
        remittance=booking.remittance,
        is_return=returned,
        return_reason=booking.return_reason,
        original_end_to_end_id=booking.end_to_end_id if returned else "",
        kind=CODES[booking.code],
        raw={},
    )


@given(items=st.lists(bookings(), max_size=12), opening=cents, sequence=st.integers(min_value=1, max_value=10**6))
def test_statements(items: list[Booking], opening: int, sequence: int) -> None:
    first = Decimal(opening).scaleb(-2)
    day = Day(
        sequence=sequence,
        from_on=date(2026, 11, 20),
        to_on=date(2026, 11, 20),
        opening=first,
        closing=first + sum(item.amount for item in items),
        bookings=items,
    )
    content = statement(report_id="SIM-STM-1", account=ACCOUNT, day=day, now=NOW)
    (found,) = registry.parse(content=content, name="day.xml")
    assert found.ties and not found.warnings
    assert (found.opening, found.closing, found.sequence) == (day.opening, day.closing, str(sequence))
    assert (found.account_iban, found.currency, found.from_date) == (ACCOUNT.iban, "EUR", day.from_on)
    assert [replace(record, raw={}) for record in found.records] == [
        expected(item, position) for position, item in enumerate(items, 1)
    ]


@given(items=st.lists(bookings(), min_size=1, max_size=5))
def test_notifications(items: list[Booking]) -> None:
    content = notification(report_id="SIM-NTF-1", account=ACCOUNT, bookings=items, now=NOW)
    (found,) = registry.parse(content=content, name="news.xml")
    assert found.ties and (found.opening, found.closing) == (None, None)
    assert [replace(record, raw={}) for record in found.records] == [
        expected(item, position) for position, item in enumerate(items, 1)
    ]
