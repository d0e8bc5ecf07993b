"""The forms that move money: deposit, transfer, withdrawal. They offer only what is the client's own."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.models import FxQuote, PaymentMethod, TradingAccount, Transfer
from portal.forms.amounts import AmountField
from portal.forms.base import MoneyForm


class OwnChoice(forms.ChoiceField):
    """Rows of the client by their public id; the row itself is the cleaned value."""

    def __init__(self, rows: Any = (), **kwargs: Any) -> None:
        self.rows = {row.public_id: row for row in rows}
        super().__init__(choices=[(name, str(row)) for name, row in self.rows.items()], **kwargs)

    def clean(self, value: Any) -> Any:
        return self.rows.get(super().clean(value))


class DepositForm(MoneyForm):
    amount = AmountField()
    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in currencies])


class TransferForm(MoneyForm):
    FIELDS_OF = {"currency": "amount"}

    direction = forms.ChoiceField(
        label=_("Which way?"),
        choices=[
            (Transfer.Direction.TO_PLATFORM, _("From your wallet to a trading account")),
            (Transfer.Direction.FROM_PLATFORM, _("From a trading account to your wallet")),
        ],
        widget=forms.RadioSelect,
        initial=Transfer.Direction.TO_PLATFORM,
    )
    trading_account = OwnChoice(label=_("Trading account"))
    amount = AmountField()

    def __init__(self, *args: Any, trading_accounts: list[TradingAccount], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["trading_account"] = OwnChoice(
            trading_accounts, label=_("Trading account"), widget=forms.RadioSelect
        )
        if len(trading_accounts) == 1:
            self.fields["trading_account"].initial = trading_accounts[0].public_id

    def currency_code(self) -> str:
        account = self.cleaned_data.get("trading_account")
        return account.currency if account else ""


class ConvertForm(MoneyForm):
    """`money` is in the sold currency, or in the bought one when that is what was given."""

    FIELDS_OF = {"currency": "amount", "quote": "amount"}

    sell_currency = forms.ChoiceField(label=_("From"))
    buy_currency = forms.ChoiceField(label=_("To"))
    fixed = forms.ChoiceField(
        label=_("Which amount do you know?"),
        choices=[(FxQuote.Fixed.SELL, _("What I give")), (FxQuote.Fixed.BUY, _("What I get"))],
        widget=forms.RadioSelect,
        initial=FxQuote.Fixed.SELL,
    )
    amount = AmountField()

    def __init__(self, *args: Any, sellable: list[tuple[str, str]], buyable: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sell_currency"] = forms.ChoiceField(label=_("From"), choices=sellable)
        self.fields["buy_currency"] = forms.ChoiceField(label=_("To"), choices=[(code, code) for code in buyable])

    @property
    def other_currency(self) -> str:
        """The currency in which no amount was given."""
        name = "buy_currency" if self.cleaned_data["fixed"] == FxQuote.Fixed.SELL else "sell_currency"
        return str(self.cleaned_data[name])

    def currency_code(self) -> str:
        name = "buy_currency" if self.cleaned_data.get("fixed") == FxQuote.Fixed.BUY else "sell_currency"
        return str(self.cleaned_data.get(name) or "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        pair = (cleaned.get("sell_currency"), cleaned.get("buy_currency"))
        if pair[0] and pair[0] == pair[1]:
            self.add_error("buy_currency", _("Choose another currency than the one you give."))
        return cleaned


class WithdrawalForm(MoneyForm):
    FIELDS_OF = {"currency": "payment_method"}

    payment_method = OwnChoice(label=_("To which bank account?"))
    amount = AmountField()

    def __init__(self, *args: Any, payees: list[PaymentMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payment_method"] = OwnChoice(payees, label=_("To which bank account?"), widget=forms.RadioSelect)
        if len(payees) == 1:
            self.fields["payment_method"].initial = payees[0].public_id

    def currency_code(self) -> str:
        payee = self.cleaned_data.get("payment_method")
        return payee.currency if payee else ""
