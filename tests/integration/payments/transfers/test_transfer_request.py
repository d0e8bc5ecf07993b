"""Asking for a transfer: what is reserved, and what is refused with nothing left behind."""

import pytest

from ledger import errors
from ledger.money import Money
from payments.actors import Actor
from payments.models import Client, OutboxMessage, TradingAccount, Transfer
from payments.services import clients
from tests.integration.payments.transfers.broker import COMPLIANCE, OPS, Broker, staff

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def test_a_request_reserves_the_money_and_promises_to_send(broker: Broker) -> None:
    client, account = broker.funded(wallet="1000")
    transfer = broker.request(account, "to_platform", "600")

    assert transfer.state == "reserved"
    assert broker.wallet(client) == ("1000.00", "600.00")
    assert broker.platform_balance(account) == 0, "nobody has told the platform yet"
    promise = OutboxMessage.objects.get(topic="transfer.send")
    assert promise.payload == {"transfer": transfer.public_id}
    assert transfer.pending_transaction is not None
    assert (transfer.from_reference, transfer.to_reference) == ("wallet", "mt5:1001")
    assert (transfer.made_by, transfer.maker) == (broker.acting(client).id, broker.acting(client).person)


def test_the_token_fits_into_a_comment_and_is_never_used_twice(broker: Broker) -> None:
    _, account = broker.funded(wallet="100")
    tokens = [broker.request(account, "to_platform", "1").token for _ in range(20)]
    assert len(set(tokens)) == 20
    assert all(len(token) == 20 and token.isalnum() and token.isupper() for token in tokens)


@pytest.mark.parametrize(
    ("changes", "refusal", "param"),
    [
        ({"money": Money.of("0", "USD")}, errors.InvalidAmount, "amount"),
        ({"money": Money.of("-1", "USD")}, errors.InvalidAmount, "amount"),
        ({"money": Money.of("5", "EUR")}, errors.CurrencyMismatch, "currency"),
        ({"money": Money.of("1000.01", "USD")}, errors.InsufficientAvailable, None),
        ({"actor": staff("support", "support")}, errors.Forbidden, None),
        ({"actor": Actor(id="anonymous")}, errors.Forbidden, None),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(
    broker: Broker, changes: dict[str, object], refusal: type[errors.DomainError], param: str | None
) -> None:
    _, account = broker.funded(wallet="1000")
    before = broker.fingerprint()
    with pytest.raises(refusal) as refused:
        broker.request(account, "to_platform", "10", **changes)
    assert type(refused.value) is refusal
    assert refused.value.param == param
    assert broker.fingerprint() == before
    broker.drain()
    assert broker.platform_total() == 0


def test_a_transfer_has_one_of_two_directions(broker: Broker) -> None:
    _, account = broker.funded(wallet="1000")
    before = broker.fingerprint()
    with pytest.raises(errors.InvalidRequest) as refused:
        broker.request(account, "sideways", "10")
    assert refused.value.param == "direction"
    assert broker.fingerprint() == before


def test_another_clients_account_does_not_exist_for_a_client(broker: Broker) -> None:
    mine, _ = broker.funded(wallet="100")
    _, theirs = broker.funded(trading="100")
    before = broker.fingerprint()
    me = broker.acting(mine)
    for client in (mine, theirs.client):
        with pytest.raises(errors.NotFound):
            broker.request(theirs, "from_platform", "50", client=client, actor=me)
    with pytest.raises(errors.NotFound):
        broker.request(theirs, "from_platform", "50", client=mine, actor=OPS)
    assert broker.fingerprint() == before


@pytest.mark.parametrize("direction", ["to_platform", "from_platform"])
@pytest.mark.parametrize(("state", "refusal"), [("frozen", errors.AccountFrozen), ("closed", errors.AccountClosed)])
def test_a_client_who_is_not_active_starts_nothing(
    broker: Broker, direction: str, state: str, refusal: type[errors.DomainError]
) -> None:
    client, account = broker.funded(wallet="100", trading="100")
    clients.set_state(client_id=client.pk, state=state, actor=COMPLIANCE, now=broker.now)
    before = broker.fingerprint()
    with pytest.raises(refusal):
        broker.request(account, direction, "50")  # with the client object as it was before
    assert broker.fingerprint() == before
    assert broker.platform_balance(account) == 100


def test_a_transfer_that_was_reserved_before_the_freeze_is_still_carried_out(broker: Broker) -> None:
    client, account = broker.funded(wallet="100")
    transfer = broker.request(account, "to_platform", "60")
    clients.set_state(client_id=client.pk, state=Client.State.FROZEN, actor=COMPLIANCE, now=broker.now)
    broker.drain()
    assert broker.state(transfer) == "confirmed"
    broker.assert_both_sides_agree()


def test_a_closed_trading_account_takes_part_in_nothing(broker: Broker) -> None:
    _, account = broker.funded(wallet="100")
    TradingAccount.objects.filter(pk=account.pk).update(state="closed")
    before = broker.fingerprint()
    with pytest.raises(errors.AccountClosed) as refused:
        broker.request(account, "to_platform", "50")
    assert refused.value.param == "trading_account"
    assert broker.fingerprint() == before


def test_thirty_requests_for_the_last_hundred_make_one_transfer(broker: Broker) -> None:
    client, account = broker.funded(wallet="100")
    answers = broker.together(30, lambda _: broker.request(account, "to_platform", "100"))
    won = [answer for answer in answers if isinstance(answer, Transfer)]
    assert len(won) == 1
    assert {type(answer) for answer in answers} == {Transfer, errors.InsufficientAvailable}
    assert broker.wallet(client) == ("100.00", "100.00")
    assert Transfer.objects.count() == 1
    broker.drain()
    assert broker.wallet(client) == ("0.00", "0.00")
    assert broker.platform_balance(account) == 100
    broker.assert_both_sides_agree()
