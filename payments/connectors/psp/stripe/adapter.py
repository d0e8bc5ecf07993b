"""Stripe as a `PaymentServiceProvider`: our words in, our outcomes out.

It builds requests, checks that the answers are about what we asked, and hands signatures and events to
`webhook`. It keeps no state, opens no database transaction, and never sees a card number: the payer types
it on the page behind `facts["checkout_url"]`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.errors import InvalidAmount, InvalidRequest, Unavailable
from payments.connectors.outcomes import InDoubt, Outcome, Rejected
from payments.connectors.psp.base import PaymentFacts, PspEvent, Refused, SettlementLine, Verified
from payments.connectors.psp.stripe import amounts, answers, codes, facts, webhook
from payments.connectors.psp.stripe.client import Answer, StripeClient

_PAGE = 100  # the largest page Stripe gives
_MOST_PAGES = 10_000


class StripeAdapter:
    """One Stripe account. `webhook_secrets` are the current one and, while it is being changed, the
    previous one."""

    name = "stripe"

    def __init__(
        self,
        *,
        api_base: str,
        secret_key: str,
        webhook_secrets: Sequence[str],
        tolerance_seconds: int = 300,
        timeouts: tuple[float, float] = (3.05, 20.0),
    ) -> None:
        self._client = StripeClient(api_base=api_base, secret_key=secret_key, timeouts=timeouts)
        self._webhook_secrets = tuple(webhook_secrets)
        self._tolerance_seconds = tolerance_seconds

    def create_payment(self, *, our_reference: str, amount: Decimal, currency: str, return_url: str) -> Outcome:
        """Create and confirm a payment intent; `amount` in major units. Accepted.reference is the `pi_…`
        id and facts["checkout_url"] the page where the payer pays. Our reference is the idempotency key,
        so the same call may be repeated after InDoubt and ends in the same payment. Rejected codes are
        ours (see `codes.WORDS`) for declines and Stripe's own otherwise; facts["provider_code"] keeps
        Stripe's."""
        try:
            units = amounts.to_stripe(amount, currency)
        except InvalidAmount as problem:
            return Rejected(code="amount_not_allowed", message=problem.detail)
        answer = self._client.post(
            "/v1/payment_intents",
            params=[
                ("amount", str(units)),
                ("currency", currency.lower()),
                ("payment_method_types[]", "card"),
                ("capture_method", "automatic"),
                ("confirm", "true"),
                ("return_url", return_url),
                ("metadata[deposit]", our_reference),
            ],
            idempotency_key=our_reference,
        )
        if not isinstance(answer, Answer):
            return answers.in_our_words(answer)
        return answers.checkout(answer, units=units, currency=currency, our_reference=our_reference)

    def refund(self, *, payment_reference: str, refund_reference: str, amount: Decimal, currency: str) -> Outcome:
        """Give back `amount` (major units) of a captured payment; `refund_reference` is the idempotency key.
        Accepted.reference is the `re_…` id, facts["status"] is `succeeded` or `pending`."""
        try:
            units = amounts.to_stripe(amount, currency)
        except InvalidAmount as problem:
            return Rejected(code="amount_not_allowed", message=problem.detail)
        answer = self._client.post(
            "/v1/refunds",
            params=[
                ("payment_intent", payment_reference),
                ("amount", str(units)),
                ("metadata[refund]", refund_reference),
            ],
            idempotency_key=refund_reference,
        )
        if not isinstance(answer, Answer):
            return answers.in_our_words(answer)
        return answers.refund(answer, units=units, currency=currency)

    def fetch_payment(self, *, payment_reference: str) -> PaymentFacts | None:
        """The payment as Stripe knows it now, None when Stripe does not know it.

        Raises Unavailable when Stripe cannot be asked, InvalidRequest (naming the field) when its answer
        is not one we understand."""
        answer = self._client.get(
            f"/v1/payment_intents/{facts.safe_id(payment_reference)}",
            params=[
                ("expand[0]", "latest_charge.balance_transaction"),
                ("expand[1]", "latest_charge.refunds.data.balance_transaction"),
            ],
        )
        if isinstance(answer, Rejected) and answer.code == "resource_missing":
            return None
        return facts.payment(_data(answer))

    def settlement_lines(self, *, payout_reference: str) -> Sequence[SettlementLine]:
        """Every balance transaction of an *automatic* payout, oldest first, the payout's own line included.

        Raises InvalidRequest for a manual payout (Stripe does not itemise those) and for a line of an
        unknown kind, Unavailable when Stripe cannot be asked."""
        return [facts.settlement_line(line) for line in self._lines(payout_reference)][::-1]

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified | Refused:
        """See `webhook.verify`."""
        return webhook.verify(
            headers=headers,
            body=body,
            secrets=self._webhook_secrets,
            tolerance_seconds=self._tolerance_seconds,
            now=now,
        )

    def parse(self, *, body: bytes) -> PspEvent:
        """See `webhook.parse`."""
        return webhook.parse(body=body)

    def client_words(self, *, code: str) -> str:
        """The sentence for a payer that belongs to a code of a failed, cancelled or rejected payment."""
        return codes.words(code)

    def _lines(self, payout_reference: str) -> Iterator[Mapping[str, Any]]:
        after = ""
        for _ in range(_MOST_PAGES):
            params = [("payout", payout_reference), ("limit", str(_PAGE)), ("expand[0]", "data.source")]
            page = _data(
                self._client.get(
                    "/v1/balance_transactions",
                    params=[*params, *([("starting_after", after)] if after else [])],
                )
            )
            lines = facts.listed(page)
            yield from lines
            if page.get("has_more") is not True:
                return
            last = str(lines[-1].get("id")) if lines else after
            if last == after:
                break
            after = last
        raise InvalidRequest("Stripe's list does not come to an end.", param="has_more")


def _data(answer: Answer | Rejected | InDoubt) -> Mapping[str, Any]:
    """The data of a reading call. Raises Unavailable, or InvalidRequest when Stripe understood and
    refused."""
    if isinstance(answer, Answer):
        return answer.data
    if isinstance(answer, InDoubt):
        raise Unavailable("Stripe cannot be asked at the moment.", reason=answer.reason)
    if answer.facts.get("status") in (401, 403):
        raise Unavailable("Stripe does not accept our key.", reason=answer.code)
    raise InvalidRequest(answer.message, param=str(answer.facts.get("param") or "") or None, reason=answer.code)
