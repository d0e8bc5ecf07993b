"""What a currency conversion moves, worked out with whole numbers and fractions: what the product's amounts must be.

Nothing is imported from the product. Amounts are integers (smallest units of currencies with two decimals).
"""

from fractions import Fraction


class TooLittle(Exception):
    """It would buy or cost less than a smallest unit."""


def client_rate(price, bps):
    """The price less the spread, cut to eight significant digits: digit by digit, as on paper."""
    exact, shift = price * Fraction(10_000 - bps, 10_000), Fraction(1)
    while exact * shift >= 10**8:
        shift /= 10
    while exact * shift < 10**7:
        shift *= 10
    return Fraction(int(exact * shift)) / shift


def converted(wallet, side, amount, sell, buy, price, bps):
    """The legs, in the order of the firm's recipe, of a client who sells exactly `amount` or buys exactly `amount`.

    `price`: what one unit of the sold currency is worth in the bought one. The firm rounds in its own favour, and what
    rounding leaves over goes to its own account: never more than one smallest unit."""
    rate = client_rate(price, bps)
    if side == "sell":
        gives, taken, left_sold = amount, amount, 0
        gets = int(amount * rate)
        worth, spread = int(amount * price), int(amount * price - amount * rate)
        left_bought = worth - spread - gets
    else:
        gets, cost = amount, amount / rate
        taken = int(cost)
        left_sold = 0 if taken == cost else 1
        gives, spread, left_bought = taken + left_sold, int(cost * price - amount), 0
        worth = gets + spread
    if not gets or not taken:
        raise TooLittle
    assert left_sold in {0, 1} and left_bought in {0, 1}
    legs = [
        (f"{wallet} {sell}", -gives),
        (f"house/fx {sell}", taken),
        (f"house/rounding {sell}", left_sold),
        (f"house/fx {buy}", -worth),
        (f"{wallet} {buy}", gets),
        (f"house/fx-spread {buy}", spread),
        (f"house/rounding {buy}", left_bought),
    ]
    return [leg for leg in legs if leg[1]]
