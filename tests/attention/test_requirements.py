"""What every module of ``ATTENTION`` holds: number formats, memory formats, sizes, export, compilation, gradients."""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
from typing import Any

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from attncourse.attention import ATTENTION, build
from tests.attention.loops import fill, values

NAMES = sorted(ATTENTION)
DTYPES = {torch.float64: 1e-10, torch.float32: 1e-4, torch.bfloat16: 5e-2}
# The two that mix the channels of a split by position need one channel on each side.
FEWEST = {"augmented_convolution": 2, "self_calibrated": 2}


def small(name: str, channels: int = 12, **options: Any) -> nn.Module:
    """The module with the test's own moderate weights, in float64 and evaluation mode."""
    module = fill(build(name, channels, **options))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(0.5)
    return module


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_number_formats(name: str, dtype: torch.dtype) -> None:
    module, x = small(name), values(2, 12, 5, 7)
    expected = module(x)
    got = module.to(dtype)(x.to(dtype))
    assert got.dtype == dtype
    error = (got.double() - expected).norm() / expected.norm()
    assert error < DTYPES[dtype]


@pytest.mark.parametrize("name", NAMES)
def test_channels_last_gives_the_same_and_is_kept(name: str) -> None:
    module, x = small(name), values(2, 12, 5, 7)
    expected = module(x)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    got = module(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(got, expected)
    assert got.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", NAMES)
def test_autocast_learns(name: str) -> None:
    module, x = small(name).float().train(), values(3, 12, 5, 7).float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = module(x)
    y.float().square().mean().backward()
    assert x.grad is not None and x.grad.isfinite().all() and x.grad.abs().max() > 0
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in module.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_compute_the_same(name: str) -> None:
    module, x = small(name), values(2, 12, 5, 7)
    expected = module(x)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(other(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 12, 5, 7), (1, 12, 9, 4), (3, 12, 1, 1), (2, 12, 1, 6), (2, 12, 6, 1)])
def test_any_batch_and_size_and_two_calls_agree(name: str, shape: tuple[int, ...]) -> None:
    module, x = small(name), values(*shape)
    kept = x.clone()
    y = module(x)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    torch.testing.assert_close(x, kept, rtol=0, atol=0)
    torch.testing.assert_close(module(x), y, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_images_do_not_see_each_other(name: str) -> None:
    module, x = small(name), values(3, 12, 5, 4)
    torch.testing.assert_close(module(x)[1:2], module(x[1:2]))


@pytest.mark.parametrize("name", NAMES)
def test_few_channels(name: str) -> None:
    for channels in range(FEWEST.get(name, 1), 4):
        module, x = small(name, channels), values(2, channels, 5, 4)
        assert module(x).shape == x.shape
        assert all(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", sorted(FEWEST))
def test_too_few_channels_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="channels must be an integer of at least 2, got 1"):
        build(name, 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    # Enough hidden units that the rectifier leaves some of them alive.
    options = {"reduction": 2} if name in ("se", "cbam_channel", "cbam", "bam") else {}
    module, x = small(name, **options), values(3, 12, 5, 7).requires_grad_()
    module(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().max() > 1e-6
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 1e-6, key


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("training", [False, True])
def test_gradients_are_those_of_finite_differences(name: str, training: bool) -> None:
    options = {"largest": 3} if name == "augmented_convolution" else {}
    module, x = small(name, 4, **options).train(training), values(2, 4, 2, 3).requires_grad_()
    parameters = dict(module.named_parameters())

    def function(x: Tensor, *tensors: Tensor) -> Tensor:
        given = dict(zip(parameters, tensors, strict=True))
        return torch.func.functional_call(module, given, (x,))

    assert torch.autograd.gradcheck(function, (x, *parameters.values()), fast_mode=True)


@pytest.mark.parametrize("name", NAMES)
def test_states_are_saved_and_loaded(name: str) -> None:
    module, other, x = small(name), build(name, 12).double().eval(), values(2, 12, 5, 7)
    other.load_state_dict(module.state_dict())
    torch.testing.assert_close(other(x), module(x), rtol=0, atol=0)


DYNAMIC = ({0: torch.export.Dim.AUTO, 2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO},)


@pytest.mark.parametrize("name", NAMES)
def test_export_and_onnx_fit_other_sizes(name: str) -> None:
    """One exported program, and one ONNX model of it run with onnxruntime, on another batch and another size."""
    options = {"kernel_size": 3, "largest": 12} if name == "augmented_convolution" else {}
    module = small(name, **options).float()
    program = torch.export.export(module, (torch.randn(2, 12, 6, 7),), dynamic_shapes=DYNAMIC)
    x = values(3, 12, 9, 5).float()
    expected = module(x)
    torch.testing.assert_close(program.module()(x), expected)

    # The exporter warns of torchvision, which is not installed, and of its own deprecations.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(program, (), dynamo=True, verbose=False)
    assert exported is not None
    session = onnxruntime.InferenceSession(exported.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    torch.testing.assert_close(torch.from_numpy(got), expected.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_modules_compute_the_same_without_a_break(name: str) -> None:
    """The compiler's front end on every module; what follows it is the compiler's own, and slow to start."""
    module, x = small(name), values(2, 12, 5, 7)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x), module(x))


def test_compiled_to_native_code() -> None:
    module, x = small("cbam").float(), values(2, 12, 5, 7).float()
    torch.testing.assert_close(torch.compile(module, fullgraph=True)(x), module(x))


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_cuda_computes_what_the_cpu_computes(name: str, dtype: torch.dtype) -> None:
    module, x = small(name), values(2, 12, 9, 7)
    expected = module(x)
    for memory_format in (torch.contiguous_format, torch.channels_last):
        placed = module.to("cuda", dtype)
        got = placed(x.to("cuda", dtype, memory_format=memory_format))
        assert got.dtype == dtype
        assert (got.cpu().double() - expected).norm() / expected.norm() < max(DTYPES[dtype], 2e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("name", NAMES)
def test_cuda_compiled_with_gradients(name: str) -> None:
    module, x = small(name).to("cuda", torch.float32), values(2, 12, 9, 7).to("cuda", torch.float32)
    compiled = torch.compile(module, fullgraph=True)
    torch.testing.assert_close(compiled(x), module(x), rtol=2e-3, atol=2e-3)
    compiled(x).square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())
