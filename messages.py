"""Finds the texts that people see, and brings the catalogues of the languages up to date with them.

    python -m messages            writes locale/messages.pot and updates every locale/<code>.po
    python -m messages --pseudo   writes locale/en-XA.po: each text in brackets, to find what is none

A catalogue is edited by hand or with a translator's program; this command adds new texts to it, keeps the
translations of old ones, and removes what the page no longer says.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from language import locale_folder
from ui.kit.markup import texts

ROOT = Path(__file__).parent
PSEUDO = "en-XA"
"""The code for English with accents that browsers and tools know as no real language."""
METHODS = [("ui/**.js", "javascript"), ("ui/**.html", "messages:html_texts"), ("**.py", "python")]
PYTHON = {"_": None, "ngettext": (1, 2)}
SCRIPTS = {"t": None, "tn": (1, 2)}
IGNORED = ("tests", "benchmarks", "node_modules", ".venv", "vendor")
UNCHANGED = re.compile(r"<[^>]*>|&\w+;|\{\w*[^{}]*\}|`[^`]*`|https?://\S+")
"""What a translator leaves as it is: markup, placeholders, code."""


def html_texts(
    file: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """The texts of a template, in the form that Babel expects of an extractor."""
    for text in texts(file.read().decode()):
        yield 1, None, text, []


def extract() -> Catalog:
    """Every text of the program, with the files it stands in."""
    template = Catalog(project="Torch Playground", charset="utf-8")
    wanted = lambda path: Path(path).name not in IGNORED and not Path(path).name.startswith(".")  # noqa: E731
    for name, _line, message, comments, context in extract_from_dir(
        ROOT, METHODS, keywords=PYTHON | SCRIPTS, directory_filter=wanted
    ):
        # no line numbers: they would change with every change of the program
        template.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return template


def pseudo(text: str) -> str:
    """`text` in brackets and a third longer, still readable."""
    letters = len(UNCHANGED.sub("", text))
    return f"⟦{text}{'·' * max(1, letters // 3)}⟧"


def pseudo_catalogue(template: Catalog) -> Catalog:
    """A catalogue of the language in brackets."""
    made = Catalog(locale="en", project=template.project, charset="utf-8")
    for message in template:
        if message.id:
            single = isinstance(message.id, str)
            forms = pseudo(str(message.id)) if single else tuple(map(pseudo, message.id))
            made.add(message.id, forms, message.locations)
    return made


def write(catalogue: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, sort_by_file=True, include_lineno=False, omit_header=False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m messages", description=__doc__.splitlines()[0])
    parser.add_argument("--pseudo", action="store_true", help=f"write {PSEUDO}.po alone")
    folder, template = locale_folder(), extract()
    if parser.parse_args().pseudo:
        write(pseudo_catalogue(template), folder / f"{PSEUDO}.po")
        return
    write(template, folder / "messages.pot")
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        write(catalogue, path)


if __name__ == "__main__":
    main()
