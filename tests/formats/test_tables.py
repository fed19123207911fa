"""Tabular text, and what is no table although it has commas."""

import pytest

from hpcfair_kg.artifact import Column
from hpcfair_kg.errors import CorruptFile
from hpcfair_kg.formats import tables
from hpcfair_kg.formats.base import Bundle

CSV = tables.Csv()


def bundle(folder, text, name="data.csv", encoding="utf-8"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return Bundle(folder, (name,))


def inspected(folder, text, name="data.csv", encoding="utf-8"):
    files = bundle(folder, text, name, encoding)
    assert CSV.claims(files) == (name,)
    return CSV.inspect(files, (name,))


def test_names_types_and_rows(tmp_path):
    text = "id,temp,ok,when,city\n1,2.5,true,2024-01-02,Oslo\n2,-1e3,false,2024-01-03,Rome\n3,,true,2024-02-01,\n"
    found = inspected(tmp_path, text)
    assert found.rows == 3
    assert found.columns == (
        Column("id", "int64"),
        Column("temp", "float64"),
        Column("ok", "bool"),
        Column("when", "datetime64[us]"),
        Column("city", "string"),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_every_delimiter_whatever_the_name(tmp_path, delimiter):
    text = "\n".join(delimiter.join(row) for row in (["a", "b"], ["1", "2.5"], ["3", "4.5"]))
    found = inspected(tmp_path, text, "data.bin")
    assert (found.columns, found.rows) == ((Column("a", "int64"), Column("b", "float64")), 2)


def test_semicolons_win_over_decimal_commas(tmp_path):
    found = inspected(tmp_path, "x;n\n1,5;2\n2,5;3\n")
    assert [column.name for column in found.columns] == ["x", "n"]


def test_without_a_header_the_columns_are_numbered(tmp_path):
    found = inspected(tmp_path, "1,2\n3,4\n")
    assert [column.name for column in found.columns] == ["column_1", "column_2"]
    assert found.rows == 2


def test_numpy_savetxt_names_its_columns_in_a_comment(tmp_path):
    found = inspected(tmp_path, "# made by hand\n# x,y\n1.0,2.0\n3.0,4.0\n")
    assert [column.name for column in found.columns] == ["x", "y"]
    assert found.rows == 2


def test_quoted_fields_may_hold_delimiters_and_line_ends(tmp_path):
    found = inspected(tmp_path, 'text,n\n"one, two\nthree",1\n"say ""hi""",2\n')
    assert found.columns == (Column("text", "string"), Column("n", "int64"))
    assert found.rows == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(tmp_path, encoding):
    found = inspected(tmp_path, "größe,n\n1.5,1\n2.5,2\n", encoding=encoding)
    assert [column.name for column in found.columns] == ["größe", "n"]
    assert found.rows == 2


def test_repeated_and_empty_names_are_told_apart(tmp_path):
    found = inspected(tmp_path, ",a,a\n0,1,2\n1,3,4\n")
    assert [column.name for column in found.columns] == ["column_1", "a", "a_3"]


def test_one_column_of_numbers_is_a_table(tmp_path):
    assert inspected(tmp_path, "label\n0\n1\n1\n").columns == (Column("label", "int64"),)


def test_rows_past_the_sample_are_counted_and_said(tmp_path):
    count = tables.TYPED_ROWS + 5
    found = inspected(tmp_path, "a,b\n" + "1,2\n" * count)
    assert found.rows == count
    assert str(tables.TYPED_ROWS) in found.notes[0]


def test_a_cut_sample_does_not_cost_the_recognition(tmp_path):
    row = "1," + "x" * 1000 + ',"a\nb"\n'
    assert inspected(tmp_path, "n,text,quoted\n" + row * 200).rows == 200


def test_parts_of_one_dataset_add_up(tmp_path):
    for part in ("1.csv", "2.csv"):
        bundle(tmp_path, "a,b\n1,2\n3,4\n", part)
    found = CSV.inspect(Bundle(tmp_path, ("1.csv", "2.csv")), ("1.csv", "2.csv"))
    assert found.rows == 4
    assert len(found.columns) == 2


def test_a_name_in_csv_is_believed_for_texts_and_the_odd_ragged_row(tmp_path):
    rows = ["name,city"] + ["Ada,London"] * 30 + ["Grace,New York,USA"]
    assert inspected(tmp_path, "\n".join(rows)).rows == 31
    assert CSV.claims(bundle(tmp_path, "\n".join(rows), "people.txt")) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "# A model\n\nIt was trained on faces, dogs and cats.\nUse it, please.\n"),
        ("LICENSE", "Permission is hereby granted, free of charge,\nto any person, obtaining a copy,\n"),
        ("config.json", '{"a": 1, "b": 2}\n{"a": 2, "b": 3}\n'),
        ("list.json", "[1, 2]\n[3, 4]\n"),
        ("page.html", "<a, 1>\n<b, 2>\n"),
        ("data.yaml", "---\na: 1\nb: 2\n"),
        ("keys.yaml", "name: encoder\nhidden: 128\n"),
        ("model.py", "import os, sys\nimport csv, json\n\nx, y = 1, 2\n"),
        ("requirements.txt", "numpy>=2.1,<3\nonnx>=1.23,<1.24\n"),
        ("vocab.txt", "[PAD]\n[UNK]\nhello\n"),
        ("merges.txt", "h e\nl l\nhe llo\n"),
        ("VERSION", "1.0\n"),
        ("prose.csv", "Dear all, this is a letter.\nIt has, here and there, commas.\nAnd none\nin the end\n"),
        ("empty.csv", ""),
        ("image.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR,\0,\0"),
    ],
)
def test_what_is_no_table(tmp_path, name, text):
    assert CSV.claims(bundle(tmp_path, text, name)) == ()


def test_an_endless_quote_is_a_corrupt_file(tmp_path):
    files = bundle(tmp_path, "a,b\n" + "1,2\n" * 20_000 + '3,"' + "x" * 200_000)
    with pytest.raises(CorruptFile, match="cannot be read as a table"):
        CSV.inspect(files, CSV.claims(files))
