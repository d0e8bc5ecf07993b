"""Moving a client's money between wallet and pockets from a form: sent twice, it moves once."""

import json
from datetime import datetime
from uuid import UUID

from ledger.money import Money
from payments.actors import Actor
from payments.models import Client
from payments.services import idempotency, transfers

_SEE_OTHER = 303


def move_once(
    *, once: UUID, client: Client, source: str, target: str, money: Money, actor: Actor, now: datetime
) -> str:
    """The public id of the transfer that this form made, now or a moment ago. `once` is the form's own name.

    Raises what `payments.services.transfers.within` raises, and IdempotencyKeyReused for a form sent again with other
    values."""
    content = {"client": client.public_id, "from": source, "to": target, "money": str(money)}

    def work() -> tuple[int, bytes]:
        made = transfers.within(client=client, source=source, target=target, money=money, actor=actor, now=now)
        return _SEE_OTHER, made.public_id.encode()

    answer = idempotency.once(
        caller=actor.id,
        key=f"staff:pocket:{once}",
        method="POST",
        path="transfer.within",
        body=json.dumps(content).encode(),
        work=work,
    )
    return answer.body.decode()
