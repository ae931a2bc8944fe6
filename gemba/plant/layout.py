"""What the factory consists of: lines, machines, products, materials, suppliers and crews.

Names are the same for every seed, so that one semantic model fits all. Rates and speeds are drawn by the seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.plant.streams import stream

LINES = 4
MACHINES_PER_LINE = 4
MACHINES = LINES * MACHINES_PER_LINE
FAMILIES = ("housing", "gear", "bracket", "cover")
PRODUCTS_PER_FAMILY = 3
PRODUCTS = len(FAMILIES) * PRODUCTS_PER_FAMILY
MATERIALS = ("PA66", "POM", "ABS")
FAMILY_MATERIAL = (0, 1, 2, 0)
SUPPLIERS = ("Nordplast", "Rhein Polymer", "Kestrel", "Adria Chem", "Polytec")
MATERIAL_SUPPLIERS = ((0, 1, 3), (1, 2, 4), (0, 2, 3))
OPERATORS_PER_LINE_AND_CREW = 4
CREWS = 3

MACHINE_LINE = np.repeat(np.arange(LINES), MACHINES_PER_LINE)
PRODUCT_FAMILY = np.repeat(np.arange(len(FAMILIES)), PRODUCTS_PER_FAMILY)
PRODUCT_MATERIAL = np.array(FAMILY_MATERIAL)[PRODUCT_FAMILY]

MACHINE_IDS = tuple(f"M{number:02d}" for number in range(1, MACHINES + 1))
PRODUCT_IDS = tuple(
    f"P-{family + 1}{number:02d}" for family in range(len(FAMILIES)) for number in range(1, PRODUCTS_PER_FAMILY + 1)
)
OPERATOR_IDS = tuple(f"OP-{n:03d}" for n in range(1, LINES * CREWS * OPERATORS_PER_LINE_AND_CREW + 1))


@dataclass(frozen=True, slots=True)
class Layout:
    """The seed's rates.

    Attributes:
        scrap_machine: Factor on the scrap rate by machine, mean about 1.
        scrap_product: Scrap rate by product, as a share.
        ideal_cycle_s: Ideal seconds a piece by product.
        cycle_machine: Factor on the cycle time by machine.
        stops_machine: Expected stops a shift by machine.
        weight: How often a machine runs a product, shape (machines, products), rows sum to 1.
        drift: Relative growth of a product's weight a day.
        worst: For each line, the product of its main family with the highest scrap rate.
    """

    scrap_machine: NDArray[np.float64]
    scrap_product: NDArray[np.float64]
    ideal_cycle_s: NDArray[np.float64]
    cycle_machine: NDArray[np.float64]
    stops_machine: NDArray[np.float64]
    weight: NDArray[np.float64]
    drift: NDArray[np.float64]
    worst: NDArray[np.int64]


def layout(seed: int) -> Layout:
    """Draw the factory of a seed."""
    rng = stream(seed, "layout")
    scrap_product = np.empty(PRODUCTS)
    worst = np.empty(LINES, dtype=np.int64)
    for family in range(len(FAMILIES)):
        members = np.flatnonzero(family == PRODUCT_FAMILY)
        rates = 0.026 * np.exp(rng.normal(0, 0.12)) * np.array([0.65, 0.9, 2.1])
        scrap_product[members] = rng.permutation(rates)
        worst[family] = members[int(np.argmax(scrap_product[members]))]
    weight = np.zeros((MACHINES, PRODUCTS))
    for machine in range(MACHINES):
        line = MACHINE_LINE[machine]
        share = rng.dirichlet(np.full(PRODUCTS_PER_FAMILY, 25.0))
        weight[machine, line == PRODUCT_FAMILY] = share
        if machine % 2:  # every second machine also helps out with the next line's family
            weight[machine] *= 0.7
            weight[machine, (line + 1) % LINES == PRODUCT_FAMILY] = 0.3 / PRODUCTS_PER_FAMILY
    return Layout(
        scrap_machine=np.exp(rng.normal(0, 0.2, MACHINES)),
        scrap_product=scrap_product,
        ideal_cycle_s=np.round(rng.uniform(22, 48, PRODUCTS), 1),
        cycle_machine=rng.uniform(1.03, 1.14, MACHINES),
        stops_machine=1.6 * np.exp(rng.normal(0, 0.25, MACHINES)),
        weight=weight,
        drift=rng.normal(0, 0.0008, PRODUCTS),
        worst=worst,
    )
