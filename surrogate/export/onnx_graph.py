"""A model as an ONNX graph in double precision, built node by node and checked with onnxruntime."""

from __future__ import annotations

from functools import partial, reduce
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
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: As old as doubles allow: trees that answer in double came with ai.onnx.ml 5 (2024).
_OPSETS, _TREE_OPSET, _IR_VERSION = [("", 17)], ("ai.onnx.ml", 5), 10
_LESS_THAN = 1
_DOUBLE = 11
_NEEDED = "ONNX needs the packages onnx and onnxruntime. Install them: pip install 'surrogate-discovery[onnx]'."


class _Graph:
    """Nodes in the order of computation, and the constants that they use."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node and return the name of its result."""
        from onnx import helper

        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """Keep an array and return its name."""
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype=dtype)
        return name


def write(portable: Portable, statement: str) -> bytes:
    """Return the serialised model: input X (n, d) and output Y (n, k), doubles, categories as codes.

    Raises
    ------
    ExportError
        If onnx is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        raise ExportError(_NEEDED) from error

    graph = _Graph()
    formulas = list(portable.formulas.values())
    natural = _natural(graph, portable) if any(isinstance(f, WALKED) for f in formulas) else ""
    scaled = _scaled(graph, portable) if any(isinstance(f, SMOOTH) for f in formulas) else ""
    parts = [_answer(graph, formula, natural, scaled) for formula in formulas]
    for i, name in enumerate(portable.records):
        if name in portable.warps:
            parts[i] = _warped(graph, portable.warps[name], parts[i])
    answers = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    graph.nodes.append(helper.make_node("Where", [_good(graph, portable), answers, graph.constant(np.nan)], ["Y"]))
    d, k = len(portable.names), len(portable.outputs)
    body = helper.make_graph(
        graph.nodes, "surrogate",
        [helper.make_tensor_value_info("X", TensorProto.DOUBLE, ["n", d])],
        [helper.make_tensor_value_info("Y", TensorProto.DOUBLE, ["n", k])],
        [numpy_helper.from_array(array, name) for name, array in graph.constants.items()],
        doc_string="\n".join(described(portable, statement)),
    )  # fmt: skip
    opsets = [*_OPSETS, _TREE_OPSET] if any(isinstance(f, WALKED) for f in formulas) else _OPSETS
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid(*opset) for opset in opsets], ir_version=_IR_VERSION,
        producer_name="surrogate-discovery",
    )  # fmt: skip
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers:
    """Ask onnxruntime, on one thread."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ExportError(_NEEDED) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(written, options, providers=["CPUExecutionProvider"])
    values = session.run(None, {"X": np.ascontiguousarray(rows)})[0]
    return Answers(np.asarray(values), f"onnxruntime {onnxruntime.__version__}")


def _good(graph: _Graph, portable: Portable) -> str:
    """Whether every input of a row is a number, and every category one; shape (n, 1)."""
    # x - x is zero for numbers only.
    parts = [graph.add("Equal", graph.add("Sub", "X", "X"), graph.constant(0.0))]
    for i, values in enumerate(portable.categories):
        if values is not None:
            codes = graph.constant(np.arange(len(values))[None, :])
            hits = graph.add("Cast", graph.add("Equal", _cell(graph, i), codes), to=_DOUBLE)
            parts.append(graph.add("Greater", _total(graph, hits), graph.constant(0.5)))
    wrong = [graph.add("Cast", graph.add("Not", part), to=_DOUBLE) for part in parts]
    count = _total(graph, wrong[0] if len(wrong) == 1 else graph.add("Concat", *wrong, axis=1))
    return graph.add("Less", count, graph.constant(0.5))


def _total(graph: _Graph, values: str) -> str:
    return graph.add("ReduceSum", values, graph.constant([1], np.int64), keepdims=1)


def _cell(graph: _Graph, i: int) -> str:
    return graph.add("Gather", "X", graph.constant([i], np.int64), axis=1)


def _natural(graph: _Graph, portable: Portable) -> str:
    """Add what trees compare: inputs in natural units, categories as columns of 0 and 1."""
    if all(values is None for values in portable.categories):
        return "X"
    parts = []
    for i, values in enumerate(portable.categories):
        cell = _cell(graph, i)
        if values is not None:
            cell = graph.add(
                "Cast", graph.add("Equal", cell, graph.constant(np.arange(len(values))[None, :])), to=_DOUBLE
            )
        parts.append(cell)
    return graph.add("Concat", *parts, axis=1)


