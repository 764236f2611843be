"""A model as one JavaScript file without dependencies, for browsers and Node."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.export.c99 import columns, comment_safe, warped
from surrogate.export.export import Answers, ExportError, described
from surrogate.export.formula import WALKED, ClassNetwork, ClassTrees, Kriging, Level, Network, Polynomial, Trees
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_WALK = """
function walk(z, trees) {
    const {root, feature, cut, first, value} = trees;
    let total = 0.0;
    for (let tree = 0; tree < root.length; tree++) {
        let node = root[tree], below;
        while ((below = first[node]) !== node) node = below + (z[feature[node]] >= cut[node] ? 1 : 0);
        total += value[node];
    }
    return total;
}
"""

_KRIGING = """
function kriging(u, model, correlation) {
    const {point, inverse, weight, interaction} = model, p = inverse.length;
    let total = 0.0;
    for (let i = 0; i < weight.length; i++) {
        let r2 = 0.0, product = 1.0;
        for (let j = 0; j < p; j++) {
            const difference = (u[j] - point[i * p + j]) * inverse[j];
            if (interaction === null) r2 += difference * difference;
            else product *= (1.0 + interaction * correlation(difference * difference)) / (1.0 + interaction);
        }
        total += weight[i] * (interaction === null ? correlation(r2) : product);
    }
    return total;
}
function squared_exponential(r2) { return exp(-0.5 * r2); }
function distance(r2) { return sqrt(r2); }
function cube(r2) { return r2 * sqrt(r2); }
function matern52(r2) {
    const s = sqrt(5.0 * r2);
    return (1.0 + s + s * s / 3.0) * exp(-s);
}
function matern72(r2) {
    const s = sqrt(7.0 * r2);
    return (1.0 + s * (1.0 + s * (0.4 + s / 15.0))) * exp(-s);
}
"""

_POLYNOMIAL = """
function polynomial(u, model) {
    const {location, width, degree, coefficient} = model, p = width.length;
    const value = Array.from(u, (_, j) => {
        const t = 2.0 * (u[j] - location[j]) / width[j] - 1.0, values = [1.0, t];
        for (let k = 1; k < model.highest; k++) {
            values.push(((2 * k + 1) * t * values[k] - k * values[k - 1]) / (k + 1));
        }
        return values;
    });
    let total = 0.0;
    for (let i = 0; i < coefficient.length; i++) {
        let term = coefficient[i];
        for (let j = 0; j < p; j++) term *= value[j][degree[i * p + j]];
        total += term;
    }
    return total;
}
"""

_NETWORK = """
function network(u, layers, members, activation) {
    let total = 0.0;
    for (let m = 0; m < members; m++) {
        let h = u;
        for (let layer = 0; layer < layers.length; layer++) {
            const {weight, bias} = layers[layer], units = bias.length / members, n = h.length;
            const next = new Float64Array(units);
            for (let b = 0; b < units; b++) {
                let s = bias[m * units + b];
                for (let a = 0; a < n; a++) s += h[a] * weight[(m * n + a) * units + b];
                next[b] = layer + 1 < layers.length ? activation(s) : s;
            }
            h = next;
        }
        total += h[0];
    }
    return total;
}
"""

_ACTIVATIONS = """
function relu(s) { return s > 0.0 ? s : 0.0; }
function logistic(s) { return 0.5 + 0.5 * tanh(0.5 * s); }
"""

_UNWARP = """
function unwarp(z, power) {
    return power === 0.0 ? Math.expm1(z) : Math.expm1(Math.log1p(power * z) / power);
}
"""

_CLASSES = """
function softmax(y) {
    const most = Math.max(...y), raised = Array.from(y, v => exp(v - most));
    const total = raised.reduce((a, b) => a + b, 0.0);
    return raised.map(v => v / total);
}
function classWalk(z, trees, base) {
    const {root, feature, cut, first, value} = trees, y = Array.from(base);
    for (let tree = 0; tree < root.length; tree++) {
        let node = root[tree], below;
        while ((below = first[node]) !== node) node = below + (z[feature[node]] >= cut[node] ? 1 : 0);
        for (let i = 0; i < y.length; i++) y[i] += value[node * y.length + i];
    }
    return y;
}
function classNetwork(u, layers, activation) {
    return layers.reduce((h, {weight, bias}, layer) => Array.from(bias, (s, b) => {
        for (let a = 0; a < h.length; a++) s += h[a] * weight[a * bias.length + b];
        return layer + 1 < layers.length ? activation(s) : s;
    }), u);
}
"""

_RUN = """
const model = require("./model.js"), fs = require("fs");
const rows = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(rows.map(x => model.predict(x.map(v => v === null ? NaN : v)))));
"""


def write(portable: Portable, statement: str) -> bytes:
    """Return the file's text."""
    d, k = len(portable.names), len(portable.outputs)
    head = [
        *described(portable, statement), "",
        f"model.predict(x): an array of {d} inputs (a category as its value) to an array of {k} outputs.",
        "Where an input is no number, or no category, all outputs are NaN.",
    ]  # fmt: skip
    categories = [None if values is None else list(values) for values in portable.categories]
    formulas = list(portable.formulas.values())
    parts = ["/*\n", *(f" * {comment_safe(line)}".rstrip() + "\n" for line in head), " */\n"]
    parts += ['"use strict";\nconst model = (function () {\nconst {log, exp, sqrt, tanh} = Math;\n']
    parts.append(f"const inputs = {_json(portable.names)}, outputs = {_json(portable.outputs)};\n")
    parts.append(f"const categories = {_json(categories)};\n")
    for kind, text in ((Trees, _WALK), (Kriging, _KRIGING), (Network, _NETWORK + _ACTIVATIONS)):
        if any(isinstance(f, kind) for f in formulas):
            parts.append(text)
    if any(isinstance(f, ClassTrees | ClassNetwork) for f in formulas):
        parts.append(_CLASSES)
    if any(isinstance(f, ClassNetwork) for f in formulas) and not any(isinstance(f, Network) for f in formulas):
        parts.append(_ACTIVATIONS)
    if any(isinstance(part, Polynomial) for f in formulas for part in (f, getattr(f, "trend", None))):
        parts.append(_POLYNOMIAL)
    if any(warp.power is not None for warp in portable.warps.values()):
        parts.append(_UNWARP)
    parts += [_data(i, formula) for i, formula in enumerate(formulas)]
    warps = [(portable.places[name].start, warp) for name, warp in portable.warps.items()]
    bent = "".join(warped(f"y[{start}]", warp, _number) for start, warp in warps)
    answers = ", ".join(_answer(i, formula) for i, formula in enumerate(formulas))
    parts.append(f"""
function predict(given) {{
    if (given.length !== {d}) throw new RangeError("predict: {d} inputs are needed, got " + given.length);
    const x = new Float64Array({d});
    for (let i = 0; i < {d}; i++) {{
        x[i] = categories[i] === null ? given[i] : categories[i].indexOf(given[i]);
        if (!Number.isFinite(x[i]) || (categories[i] !== null && x[i] < 0)) return Array({k}).fill(NaN);
    }}
{columns(portable, _number, "const {name} = new Float64Array({size});", "const {name} = x;")}    const y = [{answers}];
{bent}    return y;
}}
return {{inputs, outputs, predict}};
}})();
if (typeof module !== "undefined") module.exports = model;
""")
    return "".join(parts).encode()


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers | None:
    """Ask the file with Node, where it is installed."""
    node = shutil.which("node")
    if node is None:
        return None
    (folder / "model.js").write_bytes(written)
    (folder / "run.js").write_text(_RUN)
    natural = [
        [v if good else None for v, good in zip(row, finite, strict=True)]
        for row, finite in zip(portable.natural(rows), np.isfinite(rows).tolist(), strict=True)
    ]
    done = subprocess.run(  # noqa: S603 - the Node of this machine, on files just written
        [node, "run.js"], cwd=folder, input=json.dumps(natural).encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise ExportError(f"Node refused the export:\n{done.stderr.decode(errors='replace')[:2000]}")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    values = np.array(json.loads(done.stdout), dtype=np.float64).reshape(len(rows), -1)
    return Answers(values, f"Node {version.strip()}")


def _json(value: Any) -> str:
    """Text that is safe inside a script element, too."""
    return json.dumps(value).replace("</", "<\\/")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return repr(float(value)).replace("inf", "Infinity")


def _data(i: int, formula: Any) -> str:
    if isinstance(formula, WALKED):
        walk = formula.walk
        ints = (f"{name}: Int32Array.from({getattr(walk, table).tolist()})" for name, table in
                (("root", "roots"), ("feature", "feature"), ("first", "first")))  # fmt: skip
        return f"const trees{i} = {{{', '.join(ints)}, cut: {_doubles(walk.cut)}, value: {_doubles(walk.value)}}};\n"
    if isinstance(formula, Polynomial):
        return f"const polynomial{i} = {_polynomial(formula)};\n"
    if isinstance(formula, Kriging):
        more = "null" if formula.interaction is None else _number(formula.interaction)
        trend = f"const trend{i} = {_polynomial(formula.trend)};\n" if isinstance(formula.trend, Polynomial) else ""
        return (
            f"{trend}const kriging{i} = {{point: {_doubles(formula.points)}, inverse: {_doubles(formula.inverse)}, "
            f"weight: {_doubles(formula.weights)}, interaction: {more}}};\n"
        )
    if isinstance(formula, Network | ClassNetwork):
        layers = ",\n".join(
            f"{{weight: {_doubles(weights)}, bias: {_doubles(biases)}}}"
            for weights, biases in zip(formula.weights, formula.biases, strict=True)
        )
        return f"const layers{i} = [{layers}];\n"
    return ""


def _answer(i: int, formula: Any) -> str:
    if isinstance(formula, Level):
        return _number(formula.value)
    if isinstance(formula, Trees):
        return f"{_number(formula.base)} + walk(z, trees{i})"
    if isinstance(formula, ClassTrees):
        walked = f"classWalk(z, trees{i}, {_doubles(formula.base)})"
        return f"...softmax({walked})" if formula.scores else f"...{walked}"
    if isinstance(formula, ClassNetwork):
        return f"...softmax(classNetwork(u, layers{i}, {formula.activation}))"
    if isinstance(formula, Polynomial):
        return f"polynomial(u, polynomial{i})"
    if isinstance(formula, Kriging):
        if isinstance(formula.trend, Polynomial):
            trend = f"polynomial(u, trend{i})"
        else:
            trend = _number(formula.trend)
        return f"{trend} + kriging(u, kriging{i}, {formula.correlation})"
    return f"network(u, layers{i}, {len(formula.weights[0])}, {formula.activation})"


def _polynomial(formula: Polynomial) -> str:
    return (
        f"{{location: {_doubles(formula.location)}, width: {_doubles(formula.width)}, "
        f"degree: {formula.degrees.ravel().tolist()}, highest: {int(formula.degrees.max(initial=0))}, "
        f"coefficient: {_doubles(formula.coefficients)}}}"
    )


def _doubles(values: NDArray[np.float64]) -> str:
    return f"Float64Array.from([{', '.join(map(_number, values.ravel().tolist()))}])"
