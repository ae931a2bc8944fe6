"""Commands that read what was found, give feedback, and look after the installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.interfaces.conftest import Command

pytestmark = pytest.mark.postgres


def test_insights_are_listed_and_shown(gemba: Command, answered: Any) -> None:
    insight = answered["insight"]
    listed = gemba("insights", "list", "--json")
    assert insight["id"] in [one["id"] for one in listed.data]
    shown = gemba("insights", "show", insight["id"][:12], "--json")
    assert shown.data["summary"] == insight["summary"]
    assert insight["summary"][:40] in gemba("insights", "show", insight["id"]).out
    assert insight["id"] in gemba("insights", "list").out


def test_a_page_is_written_whole_or_not_at_all(gemba: Command, answered: Any, folder: Path) -> None:
    insight = answered["insight"]["id"]
    ran = gemba("insights", "show", insight, "--html", "page.html")
    assert ran.code == 0
    assert (
        "SELECT" in (folder / "page.html").read_text().upper() or "scan" in (folder / "page.html").read_text().lower()
    )
    missing = gemba("insights", "show", insight, "--html", "nowhere/page.html", "--json")
    assert (missing.code, missing.data["error"]["kind"]) == (2, "bad_input")
    assert not (folder / "nowhere").exists()


def test_a_claim_is_explained_down_to_its_query(gemba: Command, answered: Any) -> None:
    claim = answered["insight"]["claims"][0]
    facts = gemba("explain", claim["id"], "--json").data
    assert facts["claim"]["effect"] == claim["effect"]
    assert facts["queries"]
    assert Path(facts["evidence"]).is_dir()
    text = gemba("explain", claim["id"]).out
    assert claim["statement"] in text
    assert "tests at 5%" in text


def test_every_claim_is_verified_from_evidence_and_source(gemba: Command, answered: Any) -> None:
    claim = answered["insight"]["claims"][0]["id"]
    ran = gemba("verify", claim, "--json")
    assert ran.code == 0
    assert {ran.data["evidence"]["verdict"], ran.data["source"]["verdict"]} == {"equal"}
    assert "largest difference" in gemba("verify", claim).out


def test_feedback_is_kept(gemba: Command, answered: Any) -> None:
    ran = gemba("feedback", answered["insight"]["id"], "up", "spot on", "--json")
    assert (ran.code, ran.data["vote"]) == (0, "up")
    assert gemba("feedback", answered["insight"]["id"], "sideways").code == 2


@pytest.mark.parametrize(
    "arguments",
    [("insights", "show", "i_none"), ("explain", "c_none"), ("verify", "c_none"), ("feedback", "i_none", "up")],
)
def test_an_unknown_id_is_bad_usage_and_says_where_ids_are(gemba: Command, arguments: tuple[str, ...]) -> None:
    ran = gemba(*arguments, "--json")
    assert (ran.code, ran.data["error"]["kind"]) == (2, "bad_input")
    assert "gemba insights" in ran.data["error"]["hint"]


def test_the_doctor_finds_nothing_wrong_here(gemba: Command, answered: Any) -> None:
    ran = gemba("doctor", "--json")
    results = {one["check"]: one for one in ran.data}
    assert {"python", "packages", "home", "postgres", "schema", "models"} <= set(results)
    assert all(one["ok"] for one in results.values() if one["check"] != "bytecode"), ran.data
    assert "ok" in gemba("doctor").out


def test_status_says_what_is_up(gemba: Command, answered: Any) -> None:
    facts = gemba("status", "--json").data
    assert facts["dagit"] is None
    assert facts["running"] == []
    assert facts["current_insights"] >= 1


def test_status_and_down_with_nothing_up(gemba: Command, tmp_path: Path) -> None:
    nothing = {"GEMBA_HOME": str(tmp_path / "home"), "GEMBA_DATABASE_URL": ""}
    ran = gemba("status", "--json", **nothing)
    assert ran.code == 0
    assert (ran.data["postgres"], ran.data["current_insights"]) == (None, None)
    assert "down" in gemba("status", **nothing).out
    assert gemba("down", "--json", **nothing).data == {"stopped": []}
    assert not (tmp_path / "home" / "postgres.json").exists()


def test_without_arguments_the_commands_are_listed(gemba: Command) -> None:
    ran = gemba()
    for command in ("ask", "resolve", "explain", "verify", "feedback", "plant", "up", "doctor", "model", "insights"):
        assert command in ran.out + ran.err
    assert gemba("ask", "--help").code == 0
