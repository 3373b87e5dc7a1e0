"""The context manager: right values, and nothing left behind, whatever the network does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from attncourse import hosts
from attncourse.explain import CAM, METHODS, ExplainError, InputOf, grad_cam, pixel
from tests.explain.networks import Tiny, images


def by_autograd(model: Tiny, x: Tensor, classes: list[int], method: str) -> Tensor:
    """One image and one class at a time, with the plain graph of the whole network."""
    model.eval()
    maps = []
    for image, number in zip(x, classes, strict=True):
        features = model.features(image[None])
        score = model.head(features.square().mean((2, 3)))[0, number]
        maps.append(METHODS[method](features.detach(), torch.autograd.grad(score, features)[0]))
    return torch.cat(maps)


def hooks_of(model: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_its_images_give_one_by_one(method: str) -> None:
    model, x = Tiny(), images()
    with CAM(model, "relu", method) as cam:
        maps = cam(x, torch.tensor([2, 0, 3]))
        single = cam(x[:1], 2)
    assert maps.shape == (3, 5, 7) and maps.min() >= 0 and maps.max() > 0
    torch.testing.assert_close(maps, by_autograd(model, x, [2, 0, 3], method))
    torch.testing.assert_close(single, maps[:1])


def test_the_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Tanh(), nn.Flatten(), nn.Linear(12, 3)).double()
    x = torch.randn(1, 1, 2, 3, dtype=torch.float64)
    with CAM(model, "1") as cam:
        cam(x, 1)
    features, step = cam.activations[0], 1e-6
    for place in [(0, 0, 0, 0), (0, 1, 0, 2), (0, 1, 1, 1)]:
        moved = features.clone()
        moved[place] += step
        slope = (model[3](model[2](moved)) - model[3](model[2](features)))[0, 1] / step
        assert float(cam.gradients[0][place]) == pytest.approx(float(slope.detach()), abs=1e-6)


@pytest.mark.parametrize("target", [None, 1, torch.tensor(1), [1, 1, 1], (1, 1, 1), torch.tensor([1, 1, 1])])
def test_every_form_of_a_class(target: Any) -> None:
    model, x = Tiny(), images()
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor([0.0, 99.0, 0.0, 0.0]))  # class 1 is the one predicted
    with CAM(model, "relu") as cam:
        maps = cam(x, target)
        assert torch.equal(maps, cam(x, lambda outputs: outputs[:, 1]))
    assert torch.equal(cam.scores, cam.outputs[:, 1]) and not cam.outputs.requires_grad


def test_the_predicted_class_may_differ_between_images() -> None:
    model, x = Tiny(), images(6)
    model.eval()
    with torch.no_grad():
        model.head.bias.sub_(model(x).mean(0))
    predicted = model(x).argmax(1)
    assert len(predicted.unique()) > 1, "the case shows nothing"
    with CAM(model, "relu") as cam:
        assert torch.equal(cam(x), cam(x, predicted))


def test_layers_by_name_by_module_and_several_at_once() -> None:
    model, x = Tiny(), images()
    with CAM(model, ["norm", model.relu]) as cam:
        early, late = cam(x, 0)
    assert early.shape == (3, 9, 14) and late.shape == (3, 5, 7)
    for layer, expected in (("norm", early), (model.norm, early), ("relu", late)):
        with CAM(model, layer) as cam:
            torch.testing.assert_close(cam(x, 0), expected)


def test_the_input_of_a_layer_is_the_output_of_the_one_before() -> None:
    model, x = Tiny(), images()
    with CAM(model, [InputOf("relu"), "second"]) as cam:
        before, after = cam(x, 0)
    assert torch.equal(before, after) and before.max() > 0


class Named(nn.Module):
    """Gives its layer's input by its name."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(input=x.square()).relu().mean((2, 3))


