"""What `gpu.py` has measured so far: a JSON file and its table, written whole after each measurement."""

import json
import os
from pathlib import Path

NOTES = {
    "steps": "A training step by gradient descent with momentum, all losses, in mixed bfloat16, images on the device. "
    "*Peak*: what the compiled step needs, weights and optimiser included. *Share*: of the rate at which the same "
    "card, in the same run, multiplies two bfloat16 matrices; a step counts as three predictions, whose operations the "
    "backend counts.",
    "camvid": "SegNet (VGG16; at full width and 360x480 without `--small`) on CamVid's training split, by the course's "
    "recipe (Muon, average of the weights), for the seconds given, compiling included; scored on the split val at the "
    "labels' own size.",
    "notebook": "The loop of notebook 05 (at full width without `--small`), by gradient descent with momentum as "
    "SegNet's authors trained: freeze the encoder, train the decoder, unfreeze, fine-tune. *mIoU* is of a part of val.",
}


def read(output: Path) -> dict:
    """What there is."""
    file = Path(output) / "gpu.json"
    return json.loads(file.read_text()) if file.exists() else {}


def record(output: Path, part: str, **values) -> None:
    """Add to a part's values and write both files; a crash afterwards loses nothing.

    Args:
        output: the folder.
        part: "machine", or a key of `NOTES`.
        values: by name; earlier ones of the same name are replaced.
    """
    found = read(output)
    found[part] = found.get(part, {}) | values
    for name, text in (("gpu.json", json.dumps(found, indent=1)), ("gpu.md", table(found))):
        partial = Path(output) / f".{name}.partial"
        partial.write_text(text + "\n")
        os.replace(partial, Path(output) / name)


def table(found: dict) -> str:
    """The tables in Markdown."""
    machine = found.get("machine", {})
    card = machine.get("card", "unknown card")
    lines = [f"# Training on {card}", "", f"{machine.get('versions', '')}. `{machine.get('command', '')}`."]
    for part, note in NOTES.items():
        if part in found:
            lines += ["", f"## {TITLES[part]} ({card})", "", note, "", *PARTS[part](found[part])]
            if ended := found[part].get("ended"):
                lines += ["", f"This part {ended}."]
    return "\n".join(lines)


def _steps(found: dict):
    if rate := found.get("matrix_rate"):
        yield f"Two matrices: {rate / 1e12:.3g} TFLOP/s."
        yield ""
    if not found.get("rows"):
        return
    yield "| network | size | batch | step (ms) | images/s | peak (GB) | TFLOP per step | share | compiling (s) |"
    yield "|---|---|" + "---:|" * 7
    for row in found["rows"].values():
        if fault := row.get("fault"):
            yield f"| {row['network']} | {row['size']} | {row['batch']} | {fault} | | | | | |"
            continue
        peak, operations = row["peak"], row["operations"]  # None where the library does not tell
        share = operations / row["seconds"] / rate if rate and operations else None
        yield (
            f"| {row['network']} | {row['size']} | {row['batch']} | {1000 * row['seconds']:.1f} | "
            f"{row['batch'] / row['seconds']:.1f} | {'?' if peak is None else f'{peak / 1e9:.3g}'} | "
            f"{'?' if operations is None else f'{operations / 1e12:.3g}'} | "
            f"{'?' if share is None else f'{share:.0%}'} | {row['compiling']:.0f} |"
        )


def _camvid(found: dict):
    facts = ("seconds", "steps", "batch", "images_a_second", "loss", "encoder")
    if known := [f"{name.replace('_', ' ')} {found[name]}" for name in facts if name in found]:
        yield f"{'; '.join(known)}."
    if files := found.get("checkpoint"):
        yield f"Checkpoint: `cat {' '.join(files)} > SegNet.npz`, read by `course_utils.weights.unpack`."
    if "class_iou" in found:
        yield ""
        yield "| class | IoU (%) |"
        yield "|---|---:|"
        for name, value in found["class_iou"].items():
            yield f"| {name} | {'' if value is None else f'{100 * value:.1f}'} |"
        yield f"| **mean** | {100 * found['mean_iou']:.1f} |"
        yield f"| pixel accuracy | {100 * found['pixel_accuracy']:.1f} |"


def _notebook(found: dict):
    if "encoder" in found:
        yield f"Encoder: {found['encoder']}."
        yield ""
    if not found.get("rows"):
        return
    yield "| phase | steps | seconds | mIoU (%) |"
    yield "|---|---:|---:|---:|"
    for row in found["rows"]:
        yield f"| {row['phase']} | {row['steps']} | {row['seconds']:.0f} | {100 * row['mean_iou']:.1f} |"


TITLES = {"steps": "Training steps", "camvid": "SegNet on CamVid", "notebook": "Freeze, train, unfreeze"}
PARTS = {"steps": _steps, "camvid": _camvid, "notebook": _notebook}
