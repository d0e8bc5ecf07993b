"""Sums over the legs of a transaction: pairs of an account and a signed amount, credits positive."""


def credits_of(legs):
    return sum(amount for _, amount in legs if amount > 0)


def sides(legs):
    """What each account has on each side, in the order of the legs: {(name, is credit): amount}."""
    found = {}
    for name, amount in legs:
        found[name, amount > 0] = found.get((name, amount > 0), 0) + abs(amount)
    return found


def legs_of(found):
    return [(name, amount if credit else -amount) for (name, credit), amount in found.items()]


def take_away(rest, legs):
    for side, amount in sides(legs).items():
        rest[side] -= amount
        if not rest[side]:
            del rest[side]
