"""Batches on the reference ledger: one draft after the other, and a chain on a copy that only counts if all went well.

A draft is a dict: reason, legs, key, source, pending, conditions (name, "available" or "version", value), chain, and
where it has them end, ends_on, at and lands.
"""

from copy import deepcopy
from itertools import groupby

from tests.property.reference_rules import Refused


def in_chains(words):
    """Neighbours that drew a chain share one; a chain of its own for each run of them."""
    for number, (chain, members) in enumerate(groupby(words, key=lambda one: one["chain"])):
        for one in members:
            yield one | {"chain": chain and f"{chain}{number}"}


def said(words):
    """What a draft says, by the names that `post` has for it."""
    wanted = ("reason", "legs", "key", "source", "pending", "end", "ends_on", "at", "lands")
    return {part: words[part] for part in wanted if part in words}


def one(ledger, words):
    return ledger.post(**said(words), conditions=words["conditions"])


def after_the_culprit(ledger, words):
    """A later member of a broken chain: refused for what is wrong in any case, else for the chain."""
    ledger._shape(words["reason"], words["legs"])
    if earlier := ledger.posted_before(**said(words)):
        return earlier, True
    ledger._when(words.get("at"), words.get("lands"))
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
    answers, chains = [], set()
    for chain, group in groupby(words, key=lambda one: one["chain"]):
        members = list(group)
        if chain is None:
            answers += [answer(one, ledger, member) for member in members]
            continue
        tried = deepcopy(ledger)
        if chain in chains:  # its members do not stand next to each other
            found = ["invalid_request"] + [None] * (len(members) - 1)
        else:
            found = [answer(one, tried, member) for member in members]
        chains.add(chain)
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
