"""What a line of the bank could be: gathered for many lines with a fixed number of queries, judged elsewhere.

It reads only. A line of our own money is never offered a movement of client money.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Q

from ledger.money import Money
from payments.models import Client, PaymentMethod, WithdrawalAttempt
from reconciliation.matching.rules import Candidate, Line
from reconciliation.models import ExternalRecord

CLIENT_MONEY = "client-money"


def line_of(record: ExternalRecord) -> Line:
    """An external record as the rules see it."""
    return Line(
        money=Money.of(record.amount, record.currency),
        end_to_end_id=record.end_to_end_id,
        is_return=record.is_return,
        text=f"{record.reference} {record.remittance}",
        name=record.counterparty_name,
        iban=record.counterparty_iban,
        on=record.booked_on or record.value_on,
    )


def account_of(record: ExternalRecord) -> str:
    """Which of our accounts at the bank the line is on: "client-money" or "own"."""
    return record.statement.account.code.rsplit("/", 1)[-1] if record.statement else CLIENT_MONEY


def of_records(records: Sequence[ExternalRecord], *, bank: str) -> dict[UUID, list[Candidate]]:
    """The candidates of each record, by its key."""
    lines = {record.pk: line_of(record) for record in records if account_of(record) == CLIENT_MONEY}
    tokens = {token for line in lines.values() for token in line.tokens}
    ours = _payouts({line.end_to_end_id for line in lines.values() if line.end_to_end_id} | tokens, bank)
    theirs = _psp_payouts(tokens)
    clients = _clients(lines.values())
    found: dict[UUID, list[Candidate]] = {record.pk: [] for record in records}
    for key, line in lines.items():
        for reference in {line.end_to_end_id, *line.tokens}:
            found[key] += [*ours.get(reference, ()), *theirs.get(reference, ())]
        if line.money.amount > 0:
            found[key] += clients
    return found


def _payouts(references: set[str], bank: str) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = defaultdict(list)
    attempts = WithdrawalAttempt.objects.filter(
        end_to_end_id__in=references, withdrawal__connector=bank
    ).select_related("withdrawal")
    for attempt in attempts:
        net = attempt.withdrawal.net
        for kind, money in (("withdrawal", -net), ("withdrawal_return", net)):
            found[attempt.end_to_end_id].append(
                Candidate(kind=kind, ref=attempt.withdrawal.public_id, money=money, end_to_end_id=attempt.end_to_end_id)
            )
    return found


def _psp_payouts(tokens: set[str]) -> dict[str, list[Candidate]]:
    rows = ExternalRecord.objects.filter(kind="psp_payout", reference__in=tokens, state="unmatched")
    found: dict[str, list[Candidate]] = defaultdict(list)
    for row in rows:
        found[row.reference].append(
            Candidate(
                kind="psp_payout",
                ref=row.public_id,
                money=Money.of(row.amount, row.currency),
                provider_reference=row.reference,
            )
        )
    return found


def _clients(lines: Iterable[Line]) -> list[Candidate]:
    seen = [line for line in lines if line.money.amount > 0]
    names, ibans = {line.name for line in seen if line.name}, {line.iban for line in seen if line.iban}
    methods = PaymentMethod.objects.filter(iban__in=ibans).values_list("client_id", "iban")
    known: dict[UUID, list[str]] = defaultdict(list)
    for client_id, iban in methods:
        known[client_id].append(iban)
    clients = Client.objects.filter(Q(pk__in=known) | Q(name__in=names)).order_by("id")
    return [
        Candidate(kind="client", ref=client.public_id, name=client.name, ibans=tuple(known[client.pk]))
        for client in clients
    ]
