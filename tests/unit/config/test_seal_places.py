"""Two places for signed checkpoints are two only when they are not the same one under two names."""

from types import SimpleNamespace
from typing import Any

import pytest

from config import checks


def found(*folders: Any, storages: Any = (), emails: Any = ()) -> list[str]:
    seal = {"key": bytes(range(7, 39)).hex(), "folders": [str(path) for path in folders]}
    conf = SimpleNamespace(SEAL={**seal, "storages": list(storages), "emails": list(emails)})
    return [code for code, _ in checks._seal(conf)]


@pytest.mark.parametrize("pair", [("/srv/a", "/srv/a/"), ("/srv/a", "/srv/b/../a"), ("/srv/a", "//srv//a/.")])
def test_two_ways_to_write_one_folder_are_one_place(pair: tuple[str, str]) -> None:
    assert found(*pair) == ["E051"]


def test_a_link_to_a_folder_is_that_folder(tmp_path: Any) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert found(tmp_path / "real", tmp_path / "link") == ["E051"]


def test_two_folders_or_a_folder_and_another_kind_of_place_are_two() -> None:
    assert found("/srv/a", "/srv/b") == []
    assert found("/srv/a", storages=["audit"]) == []
    assert found("/srv/a", emails=["a@audit.test"]) == []
