"""A simulated factory with planted causes: data to develop on, to demonstrate with and to measure by.

`simulate` makes the tables in memory, `gemba.plant.write` puts them into a folder or a database, and
`gemba.plant.truth` says what was planted. `docs/plant.md` describes the domain with its formulas.
"""
