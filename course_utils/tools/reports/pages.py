"""From templates to pages: the one place that renders them.

Every template extends `base.html`: one style, light and dark, also for a telephone, and a policy under which the page
runs no script and loads nothing. What is put in is escaped, unless it is `Markup`.
"""

from pathlib import Path

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


def render(template: str, title: str, **values) -> str:
    """One HTML file that needs nothing else.

    Args:
        template: a file of this folder that extends `base.html`.
        title: of the page.
        **values: whatever else the template names, functions included.

    Raises:
        jinja2.UndefinedError: the template names something else.
    """
    return _TEMPLATES.get_template(template).render(title=title, **values)
