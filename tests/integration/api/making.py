"""What the requests of the API's tests need to be there first: movements in every state, cases, files."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ledger import accounts, periods
from payments.actors import Actor
from payments.models import Adjustment, Deposit, TradingAccount, Withdrawal
from reconciliation.services import exceptions
from tests.integration.api.world import World

SYSTEM = Actor.system("test")


def trading_account(world: World, *, currency: str = "EUR") -> TradingAccount:
    account, _ = TradingAccount.objects.get_or_create(
        client=world.client, platform="mt5", login="990001", currency=currency
    )
    accounts.open_account(code=world.client.account_code("trading", "mt5", "990001"), currency=currency)
    return account


def deposit(world: World, *, captured: str = "0") -> Deposit:
    row = Deposit(
        client=world.client, amount="50.00", currency="EUR", rail="card", connector="stripe", made_by="usr_x",
        provider_reference=f"pi_{Deposit.objects.count()}", captured=captured,
        state="captured" if captured != "0" else "initiated", return_url="https://portal.example/back",
    )  # fmt: skip
    row.save(force_insert=True)
    return row


def withdrawal(world: World, state: str = "requested") -> Withdrawal:
    made = Withdrawal.objects.get(pk=Withdrawal.key(world.withdrawal("40.00")["id"]))
    steps: dict[str, tuple[str, ...]] = {"needs_information": ("send_back",), "failed": ("approve", "instruct", "fail")}
    for step in steps.get(state, ()):
        getattr(made, step)()
        made.save()
    return made


def decision(row: Any, **more: str) -> dict[str, str]:
    return {"content_hash": row.content_hash, **more}


def case(world: World, *, resolved: bool = False) -> str:
    made = exceptions.raise_case(
        category="client_debt",
        key=f"case {timezone.now().timestamp()}",
        title="A case",
        facts={"iban": "DE89370400440532013000"},
        client=world.client,
        now=timezone.now(),
    )
    if resolved:
        exceptions.resolve(case_id=made.pk, outcome="repaid", note="It is.", actor=SYSTEM, now=timezone.now())
    return made.public_id


def adjustment_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id, "debit_account": "house/adjustments", "credit_account": world.wallet(),
        "amount": "5.00", "currency": "EUR", "reason": "Goodwill", "evidence": "ticket 17",
    }  # fmt: skip


def adjustment(world: World) -> Any:
    return Adjustment.objects.get(pk=Adjustment.key(world.ops.made("/adjustments", adjustment_body(world))["id"]))


def hold_body(world: World) -> dict[str, Any]:
    return {
        "account": world.wallet(), "amount": "20.00", "currency": "EUR", "kind": "aml_review", "reason": "Unusual",
    }  # fmt: skip


def hold(world: World) -> str:
    return str(world.compliance.made("/holds", hold_body(world))["id"])


def posted(world: World, **more: Any) -> str:
    return str(world.ops.made("/transactions", world.transfer_between(**more))["id"])


def transfer_body(world: World) -> dict[str, Any]:
    return {
        "client": world.client.public_id,
        "from": "wallet",
        "to": "mt5:990001",
        "amount": "60.00",
        "currency": "EUR",
    }


def transfer(world: World) -> str:
    trading_account(world)
    return str(world.ops.made("/transfers", transfer_body(world))["id"])


def mt940(*, number: int = 1) -> bytes:
    """A day's statement of our client-money account with one receipt."""
    return (
        "{1:F01COBADEFFXXXX0000000000}{2:I940COBADEFFXXXXN}{4:\n"
        f":20:STMT-API-{number}\n"
        f":25:{settings.BANK['sepa']['iban']}\n"
        f":28C:{number}/1\n"
        ":60F:C261119EUR1000,00\n"
        f":61:2611201120C250,00NTRFNONREF//BANKREF-{number}\n"
        ":86:166?00SEPA CREDIT?20EREF+NOTPROVIDED?21SVWZ+Hello?32ADA CLIENT\n"
        ":62F:C261120EUR1250,00\n-}\n"
    ).encode()


def upload(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a statement sample as a form."""
    form = dict(fields)
    form["file"] = SimpleUploadedFile("day.sta", form["file"])
    return form


def open_day() -> str:
    """A day long ago that can be closed, by its id."""
    return periods.name(label="2020-01-01").public_id


def closed_day() -> str:
    """A closed day, by its id."""
    period = periods.name(label="2020-01-01")
    if period.state != period.State.CLOSED:
        periods.close(period_id=period.pk, actor=SYSTEM, now=timezone.now())
    return period.public_id