def _scaled(graph: _Graph, portable: Portable) -> str:
    """Add what the smooth formulas take: scaled inputs."""
    natural, columns = _natural(graph, portable), portable.columns
    linear = (
        [0.0 if c.kind == "log" else c.low for c in columns],
        [1.0 if c.kind == "log" else c.width for c in columns],
    )
    scaled = graph.add("Div", graph.add("Sub", natural, graph.constant(linear[0])), graph.constant(linear[1]))
    if all(c.kind != "log" for c in columns):
        return scaled
    on_log = np.array([c.kind == "log" for c in columns])
    low = np.where(on_log, [c.low for c in columns], 1.0)
    width = np.where(on_log, [c.width for c in columns], 1.0)
    ratio = graph.add("Div", graph.add("Max", natural, graph.constant(TINY)), graph.constant(low))
    logs = graph.add("Div", graph.add("Log", ratio), graph.constant(width))
    return graph.add("Where", graph.constant(on_log, np.bool_), logs, scaled)


def _answer(graph: _Graph, formula: Any, natural: str, scaled: str) -> str:
    if isinstance(formula, Level):
        zeros = graph.add("Mul", graph.add("Gather", "X", graph.constant([0], np.int64), axis=1), graph.constant(0.0))
        return graph.add("Add", zeros, graph.constant(formula.value))
    if isinstance(formula, Trees):
        return _trees(graph, formula, natural)
    if isinstance(formula, ClassTrees):
        sums = [
            _trees(graph, Trees(formula.walk._replace(value=formula.walk.value[:, i]), float(base)), natural)
            for i, base in enumerate(formula.base)
        ]
        total = graph.add("Concat", *sums, axis=1)
        return graph.add("Softmax", total, axis=1) if formula.scores else total
    if isinstance(formula, ClassNetwork):
        return graph.add("Softmax", _layers(graph, formula.weights, formula.biases, formula.activation, scaled), axis=1)
    if isinstance(formula, Polynomial):
        return _polynomial(graph, formula, scaled)
    return _kriging(graph, formula, scaled) if isinstance(formula, Kriging) else _network(graph, formula, scaled)


def _trees(graph: _Graph, formula: Trees, natural: str) -> str:
    """One TreeEnsemble, the first operator for trees whose result is double as well."""
    from onnx import helper, numpy_helper

    walk = formula.walk
    leaf = np.isnan(walk.cut)
    branch = ~leaf
    branch[walk.roots] = True  # a tree of one leaf is a branch whose two sides are that leaf
    lonely = leaf & branch
    number = np.cumsum(branch) - 1
    leaf_number = np.cumsum(leaf) - 1
    yes = np.where(lonely, np.arange(len(leaf)), walk.first)[branch]
    no = np.where(lonely, np.arange(len(leaf)), walk.first + 1)[branch]
    name = f"trees{len(graph.nodes)}"
    graph.nodes.append(
        helper.make_node(
            "TreeEnsemble", [natural], [name], domain="ai.onnx.ml", n_targets=1, aggregate_function=1,
            tree_roots=number[walk.roots].tolist(),
            nodes_featureids=walk.feature[branch].tolist(),
            nodes_splits=numpy_helper.from_array(np.where(leaf, 0.0, walk.cut)[branch], "splits"),
            nodes_modes=numpy_helper.from_array(np.full(int(branch.sum()), _LESS_THAN, np.uint8), "modes"),
            nodes_truenodeids=np.where(leaf[yes], leaf_number[yes], number[yes]).tolist(),
            nodes_falsenodeids=np.where(leaf[no], leaf_number[no], number[no]).tolist(),
            nodes_trueleafs=leaf[yes].astype(int).tolist(),
            nodes_falseleafs=leaf[no].astype(int).tolist(),
            leaf_targetids=[0] * int(leaf.sum()),
            leaf_weights=numpy_helper.from_array(walk.value[leaf], "weights"),
        )
    )  # fmt: skip
    return graph.add("Add", name, graph.constant(formula.base))


def _kriging(graph: _Graph, formula: Kriging, scaled: str) -> str:
    points = formula.points * formula.inverse
    z = graph.add("Mul", scaled, graph.constant(formula.inverse))
    if formula.interaction is not None:
        correlation = _product(graph, formula.correlation, formula.interaction, z, points)
        return _with_trend(graph, formula, correlation, scaled)
    # Differences, an axis for the runs between: the expanded square would cancel.
    wide = graph.add("Unsqueeze", z, graph.constant([1], np.int64))
    squares = graph.add("Mul", *[graph.add("Sub", wide, graph.constant(points[None]))] * 2)
    r2 = graph.add("ReduceSum", squares, graph.constant([2], np.int64), keepdims=0)
    return _with_trend(graph, formula, _correlation(graph, formula.correlation, r2), scaled)


def _product(graph: _Graph, kind: str, interaction: float, z: str, points: NDArray[np.float64]) -> str:
    factors = []
    for j, column in enumerate(points.T):
        cell = graph.add("Gather", z, graph.constant([j], np.int64), axis=1)
        squares = graph.add("Mul", *[graph.add("Sub", cell, graph.constant(column[None]))] * 2)
        more = graph.add("Mul", _correlation(graph, kind, squares), graph.constant(interaction))
        factors.append(graph.add("Div", graph.add("Add", more, graph.constant(1.0)), graph.constant(1.0 + interaction)))
    return reduce(partial(graph.add, "Mul"), factors)


