"""`/transfers`: money between a client's wallet, pockets and trading accounts."""

from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import fields, filters
from ledger.api.endpoints import Acts, Lists, Reads, one
from ledger.api.shapes import Answer, Input, money
from ledger.errors import InvalidRequest, NotFound
from payments.api.reading import acting_for, client_named
from payments.models import Client, TradingAccount, Transfer
from payments.services import trading_accounts, transfers
from payments.states import TRANSFER

WALLET, POCKET = "wallet", "pocket:"
END = "`wallet`, a pocket like `pocket:savings`, or a trading account like `mt5:1001`."


class TransferRequest(Input):
    renamed = {"from_": "from"}
    specimen = {
        "client": fields.example("cl"),
        "from": "wallet",
        "to": "mt5:1001",
        "amount": "500.00",
        "currency": "USD",
    }

    client = fields.PublicId("cl")
    from_ = fields.Text(max_length=60, source="from_", help_text=END)
    to = fields.Text(max_length=60, help_text=END)
    amount = fields.Amount()
    currency = fields.Currency()


class TransferAnswer(Answer):
    renamed = {"from_": "from"}

    id = fields.Text(source="public_id")
    client = fields.PublicId("cl", source="client_id")
    from_ = fields.Text(source="from_reference")
    to = fields.Text(source="to_reference")
    amount = fields.Column()
    currency = fields.Currency()
    state = fields.Choice(choices=TRANSFER.states)
    transaction = fields.PublicId("txn", source="pending_transaction_id", allow_null=True)
    platform_ticket = fields.Text()
    reason_code = fields.Text()
    created_at = fields.Moment()
    sent_at = fields.Moment(allow_null=True)
    ended_at = fields.Moment(allow_null=True)


class Transfers(Lists, Acts):
    """Transfers. To and from a platform, the money is reserved at once and moves when the platform has confirmed;
    between wallet and pockets it moves at once."""

    permission = {"GET": "payments.view_transfer", "POST": "payments.request_transfer"}
    owners = True
    summary = {"GET": "List transfers", "POST": "Request a transfer"}
    keyed = True
    body, answer, status = TransferRequest, TransferAnswer, 201
    filters = (
        filters.reference("client", "cl"),
        filters.choice("state", TRANSFER.states),
        filters.choice("direction", Transfer.Direction.values),
        filters.currency(),
        filters.text("platform_ticket", longest=40),
        *filters.moment("created", "created_at"),
    )

    def rows(self) -> QuerySet[Transfer]:
        return self.own(Transfer.objects.select_related("trading_account"))

    def act(self, given: dict[str, Any]) -> Transfer:
        client = client_named(given["client"])
        ends = given["from_"], given["to"]
        if all(end == WALLET or end.startswith(POCKET) for end in ends):
            source, target = (end.removeprefix(POCKET) if end != WALLET else "" for end in ends)
            _require_named(ends)
            return transfers.within(
                client=client,
                source=source,
                target=target,
                money=money(given),
                actor=acting_for(self, client),
                now=self.now,
            )
        direction, account = _ends(client, given["from_"], given["to"])
        return transfers.request(
            client=client,
            trading_account=account,
            direction=direction,
            money=money(given),
            actor=acting_for(self, client),
            now=self.now,
        )


class TransferItem(Reads):
    """One transfer."""

    permission = {"GET": "payments.view_transfer"}
    owners = True
    summary = {"GET": "Read a transfer"}
    answer = TransferAnswer

    def find(self, reference: str) -> Transfer:
        rows = self.own(Transfer.objects.select_related("trading_account"))
        transfer: Transfer = one(rows, pk=ids.decode_uuid("tr", reference))
        return transfer


def _require_named(ends: tuple[str, str]) -> None:
    for param, end in zip(("from", "to"), ends, strict=True):
        if end == POCKET:
            raise InvalidRequest("Say which pocket.", param=param)


def _ends(client: Client, source: str, target: str) -> tuple[str, TradingAccount]:
    if (source == WALLET) == (target == WALLET):
        raise InvalidRequest("A transfer goes between the wallet and a trading account or a pocket.", param="to")
    param, reference = ("to", target) if source == WALLET else ("from", source)
    try:
        account = trading_accounts.find(reference=reference, client=client)
    except NotFound as error:
        error.param = param
        raise
    direction = Transfer.Direction.TO_PLATFORM if source == WALLET else Transfer.Direction.FROM_PLATFORM
    return direction, account
