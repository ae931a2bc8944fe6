"""The contract's example as text, to be broken in one place."""

CONTRACT = """\
gemba: 1
name: factory
timezone: Europe/Berlin
week_starts: monday
fiscal_year_starts: 1
sources:
  production:
    connection: ${FACTORY_URL}
    table: plant.production
    key: [order_id]
    time: finished_at
    partition: day
    life: 10 min
    joins:
      - {to: machines, by: {machine_id: id}}
  machines: {connection: "${FACTORY_URL}", table: plant.machines, key: [id]}
dimensions:
  line:      {source: machines, column: line, synonyms: [production line]}
  shift:     {source: production, column: shift}
  operator:  {source: production, column: operator, personal: true}
  speed:     {source: production, column: speed_rpm, numeric: true, unit: rpm}
  weekday:   {source: production, derived: weekday}
metrics:
  produced:    {source: production, sum: quantity, unit: pieces, better: higher, synonyms: [output]}
  scrapped:    {source: production, sum: scrap, unit: pieces, better: lower}
  scrap_rate:  {ratio: [scrapped, produced], unit: "%", better: lower, matters: 0.5, synonyms: [scrap, reject rate]}
  cycle_time:  {source: production, mean: cycle_s, unit: s, better: lower}
  orders:      {source: production, count: rows}
  night_scrap: {source: production, sum: scrap, where: [{dimension: shift, op: in, values: [night]}]}
"""
