"""`gemba plant`: a simulated factory."""

from __future__ import annotations

from pathlib import Path

from gemba.settings import load_connections
from interfaces.cli.output import print_json, say
from interfaces.workspace import open_workspace


def plant(seed: int, out: str, *, days: int, scale: float, truth: Path | None, as_json: bool) -> int:
    """Write a factory to a folder or a database. `truth.json` goes into the folder, or to `truth` for a database."""
    from gemba.plant.simulate import simulate
    from gemba.plant.write import write_database, write_parquet, write_truth

    load_connections(open_workspace().settings.home)
    say(f"simulating {days} days of the factory of seed {seed} …")
    factory = simulate(seed, days=days, scale=scale)
    if "://" in out:
        write_database(factory, out)
        told = write_truth(factory, truth or Path("truth.json"))
    else:
        write_parquet(factory, Path(out))
        told = Path(out) / "truth.json"
    rows = {name: table.height for name, table in factory.tables.items()}
    if as_json:
        print_json({"seed": seed, "out": out, "truth": str(told), "rows": rows, "events": len(factory.truth.events)})
    else:
        say(f"{sum(rows.values()):,} rows in {len(rows)} tables; what was planted: {told}")
    return 0
