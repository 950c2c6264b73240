"""The networks of `step.py` in PyTorch, layer by layer from its description; runs where PyTorch is installed.

python torch_network.py FOLDER PRECISION    # then requests on standard input, as `step.py` sends them
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)


def convolution(kernel, config, bias=None):
    """A convolution with a Keras kernel `[height, width, in, out]`; "same" padding, which is symmetric at stride 1."""
    height, width, channels, filters = kernel.shape
    rate, same = config.get("dilation_rate", (1, 1)), config["padding"] == "same"
    padding = tuple(r * (side // 2) for r, side in zip(rate, (height, width), strict=True)) if same else 0
    layer = nn.Conv2d(channels, filters, (height, width), config["strides"], padding, rate, bias=bias is not None)
    layer.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
    if bias is not None:
        layer.bias.data = torch.from_numpy(bias)
    return layer


def normalization(weights, epsilon=1e-3, momentum=0.1):
    """Batch normalisation from the four arrays of Keras's."""
    layer = nn.BatchNorm2d(len(weights["gamma"]), epsilon, momentum)
    for name, value in zip(
        ("weight", "bias", "running_mean", "running_var"),
        ("gamma", "beta", "moving_mean", "moving_variance"),
        strict=True,
    ):
        getattr(layer, name).data = torch.from_numpy(weights[value])
    return layer


def resize(x, like):
    """Bilinear, corners of the maps aligned."""
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


class Block(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, weights, rate=1):
        super().__init__()
        config = {"padding": "same", "strides": 1, "dilation_rate": (rate, rate)}
        self.convolution = convolution(weights["convolution/kernel"], config)
        self.normalization = normalization(part(weights, "normalization"))

    def forward(self, x):
        return functional.relu(self.normalization(self.convolution(x)))


