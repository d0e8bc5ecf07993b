"""Where each kind of account goes in the general ledger until finance says otherwise.

Only the first entries of a firm's mapping: they are copied into the database once (`ledger.gl_mappings`), and changed
there. A new kind of account in the chart needs a line here.
"""

# pattern (a kind, an account code, or a branch ending in "/*") → (general-ledger account, its name)
DEFAULTS: dict[str, tuple[str, str]] = {
    "bank_client_money": ("1100", "Segregated client bank accounts"),
    "bank_own": ("1110", "Own bank accounts"),
    "psp_clearing": ("1200", "Payment providers, clearing"),
    "psp_reserve": ("1210", "Payment providers, reserves"),
    "debt": ("1300", "Amounts owed by clients"),
    "wallet": ("2100", "Client wallets"),
    "held": ("2110", "Client money held"),
    "pocket": ("2120", "Client pockets"),
    "trading": ("2130", "Client trading accounts"),
    "bonus": ("2140", "Client bonus and credit"),
    "psp_payout": ("2200", "Payouts under way"),
    "suspense": ("2300", "Suspense"),
    "trading_pnl": ("3100", "Client trading results"),
    "fx": ("3200", "Currency position"),
    "rounding": ("3300", "Rounding differences"),
    "adjustments": ("3400", "Corrections"),
    "opening": ("3900", "Opening balances"),
    "income": ("4000", "Other income"),
    "house/fees": ("4100", "Client fees"),
    "house/commission": ("4110", "Commission"),
    "house/swap": ("4120", "Swap"),
    "house/fx-spread": ("4130", "Currency conversion spread"),
    "expense": ("5000", "Other expenses"),
    "house/psp-fees": ("5100", "Payment provider fees"),
    "house/chargeback-fees": ("5110", "Chargeback fees"),
    "house/chargeback-losses": ("5120", "Chargeback losses"),
    "house/bonus-cost": ("5200", "Bonus cost"),
    "house/negative-balance-relief": ("5210", "Negative balance relief"),
    "house/write-off": ("5220", "Amounts written off"),
}
