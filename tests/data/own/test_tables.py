"""Tables by hand: good ones give exactly these tensors, bad ones a sentence with file, row and column."""

from __future__ import annotations

import csv
import io
import random
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data.own.custom import DataError, TableDataset
from data.own.refusals import plain
from data.own.tables import TitleError, layout_of, read_table
from settings import MAX_TABLE_BYTES, MAX_TABLE_ROWS


def table(text: str, label: str | None = None, encoding: str = "utf-8") -> TableDataset:
    return read_table(text.encode(encoding), "plants.csv", label)


def refused(data: bytes | str, label: Any = None, name: str = "plants.csv", skip: int = 0) -> str:
    """The refusal: one line that begins with the file's name, without any of the program's own words."""
    with pytest.raises(DataError) as caught:
        read_table(data.encode() if isinstance(data, str) else data, name, label, skip=skip)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and 20 < len(sentence) < 320
    assert sentence.startswith(name)
    assert not any(word in sentence for word in ("Traceback", "Error", "object at", "None", "csv."))
    return sentence


# --- good tables ------------------------------------------------------------------------------------------


def test_a_binary_table():
    result = table("height,light,flowers\n1,2.5,no\n-3,4e1,yes\n.5,6.,no\n")
    assert result.data.tolist() == [[1, 2.5], [-3, 40], [0.5, 6]] and result.data.dtype == torch.float32
    assert result.labels.tolist() == [[0], [1], [0]] and result.labels.dtype == torch.float32
    assert result.targets.tolist() == [0, 1, 0] and result.targets.dtype == torch.int64
    assert result.classes == ("no", "yes") and result.columns == ("height", "light")
    assert result[1][0].tolist() == [-3, 40] and result[1][1].tolist() == [1.0]


def test_three_classes_of_text():
    result = table("a,b,kind\n1,2,pine\n3,4,Elm\n5,6,oak\n7,8,Elm\n")
    assert result.labels.tolist() == [2, 0, 1, 0] and result.labels.dtype == torch.int64
    assert result.classes == ("Elm", "oak", "pine")


@pytest.mark.parametrize(
    "text",
    [
        "a;b;l\n1,5;2;x\n3;-4,25;y\n",
        "a\tb\tl\n1.5\t2\tx\n3\t-4.25\ty\n",
        "a\tb\tl\n1,5\t2\tx\n3\t-4,25\ty\n",
        "a;b;l\n1.5;2;x\n3;-4.25;y\n",
        "\ufeffa,b,l\r\n1.5,2,x\r\n3,-4.25,y\r\n",
        "a,b,l\r1.5,2,x\r3,-4.25,y",
        '"a","b","l"\n"1.5","2","x"\n"3","-4.25","y"\n',
        " a , b , l \n 1.5 , 2 , x \n\n3, -4.25 ,y\n\n\n",
        "a,b,l,,\n1.5,2,x,,\n3,-4.25,y,,\n",
        "a,b,l\n1.5,2,x\n,,\n3,-4.25,y\n",
    ],
)
def test_other_ways_to_write_the_same_table(text):
    result = table(text)
    assert result.data.tolist() == [[1.5, 2], [3, -4.25]] and result.columns == ("a", "b")
    assert result.labels.tolist() == [[0], [1]] and result.classes == ("x", "y")


def test_a_comma_in_a_name_is_not_a_separator():
    result = table("height, cm;weight, kg;kind\n1,5;2,5;a\n2,5;3,5;b\n")
    assert result.columns == ("height, cm", "weight, kg") and result.data.tolist() == [[1.5, 2.5], [2.5, 3.5]]


