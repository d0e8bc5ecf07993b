"""A SEPA bank behind the `Bank` protocol: payment files out, status and statements in.

It must never call a hand-over refused unless the bank said so in a documented way or no byte left us: a
duplicate message id, a time-out, a server error and an answer that cannot be read are all InDoubt, and
`knows_message` settles them. Raw answers travel along in `facts`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from ledger.errors import DomainError, Unavailable
from payments.connectors.bank.base import BankFile, Payout, PayoutStatus
from payments.connectors.bank.iso20022 import open_message, recognise
from payments.connectors.bank.sepa import camt054, codes, pain001, pain002
from payments.connectors.bank.sepa.client import Answer, MailboxClient, NeverSent, NoAnswer
from payments.connectors.outcomes import Accepted, InDoubt, Outcome, Rejected

# The mailbox's documented refusals of a file. Any other code is a language we do not speak: InDoubt.
REFUSALS = {"invalid_file", "wrong_totals", "unknown_account", "message_id_differs", "refused"}
_RAW_LIMIT = 2000
_READERS = {"pain.002": pain002.read_status, "camt.054": camt054.read_status}


class SepaBank:
    """`name`, `iban`, `bic`: our firm and the client-money account that pays. `own_iban` is not used for
    payouts."""

    name = "sepa"

    def __init__(
        self,
        *,
        url: str,
        iban: str,
        bic: str,
        name: str,
        own_iban: str = "",
        schema: str = pain001.PAIN_001_09,
        timeout: float = 20.0,
    ) -> None:
        self._client = MailboxClient(url=url, timeout=timeout)
        self._debtor = pain001.Debtor(name=name, iban=iban, bic=bic)
        self._schema = schema

    def send_payouts(self, *, message_id: str, payouts: Sequence[Payout], execute_on: date, now: datetime) -> Outcome:
        """Hand over one payment file. Accepted: the bank took the file, nothing is paid yet.

        Rejected codes: `invalid_payment` (facts: param), `unreachable`, or one of REFUSALS. InDoubt reasons:
        `timeout`, `connection_lost`, `answer_too_large`, `duplicate_message`, `unclear_answer`. Never raises
        for the bank's sake."""
        try:
            content = pain001.build(
                message_id=message_id,
                debtor=self._debtor,
                payouts=payouts,
                execute_on=execute_on,
                now=now,
                schema=self._schema,
            )
        except DomainError as error:  # nothing was sent, so this is definite
            facts = {"param": error.param, "cause": error.code}
            return Rejected(code="invalid_payment", message=error.detail, facts=facts)
        order_type = "CIP" if all(payout.instant for payout in payouts) else "CCT"
        return self._hand_over(message_id=message_id, order_type=order_type, content=content)

    def _hand_over(self, *, message_id: str, order_type: str, content: bytes) -> Outcome:
        facts: dict[str, Any] = {
            "order_type": order_type,
            "schema": self._schema,
            "file": content.decode(),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        try:
            answer = self._client.upload(order_type=order_type, message_id=message_id, content=content)
        except NeverSent as error:
            message = "The bank could not be reached; nothing was sent."
            return Rejected(code="unreachable", message=message, facts=facts | {"error": str(error)})
        except NoAnswer as error:
            return InDoubt(reason=error.reason, facts=facts)
        return _outcome(answer, message_id=message_id, facts=facts)

    def knows_message(self, *, message_id: str) -> bool | None:
        """True or False only when the bank says so itself; a stray 404 from something in between gives None.

        False is definite for the moment of asking: a file that is still on its way may arrive afterwards, so
        ask again after the upload's time-out has passed before anything is sent anew."""
        try:
            answer = self._client.message(message_id=message_id)
        except (NeverSent, NoAnswer):
            return None
        if answer.status == 200 and answer.json.get("message_id") == message_id:
            return True
        if answer.status == 404 and answer.json.get("code") == "unknown_message":
            return False
        return None

    def fetch_files(self, *, limit: int = 50) -> Sequence[BankFile]:
        """The files not yet acknowledged, oldest first; the same file comes again until it is acknowledged.

        When the mailbox fails midway, what was fetched whole is returned. Raises Unavailable when that is
        nothing."""
        listing = self._ask(lambda: self._client.list_files(limit=limit)).json.get("files")
        if not isinstance(listing, list):
            raise Unavailable("The bank's mailbox gave no list of files.")
        found: list[BankFile] = []
        for item in listing:
            try:
                found.append(self._fetch(item))
            except Unavailable:
                if not found:
                    raise
                break
        return found

    def acknowledge_file(self, *, reference: str) -> None:
        """Safe to repeat. Raises Unavailable when the mailbox did not confirm; the file then comes again."""
        self._ask(lambda: self._client.acknowledge(reference=reference))

    def read_status(self, *, file: BankFile) -> Sequence[PayoutStatus]:
        """pain.002 and camt.054 as payout states; camt.052 and camt.053 say nothing here.

        A refusal or return is explained in facts["reason"] (see `codes`). A status with `end_to_end_id` "" holds for
        the whole file `message_id` (see `pain002`). Raises InvalidRequest (param "file") for a file of kind "unknown"
        and for one that cannot be read exactly."""
        message = open_message(file.content)
        reader = _READERS.get(message.kind)
        return tuple(_explained(status) for status in reader(message)) if reader else ()

    def _fetch(self, item: Any) -> BankFile:
        reference = str(item.get("reference", "")) if isinstance(item, dict) else ""
        if not reference:
            raise Unavailable("The bank's mailbox lists a file without a reference.")
        answer = self._ask(lambda: self._client.download(reference=reference))
        if not answer.whole:
            raise Unavailable(f"The file {reference} arrived damaged.")
        name, kind = str(item.get("name", "")), recognise(answer.body)  # the content decides, not the listing
        return BankFile(reference=reference, name=name, kind=kind, content=answer.body)

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        try:
            answer = call()
        except (NeverSent, NoAnswer) as error:
            raise Unavailable("The bank's mailbox cannot be reached.") from error
        if answer.status != 200:
            raise Unavailable(f"The bank's mailbox answered {answer.status}.", status=answer.status)
        return answer


def _explained(status: PayoutStatus) -> PayoutStatus:
    if status.state not in ("rejected", "returned"):
        return status
    return replace(status, facts={**status.facts, "reason": asdict(codes.meaning(status.reason_code))})


def _outcome(answer: Answer, *, message_id: str, facts: dict[str, Any]) -> Outcome:
    facts |= {"http_status": answer.status, "answer": answer.body[:_RAW_LIMIT].decode(errors="replace")}
    data = answer.json
    code = str(data.get("code", ""))
    if answer.status == 201 and data.get("reference") and data.get("message_id") == message_id:
        return Accepted(reference=str(data["reference"]), facts=facts)
    if answer.status == 409 and code == "duplicate_message":
        # The bank holds a file with this id, and it may be this one (a proxy may repeat an upload).
        return InDoubt(reason="duplicate_message", facts=facts)
    if 400 <= answer.status < 500 and code in REFUSALS:
        message = str(data.get("message", "")) or "The bank refused the file."
        return Rejected(code=code, message=message, facts=facts)
    return InDoubt(reason="unclear_answer", facts=facts)