def test_an_input_that_is_given_by_its_name_is_found() -> None:
    model, x = Named(), images()
    with CAM(model, InputOf("layer")) as cam:
        cam(x, 2)
    assert torch.equal(cam.activations[0], x.square())
    squares = x.square().requires_grad_()
    score = model.layer(squares).relu().mean((2, 3))[:, 2].sum()
    torch.testing.assert_close(cam.gradients[0], torch.autograd.grad(score, squares)[0])


class InPlace(nn.Module):
    """In-place changes of what a layer gave, which is used twice; on demand also of what an identity passed on."""

    def __init__(self, inplace: bool, behind: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inplace, self.behind = inplace, behind
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.slot = nn.Identity()
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        before = self.first(x)
        after = self.slot(before)
        if self.behind:
            before.mul_(2)
        gated = after.relu_() if self.inplace else after.relu()
        return self.head(gated + gated.square()).mean((2, 3))


@pytest.mark.parametrize("layer", ["first", "slot"])
def test_what_is_changed_in_place_later_does_not_reach_the_map(layer: str) -> None:
    x, model = images(), InPlace(inplace=True)
    with CAM(model, layer) as changed, CAM(InPlace(inplace=False), layer) as kept:
        torch.testing.assert_close(changed(x, 1), kept(x, 1))
    assert torch.equal(changed.activations[0], model.first(x).detach()), "the values are those after the ReLU"
    assert (changed.activations[0] < 0).any()


def test_a_tensor_that_is_changed_under_another_name_is_named() -> None:
    with (
        pytest.raises(ExplainError, match="'slot' passes on a tensor"),
        CAM(InPlace(False, behind=True), "slot") as cam,
    ):
        cam(images())
    with CAM(InPlace(inplace=False, behind=True), "first") as cam:
        assert cam(images()).shape == (3, 9, 14)


class Shared(nn.Module):
    """One ReLU three times, as in many a residual block."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.widen, self.narrow = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 4, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.relu(self.narrow(self.relu(self.widen(x)))) - 0.1).mean((2, 3))


@pytest.mark.parametrize(("call", "channels"), [(-1, 4), (0, 6), (1, 4), (-3, 6)])
def test_of_a_layer_that_runs_several_times_one_run_counts(call: int, channels: int) -> None:
    model, x = Shared(), images()
    with CAM(model, "relu", call=call) as cam:
        maps = cam(x, 2)
    first = model.widen(x).relu()
    second = model.narrow(first).relu()
    expected = [first, second, (second - 0.1).relu()][call]
    assert cam.activations[0].shape[1] == channels
    torch.testing.assert_close(cam.activations[0], expected.detach())
    slopes = torch.autograd.grad((second - 0.1).relu().mean((2, 3))[:, 2].sum(), first)[0]
    if channels == 6:
        torch.testing.assert_close(maps, grad_cam(first.detach(), slopes))


def test_a_run_that_there_was_not_is_named() -> None:
    with CAM(Shared(), "relu", call=3) as cam, pytest.raises(ExplainError, match="'relu' ran 3 times.*call=3"):
        cam(images())


@pytest.mark.parametrize("surrounding", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_parameters_and_any_surrounding_mode(surrounding: Callable[[], Any], frozen: bool) -> None:
    model, x = Tiny(), images()
    expected = by_autograd(model, x, [0, 0, 0], "grad_cam")
    model.requires_grad_(not frozen)
    with surrounding():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        given = x * 1  # under inference_mode a tensor that no graph takes
        with CAM(model, "relu") as cam:
            torch.testing.assert_close(cam(given, 0), expected)
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before


class WithoutGradients(Tiny):
    """As many a published network has its ``predict``."""

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


class Inferring(Tiny):
    @torch.inference_mode()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


def test_a_network_that_switches_gradients_off_itself() -> None:
    model, x = WithoutGradients(), images()
    with CAM(model, "relu") as cam:
        torch.testing.assert_close(cam(x, [2, 0, 3]), by_autograd(model, x, [2, 0, 3], "grad_cam"))
    with CAM(Inferring(), "relu") as cam, pytest.raises(ExplainError, match="'relu' gives .*inference_mode.*no_grad"):
        cam(x)


@pytest.mark.parametrize("method", METHODS)
def test_under_autocast_the_sums_are_taken_in_full_precision(method: str) -> None:
    model, x = Tiny(), images()
    with torch.autocast("cpu", dtype=torch.bfloat16), CAM(model, "relu", method) as cam:
        maps = cam(x, 1)
    assert cam.activations[0].dtype == torch.bfloat16 and maps.dtype == torch.float32
    torch.testing.assert_close(maps, METHODS[method](cam.activations[0], cam.gradients[0]), atol=0, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_and_another_order_in_memory(dtype: torch.dtype) -> None:
    x = images().to(dtype).to(memory_format=torch.channels_last)
    with CAM(Tiny().to(dtype), "relu") as cam, CAM(Tiny(), "relu") as usual:
        torch.testing.assert_close(cam(x, 1), usual(images(), 1), check_dtype=False, atol=2e-3, rtol=5e-2)


def test_nothing_is_left_behind() -> None:
    model, x = Tiny(), images()
    model.train()
    model.norm.eval()  # kept so on purpose
    state = {name: value.clone() for name, value in model.state_dict().items()}
    x.requires_grad_()
    with CAM(model, ["norm", "relu"]) as cam:
        cam(x)
        assert hooks_of(model) == 2
        assert model.training and not model.norm.training and model.drop.training
    assert hooks_of(model) == 0
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert x.grad is None
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(value.requires_grad for value in (*cam.activations, *cam.gradients, cam.scores, cam.outputs))


def fails(outputs: Tensor) -> Tensor:
    raise KeyError("a mistake in the target")


class Interrupted(nn.Module):
    """Somebody presses Ctrl-C while the network runs."""

    def forward(self, x: Tensor) -> Tensor:
        raise KeyboardInterrupt


def test_an_interrupt_leaves_nothing_behind_either() -> None:
    model = Tiny().train()
    model.relu = Interrupted()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt), CAM(model, "norm") as cam:
        cam(images())
    assert hooks_of(model) == 0 and torch.is_grad_enabled() and all(part.training for part in model.modules())


@pytest.mark.parametrize("where", ["target", "network", "with"])
def test_an_exception_leaves_no_hook_and_every_mode_as_it_was(where: str) -> None:
    model = Tiny().train()
    expected = KeyError if where != "network" else RuntimeError
    with pytest.raises(expected), CAM(model, "relu") as cam:
        if where == "target":
            cam(images(), fails)
        if where == "network":
            cam(torch.randn(1, 7, 9, 9))
        raise KeyError
    assert hooks_of(model) == 0 and torch.is_grad_enabled()
    assert all(part.training for part in model.modules())
    with CAM(model, "relu") as cam:  # and it works again
        assert cam(images()).shape == (3, 5, 7)


def test_running_the_network_within_the_with_is_not_disturbed() -> None:
    model, x = Tiny().eval(), images()
    expected = model(x)
    with CAM(model, "first") as cam:
        cam(x)
        with torch.no_grad():
            outputs = model(x)
            assert torch.equal(outputs, expected) and not outputs.requires_grad
        assert torch.autograd.grad(model(x).sum(), model.first.weight)[0].abs().sum() > 0
        maps = cam(x, lambda outputs: outputs[:, 0] + model(x)[:, 1] * 0)  # the network once more, within the target
    with CAM(model, "first") as cam:
        torch.testing.assert_close(maps, cam(x, 0))


def test_two_on_one_layer_do_not_disturb_each_other() -> None:
    model, x = Tiny(), images()
    with CAM(model, "relu") as cam:
        expected = cam(x, 0)
    with CAM(model, "relu") as outer, CAM(model, ["relu", "relu"]) as inner:
        twice = inner(x, 0)
        assert torch.equal(outer(x, 0), expected)
    assert all(torch.equal(one, expected) for one in twice)
    with outer, pytest.raises(ExplainError, match="in use already"):
        outer.__enter__()
    assert hooks_of(model) == 0


def test_backward_ends_at_the_layer() -> None:
    """Nothing before the layer is recorded, however trainable: the first convolution's output has no graph."""
    model, seen = Tiny(), []
    model.norm.register_forward_hook(lambda module, inputs, output: seen.append(output.requires_grad))
    model.head.register_forward_hook(lambda module, inputs, output: seen.append(output.requires_grad))
    with CAM(model, "relu") as cam:
        cam(images())
    assert seen == [False, True]


def test_an_own_method_and_a_pixel_as_target() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    with CAM(network, "1", method=lambda activations, gradients: gradients.abs().sum(1)) as cam:
        maps = cam(images(2), pixel(1, row=4, column=6))
    assert maps.nonzero().tolist() == [[0, 4, 6], [1, 4, 6]], "through 1x1 convolutions a pixel hangs on its own place"


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "small"])
def test_the_hosts_are_looked_into_at_their_last_stage(name: str) -> None:
    torch.manual_seed(0)
    model = hosts.build(name, "coordinate", classes=5)
    with CAM(model, f"stages.{len(model.stages) - 1}") as cam:
        maps = cam(torch.randn(2, 3, 64, 96))
    assert maps.shape[0] == 2 and maps.shape[1] < maps.shape[2] and cam.outputs.shape == (2, 5)


