"""A model as one Python module that needs numpy alone."""

from __future__ import annotations

import importlib.util
import math
import platform
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.export import python_text as text
from surrogate.export.export import Answers, described
from surrogate.export.formula import (
    SMOOTH,
    TINY,
    WALKED,
    ClassNetwork,
    ClassTrees,
    Kriging,
    Level,
    Network,
    Polynomial,
    Trees,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from surrogate.export.formula import Column
    from surrogate.export.portable import Portable


def write(portable: Portable, statement: str) -> bytes:
    """Return the module's text."""
    formulas = list(portable.formulas.values())
    d, k = len(portable.names), len(portable.outputs)
    mixed = any(values is not None for values in portable.categories)
    calls = [_calls(i, formula) for i, formula in enumerate(formulas)]
    for i, name in enumerate(portable.records):
        if name in portable.warps:
            warp = ", ".join(map(repr, astuple(portable.warps[name])))
            calls[i] = f"_warp({calls[i][0]}, {warp})", f"float(_warp({calls[i][1]}, {warp}))"
    head = text.HEAD.format(
        inputs=repr(portable.names), outputs=repr(portable.outputs), d=d, dtype="object" if mixed else "np.float64",
        several="" if k == 1 else f"; (n, {k}), a column an output", empty="0" if k == 1 else f"(0, {k})",
        one="a float" if k == 1 else "a list of floats", nan_one="math.nan" if k == 1 else f"[math.nan] * {k}",
        good_one=_good_one(portable), columns_one=_columns(portable, one=True),
        answers_one=calls[0][1] if k == 1 else f"[{', '.join(call[1] for call in calls)}]",
        good=_good(portable), filler=repr([0.0 if v is None else v[0] for v in portable.categories]),
        columns=_columns(portable, one=False), answers=", ".join(call[0] for call in calls),
        squeeze="[:, 0]" if k == 1 else "",
    )  # fmt: skip
    parts = ["".join(f"# {line}".rstrip() + "\n" for line in described(portable, statement)), head]
    if any(isinstance(f, WALKED) for f in formulas):
        parts.append(text.TREES)
    if any(isinstance(f, ClassTrees | ClassNetwork) for f in formulas):
        parts.append(text.CLASSES)
    if portable.warps:
        parts.append(text.WARP)
    kinds = sorted({f.correlation for f in formulas if isinstance(f, Kriging)})
    parts += [
        text.KRIGING.format(kind=kind).replace("_correlation", f"_{kind}").replace("_kriging", f"_kriging_{kind}")
        for kind in kinds
    ]
    if any(isinstance(part, Polynomial) for f in formulas for part in (f, getattr(f, "trend", None))):
        parts.append(text.POLYNOMIALS)
    if any(isinstance(f, Network) and len(f.weights[0]) == 1 for f in formulas):
        parts.append(text.NETWORKS)
    parts += [_data(i, formula) for i, formula in enumerate(formulas)]
    return "".join(parts).encode()


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers:
    """Import the module from `folder` and ask it, all rows at once and some one by one."""
    path = folder / "exported_model.py"
    path.write_bytes(written)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    natural = [
        [value if finite else math.nan for value, finite in zip(row, good, strict=True)]
        for row, good in zip(portable.natural(rows), np.isfinite(rows).tolist(), strict=True)
    ]
    table = np.empty((len(rows), len(portable.names)), dtype=object)
    table[:] = natural
    values = np.reshape(module.predict(table), (len(rows), -1))
    for i in range(0, len(rows), 7):
        values[i] = module.predict_one(natural[i])
    return Answers(values, f"Python {platform.python_version()} and numpy {np.__version__}")


def _good_one(portable: Portable) -> str:
    tests = [
        f"math.isfinite(x[{i}])" if values is None else f"x[{i}] in {values!r}"
        for i, values in enumerate(portable.categories)
    ]
    if all(values is None for values in portable.categories):
        return "all(map(math.isfinite, x))"
    return " and ".join(tests)


def _good(portable: Portable) -> str:
    if all(values is None for values in portable.categories):
        return "np.isfinite(X).all(axis=1)"
    tests = [
        f"np.isfinite(X[:, {i}].astype(np.float64))"
        if values is None
        else "np.any([X[:, " + str(i) + f"] == v for v in {values!r}], axis=0)"
        for i, values in enumerate(portable.categories)
    ]
    return " & ".join(tests)


def _columns(portable: Portable, *, one: bool) -> str:
    """Lines that make z (natural units, for trees) and u (scaled, for the others) of the inputs."""
    formulas = portable.formulas.values()
    lines = []
    cell = "x[{}]" if one else "X[:, {}].astype(np.float64)"
    category = "(1.0 if x[{}] == {!r} else 0.0)" if one else "(X[:, {}] == {!r}).astype(np.float64)"

    def natural(column: Column) -> str:
        values = portable.categories[column.input]
        return cell.format(column.input) if values is None else category.format(column.input, values[column.code])

    def scaled(column: Column) -> str:
        if column.kind == "category":
            return natural(column)
        if column.kind == "linear":
            return f"({natural(column)} - {column.low!r}) / {column.width!r}"
        larger, log = ("max", "math.log") if one else ("np.maximum", "np.log")
        return f"{log}({larger}({natural(column)}, {TINY!r}) / {column.low!r}) / {column.width!r}"

    gather = "[{}]" if one else "np.stack([{}], axis=1)"
    if portable.raw:
        return "    z = u = x\n" if one else "    z = u = X\n"
    if any(isinstance(formula, WALKED) for formula in formulas):
        plain = one and all(values is None for values in portable.categories)
        lines.append("z = x" if plain else "z = " + gather.format(", ".join(map(natural, portable.columns))))
    if any(isinstance(formula, SMOOTH) for formula in formulas):
        lines.append("u = " + gather.format(", ".join(map(scaled, portable.columns))))
    return "".join(f"    {line}\n" for line in lines)


def _calls(i: int, formula: Any) -> tuple[str, str]:
    """How output `i` is asked: for many rows, and for one."""
    if isinstance(formula, Level):
        return f"np.full(len(X), {formula.value!r})", repr(formula.value)
    if isinstance(formula, Trees):
        return f"_walk(z, _TABLES{i}, {formula.base!r})", f"_walk_one(z, _TREES{i}, {formula.base!r})"
    if isinstance(formula, ClassTrees):
        base = _list(formula.base)
        return (
            f"_class_walk(z, _TABLES{i}, {base}, {formula.scores})",
            f"*_class_walk_one(z, _TREES{i}, {base}, {formula.scores})",
        )
    if isinstance(formula, ClassNetwork):
        return f"_classes{i}(u)", f"*_classes{i}(np.array(u)[None])[0].tolist()"
    if isinstance(formula, Kriging):
        return (
            f"_kriging_{formula.correlation}(u, *_KRIGING{i})",
            f"_kriging_{formula.correlation}_one(u, *_KRIGING{i})",
        )
    if isinstance(formula, Polynomial):
        return f"_polynomial(u, *_POLYNOMIAL{i})", f"_polynomial_one(u, *_POLYNOMIAL{i})"
    return f"_network{i}(u)", f"_network{i}_one(u)"


def _data(i: int, formula: Any) -> str:
    if isinstance(formula, WALKED):
        walk = formula.walk
        roots, feature, first = (a.tolist() for a in (walk.roots, walk.feature, walk.first))
        value = _list(walk.value) if walk.value.ndim == 1 else f"[{', '.join(map(_list, walk.value))}]"
        return (
            f"\n\n_TREES{i} = (\n    {roots},\n    {feature},\n    {_list(walk.cut)},\n    {first},\n"
            f"    {value},\n)\n"
            f"_TABLES{i} = _tables(_TREES{i}[0], {int(walk.steps.max())}, *_TREES{i}[1:])\n"
        )
    if isinstance(formula, Polynomial):
        return f"\n\n_POLYNOMIAL{i} = {_polynomial(formula)}\n"
    if isinstance(formula, Kriging):
        trend = _polynomial(formula.trend) if isinstance(formula.trend, Polynomial) else repr(formula.trend)
        points = _list(formula.points * formula.inverse)
        return (
            f"\n\n_KRIGING{i} = (\n    np.array({points}).reshape({len(formula.weights)}, -1),\n"
            f"    np.array({_list(formula.inverse)}),\n    np.array({_list(formula.weights)}),\n"
            f"    {trend},\n    {formula.interaction!r},\n)\n"
        )
    if isinstance(formula, Network):
        return _network(i, formula)
    return _class_network(i, formula) if isinstance(formula, ClassNetwork) else ""


def _network(i: int, formula: Network) -> str:
    """Members side by side; a single one without their axis, and for one row without additions, which is faster."""
    single = len(formula.weights[0]) == 1
    lines = ["", ""]
    for layer, (weights, biases) in enumerate(zip(formula.weights, formula.biases, strict=True)):
        weight_shape = weights.shape[1:] if single else weights.shape
        bias_shape = biases.shape[1:] if single else (len(biases), 1, biases.shape[1])
        lines.append(f"_W{i}_{layer} = np.array({_list(weights)}).reshape({weight_shape})")
        lines.append(f"_B{i}_{layer} = np.array({_list(biases)}).reshape({bias_shape})")
    last = len(formula.weights) - 1
    act = text.ACTIVATIONS[formula.activation].format
    if single:
        one = text.SATURATED[formula.activation]
        lines += [f"_A{i}_{layer} = _with_biases(_W{i}_{layer}, _B{i}_{layer}, {one})" for layer in range(last)]
        lines.append(f"_A{i}_{last} = np.append(_W{i}_{last}, _B{i}_{last})")
    start, end = "u", "[:, 0]" if single else ".sum(axis=0)[:, 0]"
    lines += ["", "", f"def _network{i}(u):", f"    h = {start}"]
    lines += [f"    h = {act(f'h @ _W{i}_{layer} + _B{i}_{layer}')}" for layer in range(last)]
    lines += [f"    return (h @ _W{i}_{last} + _B{i}_{last}){end}", "", "", f"def _network{i}_one(u):"]
    if single:
        lines.append("    h = np.array([*u, 1.0])")
        lines += [f"    h = {act(f'h.dot(_A{i}_{layer})')}" for layer in range(last)]
        lines.append(f"    return float(h.dot(_A{i}_{last}))")
    else:
        lines.append(f"    return _network{i}(np.array(u)[None]).item()")
    return "\n".join(lines) + "\n"


def _class_network(i: int, formula: ClassNetwork) -> str:
    lines, last = ["", ""], len(formula.weights) - 1
    for layer, (weights, biases) in enumerate(zip(formula.weights, formula.biases, strict=True)):
        lines.append(f"_W{i}_{layer} = np.array({_list(weights)}).reshape({weights.shape})")
        lines.append(f"_B{i}_{layer} = np.array({_list(biases)})")
    lines += ["", "", f"def _classes{i}(u):", "    h = u"]
    for layer in range(last):
        lines.append(f"    h = {text.ACTIVATIONS[formula.activation].format(f'h @ _W{i}_{layer} + _B{i}_{layer}')}")
    lines.append(f"    return _softmax(h @ _W{i}_{last} + _B{i}_{last})")
    return "\n".join(lines) + "\n"


def _polynomial(formula: Polynomial) -> str:
    degrees = f"np.array({formula.degrees.ravel().tolist()}, dtype=int).reshape({formula.degrees.shape})"
    return (
        f"(np.array({_list(formula.location)}), np.array({_list(formula.width)}), {degrees}, "
        f"np.array({_list(formula.coefficients)}))"
    )


def _list(array: NDArray[np.float64]) -> str:
    """Numbers that read back to the last bit."""
    special = {"nan": "math.nan", "inf": "math.inf", "-inf": "-math.inf"}
    return "[" + ", ".join(special.get(repr(v), repr(v)) for v in array.ravel().tolist()) + "]"
