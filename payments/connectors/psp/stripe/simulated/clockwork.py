"""What the simulated Stripe does by itself as time passes: late payments, disputes, payouts, credits at the
bank.

Every piece of work is taken from the book in the same commit that does it, so a restart neither loses nor
repeats it. The credit at the bank simulator is posted at least once and carries the payout's id, by which
the bank can tell a repeat.
"""

import json

import requests

from payments.connectors.psp.stripe.simulated import disputes, intents, payouts
from payments.connectors.psp.stripe.simulated.books import Book
from payments.connectors.psp.stripe.simulated.delivery import OpenBook
from payments.connectors.psp.stripe.simulated.errors import ApiError

_TIMEOUT = 5
_LONGEST_PAUSE = 60


def run_jobs(book: Book) -> None:
    """Do everything whose time has come: slow payments arrive, holders of the disputing card dispute."""
    due = book.db.execute("select * from jobs where due <= ? order by due, id", (book.moment,)).fetchall()
    for job in due:
        book.db.execute("delete from jobs where id = ?", (job["id"],))
        if job["name"] == "finish_payment":
            intents.finish(book, job["object"])
        elif job["name"] == "dispute":
            _dispute(book, job["object"])


def _dispute(book: Book, charge_id: str) -> None:
    try:
        disputes.open_on(book, book.get("charge", charge_id))
    except ApiError:
        return  # refunded or disputed meanwhile: nothing left to dispute


def run_payouts(book: Book) -> None:
    """The automatic payout schedule, when `auto_payout_seconds` is set."""
    every = book.setting("auto_payout_seconds")
    if not every:
        return
    due = book.setting("next_payout")
    if due is None:
        book.set("next_payout", book.moment + every)
    elif due <= book.moment:
        payouts.settle(book)
        book.set("next_payout", book.moment + every)


def post_credits(open_book: OpenBook) -> None:
    """Tell the bank simulator of each payout (POST bank_url/_sim/credit) until it takes it or refuses it."""
    while True:
        with open_book() as book:
            bank_url = book.setting("bank_url")
            row = book.db.execute(
                "select * from credits where state = 'waiting' and due <= ? order by rowid limit 1",
                (book.moment,),
            ).fetchone()
        if not bank_url or row is None:
            return
        answer = _post(f"{bank_url.rstrip('/')}/_sim/credit", row["body"])
        pause = min(2 ** min(row["attempts"], 10), _LONGEST_PAUSE)
        with open_book() as book:
            book.db.execute(
                "update credits set state = ?, attempts = attempts + 1, due = ? where payout = ?",
                (answer, book.moment + pause, row["payout"]),
            )
        if answer == "waiting":
            return


def _post(url: str, body: str) -> str:
    """`posted`, `refused` (the bank keeps no such account: asking again changes nothing) or still `waiting`."""
    session = requests.Session()
    session.trust_env = False
    try:
        status = session.post(url, json=json.loads(body), timeout=_TIMEOUT).status_code
    except requests.RequestException:
        return "waiting"
    if status < 300:
        return "posted"
    return "refused" if 400 <= status < 500 else "waiting"
