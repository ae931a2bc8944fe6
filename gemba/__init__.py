"""Gemba: an analyst that goes and looks. The core, usable without Dagster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemba.asking import ask as ask

__version__ = "0.1.0"
__all__ = ["__version__", "ask"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: importing `gemba` for its version or errors costs nothing.
    if name == "ask":
        from gemba.asking import ask

        return ask
    raise AttributeError(f"module 'gemba' has no attribute {name!r}")
