"""Transfers as people see them: asking for one, and deciding one whose outcome the platform does not tell.

The money is reserved by a pending ledger transaction in the same commit as the request; the platform is spoken to
later (`transfer_sending`, `transfer_asking`). Nothing here may send a balance operation, and nobody may give the money
back before the platform's history has had time and has been looked at once more.
"""

from datetime import datetime
from uuid import UUID

from ledger.database import unit_of_work
from ledger.errors import (
    AccountClosed,
    CurrencyMismatch,
    DuplicateReference,
    InvalidRequest,
    InvalidTransition,
    NotFound,
    VersionConflict,
)
from ledger.models import Transaction
from ledger.money import Money, positive
from ledger.posting import Source
from payments import dispatch, outbox, postings
from payments.actors import Actor
from payments.models import Client, TradingAccount, Transfer
from payments.services import locking, pockets, trading_accounts, transfer_asking, transfer_steps
from payments.services.posting import post_recipe
from payments.services.trading_deal_recipes import KINDS

PERMISSION = "payments.resolve_transfer"
TICKET_MAX = 40
NOTE_MAX = 2000


def request(
    *,
    client: Client,
    trading_account: TradingAccount,
    direction: str = Transfer.Direction.TO_PLATFORM,
    money: Money,
    actor: Actor,
    now: datetime,
) -> Transfer:
    """Reserve the money and promise to tell the platform: `to_platform` takes it from the wallet, `from_platform` asks
    the platform for it, which has the last word about free margin.

    Raises Forbidden, NotFound (another's client or account), InvalidAmount, InvalidRequest, CurrencyMismatch,
    AccountFrozen, AccountClosed, InsufficientAvailable."""
    actor.require("payments.request_transfer")
    actor.require_client(client.pk)
    if direction not in (Transfer.Direction.TO_PLATFORM, Transfer.Direction.FROM_PLATFORM):
        raise InvalidRequest("A transfer goes to or from the trading account.", param="direction")
    positive(money)
    if trading_account.client_id != client.pk:
        raise NotFound("There is no such trading account.", param="trading_account")
    if money.currency != trading_account.currency:
        raise CurrencyMismatch(f"{trading_account} is kept in {trading_account.currency}.", param="currency")

    def work() -> Transfer:
        trading_accounts.require_active(locking.locked(Client, client.pk, param="client"))
        account = TradingAccount.objects.select_related("client").get(pk=trading_account.pk)
        if account.state != TradingAccount.State.ACTIVE:
            raise AccountClosed("The trading account is closed.", param="trading_account")
        transfer = Transfer(
            client=client,
            trading_account=account,
            direction=direction,
            amount=money.amount,
            currency=money.currency,
            token=transfer_steps.new_token(),
            made_by=actor.id,
            maker=actor.person,
        )
        transfer.save(force_insert=True)
        transfer_steps.record(transfer, actor, now, before=None)
        _reserve(transfer, actor, now)
        return transfer

    return unit_of_work(work)


def within(
    *, client: Client, source: str = "", target: str = "", money: Money, actor: Actor, now: datetime
) -> Transfer:
    """Move money between a client's wallet and pockets, at once; `source` and `target` are names of pockets, "" is the
    wallet. A pocket appears with its first transfer.

    Raises Forbidden, NotFound (another's client), InvalidAmount, InvalidRequest (param "from" or "to"), AccountFrozen,
    AccountClosed, InsufficientAvailable."""
    actor.require("payments.request_transfer")
    actor.require_client(client.pk)
    positive(money)
    ends = pockets.ends(client=client, source=source, target=target)

    def work() -> Transfer:
        trading_accounts.require_active(locking.locked(Client, client.pk, param="client"))
        transfer = Transfer(
            client=client,
            direction=Transfer.Direction.WITHIN,
            from_pocket=source,
            to_pocket=target,
            amount=money.amount,
            currency=money.currency,
            token=transfer_steps.new_token(),
            made_by=actor.id,
            maker=actor.person,
        )
        transfer.save(force_insert=True)
        transfer_steps.record(transfer, actor, now, before=None)
        posted = post_recipe(
            postings.transferred(source=ends[0], target=ends[1], money=money),
            source=Source("payments", "transfer", transfer.public_id),
            description=f"Transfer {transfer.public_id}",
        )
        transfer.book()
        transfer.pending_transaction_id, transfer.ended_at = posted.id, now
        transfer.save()
        transfer_steps.record(transfer, actor, now, before="requested", transaction=posted.public_id)
        return transfer

    return unit_of_work(work)