def test_long_rows_do_not_hide_the_separator():
    """The sample that the separator is guessed from ends in the middle of a row."""
    rows = [";".join(f"{'x' * 100}{i}, cm" for i in range(200)), *(";".join(["1," + "5" * 60] * 200),) * 9]
    result = table("\n".join([rows[0] + ";l", *(f"{row};{'ab'[i % 2]}" for i, row in enumerate(rows[1:]))]))
    assert result.data.shape == (9, 200) and result.classes == ("a", "b")


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-8", ("größe", "nö", "ja")), ("utf-8-sig", ("größe", "nö", "ja")),
        ("utf-16", ("größe", "nö", "ja")),
        ("windows-1252", ("größe", "nö", "ja")), ("windows-1252", ("año", "sí", "no")),
        ("windows-1250", ("výška", "smrk", "břízá")), ("windows-1251", ("рост", "да", "нет")),
        ("koi8-r", ("рост", "да", "нет")), ("windows-1253", ("ύψος", "ναι", "όχι")),
        ("windows-1254", ("ığdır", "çınar", "meşe")), ("windows-1256", ("طول", "نعم", "لا")),
        ("gb18030", ("身高", "是", "否")), ("big5", ("身高", "體重", "類別")),
        ("cp932", ("身長", "はい", "いいえ")), ("cp949", ("몸무게", "예", "아니오")),
    ],
)  # fmt: skip
def test_encodings(encoding, words):
    """The encoding is told from a few words, and the page can say which it was."""
    column, *classes = words
    text = f"{column},l\n1,{classes[0]}\n2,{classes[1]}\n"
    result = table(text, encoding=encoding)
    assert result.columns == (column,) and set(result.classes) == set(classes)
    read = layout_of(text.encode(encoding), "x.csv").rows.text
    assert read.encoding == {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    assert read.is_certain == encoding.startswith("utf")


def test_another_encoding_can_be_chosen():
    data = "рост,l\n1,да\n2,нет\n".encode("windows-1251")
    assert read_table(data, "x.csv", encoding="koi8-r").classes == (
        "да".encode("windows-1251").decode("koi8-r"), "нет".encode("windows-1251").decode("koi8-r"),
    )  # fmt: skip
    with pytest.raises(DataError, match="cannot be read as big5"):
        read_table(b"a,l\n1,\xff\n2,x\n", "x.csv", encoding="big5")
    # what is in UTF-8 is nothing else, and an encoding that does not exist is guessed
    assert read_table("a,l\n1,ä\n2,ö\n".encode(), "x.csv", encoding="koi8-r").classes == ("ä", "ö")
    assert read_table(data, "x.csv", encoding="rot13").classes == ("да", "нет")


@pytest.mark.parametrize(
    ("text", "skip", "row"),
    [
        ("sep=;\nh;w;y\n1,5;2;a\n3;4;b\n5;x;a\n", 0, 4),
        ('"sep=|"\r\nh|w|y\r\n1.5|2|a\r\n3|4|b\r\n5|x|a', 0, 4),
        ("SEP=\t\nh\tw\ty\n1.5\t2\ta\n3\t4\tb\n5\tx\ta\n", 0, 4),
        ("h|w|y\n1.5|2|a\n3|4|b\n5|x|a\n", 0, 4),
        ("  h   w y\n1.5  2 a\n 3 4   b\n5 x a\n", 0, 4),
        ("Measurements of 2024\nh,w,y\n1.5,2,a\n3,4,b\n5,x,a\n", 1, 5),
        ("Measurements, of 2024,,\nh,w,y,\n1.5,2,a,\n3,4,b,\n5,x,a,\n", 1, 5),
        ("\n# by me\n# on a day\n\nh;w;y\n1,5;2;a\n3;4;b\n5;x;a\n", 3, 8),
    ],
)
def test_what_stands_above_a_table_is_used_or_offered_to_be_skipped(text, skip, row):
    """Row numbers are those of a spreadsheet all the same, as the refusal of the last row shows."""
    if skip:
        with pytest.raises(TitleError) as offer:
            table(text)
        assert offer.value.skip == skip and re.search(r"below have 3\.|than the 3 of", str(offer.value))
    assert f'row {row}, column "w": "x" is not a number' in refused(text, skip=skip)
    result = read_table(text.rsplit("5", 1)[0].encode(), "x.csv", skip=skip)
    assert result.data.tolist() == [[1.5, 2], [3, 4]] and result.classes == ("a", "b")


def test_a_table_without_names_is_read_where_its_first_row_is_clearly_a_sample():
    result = table("5.1,3,setosa\n4.9,3,setosa\n6,3,virginica\n")
    assert result.columns == ("column_1", "column_2") and len(result) == 3
    assert result.classes == ("setosa", "virginica") and result.labels.flatten().tolist() == [0, 0, 1]
    assert table("5.1,3,1\n4.9,3,1\n6,3,2\n", "column_1").columns == ("column_2", "column_3")


@pytest.mark.parametrize(
    ("header", "label", "sentence"),
    [
        ("species,h,w", None, 'The last column, "w", was taken as the label; if another one is, name it.'),
        ("species,Y,w", None, 'column "Y" was taken as the label for its name; if another one is, name it.'),
        ("species,h,w", "w", "such as 3 or 2.5."),
    ],
)
def test_the_column_that_was_taken_as_the_label_is_named(header, label, sentence):
    assert refused(f"{header}\na,1,2\nb,2,3\n", label).endswith(sentence)


@pytest.mark.parametrize(
    ("header", "label", "column"),
    [
        ("a,b,c", None, 2),
        ("a,Label,c", None, 1),
        ("CLASS,b,c", None, 0),
        ("y,target,c", None, 1),
        ("outcome,b,c", None, 0),
        ("a,label,c", "a", 0),
        ("a,label,c", "C", 2),
        ("a,A,c", "A", 1),
    ],
)
def test_the_label_column(header, label, column):
    result = table(f"{header}\n1,2,3\n4,5,6\n", label)
    names = header.split(",")
    assert result.columns == tuple(name for place, name in enumerate(names) if place != column)
    assert result.classes == (str(1 + column), str(4 + column))


def test_a_quoted_cell_of_two_lines_is_one_row():
    assert 'row 4, column "a"' in refused('a,l\n1,"x\ny"\n2,z\nbad,z\n')


def test_names_are_shown_on_one_short_line():
    result = table('"a\nb\u202e\x07",l\n1,x\n2,y\n')
    assert result.columns == ("a b",)
    assert table(f"{'n' * 99},l\n1,x\n2,y\n").columns == ("n" * 39 + "…",)
    assert plain("\ud800 x\u200b y ") == "x y" and plain("") == ""


def test_a_file_of_the_csv_module_comes_back():
    """Every number that Python writes comes back, at the precision of float32."""
    source = random.Random(4)
    rows = [[source.uniform(-1e6, 1e6) for _ in range(7)] + [source.choice("abc")] for _ in range(300)]
    file = io.StringIO()
    csv.writer(file).writerows([[f"c{i}" for i in range(8)], *rows])
    result = table(file.getvalue())
    assert torch.equal(result.data, torch.tensor([row[:7] for row in rows]))
    assert [result.classes[i] for i in result.targets] == [row[7] for row in rows]


def test_the_largest_table_allowed():
    body = "".join(f"{i % 7},{i % 2}\n" for i in range(MAX_TABLE_ROWS))
    assert table("a,b\n" + body).data[-1].tolist() == [(MAX_TABLE_ROWS - 1) % 7]
    assert "row" in refused("a,b\n" + body + "1,1\n")
    wide = ",".join(f"c{i}" for i in range(256)) + "\n" + (",".join("1" * 255) + ",x\n") + "2," * 255 + "y\n"
    assert table(wide).data.shape == (2, 255)


# --- bad tables -------------------------------------------------------------------------------------------

HEAD = "height,light,flowers\n1,2,no\n"
COLUMN = 'plants.csv, row 3, column "light": '
BAD: dict[str, tuple[bytes | str, str]] = {
    "empty": (b"", "empty"),
    "blank": ("\n \n\n", "nothing in this table"),
    "separators only": (",,,\n,,,\n", "Only one column"),
    "one word": ("hello", "Only one column"),
    "one column": ("a\n1\n2\n", "Only one column"),
    "header only": ("a,b\n", "at least 2 rows"),
    "one row": ("a,b\n1,2\n", "at least 2 rows below its first row; this one has 1."),
    "too many bytes": (b"a,b\n" + b"1,2\n" * (MAX_TABLE_BYTES // 4), "larger than 5 MB"),
    "too many columns": (",".join(f"c{i}" for i in range(257)) + "\n", "257 columns; at most 256"),
    "endless header": ("a," * 100_000 + "a\n", "columns; at most 256"),
    "endless row of numbers": (("1.5," * 256 + "1.5\n") * 2, "257 columns; at most 256"),
    "nul": (b"a,b\n1,\x002\n", "not text"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "This is a picture, not a table"),
    "random": (random.Random(1).randbytes(3000), "not text"),
    "utf-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), "not text"),
    "utf-16 cut": ("a,b\n1,2\n".encode("utf-16")[:-1], "not text"),
    "zip archive": (b"PK\x03\x04" + bytes(100), "a zip archive or an office document, not a table"),
    "old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "gzip": (b"\x1f\x8b\x08", "compressed"),
    "parquet": (b"PAR1" + bytes(9), "Parquet"),
    "no header": ("1,2,3\n4,5,6\n7,8,9\n", "plants.csv, row 1: The first row must name the columns"),
    "no header, label in words": ("5.1,3.5,setosa\n4.9,3.0,virginica\n", "row 1: The first row must name"),
    "pandas header": ("0,1,2\n4,5,6\n7,8,9\n", "row 1: The first row must name"),
    "index without a name": (",a,l\n0,1,x\n1,2,y\n", "row 1: Column 1 has no name"),
    "invisible name": ("a,\u200b,l\n0,1,x\n1,2,y\n", "row 1: Column 2 has no name"),
    "same name twice": ("a,b,a\n1,2,3\n4,5,6\n", 'row 1: Two columns are called "a"'),
    "short row": (HEAD + "1,yes\n", "plants.csv, row 3: Row 1 names 3 columns, but cells in this row: 2."),
    "long row": (HEAD + "1,2,yes,4\n", "row 3: Row 1 names 3 columns, but cells in this row: 4"),
    "short after blank lines": (HEAD + "\n\n1\n", "row 5: Row 1 names 3 columns, but cells in this row: 1."),
    "text": (HEAD + "1,dark,yes\n", COLUMN + '"dark" is not a number'),
    "empty cell": (HEAD + "1,,yes\n", COLUMN + "This cell is empty"),
    "nan": (HEAD + "1,nan,yes\n", COLUMN + '"nan" is not a number'),
    "infinity": (HEAD + "1,-inf,yes\n", COLUMN + '"-inf" is not a number'),
    "overflow": (HEAD + "1,1e999,yes\n", COLUMN + '"1e999" is too large'),
    "overflow of float32": (HEAD + "1,-3.5e38,yes\n", COLUMN + '"-3.5e38" is too large'),
    "underscore": (HEAD + "1,1_000,yes\n", COLUMN + '"1_000" is not a number'),
    "digits of another script": (HEAD + "1,٣,yes\n", COLUMN + '"٣" is not a number'),
    "thousands": (HEAD + '1,"1,000",yes\n', COLUMN + '"1,000" is not a number'),
    "unit": (HEAD + "1,5 %,yes\n", COLUMN + '"5 %" is not a number'),
    "hexadecimal": (HEAD + "1,0x10,yes\n", COLUMN + '"0x10" is not a number'),
    "boolean": (HEAD + "1,True,yes\n", COLUMN + '"True" is not a number'),
    "formula": (HEAD + "1,=1+1,yes\n", COLUMN + '"=1+1" is not a number'),
    "only a sign": (HEAD + "1,-,yes\n", COLUMN + '"-" is not a number'),
    "only a point": (HEAD + "1,.,yes\n", COLUMN + '"." is not a number'),
    "long cell": (HEAD + f"1,{'x' * 9999},yes\n", COLUMN + '"' + "x" * 39 + '…" is not'),
    "control characters": (HEAD + "1,\x1b[31mred\u202e,yes\n", COLUMN + '"[31mred" is not a number'),
    "both marks": ("a;b;l\n1,5;2;x\n2;2.5;y\n", 'row 3, column "b": "2.5" is written with "."'),
    "both marks in the label": ("a;b;l\n1,5;2;1\n2;2;2.5\n", 'row 3, column "l": "2.5" is written with "."'),
    "points and a comma": ("a;b;l\n1.234,5;2;x\n2;2;y\n", 'row 2, column "a": "1.234,5" is not a number'),
    "open quote": (HEAD + '1,"2,yes\n1,2,no\n', "row 3: A quotation mark"),
    "open quote, long": (HEAD + '1,"2,yes\n' + "1,2,no\n" * 30_000, "row 3: A cell is far too long"),
    "text after a quote": (HEAD + '1,"2"3,yes\n', "row 3: A closing quotation mark"),
    "long header cell": ("a" * 200_000 + ",b\n1,2\n3,4\n", "row 1: A cell is far too long"),
    "empty label": (HEAD + "1,2,\n", 'row 3, column "flowers": The label is empty'),
    "invisible label": (HEAD + "1,2,\u200b\n", 'row 3, column "flowers": The label is empty'),
    "long label": (HEAD + f"1,2,{'x' * 41}\n", 'row 3, column "flowers": A label has at most 40'),
    "one label": (HEAD + "1,2,no\n", 'column "flowers": Every row has the label "no"'),
    "one number as label": ("a,l\n1,1\n2,1.0\n", 'column "l": Every row has the label "1"'),
    "too many words": ("a,l\n" + "".join(f"1,w{i}\n" for i in range(51)), 'row 2, column "l": "w0" is not a'),
    "a word among numbers": (
        "a,l\n" + "".join(f"1,{i}.5\n" for i in range(60)) + "1,none\n",
        'row 62, column "l": "none" is not a plain number, and 61 different labels',
    ),
    "label overflow": ("a,l\n1,1e39\n2,1\n3,2\n", 'row 2, column "l": "1e39" is too large'),
}


@pytest.mark.parametrize(("data", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_table_gets_a_sentence(data, sentence):
    assert sentence in refused(data)


def test_there_are_enough_bad_tables():
    assert len(BAD) >= 40


@pytest.mark.parametrize("label", ["size", "", "x" * 500, "\x1b[0m", 3, True, ["a"], float("nan")])
def test_a_missing_label_column_is_refused(label):
    assert "There are: height, light, flowers." in refused(HEAD + "1,2,yes\n", label)


def test_the_name_of_the_file_is_shown_as_plain_text():
    with pytest.raises(DataError, match=r"^a b: This file is empty"):
        read_table(b"", "a\n\x07b\u202e")
    with pytest.raises(DataError, match=r"^table: "):
        read_table(b"", "\u200b")
    with pytest.raises(DataError, match="empty"):
        read_table(None, "x.csv")


# --- anything at all --------------------------------------------------------------------------------------

cells = st.text("0123456789.,;-+e\t\"' \nabn%\u200b", max_size=8)


def survives(data: bytes) -> None:
    try:
        result = read_table(data, "any.csv")
    except DataError as error:
        assert str(error).startswith("any.csv")
        return
    assert torch.isfinite(result.data).all() and torch.isfinite(result.labels.double()).all()
    assert len(result) >= 2 and result.data.shape == (len(result), len(result.columns))
    assert not result.classes or result.targets.max() < len(result.classes) == len(result.targets.unique())


@given(st.binary(max_size=300))
def test_any_bytes(data):
    survives(data)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=2, max_size=6), st.sampled_from(",;\t"))
def test_any_cells(rows, separator):
    survives("\n".join(separator.join(row) for row in rows).encode())


@given(
    st.lists(st.tuples(st.floats(-1e30, 1e30), st.sampled_from("pqr")), min_size=3, max_size=20),
    st.sampled_from(",;\t"),
)
def test_any_numbers_come_back(rows, separator):
    text = f"a{separator}l\n" + "".join(f"{number!r}{separator}{label}\n" for number, label in rows)
    labels = sorted({label for _, label in rows})
    if len(labels) < 2:
        assert "Every row" in refused(text)
        return
    result = table(text)
    assert torch.equal(result.data[:, 0], torch.tensor([number for number, _ in rows], dtype=torch.float32))
    assert result.classes == tuple(labels) and [labels[i] for i in result.targets] == [
        label for _, label in rows
    ]


def test_a_refusal_is_in_the_language_of_the_visitor(pseudo):
    with pytest.raises(DataError) as refusal:
        table(HEAD + "1,two,yes\n")
    sentence = str(refusal.value)
    assert (
        sentence.startswith('⟦⟦plants.csv, row 3, column "light"') and ': ⟦"two" is not a number.' in sentence
    )
