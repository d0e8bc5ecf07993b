"""Batches on the reference ledger: one draft after the other, and a chain on a copy that only counts if all went well.

A draft is a dict: reason, legs, key, source, pending, conditions (name, "available" or "version", value) and chain.
"""

from copy import deepcopy
from itertools import groupby

from tests.property.reference_ledger import Refused


def in_chains(words):
    """Neighbours that drew a chain share one; a chain of its own for each run of them."""
    for number, (chain, members) in enumerate(groupby(words, key=lambda one: one["chain"])):
        for one in members:
            yield one | {"chain": chain and f"{chain}{number}"}


def seq(ledger, name):
    """How many entries an account has: each leg of each transaction, posted or reserved. Only for books on which
    nothing but batches has happened."""
    rows = [leg for one in ledger.transactions.values() for leg in (*one.legs, *one.reserved)]
    return sum(leg[0] == name for leg in rows)


def identity(words):
    return [words[part] for part in ("reason", "legs", "key", "source", "pending")]


def one(ledger, words):
    ledger._shape(words["reason"], words["legs"])
    if not ledger.posted_before(*identity(words)):
        for name, kind, value in words["conditions"]:
            account = ledger.accounts[name]
            if kind == "version" and seq(ledger, name) != value:
                raise Refused("version_conflict")
            if kind == "available" and account.balance - account.pending_out < value:
                raise Refused("condition_not_met")
    return ledger.post(*identity(words))


def after_the_culprit(ledger, words):
    """A later member of a broken chain: refused for what is wrong in any case, else for the chain."""
    ledger._shape(words["reason"], words["legs"])
    if earlier := ledger.posted_before(*identity(words)):
        return earlier, True
    try:
        ledger._allow(words["reason"], words["legs"], reserve=words["pending"])
    except Refused as refused:
        if refused.args != ("insufficient_available",):
            raise
    raise Refused("chain_broken")


def answer(act, ledger, words):
    try:
        return act(ledger, words)
    except Refused as refused:
        return refused.args[0]


def each(ledger, words):
    """(the ledger afterwards, one answer per draft: its label and whether it was a replay, or a code)."""
    answers = []
    for chain, group in groupby(words, key=lambda one: one["chain"]):
        members = list(group)
        if chain is None:
            answers += [answer(one, ledger, member) for member in members]
            continue
        tried = deepcopy(ledger)
        found = [answer(one, tried, member) for member in members]
        culprit = next((n for n, each in enumerate(found) if isinstance(each, str)), None)
        if culprit is None:
            ledger = tried
        else:
            known = set(ledger.transactions)
            found[:culprit] = [each if each[1] and each[0] in known else "chain_broken" for each in found[:culprit]]
            found[culprit + 1 :] = [answer(after_the_culprit, ledger, member) for member in members[culprit + 1 :]]
        answers += found
    return ledger, answers


def together(ledger, words):
    """All or none: `each` when nothing is refused, else Refused for the first that is."""
    tried, answers = each(deepcopy(ledger), words)
    for code in answers:
        if isinstance(code, str):
            raise Refused(code)
    return tried, answers
