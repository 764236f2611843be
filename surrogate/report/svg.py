"""Write SVG elements for a page that allows no inline style and no outside address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape


def element(tag: str, *children: Markup | str, **attributes: object) -> Markup:
    """Return one element; text children and attribute values are escaped.

    Attribute names are written in Python's manner: ``class_`` is ``class``, ``text_anchor`` is ``text-anchor``.
    Floats are written with at most two decimals, so that equal studies give equal bytes and small files.

    Examples
    --------
    >>> element("text", "a < b", x=1.234567, text_anchor="end")
    Markup('<text x="1.23" text-anchor="end">a &lt; b</text>')
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _value(value))
        for name, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), written, join(children))  # noqa: S704 - tags are our own


def join(children: Iterable[Markup | str]) -> Markup:
    """Return the children as one piece of markup, text escaped."""
    return Markup("").join(escape(child) for child in children)


def picture(
    width: float,
    height: float,
    *children: Markup | str,
    name: str,
    title: str,
    description: str,
    class_: str = "figure",
) -> Markup:
    """Return a drawing that a screen reader announces as one image with a title and a description.

    ``name`` must be unique on the page: the ids of title and description are made from it. The ``xmlns`` attribute is
    left out on purpose: HTML needs none, and the page is to hold no address at all.
    """
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *children,
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_=class_,
    )


def polyline(points: Sequence[tuple[float, float]], **attributes: object) -> Markup:
    """Return a line through the points, ``(x, y)`` in drawing units."""
    return element("polyline", points=" ".join(f"{_value(x)},{_value(y)}" for x, y in points), **attributes)


def dots(points: Iterable[tuple[float, float]], **attributes: object) -> Markup:
    """Return many dots as one path of round-capped strokes of length zero: about ten bytes a dot."""
    return element("path", d="".join(f"M{_tenth(x)} {_tenth(y)}h0" for x, y in points), **attributes)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def _tenth(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
