"""Reading a model file: what is valid, and that every mistake is told with its line and its mend."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemba.errors import InputError, InvalidModelError
from gemba.semantics.connection import expand
from gemba.semantics.durations import parse_life
from gemba.semantics.load import dump_model, load_model, parse_model
from tests.semantics.models import CONTRACT

DOCUMENTED = re.search(r"```yaml\n(.*?)```", (Path(__file__).parents[2] / "docs" / "model.md").read_text(), re.DOTALL)


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidModelError) as caught:
        parse_model(text, name="m.yaml")
    return caught.value.problems


def problems_or_none(text: str) -> tuple[str, ...]:
    try:
        parse_model(text, name="m.yaml")
    except InvalidModelError as error:
        return error.problems
    return ()


def broken(old: str, new: str) -> tuple[str, ...]:
    assert old in CONTRACT
    return problems_of(CONTRACT.replace(old, new, 1))


def line_of(text: str, *, within: str = CONTRACT) -> int:
    return within[: within.index(text)].count("\n") + 1


def test_the_contracts_example_is_valid() -> None:
    assert parse_model(CONTRACT, name="m").metrics["scrap_rate"].kind == "ratio"


def test_the_documented_example_is_valid() -> None:
    assert DOCUMENTED is not None
    assert parse_model(DOCUMENTED[1], name="m").metrics["effectiveness"].kind == "product"


def test_a_written_model_reads_back_equal() -> None:
    model = parse_model(CONTRACT, name="m")
    again = parse_model(dump_model(model), name="m")
    assert again == model
    assert again.content_hash() == model.content_hash()


@pytest.mark.parametrize(
    ("old", "new", "what", "mend"),
    [
        ("timezone: Europe/Berlin", "timezone: Berlin", "no time zone", "'Europe/Berlin'"),
        ("timezone: Europe/Berlin", "country: Germany", "no country code", "DE or KR"),
        ("week_starts: monday", "weekstarts: monday", "unknown key 'weekstarts'", "'week_starts'"),
        ("week_starts: monday", "week_starts: moonday", "week_starts is 'moonday'", "'monday'"),
        ("fiscal_year_starts: 1", "fiscal_year_starts: 13", "fiscal_year_starts", "Correct"),
        ("gemba: 1", "gemba: 2", "version 2", "gemba: 1"),
        ("name: factory\n", "", "'name' is missing", "Add name"),
        ("    table: plant.production\n", "", "no table", "schema.name"),
        ("    connection: ${FACTORY_URL}\n", "", "neither connection nor files", "Add connection"),
        ("    table: plant.production\n", "    files: a.csv\n    table: x\n", "both connection and files", "Keep"),
        ("connection: ${FACTORY_URL}", "connection: localhost", "no SQLAlchemy URL", "driver://"),
        ("connection: ${FACTORY_URL}", "connection: $FACTORY_URL", "$ stands without", "${NAME}"),
        ("key: [order_id]", "key: order_id", "key should be a list", "[order_id]"),
        ("time: finished_at\n", "timezone: Europe/Berlin\n", "timezone is given", "Add time"),
        ("time: finished_at\n", "stamps: end\n", "stamps is given", "Add time"),
        ("    time: finished_at\n", "", "partition is given", "Add time"),
        ("partition: day", "partition: dayly", "partition is 'dayly'", "'day'"),
        ("life: 10 min", "life: ten minutes", "'ten minutes' is no duration", "10 min"),
        ("to: machines", "to: machine", "source 'machine' is not in the model", "'machines'"),
        ("by: {machine_id: id}", "by: {}", "names no columns", "by:"),
        ("key: [id]", "owner: Ann", "has no key", "Add key: [id]"),
        ("key: [id]", "key: [id, version]", "leaves out version", "Add to by"),
        ("{source: machines, column: line,", "{source: machine, column: line,", "'machine'", "'machines'"),
        ("{source: machines, column: line,", "{source: machines, colum: line,", "unknown key 'colum'", "'column'"),
        ("personal: true", "personal: perhaps", "personal should be true or false", "true or false"),
        ("derived: weekday", "derived: weekdays", "derived is 'weekdays'", "'weekday'"),
        ("{source: production, derived: weekday}", "{source: machines, derived: weekday}", "has none", "Add time"),
        ("{source: production, derived: weekday}", "{source: production}", "neither column nor derived", "Keep one"),
        ("sum: quantity,", "", "nothing to compute", "Add one of"),
        ("sum: quantity,", "sum: quantity, mean: quantity,", "it has sum and mean", "two metrics"),
        ("sum: quantity,", "sum: abs(a) * 2,", "cannot be read as arithmetic", "parentheses"),
        ("count: rows", "count: a + b", "count takes one column", "one column"),
        ("count: rows", "quantile: {column: cycle_s, q: 95}", "q: input should be less than 1", "Correct"),
        ("{source: production, count: rows}", "{source: productoin, count: rows}", "'productoin'", "'production'"),
        ("{source: production, count: rows}", "{count: rows}", "no source", "Add source"),
        (
            "{source: production, count: rows}",
            "{source: machines, count: rows}",
            "no question about a period",
            "Add time",
        ),
        ("ratio: [scrapped, produced]", "ratio: [scraped, produced]", "'scraped' is not in", "'scrapped'"),
        ("ratio: [scrapped, produced]", "ratio: [scrapped]", "a ratio takes two metrics", "[part, whole]"),
        ("ratio: [scrapped, produced]", "ratio: [scrapped, scrap_rate]", "in a circle", "read a source"),
        (
            "ratio: [scrapped, produced]",
            "source: production, ratio: [scrapped, produced]",
            "from other metrics",
            "Remove",
        ),
        ("matters: 0.5", "matters: 0", "not above 0", "smallest change"),
        ("matters: 0.5", "matters: much", "matters should be a number", "number"),
        ("synonyms: [output]", "synonyms: output", "synonyms should be a list", "[output]"),
        ("synonyms: [output]", "synonyms: [Production Line]", "also means the dimension 'line'", "another word"),
        ("synonyms: [output]", "synonyms: [scrap rate]", "also means the metric 'scrap_rate'", "another word"),
        ("dimension: shift, op: in", "dimension: shfit, op: in", "'shfit' is not in the model", "'shift'"),
        ("op: in, values: [night]", "op: inn, values: [night]", "op is 'inn'", "'in'"),
        ("op: in, values: [night]", "op: between, values: [1]", "between takes 2 values", "Correct"),
        ("op: in, values: [night]", "op: gt, values: [night]", "gt compares numbers", "number"),
        ("  shift: ", "  bucket: ", "used by Gemba itself", "bucket_name"),
        ("  shift: ", "  my-shift: ", "cannot be a name", "letters"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_mend(old: str, new: str, what: str, mend: str) -> None:
    told = [problem for problem in broken(old, new) if what in problem]
    assert told, broken(old, new)
    assert mend in told[0]
    assert re.match(r"m\.yaml:\d+: ", told[0])


def test_the_line_is_the_one_of_the_mistake() -> None:
    for old, new in [
        ("to: machines", "to: machine"),
        ("count: rows", "cuont: rows"),
        ("sum: scrap, w", "sum: f(x) * 2, w"),
    ]:
        assert any(problem.startswith(f"m.yaml:{line_of(old)}: ") for problem in broken(old, new))


def test_all_mistakes_are_told_in_one_run() -> None:
    text = (
        CONTRACT.replace("Europe/Berlin", "Europe/Berlim")
        .replace("key: [order_id]", "key: order_id")
        .replace("to: machines", "to: machine")
        .replace("count: rows", "cuont: rows")
        .replace("[scrapped, produced]", "[scraped, produced]")
    )
    told = "\n".join(problems_of(text))
    for piece in ("Berlim", "key should be a list", "'machine'", "'cuont'", "'scraped'"):
        assert piece in told


def test_what_cannot_be_read_is_not_also_called_unknown() -> None:
    told = broken("scrapped:    {source: production, sum: scrap, unit: pieces, better: lower}", "scrapped: 5")
    assert len(told) == 1
    assert "should be a mapping" in told[0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("- a\n- b\n", "a model is a mapping"),
        ("just words", "a model is a mapping"),
        ("a: 1\na: 2\n", "duplicate key"),
        ("a: [1, 2\n", "not valid YAML"),
        ("a:\n\t- b\n", "not valid YAML"),
        ("a: \x07\n", "control character"),
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
            "beyond any",
        ),
        ("a: " + "[" * 600, "m.yaml:1: "),
        ("sources:\nmetrics:\n", "should be a mapping"),
        ("{}", "'sources' is missing"),
    ],
)
def test_what_is_no_model_is_told(text: str, what: str) -> None:
    assert any(what in problem for problem in problems_of(text)), problems_of(text)


def test_a_file_that_is_missing_empty_or_not_utf8_is_told(tmp_path: Path) -> None:
    cases = {"empty.yaml": b"", "latin.yaml": b"name: a\n# caf\xe9\n"}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
    for name, what in {"none.yaml": "no such file", "empty.yaml": "empty", "latin.yaml": ":2: byte 0xe9"}.items():
        with pytest.raises(InvalidModelError) as caught:
            load_model(tmp_path / name)
        assert what in str(caught.value)
        assert caught.value.exit_code == 2


def test_entries_can_share_what_they_have_in_common() -> None:
    text = CONTRACT.replace(
        "metrics:\n", "metrics:\n  first: &base {source: production, sum: a, unit: kg}\n  second: {<<: *base, sum: b}\n"
    )
    model = parse_model(text, name="m")
    assert (model.metrics["second"].sum, model.metrics["second"].unit) == ("b", "kg")
    told = problems_of(text.replace("source: production, sum: a", "source: productoin, sum: a"))
    assert len(told) == 2
    assert all("'production'" in problem for problem in told)


def test_relative_files_are_those_beside_the_model(tmp_path: Path) -> None:
    text = CONTRACT.replace("    connection: ${FACTORY_URL}\n    table: plant.production\n", "    files: data/*.csv\n")
    text = text.replace('connection: "${FACTORY_URL}", table: plant.machines', "files: machines.csv")
    (tmp_path / "m.yaml").write_text(text)
    model = load_model(tmp_path / "m.yaml")
    assert model.sources["production"].files == str(tmp_path / "data" / "*.csv")


def test_a_relative_sqlite_file_is_the_one_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(CONTRACT.replace("${FACTORY_URL}", "sqlite:///plant.db"))
    connection = load_model(tmp_path / "m.yaml").sources["machines"].connection
    assert connection == f"sqlite:///{tmp_path / 'plant.db'}"


def test_yaml_1_2_words_stay_words() -> None:
    model = parse_model(CONTRACT.replace("values: [night]", "values: [on, no, yes, off]"), name="m")
    assert model.metrics["night_scrap"].where[0].values == ("on", "no", "yes", "off")


def test_numbers_among_members_are_the_text_that_was_meant() -> None:
    model = parse_model(CONTRACT.replace("values: [night]", "values: [3, true]"), name="m")
    assert model.metrics["night_scrap"].where[0].values == ("3", "true")
    text = CONTRACT.replace("synonyms: [production line]", "members: {3: [line 3, 33]}")
    assert parse_model(text, name="m").dimensions["line"].members == {"3": ("line 3", "33")}


def test_a_variable_stays_in_the_model_and_is_read_when_connecting() -> None:
    model = parse_model(CONTRACT, name="m")
    connection = model.sources["machines"].connection
    assert connection == "${FACTORY_URL}"
    assert expand(connection, environment={"FACTORY_URL": "sqlite://"}) == "sqlite://"
    with pytest.raises(InputError, match="FACTORY_URL"):
        expand(connection, environment={})


def test_a_rotated_password_keeps_the_models_hash() -> None:
    one, two = (
        parse_model(CONTRACT.replace("${FACTORY_URL}", f"postgresql+psycopg://me:{word}@host/db"), name="m")
        for word in ("old", "new")
    )
    assert one.content_hash() == two.content_hash()


@pytest.mark.parametrize(
    ("text", "life"),
    [
        ("10 min", timedelta(minutes=10)),
        ("4h", timedelta(hours=4)),
        ("1 day", timedelta(days=1)),
        ("1.5 h", timedelta(hours=1.5)),
    ],
)
def test_a_life_is_a_number_and_a_unit(text: str, life: timedelta) -> None:
    assert parse_life(text) == life


@pytest.mark.parametrize("text", ["", "10", "min", "-1 h", "0 s", "1e9 weeks", "99999999999999 weeks", "1 month"])
def test_another_life_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_life(text)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_mangled_file_is_valid_or_refused_and_never_breaks_the_reader(data: st.DataObject) -> None:
    lines = CONTRACT.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    change = data.draw(st.sampled_from(["drop", "double", "cut", "junk", "null"]))
    line = lines[at]
    lines[at : at + 1] = {
        "drop": [],
        "double": [line, line],
        "cut": [line[: len(line) // 2]],
        "junk": [data.draw(st.text(max_size=20).filter(lambda text: "\n" not in text))],
        "null": [line.split(":")[0] + ":"],
    }[change]
    assert all(re.match(r"m\.yaml:\d+: ", problem) for problem in problems_or_none("\n".join(lines)))
