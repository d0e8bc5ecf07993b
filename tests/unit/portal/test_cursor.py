"""A cursor splits the feed in the same place for movements and for entries."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import ids
from ledger.errors import InvalidRequest
from portal.queries.cursor import Cursor, Key, floor, floor_of

MILLIS = st.integers(min_value=1_700_000_000_000, max_value=1_900_000_000_000)


def movement(millis: int, rest: int) -> uuid.UUID:
    return uuid.UUID(int=millis << 80 | rest)


@given(one=MILLIS, other=MILLIS, rest=st.integers(0, 2**80 - 1), micros=st.integers(0, 999), entry=st.uuids())
def test_the_bound_splits_movements_as_the_order_does(
    one: int, other: int, rest: int, micros: int, entry: uuid.UUID
) -> None:
    row = movement(one, rest)
    for key in (Key(other * 1000 + micros, entry), Key.of_movement(movement(other, rest ^ 1))):
        assert (row < key.movement_bound) == (Key.of_movement(row) < key)
    same = Key.of_movement(row)
    assert not row < same.movement_bound


@given(micros=st.integers(0, 4_000_000_000_000_000), key=st.uuids(), older=st.booleans())
def test_a_cursor_survives_its_text(micros: int, key: uuid.UUID, older: bool) -> None:
    cursor = Cursor(Key(micros, key), older)
    assert Cursor.read(str(cursor)) == cursor


def test_a_key_carries_its_millisecond() -> None:
    made = ids.new_id()
    key = Key.of_movement(made)
    assert abs((key.at - datetime.now(UTC)).total_seconds()) < 5
    assert floor(made.int >> 80) <= made < floor((made.int >> 80) + 1)
    assert floor_of(key.at) <= made


@pytest.mark.parametrize("text", ["", "n", "n.-1." + "0" * 32, "n.1." + "g" * 32, "N.1." + "0" * 32, "n.١." + "0" * 32])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        Cursor.read(text)
