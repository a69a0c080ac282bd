"""A small builder of ONNX graphs: plain, statically shaped operators only.

Exporters leave shape arithmetic in their graphs that not every runtime can
fold; graphs written here hold the layers and nothing else. Touch it when a
network needs another operator.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
# The first IR version that knows this opset: older runtimes can load it too.
IR_VERSION = 8


class Graph:
    """Nodes and weights of one network; every method returns its output's name.

    `batch` is the first axis of its inputs and outputs: free, so that a GPU computes many sources in one run, or 1.
    """

    def __init__(self, name, batch="batch"):
        self.name, self.nodes, self.weights, self.batch = name, [], [], batch

    def weight(self, name, array):
        """A constant tensor (float32, or int64 for shapes and axes)."""
        array = np.asarray(array)
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        # A copy in C's order, as a transposed view would be stored in the wrong one.
        self.weights.append(numpy_helper.from_array(array.astype(kind, order="C"), name))
        return name

    def node(self, kind, inputs, name, **attributes):
        """One operator with one output, which bears the node's name."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def reshape(self, x, shape, name):
        return self.node("Reshape", [x, self.weight(f"{name}.shape", np.array(shape))], name)

    def conv(self, x, weight, bias, name, **attributes):
        inputs = [x, self.weight(f"{name}.weight", weight), self.weight(f"{name}.bias", bias)]
        return self.node("Conv", inputs, name, kernel_shape=list(weight.shape[2:]), **attributes)

    def relu(self, x, name):
        return self.node("Relu", [x], name)

    def max_pool(self, x, kernel, padding, name):
        """Pools by `kernel`, with `padding` on both sides of each axis."""
        return self.node(
            "MaxPool", [x], name, kernel_shape=list(kernel), strides=list(kernel), pads=list(padding) * 2
        )

    def average_pool(self, x, kernel, name):
        """Averages over blocks of `kernel`; what does not fill a block is left out."""
        return self.node("AveragePool", [x], name, kernel_shape=list(kernel), strides=list(kernel))

    def linear(self, x, weight, bias, name):
        """`x @ weight.T + bias`, weight [out, in]."""
        inputs = [x, self.weight(f"{name}.weight", weight), self.weight(f"{name}.bias", bias)]
        return self.node("Gemm", inputs, name, transB=1)

    def lstm(self, x, w, r, b, name, whole_sequence):
        """A forward LSTM over [steps, batch, features] with ONNX's gate order (i, o, f, c).

        Returns all outputs [steps, batch, hidden], or the last state [batch, hidden].
        """
        hidden = r.shape[-1]
        inputs = [x, self.weight(f"{name}.w", w), self.weight(f"{name}.r", r), self.weight(f"{name}.b", b)]
        raw = f"{name}.out"
        outputs = [raw] if whole_sequence else ["", raw]
        self.nodes.append(helper.make_node("LSTM", inputs, outputs, name=raw, hidden_size=hidden))
        axes = self.weight(f"{name}.axes", np.array([1 if whole_sequence else 0]))
        return self.node("Squeeze", [raw, axes], name)

    def gru(self, x, directions, name):
        """A GRU over [steps, batch, features] with ONNX's gate order (z, r, h): all outputs [steps, batch, hidden × directions].

        `directions` holds (w, r, b) of the forward one and, if it is bidirectional, of the backward one.
        """
        w, r, b = (np.stack(parts) for parts in zip(*directions))
        count, hidden = len(directions), r.shape[-1]
        inputs = [x, self.weight(f"{name}.w", w), self.weight(f"{name}.r", r), self.weight(f"{name}.b", b)]
        attributes = {"hidden_size": hidden, "direction": "bidirectional" if count == 2 else "forward"}
        # PyTorch applies the reset gate after the recurrence's matrix.
        x = self.node("GRU", inputs, f"{name}.out", linear_before_reset=1, **attributes)
        x = self.node("Transpose", [x], f"{name}.by_step", perm=[0, 2, 1, 3])
        return self.reshape(x, [0, 0, count * hidden], name)

    def gru_both_ways(self, x, w, r, b, name):
        """A bidirectional GRU over [steps, batch, features] with gate order z, r, h: all outputs [batch, steps, 2 · hidden]."""
        inputs = [x, self.weight(f"{name}.w", w), self.weight(f"{name}.r", r), self.weight(f"{name}.b", b)]
        self.nodes.append(
            helper.make_node(
                "GRU", inputs, [f"{name}.out"], name=f"{name}.out", hidden_size=r.shape[-1], direction="bidirectional", linear_before_reset=1
            )
        )
        x = self.node("Transpose", [f"{name}.out"], f"{name}.batch_first", perm=[2, 0, 1, 3])
        return self.reshape(x, [0, 0, 2 * r.shape[-1]], name)

    def save(self, path, source, shape_in, sink, shape_out):
        """Check the model and write it with its weights inside; a str in a shape is a dynamic axis, the first is the batch's."""
        self.save_all(path, [(source, shape_in)], [(sink, shape_out)])

    def save_all(self, path, inputs, outputs):
        """As `save`, with any number of (name, shape) of inputs and outputs."""
        shaped = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, [self.batch, *shape[1:]])
        tensors = [[shaped(*tensor) for tensor in side] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, self.name, *tensors, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="genrecast")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(path))
