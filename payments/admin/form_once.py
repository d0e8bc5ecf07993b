"""A form sent twice acts once, and its refusals stand at the fields that caused them."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ledger.admin.acts import AGAIN, CONFIRMED, Call
from ledger.errors import DomainError, InvalidRequest, NotFound, OverCapture, OverReversal
from payments.services import idempotency
from payments.web import actor_of

_SEE_OTHER = 303
_NOT_TYPED = frozenset({"csrfmiddlewaretoken", "once", AGAIN, CONFIRMED})


def once(call: Call, verb: str, work: Callable[[], str]) -> str:
    """What `work` answered when this form first did it, now or a moment ago. `verb`: a name like "hold.place".

    The form's hidden `once` is its own name. Raises what `work` raises, IdempotencyKeyReused for a form sent again with
    other values, IdempotencyInProgress."""
    typed = {name: call.request.POST.getlist(name) for name in call.request.POST if name not in _NOT_TYPED}

    def worked() -> tuple[int, bytes]:
        return _SEE_OTHER, work().encode()

    answer = idempotency.once(
        caller=actor_of(call.request).id,
        key=f"staff:{verb}:{call.data['once']}",
        method="POST",
        path=verb,
        body=json.dumps({"object": str(getattr(call.shown, "pk", "")), "typed": typed}).encode(),
        work=worked,
    )
    return answer.body.decode()


@contextmanager
def refusals_at(fields: Mapping[str, str]) -> Iterator[None]:
    """Refusals from inside name a field of the form.

    `fields`: the service's parameter → the form's field, also "house/fees EUR" for an account's own share."""
    try:
        yield
    except (OverCapture, OverReversal) as error:
        error.param = fields.get(f"{error.data.get('account')} {error.data.get('currency')}", "amount")
        raise
    except NotFound as error:
        if error.param is None:
            raise
        raise InvalidRequest(error.detail, param=fields.get(error.param, error.param)) from error
    except DomainError as error:
        error.param = fields.get(error.param or "", error.param)
        raise
