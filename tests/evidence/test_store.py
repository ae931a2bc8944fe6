"""Evidence comes back as it was saved, or says that it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from gemba.evidence.store import EvidenceDamagedError, EvidenceGoneError, EvidenceStore
from gemba.evidence.types import FrameEvidence, Limits
from gemba.evidence.warehouse import FrameWarehouse
from tests.evidence import factory


@pytest.fixture(scope="module")
def evidence() -> FrameEvidence:
    frames = {"production": factory.production(), "machines": factory.machines(), "downtime": factory.downtime()}
    model = factory.model({name: {"files": "in memory"} for name in frames})
    gathered = FrameWarehouse(frames).gather(model, factory.requests(), limits=Limits(queries=500))
    assert isinstance(gathered, FrameEvidence)
    return gathered


def test_evidence_comes_back_equal(evidence: FrameEvidence, tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.save(evidence, factory.requests())
    store.save(evidence, factory.requests())
    loaded = store.load(evidence.data_version)
    assert loaded.read_set == evidence.read_set
    assert loaded.queries == evidence.queries
    assert loaded.as_of == evidence.as_of
    assert loaded.cubes.keys() == evidence.cubes.keys()
    assert all(frame.equals(evidence.cubes[key]) for key, frame in loaded.cubes.items())
    assert all(frame.equals(evidence.frames[key]) for key, frame in loaded.frames.items())


def test_evidence_that_is_not_there_is_past_its_retention(tmp_path: Path) -> None:
    with pytest.raises(EvidenceGoneError, match="past its retention") as caught:
        EvidenceStore(tmp_path).load("0" * 64)
    assert caught.value.exit_code == 4


def test_a_changed_file_is_noticed(evidence: FrameEvidence, tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.save(evidence, factory.requests())
    file = next(tmp_path.rglob("000.parquet"))
    pl.read_parquet(file).with_columns(pl.lit(1).alias("added")).write_parquet(file)
    with pytest.raises(EvidenceDamagedError, match=r"000\.parquet"):
        store.load(evidence.data_version)
    file.unlink()
    with pytest.raises(EvidenceDamagedError, match=r"000\.parquet"):
        store.load(evidence.data_version)


def test_nothing_half_written_is_left_behind(evidence: FrameEvidence, tmp_path: Path) -> None:
    broken = FrameEvidence(data_version="f" * 64, as_of=datetime(2026, 1, 1, tzinfo=UTC), cubes=evidence.cubes)
    store = EvidenceStore(tmp_path)
    with pytest.raises(KeyError):
        store.save(broken, factory.requests())
    assert not store.has("f" * 64)
    assert list(tmp_path.rglob("*.parquet")) == []


def test_the_manifest_can_be_read_without_us(evidence: FrameEvidence, tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    store.save(evidence, factory.requests())
    manifest = json.loads(next(tmp_path.rglob("manifest.json")).read_text())
    assert manifest == store.manifest(evidence.data_version)
    assert {entry["source"] for entry in manifest["read_set"]} == {"production", "machines", "downtime"}
