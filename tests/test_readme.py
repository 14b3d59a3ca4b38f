"""The README is true: its header, commands, snippets, links and pictures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def blocks(text: str, *languages: str) -> list[str]:
    """The contents of the fenced code blocks in one of `languages`."""
    matches = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for language, block in matches if language in languages]


def commands(text: str) -> list[str]:
    """Every command of a shell block, and every `python ...` or `make ...` between backquotes in the text."""
    lines = [line for block in blocks(text, "sh", "bash", "console") for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`((?:\w+=\S+ )?(?:python|make) [^`]*)`", prose)
    bare = (re.sub(r"\s+#.*", "", line.removeprefix("$ ")).strip() for line in lines)
    return sorted({line for line in bare if line and not line.startswith("#")})


def parts(text: str) -> list[str]:
    """The single commands of a line, without variables set in front of them."""
    return [re.sub(r"^(\w+=\S+\s+)+", "", part.strip()) for part in text.split("&&")]


def calls(text: str, program: str) -> list[str]:
    return sorted({part for line in commands(text) for part in parts(line) if part.split()[0] == program})


def header(text: str) -> dict:
    """The YAML block that a Space reads; it must be the very first thing in the file."""
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert match, "README.md does not begin with a YAML block"
    return yaml.safe_load(match[1])


def test_header_is_what_a_space_needs():
    fields = header(TEXT)
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert fields["sdk"] == "gradio"
    assert fields["sdk_version"] == pins["gradio"]
    assert fields["python_version"] == "3.11", "quoted, or YAML makes a number of it"
    assert (ROOT / fields["app_file"]).is_file()
    assert fields["license"] == "mit" and (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert fields["suggested_hardware"] == "cpu-basic"
    assert {fields["colorFrom"], fields["colorTo"]} <= COLOURS
    assert fields["title"] and fields["emoji"] and fields["tags"]
    assert 0 < len(fields["short_description"]) <= 60


def test_every_requirement_is_pinned():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().split("\n"):
            assert re.fullmatch(r"[\w.-]+==[\w.]+|-r requirements.txt|", line), f"{name}: {line}"


def arguments_for(command: str) -> tuple[str, ...]:
    """The arguments to test a command with: a --dry-run as it stands, any other program's --help."""
    words = shlex.split(command)[1:]
    if "--dry-run" in words:
        return tuple(words)
    return (*(words[:2] if words[0] == "-m" else words[:1]), "--help")


@pytest.mark.parametrize("command", calls(TEXT, "python"))
def test_python_command_works(command, programs):
    """A --dry-run runs as it stands; any other program must know each of the options."""
    process = programs.run(*arguments_for(command))
    assert process.returncode == 0, process.stderr
    if "--help" in arguments_for(command):
        options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", process.stdout))
        words = shlex.split(command)[len(arguments_for(command)) :]
        assert {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= options


def test_commands_are_found():
    matches = calls(TEXT, "python")
    for program in ("app.py", "-m training.fashion", "-m training.patterns"):
        assert any(command.startswith(f"python {program}") for command in matches), matches
    for benchmark in sorted((ROOT / "benchmarks").glob("[!_]*.py")):
        names = (f"benchmarks/{benchmark.name}", f"benchmarks.{benchmark.stem}")
        is_shown = any(name in command for name in names for command in matches)
        assert is_shown, f"the README does not mention {benchmark.name}"


def test_make_targets_exist():
    targets = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    names = {word for command in calls(TEXT, "make") for word in shlex.split(command)[1:] if "=" not in word}
    assert {"run", "test"} <= names
    assert names <= targets


@pytest.mark.parametrize("number", range(len(blocks(TEXT, "python"))))
def test_python_snippet_compiles(number):
    compile(blocks(TEXT, "python")[number], f"README.md, snippet {number}", "exec")


def links(text: str) -> list[str]:
    """The targets of links and pictures, in Markdown and in HTML."""
    return re.findall(r"\]\(([^)\s]+)[^)]*\)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)


def test_relative_links_and_pictures_resolve():
    paths = [link.split("#")[0] for link in links(TEXT) if not re.match(r"\w+:", link)]
    assert any(path.endswith(".png") for path in paths), "the README shows no picture of the page"
    assert [path for path in paths if path and not (ROOT / path).exists()] == []


def test_anchors_resolve():
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {link[1:] for link in links(TEXT) if link.startswith("#")} <= anchors


SAMPLE = """---
sdk: gradio
---
Run `python tool.py --fast` or [see](docs/a.md#b), then `make tea`.

```sh
# a comment
make run            # the page
SIZE=3 python -m room.tool --epochs 5 && python other.py
```

```python
x = 1
```
![a](b.png "title")
"""


def test_the_readers_in_this_file_work():
    """If one of these found nothing, the tests above would pass on an empty list."""
    matches = ["python -m room.tool --epochs 5", "python other.py", "python tool.py --fast"]
    assert calls(SAMPLE, "python") == matches
    assert calls(SAMPLE, "make") == ["make run", "make tea"]
    assert blocks(SAMPLE, "python") == ["x = 1\n"]
    assert links(SAMPLE) == ["docs/a.md#b", "b.png"]
    assert header(SAMPLE) == {"sdk": "gradio"}
