"""Log lines carry no secrets and cannot be forged by text from outside."""

from config.logging import MASK, escape_controls, mask_secrets


def test_values_of_secret_keys_are_masked_at_any_depth():
    event = {"event": "x", "api_key": "k", "headers": {"Authorization": "Bearer k", "Accept": "json"}}
    assert mask_secrets(None, "info", event) == {
        "event": "x",
        "api_key": MASK,
        "headers": {"Authorization": MASK, "Accept": "json"},
    }


def test_control_characters_are_shown_and_not_obeyed():
    event = escape_controls(None, "info", {"event": "name \x1b[31m\r forged"})
    assert event["event"] == "name \\x1b[31m\\r forged"
