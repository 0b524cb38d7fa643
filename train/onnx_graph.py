"""The trained network as an ONNX graph of int8: MiniLM's six layers and the two heads, written operator by operator.

The matrices hold whole numbers of seven bits, each column with its own scale; what flows through them is quantised as
it comes. Seven bits and not eight, because processors without VNNI add two products in 16 bits, which eight-bit
weights overflow. The embeddings have a scale for each token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

LARGEST = 63
EMBEDDING_LARGEST = 127
HEADS = 12
EPSILON = 1e-12
OPSET, CONTRIBUTED = 20, "com.microsoft"

Array = npt.NDArray[np.generic]
Weights = Mapping[str, npt.NDArray[np.float32]]


@dataclass(slots=True)
class Graph:
    """A graph that grows from its inputs to its outputs; each step gives the name of what it puts out."""

    int8: bool = True
    nodes: list[Any] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def constant(self, value: Array) -> str:
        """*value*, as an input of other steps."""
        name = f"c{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def step(self, operator: str, inputs: Sequence[str], out: str = "", domain: str = "", **how: Any) -> str:
        """One *operator* with one output."""
        out = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [out], domain=domain, **how))
        return out

    def split(self, value: str, parts: int) -> list[str]:
        """*value* in equal *parts*, along its last axis."""
        names = [f"n{len(self.nodes)}_{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [value], names, axis=-1, num_outputs=parts))
        return names

    def dense(self, value: str, weight: Array, bias: Array) -> str:
        """``value @ weight + bias``, in int8 where the graph is."""
        if not self.int8:
            return self.step("Add", [self.step("MatMul", [value, self.constant(weight)]), self.constant(bias)])
        whole, scale = quantised(weight, LARGEST, axis=0)
        zero = self.constant(np.zeros(weight.shape[1], np.int8))
        inputs = [value, self.constant(whole), self.constant(scale), zero, self.constant(bias)]
        return self.step("DynamicQuantizeMatMul", inputs, domain=CONTRIBUTED)

    def embedded(self, ids: str, table: Array) -> str:
        """The rows of *table* that *ids* name."""
        if not self.int8:
            return self.step("Gather", [self.constant(table), ids])
        whole, scale = quantised(table, EMBEDDING_LARGEST, axis=1)
        rows = self.step("Cast", [self.step("Gather", [self.constant(whole), ids])], to=TensorProto.FLOAT)
        return self.step("Mul", [rows, self.step("Gather", [self.constant(scale[:, None]), ids])])

    def normalised(self, value: str, weight: Array, bias: Array) -> str:
        """*value* by layer normalisation."""
        inputs = [value, self.constant(weight), self.constant(bias)]
        return self.step("LayerNormalization", inputs, epsilon=EPSILON)


def quantised(weight: Array, largest: int, axis: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Whole numbers of at most *largest* and the scale of each row or column, of which *axis* is the length."""
    scale = np.maximum(np.abs(weight).max(axis=axis), 1e-8) / largest
    spread = np.expand_dims(scale, axis)
    return np.clip(np.rint(weight / spread), -largest, largest).astype(np.int8), scale.astype(np.float32)


def graph_of(weights: Weights, *, layers: int, longest_tokens: int, int8: bool = True) -> onnx.ModelProto:
    """The model: ids, types and lengths of a batch in; logits of the claims and of their tokens out."""
    graph = Graph(int8)
    value = _embeddings(graph, weights, longest_tokens)
    for layer in range(layers):
        value = _layer(graph, weights, f"encoder.encoder.layer.{layer}.", value)
    first = graph.step("Gather", [value, graph.constant(np.array(0, np.int64))], axis=1)
    for name, of in (("claim", first), ("word", value)):
        weight, bias = weights[f"{name}.weight"].T, weights[f"{name}.bias"]
        graph.step("Add", [graph.step("MatMul", [of, graph.constant(weight)]), graph.constant(bias)], out=name)
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"]),
        helper.make_tensor_value_info("types", TensorProto.INT64, ["batch", "tokens"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
    ]
    outputs = [
        helper.make_tensor_value_info("claim", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("word", TensorProto.FLOAT, ["batch", "tokens", 1]),
    ]
    made = helper.make_graph(graph.nodes, "groundspan-local", inputs, outputs, list(graph.constants.values()))
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIBUTED, 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=10, producer_name="groundspan")


def _embeddings(graph: Graph, weights: Weights, longest_tokens: int) -> str:
    of = "encoder.embeddings."
    words = graph.embedded("ids", weights[of + "word_embeddings.weight"])
    types = graph.step("Gather", [graph.constant(weights[of + "token_type_embeddings.weight"]), "types"])
    zero, one = (graph.constant(np.array(value, np.int64)) for value in (0, 1))
    first = graph.constant(np.array([0], np.int64))
    tokens = graph.step("Squeeze", [graph.step("Shape", ["ids"], start=1, end=2), first])
    places = graph.step("Unsqueeze", [graph.step("Range", [zero, tokens, one]), first])
    table = weights[of + "position_embeddings.weight"][:longest_tokens]
    positions = graph.step("Gather", [graph.constant(table), places])
    value = graph.step("Add", [graph.step("Add", [words, types]), positions])
    return graph.normalised(value, weights[of + "LayerNorm.weight"], weights[of + "LayerNorm.bias"])


def _layer(graph: Graph, weights: Weights, of: str, value: str) -> str:
    def dense(name: str, given: str) -> str:
        return graph.dense(given, weights[f"{of}{name}.weight"].T, weights[f"{of}{name}.bias"])

    def joined(name: str, given: str, beside: str) -> str:
        inner = graph.step("Add", [dense(f"{name}.dense", given), beside])
        return graph.normalised(inner, weights[f"{of}{name}.LayerNorm.weight"], weights[f"{of}{name}.LayerNorm.bias"])

    asked = [f"{of}attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([weights[f"{name}.weight"] for name in asked]).T
    bias = np.concatenate([weights[f"{name}.bias"] for name in asked])
    query, key, found = graph.split(graph.dense(value, weight, bias), 3)
    inputs = [query, key, found, "", "lengths"]
    seen = graph.step("MultiHeadAttention", inputs, domain=CONTRIBUTED, num_heads=HEADS)
    value = joined("attention.output", seen, value)
    widened = graph.step("Gelu", [dense("intermediate.dense", value)])
    return joined("output", widened, value)