def _with_trend(graph: _Graph, formula: Kriging, correlation: str, scaled: str) -> str:
    total = graph.add("MatMul", correlation, graph.constant(formula.weights[:, None]))
    if isinstance(formula.trend, Polynomial):
        return graph.add("Add", total, _polynomial(graph, formula.trend, scaled))
    return graph.add("Add", total, graph.constant(formula.trend))


def _polynomial(graph: _Graph, formula: Polynomial, scaled: str) -> str:
    shifted = graph.add("Sub", scaled, graph.constant(formula.location))
    t = graph.add("Div", graph.add("Mul", shifted, graph.constant(2.0)), graph.constant(formula.width))
    t = graph.add("Sub", t, graph.constant(1.0))
    values = [graph.add("Add", graph.add("Mul", t, graph.constant(0.0)), graph.constant(1.0)), t]
    for k in range(1, int(formula.degrees.max(initial=0))):
        up = graph.add("Mul", graph.add("Mul", t, graph.constant(2.0 * k + 1.0)), values[k])
        down = graph.add("Mul", values[k - 1], graph.constant(float(k)))
        values.append(graph.add("Div", graph.add("Sub", up, down), graph.constant(k + 1.0)))
    table, p = graph.add("Concat", *values, axis=1), formula.degrees.shape[1]  # degree after degree, p columns each
    terms = graph.add("Gather", table, graph.constant(np.zeros(len(formula.degrees)), np.int64), axis=1)
    for j in range(p):
        if formula.degrees[:, j].any():
            places = graph.constant(formula.degrees[:, j] * p + j, np.int64)
            terms = graph.add("Mul", terms, graph.add("Gather", table, places, axis=1))
    return graph.add("MatMul", terms, graph.constant(formula.coefficients[:, None]))


def _correlation(graph: _Graph, kind: str, r2: str) -> str:
    def number(value: float) -> str:
        return graph.constant(value)

    if kind == "squared_exponential":
        return graph.add("Exp", graph.add("Mul", r2, number(-0.5)))
    if kind in ("distance", "cube"):
        root = graph.add("Sqrt", r2)
        return root if kind == "distance" else graph.add("Mul", r2, root)
    s = graph.add("Sqrt", graph.add("Mul", r2, number(5.0 if kind == "matern52" else 7.0)))
    if kind == "matern52":
        inner = graph.add("Add", number(1.0), graph.add("Div", s, number(3.0)))
    else:
        inner = graph.add("Add", number(0.4), graph.add("Div", s, number(15.0)))
        inner = graph.add("Add", number(1.0), graph.add("Mul", s, inner))
    polynomial = graph.add("Add", number(1.0), graph.add("Mul", s, inner))
    return graph.add("Mul", polynomial, graph.add("Exp", graph.add("Neg", s)))


def _warped(graph: _Graph, warp: Warp, z: str) -> str:
    z = graph.add("Min", graph.add("Max", z, graph.constant(warp.low)), graph.constant(warp.high))
    if warp.power is None:
        return graph.add("Mul", graph.add("Exp", z), graph.constant(warp.spread))
    zero = graph.constant(0.0)
    above = _unwarped(graph, graph.add("Max", z, zero), warp.power)
    below = graph.add("Neg", _unwarped(graph, graph.add("Max", graph.add("Neg", z), zero), 2.0 - warp.power))
    t = graph.add("Add", above, below)  # one of them is zero
    return graph.add("Add", graph.add("Mul", t, graph.constant(warp.spread)), graph.constant(warp.center))


def _unwarped(graph: _Graph, z: str, power: float) -> str:
    one = graph.constant(1.0)
    if power != 0.0:
        logs = graph.add("Log", graph.add("Add", graph.add("Mul", z, graph.constant(power)), one))
        z = graph.add("Div", logs, graph.constant(power))
    return graph.add("Sub", graph.add("Exp", z), one)


def _network(graph: _Graph, formula: Network, scaled: str) -> str:
    members = [
        _layers(graph, [w[m] for w in formula.weights], [b[m] for b in formula.biases], formula.activation, scaled)
        for m in range(len(formula.weights[0]))
    ]
    return members[0] if len(members) == 1 else graph.add("Sum", *members)


def _layers(graph: _Graph, weights: Sequence[Any], biases: Sequence[Any], activation: str, h: str) -> str:
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        h = graph.add("Add", graph.add("MatMul", h, graph.constant(weight)), graph.constant(bias))
        if layer + 1 < len(weights):
            h = _activation(graph, activation, h)
    return h


def _activation(graph: _Graph, kind: str, h: str) -> str:
    if kind == "relu":
        return graph.add("Max", h, graph.constant(0.0))
    if kind == "tanh":
        return graph.add("Tanh", h)
    half = graph.constant(0.5)
    return graph.add("Add", graph.add("Mul", graph.add("Tanh", graph.add("Mul", h, half)), half), half)
