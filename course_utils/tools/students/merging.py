"""A new version of a notebook and a student's work in the old one become one notebook: a merge of three, cell by cell.

Cells are recognized by their grade id, others by their id, which the course makes of their text: a changed cell of the
lesson has another id, and takes the place of the old one that stood there.
"""

import copy
import difflib
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

UPDATE = "course-update"
"""The tag of cells that a merge has added."""


@dataclass
class Merged:
    """What came of a merge.

    Attributes:
        notebook: the new lesson with the student's work.
        conflicts: one line for each place that the course and the student have both changed; both versions are there.
    """

    notebook: NotebookNode
    conflicts: list[str] = field(default_factory=list)


def merge(base: NotebookNode, new: NotebookNode, mine: NotebookNode) -> Merged:
    """Bring what changed from `base` to `new` into `mine`.

    Args:
        base: the version that the student began with.
        new: the course's version of today.
        mine: the student's notebook; their answers, outputs, own cells and deletions stay.

    Returns:
        The merged notebook; none of the three is changed.
    """
    return _Merge(base, new, mine).run()


def same_text(first: NotebookNode, second: NotebookNode) -> bool:
    """Whether two notebooks have the same cells, but for outputs."""
    cells = [[(_key(c), c.cell_type, c.source, c.metadata) for c in notebook.cells] for notebook in (first, second)]
    return cells[0] == cells[1]


class _Merge:
    def __init__(self, base: NotebookNode, new: NotebookNode, mine: NotebookNode):
        self._base, self._new = ({_key(cell): cell for cell in notebook.cells} for notebook in (base, new))
        self._mine = copy.deepcopy(mine)
        self._renamed = _renamed(base.cells, new.cells)
        self._merged = Merged(self._mine)
        self._metadata = new.metadata

    def run(self) -> Merged:
        cells, seen = [], set()
        for number, cell in enumerate(self._mine.cells, 1):
            old = _key(cell)
            key = self._renamed.get(old, old)
            if key in seen or not (old in self._base or key in self._new):
                cells.append(cell)  # the student's own, or a copy
            elif key in self._new:
                seen.add(key)
                cells += self._both(number, self._base.get(old), self._new[key], cell)
            elif not _same(self._base[old], cell):
                cells.append(_own(cell))
                self._say(number, "the course has taken it out; as you had changed it, it stays")
        known = set(self._base) | set(self._renamed.values())
        before = None
        for key, cell in self._new.items():
            if key not in seen and (key not in known or "nbgrader" in cell.metadata):
                place = next((i for i, c in enumerate(cells) if before is not None and _key(c) == before), -1)
                cells.insert(place + 1, copy.deepcopy(cell))
                seen.add(key)
            if key in seen:
                before = key
        self._mine.cells = _with_unique_ids(cells)
        # What the kernel says of itself stays as it is in the student's file.
        self._mine.metadata = nbformat.from_dict({**self._metadata, **_kernel(self._mine), "course": self._course()})
        self._mine.nbformat_minor = max(self._mine.nbformat_minor, 5)
        return self._merged

    def _course(self) -> dict:
        return copy.deepcopy(self._metadata.get("course", {}))

    def _both(self, number: int, base: NotebookNode | None, new: NotebookNode, mine: NotebookNode):
        """The cells that stand for one that the course and the student both have."""
        base = base if base is not None else new
        cell, conflict = copy.deepcopy(new), []
        if _same(mine, new) or _same(base, new):
            _take(cell, mine)
        elif not _same(base, mine):
            conflict = self._conflict(number, cell, mine)
        kept = {name: value for name, value in mine.metadata.items() if name not in base.metadata}
        cell.metadata = nbformat.from_dict({**kept, **cell.metadata})
        return [cell, *conflict]

    def _conflict(self, number: int, cell: NotebookNode, mine: NotebookNode) -> list[NotebookNode]:
        record = mine.metadata.get("nbgrader", {})
        if record.get("solution"):
            fence = "```python\n{}\n```" if cell.cell_type == "code" else "{}"
            text = "**The course has changed the cell above**; your answer stays. Its new text:\n\n"
            note = nbformat.v4.new_markdown_cell(text + fence.format(cell.source), metadata={"tags": [UPDATE]})
            _take(cell, mine)
            self._say(record.get("grade_id"), "the course has changed its cell; your answer stays, the new text below")
            return [note]
        self._say(number, "the course and you have both changed it; yours is below the course's")
        return [_own(mine)]

    def _say(self, where: int | str, what: str) -> None:
        place = f"exercise {where!r}" if isinstance(where, str) else f"cell {where}"
        self._merged.conflicts.append(f"{place}: {what}")


def _key(cell: NotebookNode) -> str:
    record = cell.metadata.get("nbgrader")
    grade_id = record.get("grade_id") if isinstance(record, dict) else None
    return f"graded {grade_id}" if grade_id else cell.get("id", "")


def _same(first: NotebookNode, second: NotebookNode) -> bool:
    return (first.cell_type, first.source.rstrip()) == (second.cell_type, second.source.rstrip())


def _take(cell: NotebookNode, mine: NotebookNode) -> None:
    """Give a cell the student's type, text and outputs."""
    if cell.cell_type != mine.cell_type:
        for name in ("outputs", "execution_count", "attachments"):
            cell.pop(name, None)
    for name in ("cell_type", "source", "outputs", "execution_count", "attachments"):
        if name in mine:
            cell[name] = mine[name]


def _own(cell: NotebookNode) -> NotebookNode:
    """A copy of a changed cell of the lesson as a cell of the student's."""
    own = copy.deepcopy(cell)
    own.metadata = nbformat.from_dict({"tags": [UPDATE]})
    own.id = f"mine-{cell.get('id', '')}"[:64]
    return own


def _renamed(base: list[NotebookNode], new: list[NotebookNode]) -> dict[str, str]:
    """Which of the old cells of the lesson became which new ones, by their places."""
    old, later = [_key(cell) for cell in base], [_key(cell) for cell in new]
    pairs = {}
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, later, autojunk=False).get_opcodes():
        if what == "replace":
            for first, second in zip(base[a:b], new[c:d], strict=False):
                graded = "nbgrader" in first.metadata or "nbgrader" in second.metadata
                if first.cell_type == second.cell_type and not graded and _key(first) not in later:
                    pairs[_key(first)] = _key(second)
    return {first: second for first, second in pairs.items() if second not in old}


def _with_unique_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    seen = set()
    for number, cell in enumerate(cells):
        name = cell.get("id") or f"cell-{number}"
        while name in seen:
            name = f"{name[:50]}-{number}"
        cell["id"] = name
        seen.add(name)
    return cells


def _kernel(notebook: NotebookNode) -> dict:
    return {name: notebook.metadata[name] for name in ("kernelspec", "language_info") if name in notebook.metadata}
