"""The reason catalogue: each reason has its own reversal, and allows what it says."""

import pytest

from ledger.chart import KINDS
from ledger.errors import InvalidRequest, ReasonNotAllowed
from ledger.reasons import REASONS, reason, require_kinds


@pytest.mark.parametrize("each", REASONS.values(), ids=lambda each: each.code)
def test_a_reason_names_known_kinds_and_fits_its_column(each):
    assert (each.debits | each.credits) <= set(KINDS)
    assert 0 < len(each.code) <= 48
    assert 0 < len(each.title) <= 80
    assert len(each.reversal_code) <= 48


@pytest.mark.parametrize(
    "each", [r for r in REASONS.values() if not r.code.endswith("_REVERSAL")], ids=lambda each: each.code
)
def test_what_a_reason_moves_its_reversal_may_move_back(each):
    back = REASONS[each.reversal_code]
    if each.code != "CHARGEBACK":  # a dispute that is won pays into the wallet, whatever it was taken from
        assert not back.debits or each.credits <= back.debits
        assert not back.credits or each.debits <= back.credits
    assert back.passes_freeze


def test_a_reason_refuses_other_kinds_and_an_unknown_one_is_none():
    require_kinds("DEPOSIT_FEE", debits={"wallet"}, credits={"income"})
    require_kinds("MANUAL_ADJUSTMENT", debits={"expense"}, credits={"bonus"})
    with pytest.raises(ReasonNotAllowed):
        require_kinds("DEPOSIT_FEE", debits={"trading"}, credits={"income"})
    with pytest.raises(ReasonNotAllowed):
        require_kinds("DEPOSIT_FEE", debits={"wallet"}, credits={"wallet"})
    for code in ("", "deposit_fee", None, []):
        with pytest.raises(InvalidRequest):
            reason(code)
