"""Suppliers' lots: which lot is worked off on which day.

Each material is fed from two silos. A silo holds one lot at a time, for 4 to 8 days, then the next one.
A machine draws mostly from one silo, so lots and machines are correlated, as they are in life.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.plant.layout import MATERIAL_SUPPLIERS, MATERIALS
from gemba.plant.streams import stream

SILOS = 2


@dataclass(frozen=True, slots=True)
class Lots:
    """All lots whose use begins within the days simulated.

    Attributes:
        ids, supplier, material: By lot; the latter two index `layout.SUPPLIERS` and `layout.MATERIALS`.
        first_day, last_day: Days of use, both included; `last_day` may lie past the end.
        factor: The lot's own small factor on the scrap rate.
        used: Lot by day, material and silo, shape (days, materials, silos).
    """

    ids: tuple[str, ...]
    supplier: NDArray[np.int64]
    material: NDArray[np.int64]
    first_day: NDArray[np.int64]
    last_day: NDArray[np.int64]
    factor: NDArray[np.float64]
    used: NDArray[np.int64]


def lots(seed: int, days: int) -> Lots:
    """Draw the lots. Those of the first days do not depend on how many days follow."""
    rows: list[tuple[int, int, int, int, int, float]] = []
    for material in range(len(MATERIALS)):
        for silo in range(SILOS):
            rng = stream(seed, "lots", material, silo)
            day = -int(rng.integers(0, 5))
            while day < days:
                length = int(rng.integers(4, 9))
                supplier = int(rng.choice(MATERIAL_SUPPLIERS[material]))
                rows.append((day, material, silo, day + length - 1, supplier, float(np.exp(rng.normal(0, 0.02)))))
                day += length
    rows.sort()
    used = np.empty((days, len(MATERIALS), SILOS), dtype=np.int64)
    for index, (first, material, silo, last, _, _) in enumerate(rows):
        used[max(first, 0) : last + 1, material, silo] = index
    columns = list(zip(*rows, strict=True))
    return Lots(
        ids=tuple(f"L-{2000 + index}" for index in range(1, len(rows) + 1)),
        supplier=np.array(columns[4]),
        material=np.array(columns[1]),
        first_day=np.array(columns[0]),
        last_day=np.array(columns[3]),
        factor=np.array(columns[5]),
        used=used,
    )