class PyramidPooling(nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        self.bins = config["bins"]
        self.blocks = nn.ModuleList(Block(part(weights, f"level{count}")) for count in self.bins)

    def forward(self, x):
        pooled = [functional.adaptive_avg_pool2d(x, count) for count in self.bins]
        return torch.cat([x, *(resize(block(y), x) for block, y in zip(self.blocks, pooled, strict=True))], 1)


class AtrousSpatialPyramidPooling(nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        rated = [Block(part(weights, f"rate{rate}"), rate) for rate in config["rates"]]
        self.branches = nn.ModuleList([Block(part(weights, "point")), *rated])
        self.image, self.projection = Block(part(weights, "image")), Block(part(weights, "projection"))
        self.drop = nn.Dropout(config["dropout"])

    def forward(self, x):
        image = resize(self.image(functional.adaptive_avg_pool2d(x, 1)), x)
        return self.drop(self.projection(torch.cat([*(branch(x) for branch in self.branches), image], 1)))


class GatedConvolution(nn.Module):
    def __init__(self, config, weights):
        super().__init__()
        same = {"padding": "same", "strides": 1}
        self.streams, self.normalization = (
            Block(part(weights, "streams")),
            normalization(part(weights, "normalization")),
        )
        self.to_gate = convolution(weights["to_gate/kernel"], same)
        self.convolution = convolution(weights["convolution/kernel"], same)

    def forward(self, features, regular):
        gate = torch.sigmoid(self.normalization(self.to_gate(self.streams(torch.cat([features, regular], 1)))))
        return self.convolution(features * gate + features)


class ImageGradient(nn.Module):
    def forward(self, images):
        brightness = functional.pad(images.float().mean(1, keepdim=True), (1, 1, 1, 1), "replicate")
        rows = (brightness[:, :, :-2] + 2 * brightness[:, :, 1:-1] + brightness[:, :, 2:]) / 4
        columns = (brightness[..., :-2] + 2 * brightness[..., 1:-1] + brightness[..., 2:]) / 4
        square = (rows[..., 2:] - rows[..., :-2]) ** 2 + (columns[:, :, 2:] - columns[:, :, :-2]) ** 2
        return square * torch.rsqrt(square.clamp(min=1e-12))


class Rescaling(nn.Module):
    def __init__(self, config):
        super().__init__()
        scale, offset = (torch.tensor(config[name]).view(1, -1, 1, 1) for name in ("scale", "offset"))
        self.register_buffer("scale", scale)
        self.register_buffer("offset", offset)

    def forward(self, x):
        return x * self.scale + self.offset


class Function(nn.Module):
    """A layer without weights."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


def layer(kind, config, weights):
    """The module for a layer of Keras or of the course."""
    if kind == "Conv2D":
        return convolution(weights["kernel"], config, weights.get("bias"))
    if kind == "BatchNormalization":
        return normalization(weights, config["epsilon"], 1 - config["momentum"])
    if kind == "Activation":
        function = {"relu": functional.relu, "linear": lambda x: x, "sigmoid": torch.sigmoid}[config["activation"]]
        return Function(function)
    if kind == "ZeroPadding2D":
        (top, bottom), (left, right) = config["padding"]
        return nn.ZeroPad2d((left, right, top, bottom))
    if kind == "MaxPoolingWithIndices2D":
        return nn.MaxPool2d(config["pool_size"], return_indices=True)
    if kind == "MaxUnpooling2D":
        size = config["pool_size"]
        return Function(lambda x, places, like: functional.max_unpool2d(x, places, size, output_size=like.shape[2:]))
    if kind == "LocalResponseNormalization":
        return nn.LocalResponseNorm(config["size"], config["alpha"], config["beta"], config["bias"])
    return {
        "Add": lambda: Function(lambda *inputs: sum(inputs[1:], inputs[0])),
        "AdaptiveAveragePooling2D": lambda: nn.AdaptiveAvgPool2d(config["bins"]),
        "AtrousSpatialPyramidPooling": lambda: AtrousSpatialPyramidPooling(config, weights),
        "Concatenate": lambda: Function(lambda *inputs: torch.cat(inputs, 1)),
        "Dropout": lambda: nn.Dropout(config["rate"]),
        "GatedConvolution2D": lambda: GatedConvolution(config, weights),
        "ImageGradient": ImageGradient,
        "PyramidPooling": lambda: PyramidPooling(config, weights),
        "Rescaling": lambda: Rescaling(config),
        "ResizeLike": lambda: Function(resize),
    }[kind]()


class Network(nn.Module):
    """The graph of a description."""

    def __init__(self, description, weights):
        super().__init__()
        self.nodes = [node for node in description["layers"] if node["inputs"]]
        self.image, self.outputs = description["image"], description["outputs"]
        self.layers = nn.ModuleList(
            layer(node["kind"], node["config"], part(weights, node["name"])) for node in self.nodes
        )

    def forward(self, images, wanted):
        values = {(self.image, 0): images}
        needed = {name for name, _ in (self.outputs[output] for output in wanted)}
        for node in reversed(self.nodes):  # from the outputs back: prediction leaves out what only training needs
            needed |= {name for name, _ in node["inputs"]} if node["name"] in needed else set()
        for node, module in zip(self.nodes, self.layers, strict=True):
            if node["name"] in needed:
                found = module(*(values[tuple(source)] for source in node["inputs"]))
                for index, value in enumerate(found if isinstance(found, tuple) else [found]):
                    values[node["name"], index] = value
        return {output: values[tuple(self.outputs[output])].float() for output in wanted}


def part(weights, name):
    """The weights below a name."""
    return {key[len(name) + 1 :]: value for key, value in weights.items() if key.startswith(f"{name}/")}


def loss(outputs, labels):
    """As in `step.py`: cross-entropy of scores of classes, and the mean square of anything else."""
    parts = [
        functional.cross_entropy(x, labels) if x.shape[1] > labels.max() else x.square().mean()
        for x in outputs.values()
    ]
    return sum(parts)


def main():
    folder, precision = Path(sys.argv[1]), sys.argv[2]
    description = json.loads((folder / "network.json").read_text())
    arrays = dict(np.load(folder / "network.npz"))
    images = torch.from_numpy(arrays.pop("images").transpose(0, 3, 1, 2).copy()).to(memory_format=torch.channels_last)
    labels = torch.from_numpy(arrays.pop("labels").astype("int64"))
    network = Network(description, arrays).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-4, weight_decay=0.01)
    names = list(network.outputs)
    low = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def train():
        network.train()
        optimizer.zero_grad(set_to_none=True)
        with low:
            outputs = network(images, names)
        loss(outputs, labels).backward()
        optimizer.step()

    @torch.inference_mode()
    def predict():
        network.eval()
        with low:
            return network(images, names[:1])[names[0]]

    for request in map(str.strip, sys.stdin):
        began, answer = time.process_time(), {}
        if request == "outputs":
            np.save(folder / "torch.npy", predict().permute(0, 2, 3, 1).numpy())
        else:
            {"train": train, "predict": predict}[request]()
        answer["seconds"] = time.process_time() - began
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