def _reserve(transfer: Transfer, actor: Actor, now: datetime) -> None:
    wallet = transfer.client.account_code("wallet")
    trading = trading_accounts.ledger_code(transfer.platform_account)
    ends = (wallet, trading) if transfer.direction == Transfer.Direction.TO_PLATFORM else (trading, wallet)
    posted = post_recipe(
        postings.transferred(source=ends[0], target=ends[1], money=transfer.money),
        source=Source("payments", "transfer", transfer.public_id),
        pending=True,
        description=f"Transfer {transfer.public_id}",
    )
    transfer.reserve()
    transfer.pending_transaction_id = posted.id
    transfer.save()
    transfer_steps.record(transfer, actor, now, before="requested", transaction=posted.public_id)
    outbox.put(
        "transfer.send",
        key=transfer.public_id,
        payload={"transfer": transfer.public_id},
        request_id=actor.request_id,
    )


def resolve_by_hand(
    *, transfer_id: UUID, outcome: str, ticket: str = "", note: str, actor: Actor, now: datetime
) -> Transfer:
    """A person decides an unknown transfer: "confirmed" with the platform's `ticket`, or "refused". `note` says where
    the evidence is. Calls the platform: not inside a transaction.

    Refusing waits for the quiet period and looks into the platform's history once more: what is found there confirms
    the transfer instead, and raises VersionConflict. Raises Forbidden, SelfApproval, NotFound, InvalidRequest,
    InvalidTransition, DuplicateReference (the ticket belongs to another transfer), Unavailable."""
    actor.require(PERMISSION)
    _require_words(outcome, ticket, note)
    transfer = find(transfer_id)
    actor.require_other_than(transfer.maker)
    require_unknown(transfer)
    if outcome == "refused":
        _look_once_more(transfer, now)

    def work() -> Transfer:
        require_unknown(locking.locked(Transfer, transfer_id))
        _require_free(transfer.platform_account.platform, ticket)
        if outcome == "confirmed":
            return transfer_steps.confirm(
                transfer_id=transfer_id, ticket=ticket, actor=actor, now=now, found="by hand", note=note
            )
        return transfer_steps.refuse(
            transfer_id=transfer_id, code="not_on_platform", actor=actor, now=now, found="by hand", note=note
        )

    return unit_of_work(work)


def find(transfer_id: UUID) -> Transfer:
    """The transfer with this key. Raises NotFound."""
    transfer = Transfer.objects.select_related("client", "trading_account").filter(pk=transfer_id).first()
    if transfer is None:
        raise NotFound(param="transfer")
    return transfer


def require_unknown(transfer: Transfer) -> None:
    """Raise InvalidTransition unless the transfer waits for an answer."""
    if transfer.state != "unknown":
        raise InvalidTransition(
            f"A transfer that is {transfer.state} is not decided by hand.", state=transfer.state, action="resolve"
        )


def _look_once_more(transfer: Transfer, now: datetime) -> None:
    if not transfer_asking.is_quiet(transfer, now):
        raise InvalidTransition(
            "The platform's history may still be behind. Wait until the quiet period is over.",
            state=transfer.state,
            action="refuse",
        )
    dispatch.require_no_transaction()
    deal = transfer_asking.look(transfer)
    if deal is not None:
        transfer_asking.confirm_by(transfer, deal, now)
        raise VersionConflict("The platform did carry it out. The transfer is confirmed.", ticket=deal.ticket)


def _require_free(platform: str, ticket: str) -> None:
    """Raise DuplicateReference for the ticket of a deal that the books know as something else."""
    known = Transaction.objects.filter(source_system=platform, source_kind__in=KINDS, source_id=ticket)
    if known.exists():
        raise DuplicateReference("This ticket is a deal of another kind.", param="ticket")


def _require_words(outcome: str, ticket: str, note: str) -> None:
    if outcome not in ("confirmed", "refused"):
        raise InvalidRequest("The outcome is confirmed or refused.", param="outcome")
    if not 1 <= len(note.strip()) <= NOTE_MAX:
        raise InvalidRequest(f"Say where the evidence is (up to {NOTE_MAX} characters).", param="note")
    if (outcome == "confirmed") != bool(ticket):
        raise InvalidRequest("A confirmed transfer has the platform's ticket, a refused one has none.", param="ticket")
    if ticket and not (len(ticket) <= TICKET_MAX and ticket.isascii() and ticket.isalnum()):
        raise InvalidRequest("This is not a ticket of the platform.", param="ticket")
