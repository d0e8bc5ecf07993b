"""Public ids lead back to their keys, sort like them, and nothing else is taken for one."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import ids
from ledger.errors import NotFound


@given(st.uuids())
def test_uuids_lead_back(key):
    text = ids.encode("wd", key)
    assert (ids.decode_uuid("wd", text), len(text)) == (key, 29)


@given(st.integers(0, 2**63 - 1))
def test_integers_lead_back(key):
    assert ids.decode_int("acc", ids.encode("acc", key)) == key


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_ids_sort_like_their_keys(first, second):
    assert (ids.encode("acc", first) < ids.encode("acc", second)) == (first < second)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wd",
        "wd_",
        "wd_x",
        "tx_" + "0" * 26,
        "wd_" + "0" * 25,
        "wd_" + "0" * 27,
        "wd_" + "u" * 26,
        "wd_" + "Z" * 26,
        "wd_" + "z" * 26,
        "WD_" + "0" * 26,
        "wd_" + "٠" * 26,
        "wd_" + "0" * 25 + "\n",
    ],
)
def test_what_we_never_gave_out_is_not_found(text):
    with pytest.raises(NotFound):
        ids.decode_uuid("wd", text)
    with pytest.raises(NotFound):
        ids.decode_int("wd", text)


def test_an_integer_beyond_the_column_is_not_found():
    with pytest.raises(NotFound):
        ids.decode_int("acc", ids.encode("acc", 2**63))


def test_new_ids_are_version_7_and_rise_with_time():
    made = [ids.new_id() for _ in range(200)]
    assert {(key.version, key.variant) for key in made} == {(7, uuid.RFC_4122)}
    assert len(set(made)) == 200
    assert [key.int >> 80 for key in made] == sorted(key.int >> 80 for key in made)


def test_ids_of_a_batch_are_of_version_seven_and_each_is_later_than_the_one_before():
    made = ids.new_texts(10_000)
    found = [uuid.UUID(text) for text in made]
    assert {(one.version, one.variant) for one in found} == {(7, uuid.RFC_4122)}
    assert found == sorted(set(found))
    assert abs((found[-1].int >> 80) - (ids.new_id().int >> 80)) < 60_000  # milliseconds: of now
    assert not set(made) & set(ids.new_texts(10_000))
    assert ids.new_texts(0) == []
