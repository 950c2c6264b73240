"""The library behind the course on semantic segmentation, in two wings.

The lesson wing is what notebooks import: labels, layers, models, data sets, evaluation, training, figures. The tools
wing (`course_utils.tools`) runs, marks and reports, and no notebook imports it.
"""

FLOORS = (
    ("errors", "backend", "files", "machine", "names", "progress", "images", "orientation", "png"),
    ("labels", "matrices", "checks", "layers", "quizzes"),
    ("losses",),
    ("datasets", "models", "evaluation", "weights"),
    ("training", "inference"),
    ("plotting",),
    ("widgets",),
    (
        "tools.types",
        "tools.streams",
        "tools.edition",
        "tools.extras",
        "tools.notebooks",
        "tools.labs",
        "tools.reports",
        "tools.doctor",
        "tools.shipping",
        "tools.exporting",
    ),
    ("tools.students",),
    ("tools.commands",),
    ("tools.cli",),
    ("__main__",),
)
"""From the ground up. A module imports from floors below its own, and from its own floor in one direction only."""
