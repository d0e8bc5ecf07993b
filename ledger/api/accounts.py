"""`/accounts`: open and read ledger accounts, their entries, and what they hold or held at a time."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import queries
from ledger.api import account_names, by_hand, fields, filters, pages
from ledger.api.conditions import Version
from ledger.api.endpoints import Acts, Endpoint, Lists, Reads
from ledger.api.shapes import Answer, Input
from ledger.chart import KINDS
from ledger.entry_pages import EntryRow
from ledger.models import Account, Entry
from ledger.money import Money

LAYERS = {int(value): word for value, word in zip(Entry.Layer.values, ("posted", "pending", "released"), strict=True)}
IN_CURRENCY = filters.Filter("currency", fields.Currency(), "", "Needed when the account is named by its code.")


class AccountRequest(Input):
    specimen = {"code": f"client/{fields.example('cl')}/wallet", "currency": "USD"}

    code = fields.Text(max_length=120, help_text="A code of the chart, like `house/fees` or `client/cl_…/wallet`.")
    currency = fields.Currency()


class AccountAnswer(Answer):
    id = fields.Text(source="public_id")
    code = fields.Text()
    kind = fields.Choice(choices=sorted(KINDS))
    category = fields.Choice(choices=["asset", "equity", "expense", "income", "liability"])
    currency = fields.Currency(source="currency_id")
    owner = fields.Text(help_text="The public id of whom it belongs to; empty for the firm's own.")
    floor = fields.Column(currency="currency_id", allow_null=True, help_text="The least it may hold; null for none.")
    status = fields.Choice(choices=Account.Status.values)
    opened_at = fields.Moment()


class AccountEntryAnswer(Answer):
    id = fields.PublicId("ent", integer=True)
    transaction = fields.PublicId("txn", source="transaction_id")
    reason = fields.Text()
    title = fields.Text()
    description = fields.Text()
    direction = fields.Choice(choices=["debit", "credit"])
    amount = fields.Amount()
    currency = fields.Currency()
    layer = fields.Choice(choices=sorted(LAYERS.values()))
    balance_after = fields.Figure(allow_null=True, help_text="Posted balance; null for accounts without a sequence.")
    sequence = fields.serializers.IntegerField(allow_null=True)
    effective_at = fields.Moment()
    recorded_at = fields.Moment()


class BalanceAnswer(Answer):
    account = fields.PublicId("acc", integer=True, source="account_id")
    code = fields.Text()
    currency = fields.Currency()
    posted = fields.Figure()
    pending_in = fields.Figure()
    pending_out = fields.Figure()
    available = fields.Figure(help_text="Posted less what is on its way out.")
    version = Version(allow_null=True, help_text="Now, raised by every entry; null where no live balance is kept.")


class Accounts(Lists, Acts):
    """Ledger accounts, one per code and currency."""

    permission = {"GET": "ledger.view_account", "POST": "ledger.add_account"}
    summary = {"GET": "List accounts", "POST": "Open an account, or find the one that is open"}
    body, answer, status = AccountRequest, AccountAnswer, 201
    filters = (
        filters.text("owner", longest=40),
        filters.choice("kind", list(KINDS)),
        filters.choice("status", Account.Status.values),
        filters.currency("currency_id"),
        filters.text("code"),
        *filters.moment("opened", "opened_at"),
    )

    def rows(self) -> QuerySet[Account]:
        return Account.objects.all()

    def act(self, given: dict[str, Any]) -> Account:
        return by_hand.open_account(**given, actor=self.actor, now=self.now)


class AccountItem(Reads):
    """One account, by its id, or by its code and `currency`."""

    permission = {"GET": "ledger.view_account"}
    summary = {"GET": "Read an account"}
    answer = AccountAnswer
    filters = (IN_CURRENCY,)

    def find(self, reference: str) -> Account:
        return named(self, reference)


class AccountEntries(Endpoint):
    """The entries of one account by effective time, newest first."""

    permission = {"GET": "ledger.view_entry"}
    summary = {"GET": "List the entries of an account"}
    answer = AccountEntryAnswer
    paged = True
    filters = (
        IN_CURRENCY,
        filters.Filter("effective[gte]", fields.Moment(), "", "Only what took effect at or after this time."),
        filters.Filter("effective[lt]", fields.Moment(), "", "Only what took effect before this time."),
    )

    def get(self, request: Request, reference: str) -> Response:
        asked = self.asked()
        page = queries.entries_of(
            named(self, reference).pk,
            cursor=pages.unseal(request.path, asked.cursor) if asked.cursor else None,
            limit=asked.limit,
            effective_from=asked.values.get("effective[gte]"),
            effective_before=asked.values.get("effective[lt]"),
        )
        onward = {name: getattr(page, name) for name in ("next", "previous")}
        sealed = {name: pages.seal(request.path, cursor) if cursor else None for name, cursor in onward.items()}
        return Response({"data": self.shown([_entry(row) for row in page.rows], many=True), **sealed})


class AccountBalance(Reads):
    """What an account holds now, or held at a time: of what had happened by then, or what was known by then."""

    permission = {"GET": "ledger.view_account"}
    summary = {"GET": "Read the balance of an account"}
    answer = BalanceAnswer
    filters = (
        IN_CURRENCY,
        filters.Filter("effective_at", fields.Moment(), "", "What had happened by then, that time included."),
        filters.Filter("recorded_at", fields.Moment(), "", "What we had learned by then, that time included."),
    )

    def find(self, reference: str) -> Mapping[str, Any]:
        account, asked = named(self, reference), self.asked().values
        times = {name: asked[name] for name in ("effective_at", "recorded_at") if name in asked}
        figures = queries.as_of(account.pk, **times) if times else queries.balance_of(account.pk)
        amounts = {
            "posted": figures.balance,
            "pending_in": figures.pending_in,
            "pending_out": figures.pending_out,
            "available": figures.available,
        }
        shown = {name: Money.of(amount, figures.currency) for name, amount in amounts.items()}
        version = None if times else figures.seq
        return {
            "account_id": account.pk,
            "code": figures.code,
            "currency": figures.currency,
            "version": version,
            **shown,
        }


def named(endpoint: Endpoint, reference: str) -> Account:
    return account_names.by_name(reference, endpoint.asked().values.get("currency"))


def _entry(row: EntryRow) -> dict[str, Any]:
    return {
        **vars(row),
        "direction": "credit" if row.amount > 0 else "debit",
        "amount": abs(Money.of(row.amount, row.currency)),
        "layer": LAYERS[row.layer],
        "balance_after": None if row.balance_after is None else Money.of(row.balance_after, row.currency),
        "sequence": row.seq,
    }
