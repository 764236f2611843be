"""A model as one C99 file without dependencies."""

from __future__ import annotations

import math
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.export.export import Answers, ExportError, described
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
    Warp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from surrogate.export.formula import Column
    from surrogate.export.portable import Portable

#: What the file is compiled with when it is checked.
FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2")

_MAIN = """
#include <stdio.h>

void predict(const double *x, double *y);

int main(void) {{
    double x[{d}], y[{k}];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        predict(x, y);
        if (fwrite(y, sizeof y, 1, stdout) != 1) return 1;
    }}
    return 0;
}}
"""

_WALK = """
static double walk(const double *z, int trees, const int *root, const int *feature, const double *cut,
                   const int *first, const double *value) {
    double total = 0.0;
    int tree;
    for (tree = 0; tree < trees; tree++) {
        int node = root[tree], below;
        while ((below = first[node]) != node) node = below + (z[feature[node]] >= cut[node]);
        total += value[node];
    }
    return total;
}
"""

_CLASS_WALK = """
static void class_walk(const double *z, int trees, int classes, const int *root, const int *feature, const double *cut,
                       const int *first, const double *value, const double *base, double *y) {
    int tree, i;
    for (i = 0; i < classes; i++) y[i] = base[i];
    for (tree = 0; tree < trees; tree++) {
        int node = root[tree], below;
        while ((below = first[node]) != node) node = below + (z[feature[node]] >= cut[node]);
        for (i = 0; i < classes; i++) y[i] += value[node * classes + i];
    }
}
"""

_DENSE = """
static void dense(const double *h, int n, int units, const double *weight, const double *bias, double *y) {
    int a, b;
    for (b = 0; b < units; b++) y[b] = bias[b];
    for (a = 0; a < n; a++) for (b = 0; b < units; b++) y[b] += h[a] * weight[a * units + b];
}
"""

_SOFTMAX = """
static void softmax(double *y, int classes) {
    double most = y[0], total = 0.0;
    int i;
    for (i = 1; i < classes; i++) most = y[i] > most ? y[i] : most;
    for (i = 0; i < classes; i++) total += y[i] = exp(y[i] - most);
    for (i = 0; i < classes; i++) y[i] /= total;
}
"""

_CORRELATIONS = {
    "squared_exponential": "return exp(-0.5 * r2);",
    "distance": "return sqrt(r2);",
    "cube": "return r2 * sqrt(r2);",
    "matern52": "double s = sqrt(5.0 * r2);\n    return (1.0 + s + s * s / 3.0) * exp(-s);",
    "matern72": "double s = sqrt(7.0 * r2);\n    return (1.0 + s * (1.0 + s * (0.4 + s / 15.0))) * exp(-s);",
}

_UNWARP = """
static double unwarp(double z, double power) {
    return power == 0.0 ? expm1(z) : expm1(log1p(power * z) / power);
}
"""

_ACTIVATIONS = {"tanh": "tanh(s)", "relu": "(s > 0.0 ? s : 0.0)", "logistic": "(0.5 + 0.5 * tanh(0.5 * s))"}


