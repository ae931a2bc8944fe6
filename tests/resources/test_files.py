"""What passes between steps is JSON, whole or not at all, and only of our own types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.steps import Asked
from resources.files import _packed, _unpacked, _write


def test_a_value_comes_back_equal() -> None:
    value = Asked(partition_key="scrap_rate-why-2026w46-9f3a1c20")
    assert _unpacked(json.loads(json.dumps(_packed(value)))) == value


@pytest.mark.parametrize("kind", ["os:path", "subprocess:Popen", "gemba.errors:GembaError"])
def test_a_file_cannot_name_what_is_no_value_of_ours(kind: str) -> None:
    with pytest.raises(TypeError):
        _unpacked({"type": kind, "value": {}})


def test_what_is_no_pydantic_value_is_refused() -> None:
    with pytest.raises(TypeError, match="dict"):
        _packed({"rows": []})


def test_a_write_replaces_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "value.json"
    _write(path, "old")
    _write(path, "new")
    assert path.read_text() == "new"
    assert [one.name for one in path.parent.iterdir()] == ["value.json"]
