"""Opening a trading account: on the platform first, never twice by one wish, and never forgotten when in doubt."""

import pytest

from ledger import accounts, errors
from ledger.database import unit_of_work
from ledger.models import Event
from payments.actors import Actor
from payments.models import Client, TradingAccount
from payments.services import clients, trading_accounts
from tests.integration.payments.transfers.broker import COMPLIANCE, OPS, Broker, staff

pytest_plugins = ("tests.integration.payments.transfers.fixtures",)


def opened_on_platform(broker: Broker) -> int:
    return len(broker.desk("accounts")["accounts"])


def test_the_platforms_login_becomes_ours(broker: Broker) -> None:
    client = broker.client()
    account = trading_accounts.open_account(client=client, currency="EUR", actor=broker.acting(client), now=broker.now)
    assert (account.login, account.currency, account.state) == ("1001", "EUR", "active")
    assert account.reference == "mt5:1001"
    row = broker.desk("accounts")["accounts"][0]
    assert (row["login"], row["currency"], row["group"]) == ("1001", "EUR", r"real\EUR")
    mirror = accounts.find(client.account_code("trading", "mt5", "1001"), "EUR")
    assert mirror.kind == "trading"
    assert broker.history(account) == ["trading_account.requested", "trading_account.opened"]
    event = Event.objects.get(type="trading_account.opened")
    assert (event.actor, event.client_ref) == (broker.acting(client).id, client.public_id)
    assert event.data == {"platform": "mt5", "currency": "EUR", "login": "1001"}


def test_a_client_may_have_several(broker: Broker) -> None:
    client = broker.client()
    logins = [broker.open(client, currency).login for currency in ("USD", "EUR", "USD")]
    assert logins == ["1001", "1002", "1003"]
    assert TradingAccount.objects.filter(client=client).count() == 3


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"currency": "XXX"}, errors.InvalidAmount),
        ({"platform": "mt9"}, errors.InvalidRequest),
        ({"actor": staff("support", "support")}, errors.Forbidden),
        ({"actor": Actor(id="u", person="u", roles=frozenset({"client"}), client_id="cl_other")}, errors.NotFound),
    ],
)
def test_refused_before_anybody_is_asked(
    broker: Broker, changes: dict[str, object], refusal: type[errors.DomainError]
) -> None:
    client = broker.client()
    wanted: dict[str, object] = {"client": client, "currency": "USD", "actor": OPS, "now": broker.now}
    before = broker.fingerprint()
    with pytest.raises(refusal):
        trading_accounts.open_account(**(wanted | changes))
    assert broker.fingerprint() == before
    assert broker.calls("open") == 0


def test_a_frozen_client_opens_nothing(broker: Broker) -> None:
    client = broker.client()
    clients.set_state(client_id=client.pk, state=Client.State.FROZEN, actor=COMPLIANCE, now=broker.now)
    with pytest.raises(errors.AccountFrozen):
        broker.open(client)
    assert broker.calls("open") == 0


def test_a_refusal_of_the_platform_is_said_plainly(broker: Broker) -> None:
    client = broker.client()
    broker.script({"on": "open", "do": "refuse", "data": {"retcode": "3002 No more logins"}})
    with pytest.raises(errors.PolicyRefused) as refused:
        broker.open(client)
    assert broker.fired() == 1
    assert refused.value.data["code"] == "logins_exhausted"
    assert TradingAccount.objects.count() == 0
    assert list(Event.objects.filter(client_ref=client.public_id).order_by("id").values_list("type", flat=True)) == [
        "client.created",
        "trading_account.requested",
        "trading_account.refused",
    ]
    assert broker.open(client).login == "1001", "and the next try is free"


def test_a_platform_that_is_away_can_be_tried_again(broker: Broker) -> None:
    client = broker.client()
    broker.cut_off()
    with pytest.raises(errors.Unavailable) as refused:
        broker.open(client)
    assert refused.value.retryable
    assert TradingAccount.objects.count() == 0
    assert broker.cases() == []


@pytest.mark.parametrize(("fault", "opened"), [("drop_after", 1), ("drop_before", 0), ("garbage", 1)])
def test_no_clear_answer_is_a_case_and_not_a_success(broker: Broker, fault: str, opened: int) -> None:
    client = broker.client()
    broker.script({"on": "open", "do": fault})
    with pytest.raises(errors.Unavailable) as refused:
        broker.open(client)
    assert broker.fired() == 1
    assert not refused.value.retryable, "trying again would open a second one"
    assert opened_on_platform(broker) == opened
    assert TradingAccount.objects.count() == 0
    (case,) = broker.cases("platform_unknown")
    assert case["client"] == client.public_id
    assert case["facts"]["group"] == r"real\USD"


def test_pressing_twice_opens_one(broker: Broker) -> None:
    client = broker.client()
    broker.script({"on": "open", "do": "hang_before", "seconds": 0.2})
    answers = broker.together(6, lambda _: broker.open(client))
    assert sum(isinstance(answer, TradingAccount) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {TradingAccount, errors.Unavailable}
    assert opened_on_platform(broker) == 1


def test_a_wish_that_was_cut_off_does_not_block_for_ever(broker: Broker) -> None:
    client = broker.client()
    account = TradingAccount(client=client, platform="mt5", currency="USD")
    unit_of_work(lambda: trading_accounts._intend(account, OPS, broker.now))  # and then the process died
    with pytest.raises(errors.Unavailable):
        broker.open(client)
    broker.later(minutes=2)
    assert broker.open(client).login == "1001"


def test_accounts_are_found_by_the_names_that_transfers_use(broker: Broker) -> None:
    client = broker.client()
    account = broker.open(client)
    assert trading_accounts.find(reference="mt5:1001") == account
    assert trading_accounts.find(reference=account.public_id, client=client) == account
    for reference in ("mt5:9999", "mt9:1001", "ta_nonsense", "", ":", "mt5:"):
        with pytest.raises(errors.NotFound):
            trading_accounts.find(reference=reference)
    with pytest.raises(errors.NotFound):
        trading_accounts.find(reference="mt5:1001", client=broker.client())
