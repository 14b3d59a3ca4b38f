"""Validation of values from outside: from a form, a JSON request, a command line or a file.

Each check returns the clean value, or raises `error` with a sentence that says what is wrong, what is allowed
and what came instead: "batch_size must be a whole number from 1 to 8,192, not 'x'." JSON does not distinguish
3.0 from 3, so both are whole numbers. True, NaN, infinity and the text "3" are not numbers: where people type
them, as on a command line, `read_number` makes a number of the text first.

`name` begins the sentence, and the exception carries it, see `field_of`. `error` is the class that a package
raises for all its errors, so that its callers catch that class alone.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, TypeVar

from language import _

LARGEST = sys.float_info.max
LONGEST = 60
"""Most characters of a wrong value that are repeated in a sentence."""

TYPED = re.compile(r"([+-]?)([0-9.,_ \u00a0\u2009\u202f]*[0-9][.,]?)(e[+-]?[0-9]+)?", re.IGNORECASE)
"""The sign, the digits with what stands between them, and the power of ten of a number that people type."""
PLAIN = re.compile(r"[0-9]+[.,]?[0-9]*|[.,][0-9]+")
SPACED = re.compile(r"[0-9]{1,3}([_ \u00a0\u2009\u202f][0-9]{3})+([.,][0-9]*)?")
GROUPED = re.compile(
    r"[1-9][0-9]{0,2}"
    r"((,[0-9]{3}){2,}(\.[0-9]+)?|(\.[0-9]{3}){2,}(,[0-9]+)?|,[0-9]{3}\.[0-9]+|\.[0-9]{3},[0-9]+)"
)
DOUBTFUL = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
"""Its mark may be a decimal one, or stand between thousands."""

Choice = TypeVar("Choice", bound=str)
Error = TypeVar("Error", bound=Exception)


def about(field: str, error: Error) -> Error:
    """`error`, which concerns the field `field`, see `field_of`."""
    error.field = field  # type: ignore[attr-defined]
    return error


def field_of(error: Exception) -> str:
    """The name of the field that an exception of `about` or of a check concerns; "" for any other."""
    return getattr(error, "field", "")


def readings(text: str, whole: bool = False) -> list[float]:
    """The numbers that a text can mean: none, one, or two where nobody can know which.

    Comma and point are both a decimal mark. They stand between thousands where a decimal mark makes no sense:
    in 1,234,567, in 1,234.5, and in 10,000 where only whole numbers do (`whole`). Spaces and _ may group
    digits, and U+2212 is a minus. ui/kit/read_number.js is the same in the browser.
    """
    typed = TYPED.fullmatch(text.strip().replace("−", "-")) if len(text) <= LONGEST else None
    if typed is None:
        return []
    sign, body, power = typed.group(1), typed.group(2), typed.group(3) or ""
    mark = next((letter for letter in body if letter in ".,"), "")  # the first one
    without_spaces = re.sub(r"[_\s]", "", body)
    decimal = f"{sign}{without_spaces.replace(',', '.')}{power}"
    grouped = f"{sign}{body.replace(mark, '').replace(',', '.')}{power}"
    if DOUBTFUL.fullmatch(body):
        texts = [grouped] if mark == "," and whole else [decimal, grouped]
        texts = [decimal] if mark == "." and not whole else texts
    elif PLAIN.fullmatch(body) or SPACED.fullmatch(body):
        texts = [decimal]
    else:
        texts = [grouped] if GROUPED.fullmatch(body) else []
    numbers = [float(digits) + 0.0 for digits in texts]
    return numbers if all(map(math.isfinite, numbers)) else []


def read_number(text: str, whole: bool = False) -> float | str:
    """The number that a person's text means, see `readings`; the text itself, which the checks below refuse,
    where it is none, in doubt, or not whole although only whole numbers make sense.
    """
    numbers = readings(text, whole)
    is_clear = len(numbers) == 1 and (not whole or numbers[0].is_integer())
    return numbers[0] if is_clear else text


def whole_number(
    value: object, name: str, low: int, high: float = math.inf, error: type[ValueError] = ValueError
) -> int:
    """`value` as an int from `low` to `high`; 3.0 becomes 3."""
    checked = _finite(value)
    if checked is None or not low <= checked <= high or checked != int(checked):
        sentence = _("{name} must be a whole number from {low} to {high}, not {value}.")
        if math.isinf(high):
            sentence = _("{name} must be a whole number from {low} up, not {value}.")
        raise _refused(error, sentence, value, name, low, high)
    return int(checked)


def number(
    value: object,
    name: str,
    low: float = -math.inf,
    high: float = math.inf,
    error: type[ValueError] = ValueError,
    *,
    above: bool = False,
    below: bool = False,
) -> float:
    """`value` as a float from `low` to `high`, any finite one without them; 3 becomes 3.0, -0.0 becomes 0.0.

    above: `low` itself is refused. below: `high` itself is refused. At most one of them.
    """
    checked = _finite(value)
    if (
        checked is None
        or not max(low, -LARGEST) <= checked <= min(high, LARGEST)
        or (above and checked == low)
        or (below and checked == high)
    ):
        sentence = _("{name} must be a number from {low} to {high}, not {value}.")
        if above:
            sentence = _("{name} must be a number above {low} and at most {high}, not {value}.")
        elif below:
            sentence = _("{name} must be a number from {low} to below {high}, not {value}.")
        elif math.isinf(low):
            sentence = _("{name} must be a finite number, not {value}.")
        elif math.isinf(high):
            sentence = _("{name} must be a number from {low} up, not {value}.")
        raise _refused(error, sentence, value, name, low, high)
    return float(checked) + 0.0


def choice(
    value: object, name: str, choices: Iterable[Choice], error: type[ValueError] = ValueError
) -> Choice:
    """The one of the texts `choices` that equals `value`."""
    members = list(choices)
    if not isinstance(value, str) or value not in members:
        sentence = _("{name} must be one of {choices}, not {value}.")
        raise about(
            name, error(sentence.format(name=name, choices=", ".join(members), value=_received(value)))
        )
    return members[members.index(value)]


def switch(value: object, name: str, error: type[ValueError] = ValueError) -> bool:
    """`value`, which must be True or False; 1 and 0 are refused."""
    if not isinstance(value, bool):
        sentence = _("{name} must be true or false, not {value}.")
        raise about(name, error(sentence.format(name=name, value=_received(value))))
    return value


def text(value: object, name: str, longest: int, error: type[ValueError] = ValueError) -> str:
    """`value` without surrounding blanks: one line of 1 to `longest` printable characters."""
    line = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(line) <= longest or not line.isprintable():
        sentence = _("{name} must be one line of 1 to {longest} characters, not {value}.")
        sentence = sentence.format(name=name, longest=f"{longest:,}", value=_received(value))
        raise about(name, error(sentence))
    return line


def set_fields(instance: object, **values: Any) -> None:
    """Store clean values in a frozen dataclass, from within its `__post_init__`."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


def shorten(value: object) -> str:
    """`value` as Python writes it, cut off after LONGEST characters: a request may contain anything.

    `<` becomes \\x3c, because some sentences are shown as Markdown or HTML.
    """
    try:
        written = repr(value).replace("<", r"\x3c")
    except Exception:  # a number of more digits than Python writes, a list that nests too deeply
        return _("something of the type {type}").format(type=type(value).__name__)
    return written if len(written) <= LONGEST else written[:LONGEST] + "..."


def _finite(value: object) -> int | float | None:
    """`value`, which may be a NumPy scalar, as an int or a finite float; None if it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) and math.isfinite(value) else None


def _refused(
    error: type[ValueError], sentence: str, value: object, name: str, low: float, high: float
) -> ValueError:
    """`error` with the sentence filled in."""
    limits = {"low": _figure(low), "high": _figure(high)}
    return about(name, error(sentence.format(name=name, value=_received(value), **limits)))


def _figure(limit: float) -> str:
    return f"{int(limit):,}" if math.isfinite(limit) and limit == int(limit) else f"{limit:g}"


def _received(value: object) -> str:
    return _("left empty") if value is None else shorten(value)
