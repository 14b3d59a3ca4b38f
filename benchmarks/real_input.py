"""The shipped network on real pictures: this pipeline, the naive one, and the warning about strangers.

python benchmarks/real_input.py FOLDER        # FOLDER/manifest.csv: path, accepted_classes (0;6), set, label
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from data.fashion import CLASSES
from data.own.picture import PictureError, read_picture
from inference.predictor import Answer, Predictor
from inference.preprocess import Kind, naive, prepare
from models.checkpoint import CheckpointError, add_metrics
from settings import CHECKPOINTS, pick_device

DRAWN = ("sketch", "icon", "drawing")


@dataclass(frozen=True)
class ManifestRow:
    """One picture of the manifest; `accepted` is empty if it shows none of the ten classes."""

    path: Path
    accepted: tuple[int, ...]
    name_of_set: str
    label: str


@dataclass
class PictureOutcome:
    """The answers for one picture; None where preprocessing found nothing to classify."""

    row: ManifestRow
    auto: Answer | None
    told: Answer | None
    naive: Answer | None
    kind: str
    """The kind that "auto" chose, "refused" when it found nothing."""
    milliseconds: float = field(compare=False)


def read_manifest(folder: Path) -> list[ManifestRow]:
    """The rows of FOLDER/manifest.csv. Raises ValueError with a sentence."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise ValueError(
            f"There is no manifest.csv in {folder}: it lists path, accepted_classes, set and label."
        )
    rows = []
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = {"path", "accepted_classes", "set"} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{manifest} has no column {', '.join(sorted(missing))}.")
        for line in reader:
            numbers = [part for part in (line["accepted_classes"] or "").split(";") if part.strip()]
            if not all(part.strip().isdecimal() and int(part) < len(CLASSES) for part in numbers):
                raise ValueError(
                    f"{manifest}, line {reader.line_num}: accepted_classes are numbers 0 to 9 joined by ';', "
                    f"not {line['accepted_classes']!r}."
                )
            label = line.get("label") or ""
            classes = tuple(int(part) for part in numbers)
            rows.append(ManifestRow(folder / line["path"], classes, line["set"], label))
    if not rows:
        raise ValueError(f"{manifest} lists no pictures.")
    return rows


def kind_of(name_of_set: str) -> Kind:
    """The kind that a visitor would choose."""
    return "drawing" if any(word in name_of_set.lower() for word in DRAWN) else "photo"


def examine(predictor: Predictor, row: ManifestRow) -> PictureOutcome:
    """Answer one picture in the three ways. Raises PictureError when the file cannot be read."""
    rgb = read_picture(row.path).rgb
    kind = "refused"
    answers: dict[str, Answer | None] = {}
    started = perf_counter()
    ways: tuple[tuple[str, Kind], ...] = (("auto", "auto"), ("told", kind_of(row.name_of_set)))
    for way, kind_name in ways:
        try:
            prepared = prepare(rgb, kind_name)
            answers[way] = predictor.predict(prepared.pixels)
        except PictureError:
            answers[way] = None
        else:
            kind = prepared.kind if way == "auto" else kind
        if way == "auto":
            milliseconds = 1000 * (perf_counter() - started)
    try:
        plain: Answer | None = predictor.predict(naive(rgb))
    except PictureError:
        plain = None
    return PictureOutcome(row, answers["auto"], answers["told"], plain, kind, milliseconds)


def is_right(answer: Answer | None, row: ManifestRow) -> bool:
    return answer is not None and answer.best in row.accepted


def percent(hits: list[bool]) -> float:
    return round(100 * float(np.mean(hits)), 1) if hits else float("nan")


def auroc(garments: list[float], strangers: list[float]) -> float:
    """How often a stranger scores above a garment, ties counting half (the area under the ROC curve)."""
    if not garments or not strangers:
        return float("nan")
    inside, outside = np.array(garments)[:, None], np.array(strangers)[None]
    return float(((outside > inside) + 0.5 * (outside == inside)).mean())


def table(outcomes: list[PictureOutcome]) -> dict[str, dict[str, float]]:
    """For each set of garments: n, top-1 percent in the three ways, what auto took the pictures for."""
    figures: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(o.row.name_of_set for o in outcomes if o.row.accepted):
        of_set = [o for o in outcomes if o.row.name_of_set == name and o.row.accepted]
        kinds = Counter(o.kind for o in of_set)
        figures[name] = {
            "n": len(of_set),
            "auto": percent([is_right(o.auto, o.row) for o in of_set]),
            "told": percent([is_right(o.told, o.row) for o in of_set]),
            "naive": percent([is_right(o.naive, o.row) for o in of_set]),
            "as_photo": kinds["photo"],
            "as_drawing": kinds["drawing"],
            "refused": kinds["refused"],
        }
    return figures