def write(portable: Portable, statement: str) -> bytes:
    """Return the file's text."""
    formulas = list(portable.formulas.values())
    d, k = len(portable.names), len(portable.outputs)
    head = [
        *described(portable, statement), "",
        f"void predict(const double *x, double *y): {d} inputs at x, {k} output{'s' * (k > 1)} to y. A category is",
        "its position in the list above, from 0. Where an input is no number, or no category, all outputs are NaN.",
        "Keeps no state: threads may share it. Needs libm (-lm).",
    ]  # fmt: skip
    parts = ["/*\n", *(f" * {comment_safe(line)}".rstrip() + "\n" for line in head), " */\n", "#include <math.h>\n"]
    for kind, text in ((Trees, _WALK), (ClassTrees, _CLASS_WALK), (ClassNetwork, _DENSE)):
        if any(isinstance(f, kind) for f in formulas):
            parts.append(text)
    if any(getattr(f, "scores", isinstance(f, ClassNetwork)) for f in formulas):
        parts.append(_SOFTMAX)
    kinds = sorted({f.correlation for f in formulas if isinstance(f, Kriging)})
    parts += [f"\nstatic double {kind}(double r2) {{\n    {_CORRELATIONS[kind]}\n}}\n" for kind in kinds]
    if any(warp.power is not None for warp in portable.warps.values()):
        parts.append(_UNWARP)
    parts += [_data(i, formula) for i, formula in enumerate(formulas)]
    starts = [(place.start, portable.warps.get(name)) for name, place in portable.places.items()]
    answers = [_answer(i, f, start) for i, (f, (start, _)) in enumerate(zip(formulas, starts, strict=True))]
    answers += [warped(f"y[{start}]", warp, hexadecimal) for start, warp in starts if warp is not None]
    declared = "void predict(const double *x, double *y)"
    parts += [f"\n{declared};\n\n{declared} {{\n", _checks(portable), columns(portable, hexadecimal), *answers, "}\n"]
    return "".join(parts).encode()


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers | None:
    """Compile the file with every warning an error, and ask the program."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    (folder / "model.c").write_bytes(written)
    (folder / "main.c").write_text(_MAIN.format(d=len(portable.names), k=len(portable.outputs)))
    compiled = subprocess.run(  # noqa: S603 - the compiler of this machine, on files just written
        [compiler, *FLAGS, "model.c", "main.c", "-o", "model", "-lm"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if compiled.returncode:
        raise ExportError(f"the C compiler refused the export:\n{compiled.stderr[:2000]}")
    program = str(folder / "model")
    answered = subprocess.run([program], input=rows.tobytes(), capture_output=True, check=True)  # noqa: S603
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    values = np.frombuffer(answered.stdout).reshape(len(rows), -1)
    return Answers(values, f"{version.stdout.splitlines()[0]}, {' '.join(FLAGS)}")


def comment_safe(line: str) -> str:
    """Text that neither ends a C comment nor makes a compiler warn."""
    plain = "".join(c if c.isprintable() else " " for c in line)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").replace("\\", "/")


def hexadecimal(value: float) -> str:
    """Write a number so that C reads it back to the last bit."""
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return float(value).hex()


def _checks(portable: Portable) -> str:
    k, d = len(portable.outputs), len(portable.names)
    codes = [
        f" || !(x[{i}] >= 0.0 && x[{i}] < {len(values)}.0 && x[{i}] == floor(x[{i}]))"
        for i, values in enumerate(portable.categories)
        if values is not None
    ]
    return (
        f"    int i, bad = 0;\n    for (i = 0; i < {d}; i++) bad = bad || !isfinite(x[i]);\n"
        f"    if (bad{''.join(codes)}) {{\n        for (i = 0; i < {k}; i++) y[i] = NAN;\n        return;\n    }}\n"
    )


def columns(
    portable: Portable, number: Any, declare: str = "double {name}[{size}];", same: str = "const double *{name} = x;"
) -> str:
    """Statements, good in C and JavaScript, that make z (natural units) and u (scaled) of x."""
    formulas = portable.formulas.values()

    def natural(column: Column) -> str:
        return (
            f"x[{column.input}]" if column.kind != "category" else f"(x[{column.input}] == {column.code} ? 1.0 : 0.0)"
        )

    def scaled(column: Column) -> str:
        if column.kind == "category":
            return natural(column)
        value = f"x[{column.input}]"
        if column.kind == "linear":
            return f"({value} - {number(column.low)}) / {number(column.width)}"
        tiny = number(TINY)
        return f"log(({value} > {tiny} ? {value} : {tiny}) / {number(column.low)}) / {number(column.width)}"

    lines = []
    for name, wanted, translate in (("z", WALKED, natural), ("u", SMOOTH, scaled)):
        if not any(isinstance(formula, wanted) for formula in formulas):
            continue
        if portable.raw:
            lines.append(same.format(name=name))
        else:
            lines.append(declare.format(name=name, size=len(portable.columns)))
            lines += [f"{name}[{j}] = {translate(column)};" for j, column in enumerate(portable.columns)]
    # Declarations first keeps the order of statements the same in both languages.
    return "".join(f"    {line}\n" for line in lines)


def warped(y: str, warp: Warp, number: Callable[[float], str]) -> str:
    """Statements, good in C and JavaScript, that warp an answer."""
    low, high, center, spread = (number(v) for v in (warp.low, warp.high, warp.center, warp.spread))
    lines = [f"{y} = {y} < {low} ? {low} : ({y} > {high} ? {high} : {y});"]
    if warp.power is None:
        lines.append(f"{y} = {spread} * exp({y});")
    else:
        above, below = f"unwarp({y}, {number(warp.power)})", f"-unwarp(-{y}, {number(2.0 - warp.power)})"
        lines.append(f"{y} = {center} + {spread} * ({y} >= 0.0 ? {above} : {below});")
    return "".join(f"    {line}\n" for line in lines)


def _answer(i: int, formula: Any, start: int) -> str:
    if isinstance(formula, ClassTrees):
        c = len(formula.base)
        tables = f"root{i}, feature{i}, cut{i}, first{i}, value{i}, base{i}, y + {start}"
        softmax = f"    softmax(y + {start}, {c});\n" if formula.scores else ""
        return f"    class_walk(z, {len(formula.walk.roots)}, {c}, {tables});\n{softmax}"
    if isinstance(formula, ClassNetwork):
        return f"    classes{i}(u, y + {start});\n    softmax(y + {start}, {len(formula.biases[-1])});\n"
    if isinstance(formula, Level):
        return f"    y[{start}] = {hexadecimal(formula.value)};\n"
    if isinstance(formula, Trees):
        tables = f"{len(formula.walk.roots)}, root{i}, feature{i}, cut{i}, first{i}, value{i}"
        return f"    y[{start}] = {hexadecimal(formula.base)} + walk(z, {tables});\n"
    return f"    y[{start}] = formula{i}(u);\n"


def _data(i: int, formula: Any) -> str:
    if isinstance(formula, WALKED):
        walk = formula.walk
        return (
            _ints(f"root{i}", walk.roots) + _ints(f"feature{i}", walk.feature) + _ints(f"first{i}", walk.first)
            + _doubles(f"cut{i}", np.where(np.isnan(walk.cut), 0.0, walk.cut)) + _doubles(f"value{i}", walk.value)
            + (_doubles(f"base{i}", formula.base) if isinstance(formula, ClassTrees) else "")
        )  # fmt: skip
    if isinstance(formula, Polynomial):
        return _polynomial(f"formula{i}", formula)
    if isinstance(formula, Kriging):
        n, p = formula.points.shape
        if isinstance(formula.trend, Polynomial):
            before, trend = _polynomial(f"trend{i}", formula.trend), f"trend{i}(u)"
        else:
            before, trend = "", hexadecimal(formula.trend)
        if formula.interaction is None:
            start, term, k = "0.0", "r += difference * difference", f"{formula.correlation}(r)"
        else:
            more, share = hexadecimal(formula.interaction), hexadecimal(1.0 + formula.interaction)
            start, k = "1.0", "r"
            term = f"r *= (1.0 + {more} * {formula.correlation}(difference * difference)) / {share}"
        return (
            before + _doubles(f"point{i}", formula.points) + _doubles(f"inverse{i}", formula.inverse)
            + _doubles(f"weight{i}", formula.weights)
            + f"""
