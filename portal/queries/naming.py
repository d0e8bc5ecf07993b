"""Names in the client's words: where an entry stands, a payee without its full number, what an entry belongs to."""

import uuid
from typing import Any

from django.utils.translation import gettext, pgettext

from ledger import ids
from portal.formats import NBSP
from portal.queries.rows import Facts


def place(facts: Facts) -> str:
    """The account of an entry in the client's words."""
    account = f"{facts['platform'].upper()} {facts['login']}"
    match facts["kind"]:
        case "trading":
            return pgettext("place", "on %(account)s") % {"account": account}
        case "bonus":
            return gettext("in the bonus of %(account)s") % {"account": account}
        case "pocket":
            return gettext("in the pocket “%(name)s”") % {"name": facts["pocket"]}
        case "debt":
            return gettext("against what you owe us")
    return pgettext("place", "in your wallet")


def masked(facts: Facts) -> str:
    """A payee as clients see it: country and last four characters of the account."""
    iban = facts["iban"]
    hidden = f"{iban[:2]}•• •••• {iban[-4:]}" if iban else f"•••• {facts['last4']}"
    return hidden.replace(" ", NBSP)


def origins(facts: Facts) -> tuple[str, ...]:
    """What an entry belongs to: the transaction it corrects, the movement that its business reference names."""
    movement = (facts["source_id"] or "").partition(":")[0]
    named = movement if movement.startswith(("dep_", "wd_", "tr_", "cv_")) else ""
    return tuple(reference for reference in (public("txn", facts["reverses"]), named) if reference)


def public(prefix: str, key: Any) -> str:
    """The public id of a key that came out of a row; "" for none."""
    return ids.encode(prefix, uuid.UUID(str(key))) if key else ""
