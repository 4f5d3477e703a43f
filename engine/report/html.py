"""HTML and SVG from Python values: everything that is not markup of ours is escaped on its way in."""

from __future__ import annotations

import html

from engine import clean


class Markup(str):
    """Text that is markup already."""


def text(value: object) -> Markup:
    """A value as text of a page."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(clean.line(str(value), 4000)))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """An element; `class_` and the like lose their underscore, others become dashes; None is left out."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{told}>{''.join(map(text, children))}</{name}>")


def table(heads: list[str], rows: list[list[object]], **attributes: object) -> Markup:
    """A table; cells that are numbers stand on the right."""

    def cell(value: object) -> Markup:
        return tag("td", value, class_="n" if isinstance(value, int | float) else None)

    numbers = [isinstance(value, int | float) for value in rows[0]] if rows else [False] * len(heads)
    named = zip(heads, numbers, strict=True)
    head = tag("tr", *(tag("th", each, class_="n" if right else None) for each, right in named))
    body = (tag("tr", *map(cell, row)) for row in rows)
    return tag("table", tag("thead", head), tag("tbody", *body), **attributes)
