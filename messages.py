"""Finds the texts that people see, and updates the catalogues of the languages.

    python -m messages            writes locale/messages.pot and updates every locale/<code>.po
    python -m messages --pseudo   writes locale/en-XA.po: each text in brackets, so that others stand out

Edit a catalogue by hand or with a translator's program. This command adds new texts to it, keeps the
translations of old ones, and removes the texts that are no longer in use.
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
"""The code that browsers and tools reserve for a pseudo-language based on English."""
METHODS = [("ui/**.js", "javascript"), ("ui/**.html", "messages:html_texts"), ("**.py", "python")]
PYTHON = {"_": None, "ngettext": (1, 2)}
SCRIPTS = {"t": None, "tn": (1, 2)}
IGNORED = ("tests", "benchmarks", "node_modules", ".venv", "vendor")
UNCHANGED = re.compile(r"<[^>]*>|&\w+;|\{\w*[^{}]*\}|`[^`]*`|https?://\S+")
"""What a translator does not change: markup, placeholders, code."""


def html_texts(
    file: BinaryIO, keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, None, str, list[str]]]:
    """The texts of a template, in the form that Babel expects of an extractor."""
    for text in texts(file.read().decode()):
        yield 1, None, text, []


def _has_texts(folder: Any) -> bool:
    name = Path(folder).name
    return name not in IGNORED and not name.startswith(".")


def extract() -> Catalog:
    """Every text of the program, with the files that contain it."""
    template = Catalog(project="Torch Playground", charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(
        ROOT, METHODS, keywords=PYTHON | SCRIPTS, directory_filter=_has_texts
    ):
        # without line numbers, which would change with every edit of the program
        template.add(message, None, [(name, 0)], auto_comments=comments, context=context)
    return template


def pseudo(text: str) -> str:
    """`text` in brackets and a third longer, still readable."""
    letters = len(UNCHANGED.sub("", text))
    return f"⟦{text}{'·' * max(1, letters // 3)}⟧"


def pseudo_catalogue(template: Catalog) -> Catalog:
    """A catalogue of the language in brackets."""
    catalogue = Catalog(locale="en", project=template.project, charset="utf-8")
    for message in template:
        if message.id:
            has_plural = not isinstance(message.id, str)
            forms = tuple(map(pseudo, message.id)) if has_plural else pseudo(str(message.id))
            catalogue.add(message.id, forms, message.locations)
    return catalogue


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
