"""Points as the tables that spreadsheets and learning platforms read."""

import csv
from pathlib import Path


def write_csv(rows: list[dict], lab: str, style: str, path: Path) -> None:
    """Write the rows of `gradebook.table`.

    Args:
        rows: one a student.
        lab: the name of the column, or of Canvas's assignment.
        style: "csv" has a column an exercise; "canvas" the columns its gradebook imports, students by login; "moodle"
            username and grade, to be mapped in its import.
        path: of the file; its folder is made.
    """
    if style == "canvas":
        table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", lab]]
        table += [[row["student"], "", "", row["student"], "", f"{row['points']:g}"] for row in rows]
    elif style == "moodle":
        table = [["username", lab]] + [[row["student"], f"{row['points']:g}"] for row in rows]
    else:
        exercises = sorted({name for row in rows for name in row["exercises"]})
        table = [["student", "points", "of", "waiting", *exercises]]
        for row in rows:
            each = [f"{row['exercises'].get(name, 0):g}" for name in exercises]
            table.append(
                [row["student"], f"{row['points']:g}", f"{row['of']:g}", "yes" if row["waiting"] else "no", *each]
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[_harmless(value) for value in line] for line in table])
    partial.replace(path)


def _harmless(text: str) -> str:
    """A spreadsheet would run a name that begins like a formula."""
    return "'" + text if text[:1] in ("=", "+", "@", "\t", "\r") else text