def wrapped(model: nn.Module) -> nn.Module:
    """As torch.compile does it, which takes seconds to import."""
    wrapper = nn.Module()
    wrapper._orig_mod = model
    return wrapper


NAN = torch.full((2, 3, 9, 14), float("nan"))
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "layer": (lambda: CAM(Tiny(), "secnd"), "no layer 'secnd'; near it: second"),
    "another layer": (lambda: CAM(Tiny(), Tiny().relu), "no layer of the Tiny"),
    "no layer": (lambda: CAM(Tiny(), []), "list of layers is empty"),
    "kind of layer": (lambda: CAM(Tiny(), 3), "a name or a module, got int"),  # type: ignore[arg-type]
    "method": (lambda: CAM(Tiny(), "relu", "gradcam"), "no method 'gradcam'; there are: grad_cam, "),
    "kind of method": (lambda: CAM(Tiny(), "relu", ["grad_cam"]), r"no method \['grad_cam'\]; there are"),  # type: ignore[arg-type]
    "no network": (lambda: CAM(torch.relu, "relu"), "an nn.Module, got builtin"),  # type: ignore[arg-type]
    "scripted": (lambda: CAM(torch.jit.trace(Tiny().eval(), images()), "relu"), "the one that it was made from"),
    "parallel": (lambda: CAM(nn.DataParallel(Tiny()), "module.relu"), "model.module"),
    "compiled": (lambda: CAM(wrapped(Tiny()), "relu"), "give the one that was compiled, model._orig_mod"),
    "outside": (lambda: CAM(Tiny(), "relu")(images()), "within a with alone"),
}
INPUTS: dict[str, tuple[Any, Any, Any, str]] = {
    "one image": ("relu", images()[0], None, r"unsqueeze\(0\)"),
    "bytes": ("relu", torch.zeros(1, 3, 9, 14, dtype=torch.uint8), None, "floating point.*uint8"),
    "no images": ("relu", images()[:0], None, "at least one image"),
    "nan": ("relu", torch.cat([images(1), NAN]), 0, r"not finite for the images \[1, 2\]"),
    "class": ("relu", images(), 4, "4 classes, 0 to 3; the target is 4"),
    "negative class": ("relu", images(), -1, "0 to 3; the target is -1"),
    "too few classes": ("relu", images(), [0, 1], r"3 classes \(one for each image\).*got \[0, 1\]"),
    "share of a class": ("relu", images(), 1.5, "got 1.5"),
    "true": ("relu", images(), True, "got True"),
    "a word": ("relu", images(), "cat", "got 'cat'"),
    "scores of all": ("relu", images(), lambda outputs: outputs, r"float \(3,\); got torch.float32 \(3, 4\)"),
    "no scores": ("relu", images(), lambda outputs: 3.0, "got float"),
    "whole scores": ("relu", images(), lambda outputs: outputs.argmax(1), r"got torch.int64 \(3,\)"),
    "no gradient": ("relu", images(), lambda outputs: outputs[:, 0].detach(), "'relu' in a way that has a gradient"),
    "other layer": (
        "relu",
        images(),
        lambda outputs: torch.ones(3, requires_grad=True),
        "does not depend on layer 'relu'",
    ),
    "flat": ("head", images(), None, r"'head' gives float32 \(3, 4\), which has no spatial extent"),
    "1x1": ("second", torch.randn(2, 3, 2, 2), None, r"'second' gives float32 \(2, 6, 1, 1\), which has no spatial"),
    "flat input": (InputOf("head"), images(), None, r"the input of layer 'head' gives float32 \(3, 6\)"),
}


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_use_is_named(case: str) -> None:
    use, said = WRONG[case]
    with pytest.raises(ExplainError, match=said):
        use()