def warnings(outcomes: list[PictureOutcome]) -> dict[str, float]:
    """How well strangers (no accepted class) are distinguished from garments; shares in percent."""
    garments = [o.auto for o in outcomes if o.row.accepted and o.auto]
    strangers = [o.auto for o in outcomes if not o.row.accepted and o.auto]
    return {
        "strangers": len(strangers),
        "garments": len(garments),
        "auroc_strangeness": auroc([a.strangeness for a in garments], [a.strangeness for a in strangers]),
        "auroc_largest_probability": auroc(
            [1 - max(a.probabilities) for a in garments], [1 - max(a.probabilities) for a in strangers]
        ),
        "warned_of_strangers": percent([a.unlike for a in strangers]),
        "warned_of_garments": percent([a.unlike for a in garments]),
    }


def show(outcomes: list[PictureOutcome], verbose: bool) -> None:
    print(f"{'set':14}{'n':>5}{'ours':>8}{'kind said':>11}{'naive':>8}   taken for photo / drawing / refused")
    for name, row in table(outcomes).items():
        print(
            f"{name:14}{row['n']:5}{row['auto']:8.1f}{row['told']:11.1f}{row['naive']:8.1f}"
            f"   {row['as_photo']} / {row['as_drawing']} / {row['refused']}"
        )
        if verbose:
            of_set = [o for o in outcomes if o.row.name_of_set == name and o.row.accepted]
            for label in dict.fromkeys(o.row.label for o in of_set):
                of_label = [o for o in of_set if o.row.label == label]
                wrong = Counter(
                    CLASSES[o.auto.best] if o.auto else "nothing"
                    for o in of_label
                    if not is_right(o.auto, o.row)
                )
                mistakes = ", ".join(f"{name} {count}" for name, count in wrong.most_common())
                share = percent([is_right(o.auto, o.row) for o in of_label])
                note = f"taken for {mistakes}" if mistakes else ""
                print(f"  {label:18}{len(of_label):4}{share:8.1f}   {note}")
    figures = warnings(outcomes)
    if figures["strangers"]:
        print(
            f"warning about {figures['strangers']} strangers against {figures['garments']} garments: "
            f"AUROC {figures['auroc_strangeness']:.2f} (1 - largest probability: "
            f"{figures['auroc_largest_probability']:.2f}); at the shipped threshold it comes for "
            f"{figures['warned_of_strangers']:.0f} % of the strangers and wrongly for "
            f"{figures['warned_of_garments']:.0f} % of the garments"
        )
    times = [o.milliseconds for o in outcomes]
    print(f"picture to answer: median {np.median(times):.0f} ms, slowest {max(times):.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with a manifest.csv and the pictures it names")
    parser.add_argument("--checkpoint", default="fashion", help="name of the checkpoint in --weights")
    parser.add_argument("--weights", type=Path, default=CHECKPOINTS, help="folder of the checkpoint")
    parser.add_argument(
        "--verbose", action="store_true", help="each label of each set, and what it was taken for"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument(
        "--record", action="store_true", help="put how often the warning is right into the checkpoint's card"
    )
    options = parser.parse_args()
    try:
        rows = read_manifest(options.folder)
        predictor = Predictor.load(options.checkpoint, pick_device(), options.weights)
        if options.json and not options.json.resolve().parent.is_dir():
            raise ValueError(f"There is no folder for {options.json}.")
    except (CheckpointError, ValueError, OSError, csv.Error) as error:
        print(error, file=sys.stderr)
        return 2

    outcomes = []
    for row in rows:
        try:
            outcomes.append(examine(predictor, row))
        except PictureError as error:
            print(f"{row.path}: {error}", file=sys.stderr)
            return 2
    show(outcomes, options.verbose)
    if options.json:
        content = {"sets": table(outcomes), "warning": warnings(outcomes)}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.record:
        figures = warnings(outcomes)
        shares = {
            "unlike_right": round(figures["warned_of_strangers"] / 100, 3),
            "unlike_wrong": round(figures["warned_of_garments"] / 100, 3),
        }
        add_metrics(options.weights, options.checkpoint, shares)
    return 0


if __name__ == "__main__":
    sys.exit(main())