static double formula{i}(const double *u) {{
    double total = 0.0;
    int i, j;
    for (i = 0; i < {n}; i++) {{
        double r = {start};
        for (j = 0; j < {p}; j++) {{
            double difference = (u[j] - point{i}[i * {p} + j]) * inverse{i}[j];
            {term};
        }}
        total += weight{i}[i] * {k};
    }}
    return {trend} + total;
}}
"""
        )  # fmt: skip
    if isinstance(formula, ClassNetwork):
        return _class_network(i, formula)
    return _network(i, formula) if isinstance(formula, Network) else ""


def _polynomial(name: str, formula: Polynomial) -> str:
    terms, p = formula.degrees.shape
    size = int(formula.degrees.max(initial=0)) + 2
    return (
        _ints(f"{name}_degree", formula.degrees) + _doubles(f"{name}_coefficient", formula.coefficients)
        + _doubles(f"{name}_location", formula.location) + _doubles(f"{name}_width", formula.width)
        + f"""
static double {name}(const double *u) {{
    double value[{p}][{size}], total = 0.0;
    int i, j;
    for (j = 0; j < {p}; j++) {{
        double t = 2.0 * (u[j] - {name}_location[j]) / {name}_width[j] - 1.0;
        value[j][0] = 1.0;
        value[j][1] = t;
        for (i = 1; i + 1 < {size}; i++)
            value[j][i + 1] = ((2 * i + 1) * t * value[j][i] - i * value[j][i - 1]) / (i + 1);
    }}
    for (i = 0; i < {terms}; i++) {{
        double term = {name}_coefficient[i];
        for (j = 0; j < {p}; j++) term *= value[j][{name}_degree[i * {p} + j]];
        total += term;
    }}
    return total;
}}
"""
    )  # fmt: skip


def _network(i: int, formula: Network) -> str:
    members, last = len(formula.weights[0]), len(formula.weights) - 1
    widths = [formula.weights[0].shape[1], *(w.shape[2] for w in formula.weights)]
    parts = []
    for layer, (weights, biases) in enumerate(zip(formula.weights, formula.biases, strict=True)):
        parts.append(_doubles(f"weight{i}_{layer}", weights) + _doubles(f"bias{i}_{layer}", biases))
    body = [f"\nstatic double formula{i}(const double *u) {{", "    double total = 0.0;", "    int m, a, b;"]
    body += [f"    double h{layer}[{widths[layer + 1]}];" for layer in range(last)]
    body.append(f"    for (m = 0; m < {members}; m++) {{")
    for layer in range(last + 1):
        n, units = widths[layer], widths[layer + 1]
        source = "u" if layer == 0 else f"h{layer - 1}"
        start = f"bias{i}_{layer}[m * {units} + b]"
        term = f"{source}[a] * weight{i}_{layer}[(m * {n} + a) * {units} + b]"
        if layer == last:
            body += [
                f"        total += bias{i}_{layer}[m];",
                f"        for (a = 0; a < {n}; a++) total += {source}[a] * weight{i}_{layer}[m * {n} + a];",
            ]
        else:  # the inner loop runs along memory, so that compilers can use vectors without reordering a sum
            body += [
                f"        for (b = 0; b < {units}; b++) h{layer}[b] = {start};",
                f"        for (a = 0; a < {n}; a++) for (b = 0; b < {units}; b++) h{layer}[b] += {term};",
                f"        for (b = 0; b < {units}; b++) {{",
                f"            double s = h{layer}[b];",
                f"            h{layer}[b] = {_ACTIVATIONS[formula.activation]};",
                "        }",
            ]
    body += ["    }", "    return total;", "}", ""]
    return "".join(parts) + "\n".join(body)


def _class_network(i: int, formula: ClassNetwork) -> str:
    parts, source, last = [], "u", len(formula.weights) - 1
    body = [f"\nstatic void classes{i}(const double *u, double *y) {{"]
    body += [f"    double h{layer}[{len(bias)}];" for layer, bias in enumerate(formula.biases[:-1])]
    body += ["    int b;"] if last else []
    for layer, (weights, bias) in enumerate(zip(formula.weights, formula.biases, strict=True)):
        parts.append(_doubles(f"weight{i}_{layer}", weights) + _doubles(f"bias{i}_{layer}", bias))
        n, units = weights.shape
        target = "y" if layer == last else f"h{layer}"
        body.append(f"    dense({source}, {n}, {units}, weight{i}_{layer}, bias{i}_{layer}, {target});")
        if layer < last:
            body += [
                f"    for (b = 0; b < {units}; b++) {{", f"        double s = {target}[b];",
                f"        {target}[b] = {_ACTIVATIONS[formula.activation]};", "    }",
            ]  # fmt: skip
        source = target
    return "".join(parts) + "\n".join([*body, "}", ""])


def _ints(name: str, values: NDArray[Any]) -> str:
    return _table("int", name, map(str, values.ravel().tolist()), values.size)


def _doubles(name: str, values: NDArray[np.float64]) -> str:
    return _table("double", name, map(hexadecimal, values.ravel().tolist()), values.size)


def _table(kind: str, name: str, texts: Iterable[str], size: int) -> str:
    items = list(texts)
    lines = [", ".join(items[i : i + 4]) for i in range(0, len(items), 4)]
    return f"\nstatic const {kind} {name}[{size}] = {{\n    " + ",\n    ".join(lines) + "\n};\n"
