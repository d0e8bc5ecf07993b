"""`/transactions`: post, reserve, settle, void and reverse by hand, and read what was posted by whomever."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from ledger import ids
from ledger.api import batches, by_hand, fields, filters, settling
from ledger.api.batch_shapes import BatchAnswer, BatchRequest, present_batch
from ledger.api.endpoints import Lists, Reads, one
from ledger.api.pages import among
from ledger.api.rehearsing import Rehearses
from ledger.api.transaction_shapes import (
    ExpireRequest,
    ExtendRequest,
    PartRequest,
    ReverseRequest,
    TransactionAnswer,
    TransactionRequest,
    VoidRequest,
    present,
)
from ledger.models import Pending, Transaction
from ledger.posting import Posted
from ledger.reasons import REASONS


class Posts(Rehearses):
    """What every act on one transaction shares: it takes a key, can be rehearsed, and answers with the new
    transaction."""

    answer = TransactionAnswer
    status, other_statuses = 201, (200,)

    def status_of(self, result: Posted) -> int:
        return 200 if result.replayed else self.status

    def presented(self, result: Posted) -> dict[str, Any]:
        return present([one(Transaction.objects.all(), pk=result.id)])[0]

    def rehearsed(self, result: Posted) -> dict[str, Any]:
        fresh = () if result.replayed else (result.id,)
        return present([one(Transaction.objects.all(), pk=result.id)], dry_run=True, rehearsed=fresh)[0]


class Transactions(Lists, Posts):
    """Balanced sets of entries with a reason."""

    permission = {"GET": "ledger.view_transaction", "POST": "ledger.post_transaction"}
    summary = {"GET": "List transactions", "POST": "Post a transaction, or reserve it with `pending`"}
    body = TransactionRequest
    filters = (
        filters.choice("reason", list(REASONS)),
        filters.choice("phase", Transaction.Phase.values),
        filters.Filter(
            "state", fields.Choice(choices=["pending"]), "", "Only what is still reserved, wholly or in part."
        ),
        filters.Filter("source_system", fields.Text(max_length=36), "", "Only with this source system."),
        filters.text("source_kind", longest=40),
        filters.text("source_id"),
        *filters.moment("recorded", "recorded_at"),
        *filters.moment("effective", "effective_at"),
    )

    def rows(self) -> QuerySet[Transaction]:
        asked = self.asked().values
        rows, system = Transaction.objects.all(), asked.get("source_system")
        if asked.get("state"):
            rows = among(rows, Pending.objects.filter(state=Pending.State.PENDING))
        return rows.filter(source_system__in=[system, by_hand.OURS + system]) if system else rows

    def present(self, rows: Iterable[Transaction]) -> list[dict[str, Any]]:
        return present(rows)

    def act(self, given: dict[str, Any]) -> Posted:
        return by_hand.post(given=given, actor=self.actor, now=self.now)


class TransactionItem(Reads):
    """One transaction with its entries."""

    permission = {"GET": "ledger.view_transaction"}
    summary = {"GET": "Read a transaction"}
    answer = TransactionAnswer

    def find(self, reference: str) -> dict[str, Any]:
        return present([one(Transaction.objects.all(), pk=ids.decode_uuid("txn", reference))])[0]


class TransactionPost(Posts):
    """Post a pending transaction, wholly or in part. The answer is the new transaction."""

    permission = {"POST": "ledger.post_transaction"}
    summary = {"POST": "Post a pending transaction"}
    body = PartRequest

    def act(self, given: dict[str, Any], reference: str) -> Posted:
        key = ids.decode_uuid("txn", reference)
        return settling.settle(transaction_id=key, given=given, actor=self.actor, now=self.now)


class TransactionVoid(Posts):
    """Give back what is still pending. The answer is the new transaction."""

    permission = {"POST": "ledger.post_transaction"}
    summary = {"POST": "Void a pending transaction"}
    body = VoidRequest

    def act(self, given: dict[str, Any], reference: str) -> Posted:
        key = ids.decode_uuid("txn", reference)
        return settling.void(transaction_id=key, given=given, actor=self.actor, now=self.now)


class TransactionExpire(Posts):
    """Give back what is still pending, because an outside system reports a status that ends it. The answer is the new
    transaction."""

    permission = {"POST": "ledger.post_transaction"}
    summary = {"POST": "End a pending transaction on an outside status"}
    body = ExpireRequest

    def act(self, given: dict[str, Any], reference: str) -> Posted:
        key = ids.decode_uuid("txn", reference)
        return settling.expire(transaction_id=key, given=given, actor=self.actor, now=self.now)


class TransactionExtend(Rehearses):
    """Put off the end of a pending transaction. The answer is the transaction itself."""

    permission = {"POST": "ledger.post_transaction"}
    summary = {"POST": "Give a pending transaction more time"}
    body, answer = ExtendRequest, TransactionAnswer

    def act(self, given: dict[str, Any], reference: str) -> Transaction:
        key = ids.decode_uuid("txn", reference)
        return settling.extend(transaction_id=key, given=given, actor=self.actor, now=self.now)

    def presented(self, result: Transaction) -> dict[str, Any]:
        return present([result])[0]

    def rehearsed(self, result: Transaction) -> dict[str, Any]:
        return present([result], dry_run=True)[0]


class TransactionReverse(Posts):
    """Mirror a posted transaction in full or in part, as a person who did not post it. The answer is the new
    transaction."""

    permission = {"POST": "ledger.reverse_transaction"}
    summary = {"POST": "Reverse a transaction"}
    body = ReverseRequest

    def act(self, given: dict[str, Any], reference: str) -> Posted:
        key = ids.decode_uuid("txn", reference)
        return settling.reverse(transaction_id=key, given=given, actor=self.actor, now=self.now)


class TransactionBatch(Rehearses):
    """Post up to 10,000 transactions: all or none, or (`partial`) each for itself. A refusal lists every bad item."""

    permission = {"POST": "ledger.post_transaction"}
    summary = {"POST": "Post a batch of transactions"}
    body, answer, status, other_statuses = BatchRequest, BatchAnswer, 201, (200,)

    def act(self, given: dict[str, Any]) -> batches.Answers:
        partial = given.get("mode") == "partial"
        return batches.post(given=given["transactions"], partial=partial, actor=self.actor, now=self.now)

    def presented(self, result: batches.Answers) -> dict[str, Any]:
        return present_batch(result, actor=self.actor, dry_run=False)

    def rehearsed(self, result: batches.Answers) -> dict[str, Any]:
        return present_batch(result, actor=self.actor, dry_run=True)
