"""The verbs of currency conversion: a rate is published, a client is quoted a price, the quote is used.

In a story with quotes, `client/ada/…` are the accounts of a client of the firm, who acts for herself.
"""

from ledger.accounts import AccountRef
from ledger.money import Money
from payments.models import Client
from payments.services import conversions, fx_quotes
from tests.factories import people, rates
from tests.scenarios.books import Answer, Books, Made, moment
from tests.scenarios.reading import Scenario, Step

VERBS_OF_CLIENTS = frozenset({"quote"})


def clients_of(scenario: Scenario) -> dict[str, Client]:
    """A client for each owner of accounts, when the story has quotes; none otherwise."""
    if not any(step.verb in VERBS_OF_CLIENTS for step in scenario.steps):
        return {}
    codes = [line.code.split("/") for line in scenario.accounts.values()]
    owners = dict.fromkeys(code[1] for code in codes if code[0] == "client")
    return {owner: people.client(name=owner.title()) for owner in owners}


def rate(books: Books, step: Step) -> Answer:
    """The European Central Bank publishes: one euro costs so many of the other currency."""
    counter = step.words[0].removeprefix("EUR/")
    rates.publish({counter: str(step.amount)}, at=moment(step.options["at"]))
    return Answer("done")


def quote(books: Books, step: Step) -> Answer:
    """The amount is what is sold (`quote sell`) or what is bought (`quote buy`)."""
    side, line = step.words[0], step.legs[0]
    sold, bought = books.refs[line.debit], books.refs[line.credit]
    given, other = (sold, bought) if side == "sell" else (bought, sold)
    client = owner_of(books, sold)
    made = fx_quotes.offer(
        client=client,
        fixed=Money.of(step.amount, given.currency),
        side=side,
        other_currency=other.currency,
        actor=people.acting(client),
        now=moment(step.options["at"]),
    )
    facts = {"sell": made.sell_amount, "buy": made.buy_amount, "rate": made.rate, "path": made.path}
    return Answer("done", facts, Made(quote=made.pk))


def owner_of(books: Books, account: AccountRef) -> Client:
    return next(client for client in books.clients.values() if account.code == client.account_code("wallet"))


def convert(books: Books, step: Step) -> Answer:
    name = step.words[0]
    found = fx_quotes.FxQuote.objects.get(pk=books.made[name].quote)
    done = conversions.convert(quote_id=found.pk, actor=people.acting(found.client), now=moment(step.options["at"]))
    made = Made(transaction=done.transaction_id, recorded_at=done.transaction.recorded_at)
    return Answer("posted", {}, made, written=1)
