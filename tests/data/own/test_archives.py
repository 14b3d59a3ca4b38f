"""Uploads of pictures: good ones give exactly these samples, bad ones a sentence that names the file."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.own import archives
from data.own.annotations import Names
from data.own.archives import lone_table, read_pictures
from data.own.custom import DataError, PictureDataset
from data.own.picture import ANIMATED, picture_work, read_picture
from settings import MAX_ARCHIVE_BYTES, MAX_PICTURES
from tests.data.own.packing import packed, png, progressive, refused

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


R, G, B = png(RED), png(GREEN), png(BLUE)
TWO = {"cat/1.png": R, "dog/2.png": G}


def colours(dataset: PictureDataset) -> list[Any]:
    return [image.getpixel((0, 0)) for image in dataset.images]


def read(files: dict[str, bytes], **more: bytes) -> tuple[PictureDataset, tuple[str, ...]]:
    return read_pictures([("pets.zip", packed(files)), *more.items()])


# --- good uploads -----------------------------------------------------------------------------------------


def test_folders_are_labels():
    dataset, notes = read({"dog/a.png": R, "cat/b.png": G, "cat/c.png": B})
    assert dataset.classes == ("cat", "dog") and dataset.targets.tolist() == [1, 0, 0]
    assert colours(dataset) == [RED, GREEN, BLUE] and notes == ()
    image, label = dataset[0]
    assert image.mode == "RGB" and image.size == (4, 3) and label == 1


@pytest.mark.parametrize("top", ["pets/", "data/pets/", "./pets/", "pets\\"])
def test_below_common_folders(top):
    dataset, notes = read({f"{top}cat/b.png": G, f"{top}dog/young/a.png": R})
    assert dataset.classes == ("cat", "dog") and dataset.targets.tolist() == [0, 1] and notes == ()


def test_folders_that_are_numbers_count():
    dataset, _ = read({f"{digit}/x.png": R for digit in (10, 9, 2)})
    assert dataset.classes == ("2", "9", "10") and dataset.targets.tolist() == [2, 1, 0]


def test_files_that_a_computer_adds_are_skipped():
    rubbish = {"__MACOSX/cat/._1.png": b"x", "cat/.DS_Store": b"x", "cat/Thumbs.db": b"x", ".git/a.png": b"x"}
    dataset, notes = read({**rubbish, **TWO, "empty/": b""})
    assert len(dataset) == 2 and notes == ()


def test_a_note_names_the_files_that_are_left_out():
    _, notes = read({**TWO, "README.txt": b"x"})
    assert notes == ("README.txt is no picture and was left out.",)
    _, notes = read({**TWO, "README.txt": b"x", "cat/run.exe": b"x", "a": b"x", "b": b"x"})
    assert notes == ("4 files are no pictures and were left out: README.txt, cat/run.exe, a and 1 more.",)


@pytest.mark.parametrize("header", ["", "file name,label\n", "picture;kind\n"])
def test_pictures_with_annotations(header):
    separator = ";" if ";" in header else ","
    lines = [f"c.png{separator}dog", f"a.png{separator}cat", f"b.png{separator}dog"]
    files = [("a.png", R), ("labels.csv", (header + "\n".join(lines)).encode()), ("b.png", G), ("c.png", B)]
    dataset, notes = read_pictures(files)
    assert dataset.classes == ("cat", "dog") and dataset.targets.tolist() == [1, 0, 1] and notes == ()
    assert colours(dataset) == [BLUE, RED, GREEN]  # in the order of the table


def test_annotations_in_an_archive_count_more_than_folders():
    files = {"p/cat/1.png": R, "p/dog/2.png": G, "p/labels.csv": b"cat/1.png,x\n./p/dog/2.png,y\n"}
    dataset, notes = read(files)
    assert dataset.classes == ("x", "y") and dataset.targets.tolist() == [0, 1] and notes == ()


def test_annotations_beside_an_archive():
    table = b"1.png,y\r\ncat\\3.png,x\r\n"
    dataset, notes = read({**TWO, "cat/3.png": B}, **{"C:\\labels.csv": table})
    assert dataset.classes == ("x", "y") and colours(dataset) == [RED, BLUE]
    assert notes == ("dog/2.png is not listed in labels.csv and was left out.",)


def test_a_picture_outside_folders_is_found_although_another_has_its_name():
    dataset, _ = read({"1.png": R, "cat/1.png": G, "labels.csv": b"cat/1.png,x\n1.png,y\n"})
    assert colours(dataset) == [GREEN, RED]


def test_accents_of_a_mac_are_accents():
    apart = unicodedata.normalize("NFD", "é.png")
    dataset, _ = read_pictures([(apart, R), ("b.png", G), ("l.csv", "é.png,ja\nb.png,nö\n".encode())])
    assert dataset.classes == ("ja", "nö")


def test_labels_become_plain_text():
    table = "a.png,\u202ecat \x07\u200b  one\nb.png,${1}<b>\n".encode()
    dataset, _ = read_pictures([("a.png", R), ("b.png", G), ("l.csv", table)])
    assert dataset.classes == ("${1}<b>", "cat one")


@pytest.mark.parametrize(
    ("size", "expected"),
    [((128, 64), (64, 32)), ((64, 64), (64, 64)), ((5, 9), (5, 9)), ((1, 3000), (1, 64))],
)
def test_pictures_are_kept_small(size, expected):
    dataset, _ = read({"a/1.png": png(size=size), "b/2.png": G})
    assert dataset[0][0].size == expected and colours(dataset) == [RED, GREEN]


def test_every_kind_of_picture():
    kinds = {"PNG": ".png", "JPEG": ".JPG", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp"}
    dataset, _ = read({f"{kind}/x{end}": png(BLUE, kind=kind) for kind, end in kinds.items()})
    assert dataset.classes == ("BMP", "GIF", "JPEG", "PNG", "WEBP")
    assert all(abs(c[0]) <= 3 and abs(c[2] - 255) <= 3 for c in colours(dataset))


def test_the_first_frame_of_an_animation_is_used():
    moving = png(kind="GIF", save_all=True, append_images=[Image.new("RGB", (4, 3), GREEN)])
    dataset, notes = read({"a/1.gif": moving, "b/2.png": G})
    assert colours(dataset)[0] == RED and notes == (f"a/1.gif: {ANIMATED}",)


def test_as_many_pictures_and_classes_as_allowed():
    files = {f"{'ab'[i % 2]}/{i}.png": R for i in range(MAX_PICTURES)}
    assert len(read(files)[0]) == MAX_PICTURES


LAYOUTS: dict[str, tuple[list[str], dict[str, str], str]] = {
    "parts with an extra one": (
        ["train/a/1.png", "train/b/1.png", "valid/a/2.png", "valid/b/2.png", "extra/b/3.png"],
        {
            "train/a/1.png": "a", "train/b/1.png": "b", "valid/a/2.png": "a", "valid/b/2.png": "b",
            "extra/b/3.png": "b",
        },
        "extra, train, valid are parts of a data set, read together: the folders in them are the labels.",
    ),
    "a test part without labels": (
        ["seg_train/seg_train/a/1.png", "seg_train/seg_train/b/1.png", "seg_pred/seg_pred/7.png"],
        {"seg_train/seg_train/a/1.png": "a", "seg_train/seg_train/b/1.png": "b"},
        "1 picture beside these folders, or in one without a label, was left out: seg_pred/seg_pred/7.png.",
    ),
    "a class called train": (
        ["train/1.png", "car/1.png", "bus/red/1.png"],
        {"train/1.png": "train", "car/1.png": "car", "bus/red/1.png": "bus"},
        "",
    ),
    "pictures without an ending": (["a/1", "b/2"], {"a/1": "a", "b/2": "b"}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "expected", "note"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_of_folders(paths, expected, note):
    # each picture has a colour of its own, by which it is known again
    shade = {path: 20 * place for place, path in enumerate(paths)}
    dataset, notes = read({path: png((shade[path], 0, 0)) for path in paths})
    labels = {image.getpixel((0, 0))[0]: dataset.classes[int(target)] for image, target in zip(
        dataset.images, dataset.targets, strict=True)}  # fmt: skip
    assert labels == {shade[path]: label for path, label in expected.items()}
    assert note in notes if note else notes == ()


MATCHES: dict[str, tuple[list[str], list[str]]] = {
    "ids": (["0001.png", "0002.jpg"], ["0001", "0002"]),
    "other letters": (["IMG_1.PNG", "b.png"], ["img_1.png", "B.PNG"]),
    "here": (["a.png", "b.png"], ["./a.png", "././b.png"]),
    "absolute": (["x/a.png", "y/b.png"], ["/home/me/data/a.png", "C:\\data\\b.png"]),
    "a folder above": (["a.png", "b.png"], ["pictures/a.png", "../b.png"]),
    "folders without end": (["a.png", "b.png"], ["x/" * 60_000 + "a.png", "./" * 60_000 + "b.png"]),
    "one name, told apart": (["x/a.png", "y/a.png"], ["/data/y/a.png", "x/a"]),
    "an ending tells them apart": (["a.png", "a.jpg"], ["a.jpg", "a.png"]),
}


@pytest.mark.parametrize(("paths", "entries"), MATCHES.values(), ids=MATCHES)
def test_a_table_finds_its_pictures(paths, entries):
    """In the last two, the entries are in the other order."""
    order = [1, 0] if len({path.rpartition("/")[2].partition(".")[0] for path in paths}) == 1 else [0, 1]
    names = Names(paths)
    assert [names.find(entry) for entry in entries] == [[paths[place]] for place in order]


def test_another_folder_of_that_name_is_another_picture():
    names = Names(["cat/1.png", "dog/1.png", "2.png"])
    assert names.find("cow/1.png") == [] and names.find("cow/2.png") == ["2.png"]
    assert names.find("1") == ["cat/1.png", "dog/1.png"]


def test_of_countless_tables_the_outermost_are_searched(monkeypatch):
    searched = []
    monkeypatch.setattr(archives, "names_any", lambda rows, pictures: searched.append(rows.file))
    read({**{f"cat/notes/{n}.csv": b"x" for n in range(300)}, "list.csv": b"x", **TWO})
    assert searched[0] == "list.csv" and len(searched) == 100


def test_a_stray_table_beside_folders_is_left_out():
    dataset, notes = read({**TWO, "sizes.csv": b"animal,size\ncat,3\n"})
    assert dataset.classes == ("cat", "dog")
    assert notes == ("sizes.csv names none of the pictures and was left out.",)
    # of two tables, the one that names pictures counts
    dataset, notes = read_pictures([*PAIR, ("README.txt", b"by me"), ("l.csv", b"a.png,x\nb.png,y\n")])
    assert dataset.classes == ("x", "y")
    assert notes == ("README.txt names none of the pictures and was left out.",)
    # one that was chosen by hand is not left out
    with pytest.raises(DataError, match=r'There is no picture called "cow.png"'):
        read(TWO, **{"labels.csv": b"cow.png,cow\n"})


# --- bad archives -----------------------------------------------------------------------------------------

GOOD = packed(TWO)
BAD_ARCHIVES: dict[str, tuple[bytes, str]] = {
    "no file": (packed({}), "pets.zip: There is no picture"),
    "folders only": (packed({"cat/": b"", "dog/": b""}), "pets.zip: There is no picture"),
    "no picture": (packed({"cat/a.txt": b"x", "b.xml": b"x"}), "pets.zip: There is no picture"),
    "too many bytes": (GOOD + bytes(MAX_ARCHIVE_BYTES), "pets.zip: All files together are larger than 10 MB"),
    "no folders": (packed({"1.png": R, "2.png": G}), "pets.zip, 1.png: This picture is in no folder"),
    "one in no folder": (packed({**TWO, "3.png": G}), "pets.zip, 3.png: This picture is in no folder"),
    "one folder": (packed({"cat/1.png": R, "cat/2.png": G}), 'pets.zip: Every picture has the label "cat"'),
    "one picture": (packed({"cat/1.png": R}), "pets.zip: A dataset has 2 to 2,000 pictures, this one 1."),
    "too many labels": (
        packed({f"{i}/a.png": R for i in range(51)}),
        "pets.zip: 51 different labels are too many",
    ),
    "parts of a data set": (
        packed({"p/train/1.png": R, "p/test/2.png": G, "p/extra/3.png": G}),
        "are parts of a data set, not labels: test, train",
    ),
    "images and masks": (
        packed({"images/1.png": R, "masks/1.png": G}),
        "hold pictures and what is marked in them, not labels: images, masks",
    ),
    "long label": (packed({**TWO, "x" * 41 + "/1.png": R}), "A label has at most 40 characters"),
    "invisible label": (packed({**TWO, "\u200b/3.png": R}), "The label is empty"),
    "broken picture": (packed({**TWO, "cat/2.png": R[:40]}), "cat/2.png: This PNG file is damaged"),
    "empty picture": (packed({**TWO, "cat/2.png": b""}), "cat/2.png: This file is empty"),
    "text called a picture": (
        packed({**TWO, "cat/2.png": b"hello, picture"}),
        "cat/2.png: This file is not a pict",
    ),
    "HEIC": (
        packed({**TWO, "cat/2.heic": b"\0\0\0\x18ftypheic" + bytes(99)}),
        "cat/2.heic: This is a HEIC photo",
    ),
    "SVG": (packed({**TWO, "cat/2.svg": b"<svg xmlns='x'></svg>"}), "cat/2.svg: This is an SVG drawing"),
    "too many tables": (
        packed({**TWO, "a.csv": b"1.png,x", "b.csv": b"2.png,x", "c.csv": b"no"}),
        "There are 2 CSV files (a.csv, b.csv)",
    ),
    "empty table": (packed({"1.png": R, "a.csv": b""}), "a.csv: This file is empty"),
}


@pytest.mark.parametrize(("data", "sentence"), BAD_ARCHIVES.values(), ids=BAD_ARCHIVES)
def test_a_bad_archive_gets_a_sentence(data, sentence):
    assert sentence in refused([("pets.zip", data)])


# --- bad sets of files ------------------------------------------------------------------------------------

PAIR = [("a.png", R), ("b.png", G)]


def listed(table: str | bytes) -> list[tuple[str, bytes]]:
    return [*PAIR, ("l.csv", table if isinstance(table, bytes) else table.encode())]


BAD_SETS: dict[str, tuple[object, str]] = {
    "nothing": ([], "Nothing was uploaded"),
    "none": (None, "Nothing was uploaded"),
    "text": ("a.png", "Nothing was uploaded"),
    "a number": ([3], "Every file must come as its name and its bytes"),
    "no bytes": ([("a.png", "text")], "Every file must come as its name and its bytes"),
    "no name": ([(None, R)], "Every file must come as its name and its bytes"),
    "no labels": (PAIR, "The pictures have no labels"),
    "one picture, no labels": (PAIR[:1], "The pictures have no labels"),
    "only a table": ([("l.csv", b"a.png,x\n")], "There is no picture in it"),
    "two tables": ([*PAIR, ("l.csv", b"x"), ("m.csv", b"x")], "There are 2 CSV files (l.csv, m.csv)"),
    "two archives": ([("a.zip", GOOD), ("b.zip", GOOD)], "There are 2 archives (a.zip, b.zip)"),
    "archive and picture": ([("a.zip", GOOD), *PAIR], "a.zip: Beside an archive only a CSV"),
    "same name twice": ([*PAIR, ("x/a.png", B), ("l.csv", b"")], "a.png: Two files have this name"),
    "no visible name": ([("\u200b", R), ("l.csv", b"")], "A file needs a name"),
    "a lone surrogate": ([("\ud800", R), ("l.csv", b"")], "A file needs a name"),
    "long name": ([("a" * 256, R), ("l.csv", b"")], "A file needs a name"),
    "too much": ([("a.png", bytes(6 * 2**20)), ("b.png", bytes(6 * 2**20))], "a.png: All files together are"),
    "empty table": (listed(""), "l.csv: This file is empty"),
    "blank table": (listed("\n\n"), "l.csv: No picture is listed"),
    "header only": (listed("file,label\n"), "l.csv: No picture is listed"),
    "table is no text": (listed(bytes(9)), "l.csv: This file is not text"),
    "one column": (listed("a.png\nb.png\n"), "l.csv, row 1: A row must be a file name and a label, but"),
    "three columns": (listed("a.png,x,1\nb.png,y,2\n"), "l.csv, row 1: A row must be"),
    "a row of three": (listed("a.png,x\nb.png,y,2\n"), "l.csv, row 2: A row must be"),
    "not there": (listed("a.png,x\n\nc.png,y\n"), 'l.csv, row 3: There is no picture called "c.png"'),
    "not there, first": (listed("c.png,x\na.png,y\n"), 'l.csv, row 1: There is no picture called "c.png"'),
    "not there, no ending": (listed("a.png,x\nc,y\n"), 'l.csv, row 2: There is no picture called "c"'),
    "outside": (listed("a.png,x\n../c.png,y\n"), 'l.csv, row 2: There is no picture called "../c.png"'),
    "listed twice": (listed("a.png,x\nb.png,y\na.png,y\n"), 'l.csv, row 3: "a.png" is listed a second time'),
    "no label": (listed("a.png,x\nb.png,\n"), "l.csv, row 2: The label is empty"),
    "missing label": (listed("a.png,x\nb.png,NA\n"), 'l.csv, row 2: "NA" means that the label is missing'),
    "a spreadsheet": ([*PAIR, ("l.xlsx", b"PK\x03\x04" + bytes(60))], "l.xlsx: This is an Excel workbook"),
    "invisible label": (listed("a.png,x\nb.png,\u200b\n"), "l.csv, row 2: The label is empty"),
    "long label": (listed(f"a.png,x\nb.png,{'y' * 41}\n"), "l.csv, row 2: A label has at most 40"),
    "one label": (listed("a.png,x\nb.png,x\n"), 'l.csv: Every picture has the label "x"'),
    "one listed": (listed("a.png,x\n"), "l.csv: A dataset has 2 to 2,000 pictures, this one 1"),
    "open quote": (listed('a.png,x\nb.png,"y\n'), "l.csv, row 2: A quotation mark"),
    "broken": ([("a.png", R[:50]), *listed("a.png,x\nb.png,y\n")[1:]], "a.png: This PNG file is damaged"),
    "two of that name": (
        [("p.zip", packed({**TWO, "dog/1.png": B})), ("l.csv", b"2.png,x\n1.png,y\n")],
        'l.csv, row 2: "1.png" may be cat/1.png, dog/1.png',
    ),
    "too many scans": (
        [("a.jpg", progressive(2000, 200)), PAIR[1], ("l.csv", b"a.jpg,x\nb.png,y\n")],
        "a.jpg: This JPEG is put together in a way that takes far too long to decode",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "sentence"), BAD_SETS.values(), ids=BAD_SETS)
def test_a_bad_set_of_files_gets_a_sentence(files, sentence):
    assert sentence in refused(files)


def test_no_picture_is_decoded_when_there_are_too_many_pixels(monkeypatch):
    decoded = []
    monkeypatch.setattr(archives, "MAX_ARCHIVE_WORK", picture_work(R) + picture_work(B))
    monkeypatch.setattr(archives, "read_picture", lambda data: decoded.append(data) or read_picture(data))
    assert "dog/2.png: Together with this picture" in refused(
        [("pets.zip", packed({**TWO, "dog/2.png": png(size=(5, 4))}))]
    )
    assert decoded == [R]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"table.csv": b"a,b\n", "README.txt": b"hello"}, ("table.csv", b"a,b\n")),
        ({"data/iris.data": b"1,2\n", "data/iris.names": b"x"}, ("iris.data", b"1,2\n")),
        ({"table": b"1,2\n", "readme": b"x"}, ("table", b"1,2\n")),
        (TWO | {"l.csv": b"x"}, None),
        ({"a.csv": b"1", "b/b.csv": b"2"}, "There are 2 tables in it (a.csv, b/b.csv)"),
        ({"run.exe": b"MZ" + bytes(9)}, "There is no picture in it and no table"),
    ],
)
def test_the_only_table_of_an_archive(files, expected):
    if isinstance(expected, str):
        with pytest.raises(DataError) as refusal:
            lone_table("x.zip", packed(files))
        assert expected in str(refusal.value)
    else:
        assert lone_table("x.zip", packed(files)) == expected


# --- anything at all --------------------------------------------------------------------------------------


def survives(files: list[tuple[str, bytes]]) -> None:
    try:
        dataset, _ = read_pictures(files)
    except DataError:
        return
    assert len(dataset) >= 2 and len(dataset.classes) == len(dataset.targets.unique())


@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=60)), max_size=4))
def test_any_files(files):
    survives(files)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), min_size=1, max_size=5))
def test_any_annotations(rows):
    survives(listed("\n".join(",".join(row) for row in rows).encode(errors="replace")))


def test_refusals_and_notes_are_in_the_language_of_the_visitor(pseudo):
    notes = read({**TWO, "README.txt": b"x"})[1]
    assert notes[0].startswith("⟦README.txt is no picture")
    for name, data, part in (
        ("pets.zip", R, "⟦This is damaged"),
        ("pets.zip", packed({**TWO, "a/1.png": R[:40]}), "⟦This PNG file is damaged"),
        ("a.csv", b"a,b\n", "⟦There is no picture in it"),
    ):
        with pytest.raises(DataError) as refusal:
            read_pictures([(name, data)])
        assert str(refusal.value).startswith("⟦") and part in str(refusal.value)
