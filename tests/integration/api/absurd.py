"""Values that no field of the API can mean, by the kind of field. Pure data."""

from typing import Any

from rest_framework import serializers

from ledger.api import fields

LONG = "x" * 4500
NUL, SURROGATE = "a\x00b", "a\ud800b"
WRONG_TYPES: tuple[Any, ...] = (17, 1.5, True, [], ["x"], {}, {"a": 1}, None, 10**400)
NO_AMOUNTS: tuple[Any, ...] = (
    "", " ", "0", "0.00", "-1", "-0", "+1", "1e3", "1E+2", "1e30", "0x10", "٣", "１", "NaN", "Infinity", "1,000.00",
    "1_000", " 1", "1 ", "01", "1.", ".5", "1.2.3", "9" * 21, "0." + "0" * 18 + "1", "1" * 5000, "10.001", "١٠", NUL,
    SURROGATE,
)  # fmt: skip
NO_MOMENTS: tuple[Any, ...] = (
    "", "yesterday", "2026-11-20", "2026-11-20T10:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", "٢٠٢٦-11-20T10:00:00Z", NUL, SURROGATE,
)  # fmt: skip
NO_IDS: tuple[Any, ...] = ("", "cl_", "x", "cl_" + "z" * 26, "cl_" + "!" * 26, "1", "' OR 1=1 --", LONG, NUL, SURROGATE)
NO_CHOICES: tuple[Any, ...] = ("", "nonsense", "EUR ", "eur", "€", LONG, NUL, SURROGATE)


def values_for(field: serializers.Field[Any, Any, Any, Any]) -> tuple[Any, ...]:
    """What this field must refuse, whatever else is right."""
    if isinstance(field, fields.Amount):
        fine = {"0", "0.00", "-1", "-0"} if getattr(field, "signed", False) else set()
        return (*WRONG_TYPES, *(value for value in NO_AMOUNTS if value not in fine))
    if isinstance(field, fields.Moment):
        return (*WRONG_TYPES, *NO_MOMENTS)
    if isinstance(field, fields.PublicId):
        return (*WRONG_TYPES, *NO_IDS)
    if isinstance(field, fields.Currency | fields.Choice):
        return (*WRONG_TYPES, *NO_CHOICES)
    if isinstance(field, fields.Flag):
        return (*(value for value in WRONG_TYPES if value is not True), "true", "false", 0, "")
    if isinstance(field, fields.Facts):
        deep: Any = "x"
        for _ in range(9):
            deep = {"a": deep}
        return ("x", 17, [], True, None, {"a": 1.5}, {"a": 2**60}, {"a": NUL}, {"a": "x" * 5000}, deep)
    if isinstance(field, serializers.ListSerializer):
        return ("x", 17, True, None, {}, [], ["x"], [None], [17], [[]])
    if isinstance(field, serializers.Serializer):
        return ("x", 17, True, [], ["x"], None)
    return (*WRONG_TYPES, "" if not getattr(field, "allow_blank", False) else 17, LONG, NUL, SURROGATE)
