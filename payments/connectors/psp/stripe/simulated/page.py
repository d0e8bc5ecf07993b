"""The hosted card page of the simulated Stripe: plain HTML for a phone first, no scripts, light and dark.

It says on every screen that it is a simulation. Everything from outside is escaped. The card number is
typed here and nowhere else, and no page ever shows it back.
"""

from html import escape

from payments.connectors.psp.stripe.simulated import cards, currencies
from payments.connectors.psp.stripe.simulated.books import Document
from payments.connectors.simulation import Response

# form-action is left open: browsers apply it to the redirect back to the merchant as well.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
:root { color-scheme: light dark; --ground: #f4f6f9; --panel: #fff; --ink: #1a2233; --soft: #556077;
  --line: #c3cad6; --act: #1d4ed8; --on: #fff; --warn: #7a4a00; --warn-back: #fff3d6; --bad: #a11222;
  --bad-back: #fdecee }
@media (prefers-color-scheme: dark) { :root { --ground: #10151f; --panel: #19202d; --ink: #e8ecf4;
  --soft: #a5b0c4; --line: #46536a; --act: #8fb0ff; --on: #0d1320; --warn: #ffdc93; --warn-back: #3a2d10;
  --bad: #ffb3bb; --bad-back: #421a20 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 27rem; margin: 0 auto; padding: 1rem }
.band { background: var(--warn-back); color: var(--warn); margin: 0; padding: .5rem 1rem; text-align: center;
  font-weight: 600 }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem;
  margin: 0 0 1rem }
h1 { font-size: 1rem; font-weight: 600; margin: 0; color: var(--soft) }
h2 { font-size: 1rem; margin: 0 0 .5rem }
.amount { font-size: 2rem; font-weight: 700; margin: .25rem 0; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere }
.soft { color: var(--soft); font-size: .9rem; margin: .25rem 0; overflow-wrap: anywhere }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem }
input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; letter-spacing: .04em;
  color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: .5rem }
button, .link { display: block; width: 100%; min-height: 2.75rem; padding: .6rem .75rem; margin: .75rem 0 0;
  font: inherit; font-weight: 600; border-radius: .5rem; border: 1px solid var(--act); background: var(--act);
  color: var(--on); cursor: pointer; text-align: center; text-decoration: none }
button.quiet { background: transparent; color: var(--act) }
button.card { text-align: start; margin: .4rem 0 0; font-weight: 400; background: transparent; color: var(--ink);
  border-color: var(--soft) }
button.card b { display: block; font-variant-numeric: tabular-nums; font-weight: 600 }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
.wrong { background: var(--bad-back); color: var(--bad); border-radius: .5rem; padding: .75rem 1rem;
  margin: 1rem 0 0 }
"""


def pay(intent: Document, *, problem: str = "", status: int = 200) -> Response:
    """The page that asks for a card; `problem` says what was wrong with the last try."""
    amount = escape(_amount(intent))
    before = (intent["last_payment_error"] or {}).get("message", "")
    alert = problem or (f"{before} Nothing was taken. You can try another card." if before else "")
    shown = f'<p class="wrong" id="problem" role="alert">{escape(alert)}</p>' if alert else ""
    described = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    buttons = "".join(_button(number, card) for number, card in cards.CARDS.items())
    body = f"""<section class="panel"><h1>Card payment</h1><p class="amount">{amount}</p>
<p class="soft">Reference {escape(_reference(intent))}</p>{shown}
<form method="post"><label for="card_number">Card number</label>
<input id="card_number" name="card_number" inputmode="numeric" autocomplete="cc-number" maxlength="23"
 required{described}>
<button>Pay {amount}</button></form>
<form method="post"><button class="quiet" name="action" value="cancel">Cancel and go back</button></form>
</section>
<section class="panel"><h2>Test cards</h2>
<p class="soft">Press one to pay with it. Real cards are refused.</p><form method="post">{buttons}</form>
</section>"""
    return _document(f"{'Problem: ' if alert else ''}Pay {_amount(intent)}", body, status)


def done(intent: Document, *, back: str) -> Response:
    """The intent can no longer be paid here: say what became of it and how to get back."""
    words = {
        "succeeded": "This payment is complete.",
        "requires_capture": "This payment is approved by the bank.",
        "processing": "This payment is on its way.",
        "canceled": "This payment was cancelled. Nothing was taken.",
    }.get(intent["status"], "This payment cannot be made here.")
    link = f'<a class="link" href="{escape(back)}">Go back</a>' if back else ""
    body = f"""<section class="panel"><h1>Card payment</h1><p class="amount">{escape(_amount(intent))}</p>
<p>{words}</p>{link}</section>"""
    return _document("Card payment", body, 200)


def unknown() -> Response:
    body = '<section class="panel"><h1>Card payment</h1><p>There is no such payment.</p></section>'
    return _document("No such payment", body, 404)


def _amount(intent: Document) -> str:
    return currencies.shown(intent["amount"], intent["currency"])


def _reference(intent: Document) -> str:
    return str(intent["metadata"].get("deposit") or intent["id"])


def _button(number: str, card: cards.Card) -> str:
    grouped = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    return (
        f'<button class="card" name="card_number" value="{number}"><span>{escape(card.label)}</span>'
        f"<b>{grouped}</b></button>"
    )


def _document(title: str, body: str, status: int) -> Response:
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><header class="band">Simulated card page: no real money moves here</header>
<main>{body}</main></body></html>"""
    return Response(body=text.encode(), status=status, content_type="text/html; charset=utf-8", headers=dict(_HEADERS))
