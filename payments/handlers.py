"""Which topic of the outbox is handled where: importing the services registers their handlers."""

from payments import intake  # noqa: F401
from payments.services import (  # noqa: F401
    bank_files,
    deposit_polling,
    deposits,
    opening_imports,
    rates,
    refund_sending,
    settlements,
    transfer_asking,
    transfer_sending,
    withdrawal_payouts,
)