@pytest.mark.parametrize("case", INPUTS)
def test_a_wrong_input_is_named_in_one_line(case: str) -> None:
    layer, x, target, said = INPUTS[case]
    model = Tiny()
    with pytest.raises(ExplainError, match=said) as caught, CAM(model, layer) as cam:
        cam(x, target)
    assert "\n" not in str(caught.value) and hooks_of(model) == 0 and model.training


@pytest.mark.parametrize(
    ("method", "said"),
    [(lambda a, g: a, r"maps \(3, h, w\), .*got \(3, 6, 5, 7\)"), (lambda a, g: None, "got NoneType")],
)
def test_a_method_of_ones_own_gives_a_map_for_each_image(method: Any, said: str) -> None:
    with CAM(Tiny(), "relu", method) as cam, pytest.raises(ExplainError, match=said):
        cam(images())


class Odd(nn.Module):
    """Outputs and layers of other kinds."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = nn.LSTM(4, 4)
        self.unused = nn.Conv2d(3, 3, 1)
        self.conv = nn.Conv2d(3, 4, 1)
        self.fold = nn.Flatten(0, 0)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.conv(x)
        split = self.fold(maps.reshape(-1, 2, *maps.shape[2:]))
        series, _ = self.pair(split.reshape(-1, 1, 4))
        return {"scores": maps.mean((2, 3)), "rest": series}


@pytest.mark.parametrize(
    ("layer", "target", "said"),
    [
        ("conv", None, "gives a dict, not class scores.*target function"),
        ("pair", lambda outputs: outputs["scores"][:, 0], "'pair' gives a tuple"),
        ("unused", lambda outputs: outputs["scores"][:, 0], "'unused' did not run"),
        ("fold", lambda outputs: outputs["scores"][:, 0], "first axis must be the batch"),
    ],
)
def test_other_kinds_of_networks_are_told_what_is_missing(layer: str, target: Any, said: str) -> None:
    with CAM(Odd(), layer) as cam, pytest.raises(ExplainError, match=said):
        cam(torch.randn(2, 3, 4, 6), target)


def test_outputs_in_a_dictionary_work_with_a_target_function() -> None:
    with CAM(Odd(), "conv") as cam:
        maps = cam(torch.randn(2, 3, 4, 6), lambda outputs: outputs["scores"][:, 1])
    assert maps.shape == (2, 4, 6) and not cam.outputs["rest"].requires_grad


@pytest.mark.gpu
@pytest.mark.parametrize("method", METHODS)
def test_on_a_gpu_the_maps_are_those_of_the_cpu(method: str) -> None:
    model, x = Tiny().double(), images().double()
    with CAM(model, ["norm", "relu"], method) as cam:
        expected = cam(x, [0, 1, 2])
    model.cuda()
    with CAM(model, ["norm", "relu"], method) as cam, torch.inference_mode():
        found = cam(x.cuda().to(memory_format=torch.channels_last), [0, 1, 2])
    for one, other in zip(expected, found, strict=True):
        assert other.is_cuda
        torch.testing.assert_close(other.cpu(), one)
