"""The comment is our only mark on a deal: the token comes first, whole, and is told from every other
token."""

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.connectors.platforms.mt5.deals import COMMENT_LENGTH, carries, comment_for

ALPHABET = string.ascii_letters + string.digits + "_-"
tokens = st.text(ALPHABET, min_size=1, max_size=COMMENT_LENGTH)


@given(token=tokens, note=st.text())
def test_the_token_comes_first_and_whole_and_all_fits(token, note):
    comment = comment_for(token=token, note=note)
    assert comment.startswith(token)
    assert len(comment) <= COMMENT_LENGTH
    assert comment.isascii()
    assert comment.isprintable()
    assert not set("\\|=") & set(comment)
    assert carries(comment=comment, token=token)


@given(token=st.text(ALPHABET, min_size=COMMENT_LENGTH + 1, max_size=80), note=st.text(max_size=5))
def test_a_token_that_does_not_fit_is_refused_and_never_cut(token, note):
    with pytest.raises(ValueError, match="token"):
        comment_for(token=token, note=note)


@pytest.mark.parametrize("token", ["", "a b", "zażółć", "a=b", "a|b", "a\\b", "t1\n", "x" * 32])
def test_a_token_of_other_characters_is_refused(token):
    with pytest.raises(ValueError, match="token"):
        comment_for(token=token, note="")


@given(token=tokens, other=tokens, note=st.text(max_size=20))
def test_no_token_is_taken_for_another(token, other, note):
    assert carries(comment=comment_for(token=token, note=note), token=other) == (token == other)


def test_the_note_follows_the_token_as_far_as_it_fits():
    assert comment_for(token="tr_1", note="wallet to  trading=5|6\\ü") == "tr_1 wallet to trading?5?6??"
    assert comment_for(token="x" * 30, note="cut") == "x" * 30
    assert comment_for(token="x" * 29, note="cut") == "x" * 29 + " c"


def test_a_token_that_does_not_fit_moves_no_money(server, adapter):
    login = server.open("100")
    with pytest.raises(ValueError, match="token"):
        adapter.move(login=login, amount=Decimal(10), token="x" * 32, note="")
    assert (server.seen("balance"), server.balance(login)) == (0, 100)


def test_the_longest_token_comes_back_from_the_server_uncut(server, adapter, since):
    login, token = server.open("100"), "x" * COMMENT_LENGTH
    accepted = adapter.move(login=login, amount=Decimal(10), token=token, note="never seen")
    found = adapter.find(login=login, amount=Decimal(10), token=token, since=since)
    assert (found.ticket, found.comment) == (accepted.reference, token)
