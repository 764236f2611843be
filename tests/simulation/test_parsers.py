"""Numbers as programs write them: read right, or refused, and never guessed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surrogate.simulation.outputs import BadOutput
from surrogate.simulation.parsers import as_parser, read_number

POLAR = """ Calculated polar for: NACA 2412 \r
\r
   alpha    CL        CD  \r
  ------ -------- --------- \r
   2.000   0.4909   0.00617\r
   4.000   0.7146   0.00693\r
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0-101", 1e-101),
        ("-.25+100", -0.25e100),
        ("1D+03", 1000.0),
        ("1.5d-3", 0.0015),
        ("1Q0", 1.0),
        (" +2. ", 2.0),
        ("0", 0.0),
        ("-0", -0.0),
        ("1e-320", 1e-320),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_numbers_of_fortran_and_c_are_read(text, value):
    assert read_number(text) == value
    assert math.copysign(1, read_number(text)) == math.copysign(1, value)


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "nan(0x1)", "NAN"])
def test_nan_is_read_as_nan(text):
    assert math.isnan(read_number(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("*****", "Fortran prints for a number that does not fit"),
        ("1,5", "comma"),
        ("1.234,5", "comma"),
        ("0,5e3", "comma"),
        ("", "no number"),
        ("1.0-5", "no number"),
        ("1-101", "no number"),
        ("1.0.0", "no number"),
        ("0x10", "no number"),
        ("1_000", "no number"),
        ("٣", "no number"),
        ("12 kN", "no number"),
        ("true", "no number"),
        ("-1.#IND", "no number"),
        ("1.0-2.0", "no number"),
    ],
)
def test_what_is_no_number_is_refused(text, why):
    with pytest.raises(BadOutput, match=why):
        read_number(text)


@given(st.floats(allow_nan=False))
def test_every_number_that_python_writes_is_read_back(value):
    assert read_number(repr(value)) == value


def parsed(tmp_path, content, **described):
    path = tmp_path / "out"
    path.write_bytes(content.encode())
    return as_parser("y", {"file": "out", **described}).read(path)


def test_a_column_is_found_by_its_header(tmp_path):
    assert parsed(tmp_path, POLAR, column="CL") == 0.7146
    assert parsed(tmp_path, POLAR, column="CD", row=0) == 0.00617
    assert parsed(tmp_path, POLAR, column="CL", row="all").tolist() == [0.4909, 0.7146]


def test_the_last_table_counts_and_ends_at_an_empty_line(tmp_path):
    assert parsed(tmp_path, f"{POLAR}\n{POLAR.replace('0.7146', '0.8')}\n\n 1 2 3\n", column="CL") == 0.8


def test_a_column_of_a_table_without_header_is_counted(tmp_path):
    assert parsed(tmp_path, "x y\n1 2\n3 4\n", column=2, skip=1) == 4.0
    assert parsed(tmp_path, "1 2\n3 4\n", column=1, row="all").tolist() == [1.0, 3.0]


def test_a_cell_of_a_csv_file_may_be_quoted_and_named_in_any_script(tmp_path):
    content = '\ufeff"Widerstand, Cw",Größe\n"0.25",3\n'
    assert parsed(tmp_path, content, column="Widerstand, Cw", delimiter=",") == 0.25
    assert parsed(tmp_path, content, column="Größe", delimiter=",", row=0) == 3.0


def test_a_pattern_reads_its_group_in_the_last_match(tmp_path):
    content = "step 1: drag = 0.5\nstep 2: drag = 0.25\n"
    assert parsed(tmp_path, content, regex=r"drag = (\S+)") == 0.25
    assert parsed(tmp_path, content, regex=r"drag = (\S+)", row=0) == 0.5
    assert parsed(tmp_path, content, regex=r"^step (\d):", row="all").tolist() == [1.0, 2.0]


def test_a_json_key_is_a_path(tmp_path):
    content = '{"results": {"lift": 0.5, "cp": [1, 2.5]}, "list": [{"a": 3}]}'
    assert parsed(tmp_path, content, json="results.lift") == 0.5
    assert parsed(tmp_path, content, json=["list", 0, "a"]) == 3
    assert np.asarray(parsed(tmp_path, content, json="results.cp")).tolist() == [1.0, 2.5]


@pytest.mark.parametrize(
    ("content", "described", "why"),
    [
        (POLAR.split("   2.000")[0], {"column": "CL"}, "there are no rows with column 'CL'"),
        (POLAR, {"column": "CM"}, "no line has a column 'CM'"),
        (POLAR, {"column": "CL", "row": 5}, "there are 2 rows with column 'CL', and row 5"),
        (POLAR.replace("0.7146   0", "0.7146-0"), {"column": "CL"}, "a row of the table has 2 entries, the header 3"),
        (POLAR[:-10], {"column": "CL"}, "a row of the table has 2 entries, the header 3"),
        (POLAR.replace("0.7146", "******"), {"column": "CL"}, "Fortran"),
        ("1,5;2\n", {"column": 1, "delimiter": ";"}, "comma"),
        ("1\n", {"column": 2}, "has 1 entries, column 2"),
        ("", {"column": 1}, "there are no rows"),
        ("", {"regex": "(x)"}, "there are no matches of '\\(x\\)'"),
        ("drag = high", {"regex": "drag = (.*)"}, "'high' is no number"),
        ('{"a": 1', {"json": "a"}, "not valid JSON"),
        ('{"a": 1}', {"json": "b"}, "there is no 'b'"),
        ('{"a": 1}', {"json": "a.b"}, "there is no 'b'"),
        ('{"a": "1.0"}', {"json": "a"}, "is no number"),
        ('{"a": true}', {"json": "a"}, "is no number"),
        ('{"a": null}', {"json": "a"}, "is no number"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, content, described, why):
    with pytest.raises(BadOutput, match=why):
        parsed(tmp_path, content, **described)


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ("polar.txt", "expected .* a pair"),
        ({"file": "a"}, 'expected "file" and one of regex, column, json'),
        ({"column": "CL"}, 'expected "file" and one of'),
        ({"file": "a", "column": 1, "regex": "(x)"}, 'expected "file" and one of'),
        ({"file": "a", "column": 1, "match": 0}, "'column' has no option 'match'; it has row, delimiter, skip"),
        ({"file": "a", "column": 0}, "a number from 1 on"),
        ({"file": "a", "column": 1, "row": "last"}, "row: expected"),
        ({"file": "a", "column": 1, "delimiter": "::"}, "one character"),
        ({"file": "a", "column": 1, "skip": -1}, "skip: expected"),
        ({"file": "a", "regex": "x"}, "needs one group in parentheses"),
        ({"file": "a", "regex": "("}, "regex: .*unterminated"),
        ({"file": "a", "json": ""}, "json: expected a key"),
        ({"file": "../a", "column": 1}, "must lie inside"),
    ],
)
def test_a_parser_that_says_too_little_or_too_much_is_refused(described, why):
    with pytest.raises(ValueError, match=why):
        as_parser("y", described)
