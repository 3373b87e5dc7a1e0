"""The evidence must tell a good map from a bad one: each measure is shown both."""

from __future__ import annotations

import copy

import pytest
import torch
from scipy import ndimage, stats
from torch import Tensor, nn

from attncourse import hosts
from attncourse.explain import (
    BASELINES,
    CAM,
    ExplainError,
    InputOf,
    around,
    deletion,
    insertion,
    planted,
    pointing_game,
    randomisation,
    rank_correlation,
    scaled,
    share_inside,
)
from attncourse.explain.planted import PATTERNS
from tests.explain.networks import Tiny, images


class Matched(nn.Module):
    """Knows the planted patterns: a filter for each, which fires where the pattern is. No training needed."""

    def __init__(self) -> None:
        super().__init__()
        row, column = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
        # Each pattern in four phases: with the stride of 2 one of them fits, wherever the square begins.
        phases = [(0, 0), (0, 1), (1, 0), (1, 1)]
        kernels = [paint(row + down, column + right) - 0.5 for paint in PATTERNS.values() for down, right in phases]
        self.filters = nn.Conv2d(3, len(kernels), 8, stride=2, padding=4, bias=True)
        with torch.no_grad():
            self.filters.weight.copy_((torch.stack(kernels)[:, None] / 3).expand(-1, 3, -1, -1))
            assert self.filters.bias is not None
            self.filters.bias.fill_(-9.0)  # a perfect match gives 0.4 * 64 / 2 = 12.8
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.filters(x)).square().sum((2, 3)).view(len(x), len(PATTERNS), 4).sum(2)


def test_scaled_divides_by_the_maximum_and_keeps_zero() -> None:
    maps = torch.stack([torch.tensor([[0.0, 2.0, 4.0]]), torch.tensor([[3.0, 3.0, 3.0]]), torch.zeros(1, 3)])
    assert scaled(maps).tolist() == [[[0.0, 0.5, 1.0]], [[1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0]]]
    large = scaled(maps, (2, 9))
    assert large.shape == (3, 2, 9) and large[0].max() == 1 and large[0, 0].tolist() == sorted(large[0, 0].tolist())
    with pytest.raises(ExplainError, match=r"maps \(B, h, w\), got \(1, 3\)"):
        scaled(maps[0])
    with pytest.raises(ExplainError, match="at least 0, got -1"):
        scaled(maps - 1)
    assert scaled(maps[:0], (2, 9)).shape == (0, 2, 9) and scaled(maps[:0]).shape == (0, 1, 3)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_map_that_is_not_finite_is_no_evidence(value: float) -> None:
    maps, masks = torch.rand(2, 9, 14), torch.ones(2, 9, 14, dtype=torch.bool)
    maps[1, 3, 4] = value
    for measured in (
        lambda: scaled(maps),
        lambda: pointing_game(maps, masks),
        lambda: share_inside(maps, masks),
        lambda: deletion(Window(), images(2), maps, 1),
    ):
        with pytest.raises(ExplainError, match="finite maps, got NaN or infinity"):
            measured()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("baseline", BASELINES)
def test_curves_in_other_precisions(baseline: str, dtype: torch.dtype) -> None:
    x, maps = images(2), torch.rand(2, 9, 14, generator=torch.Generator().manual_seed(0))
    expected = insertion(Window(), x, maps, 1, baseline=baseline, steps=3)
    found = insertion(Window(), x.to(dtype).requires_grad_(), maps, 1, baseline=baseline, steps=3)
    torch.testing.assert_close(found.scores, expected.scores, atol=0.03, rtol=0.05)


def test_insertion_by_a_naive_loop() -> None:
    x, maps = images(2), torch.rand(2, 9, 14, generator=torch.Generator().manual_seed(5))
    curve = insertion(Window(), x, maps, 1, baseline="zero", steps=5, batch=4)
    for image in range(2):
        places = sorted(((float(maps[image, r, c]), r, c) for r in range(9) for c in range(14)), reverse=True)
        for step in range(6):
            built = torch.zeros(3, 9, 14)
            for _, row, column in places[: round(step / 5 * 9 * 14)]:
                built[:, row, column] = x[image, :, row, column]
            expected = Window()(built[None]).softmax(1)[0, 1]
            assert float(curve.scores[image, step]) == pytest.approx(float(expected), abs=1e-5)


def test_rank_correlation_is_spearmans() -> None:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.rand(3, 4, 5, generator=draw), torch.rand(3, 4, 5, generator=draw)
    second[0], second[1] = first[0] ** 3, -first[1]
    found = rank_correlation(first, second)
    assert found[:2].tolist() == pytest.approx([1, -1])
    assert float(found[2]) == pytest.approx(stats.spearmanr(first[2].flatten(), second[2].flatten())[0])
    assert rank_correlation(torch.ones(1, 2, 3), first[:1, :2, :3]).isnan().all()
    with pytest.raises(ExplainError, match="one size first"):
        rank_correlation(first, second[:, :3])


@pytest.fixture(scope="module")
def network() -> hosts.Host:
    torch.manual_seed(0)
    return hosts.build("small", "se", classes=4)


def test_randomisation_rejects_a_method_that_ignores_the_network_and_accepts_grad_cam(network: hosts.Host) -> None:
    x, before = torch.rand(2, 3, 40, 56), copy.deepcopy(network.state_dict())
    honest = randomisation(network, "stages.1", x, method="grad_cam")
    assert honest.parts == ("head.2", "stages.2", "stages.1", "stages.0", "stem.1", "stem.0")
    assert honest.maps.shape == (7, 2, 10, 14) and honest.correlations.shape == (6, 2)
    assert abs(honest.last) < 0.6
    with CAM(network, "stages.1") as cam:
        torch.testing.assert_close(honest.maps[0], cam(x))
    # An edge detector on the stem's input: convincing pictures, from the image alone.
    blind = randomisation(
        network, InputOf("stem"), x, method=lambda activations, gradients: activations.diff(dim=3).abs().sum(1)
    )
    assert blind.correlations.tolist() == [[pytest.approx(1)] * 2] * 6
    # Until its own layers become noise, activations without gradients do not notice.
    half = randomisation(network, "stages.1", x, method=lambda activations, gradients: activations.abs().sum(1))
    assert half.means[:2].tolist() == pytest.approx([1, 1]) and half.last < 0.9
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), "the network itself must stay as it is"


def test_randomisation_keeps_the_class_and_draws_all_weights_anew() -> None:
    model, x = Tiny(), images(2)
    fixed = randomisation(model, "relu", x, target=[3, 1], parts=["head", ""], seed=4)
    again = randomisation(model, "relu", x, target=[3, 1], parts=["head", ""], seed=4)
    assert torch.equal(fixed.maps, again.maps) and fixed.parts == ("head", "")
    assert torch.equal(fixed.maps[0], randomisation(model, model.relu, x, target=[3, 1], parts=["head"]).maps[0])
    assert not torch.equal(fixed.maps[1], fixed.maps[2])
    with CAM(model, "relu") as cam:
        predicted = cam(x)
        classes = cam.outputs.argmax(1)
    usual = randomisation(model, "relu", x, parts=["first"])
    assert torch.equal(usual.maps[0], predicted)
    assert torch.equal(usual.maps, randomisation(model, "relu", x, classes, parts=["first"]).maps)


def test_randomisation_says_what_cannot_be_told() -> None:
    flat = randomisation(Tiny(), "relu", images(2), 0, method=lambda a, g: torch.ones_like(a[:, 0]), parts=["head"])
    assert flat.undefined == 2 and flat.means.isnan().all()
    with pytest.raises(ExplainError, match="no weights"):
        randomisation(nn.Sequential(nn.ReLU(), nn.Flatten()), "0", images())
    with pytest.raises(ExplainError, match="no layer 'haed'; near it: head"):
        randomisation(Tiny(), "relu", images(), parts=["haed"])


class Window(nn.Module):
    """Class 1 is as likely as one rectangle is bright; nothing else counts."""

    def forward(self, x: Tensor) -> Tensor:
        score = 8 * x[:, :, 2:6, 3:9].mean((1, 2, 3)) - 4
        return torch.stack([torch.zeros_like(score), score], 1)


def window_maps(batch: int = 2) -> Tensor:
    maps = torch.zeros(batch, 9, 14)
    maps[:, 2:6, 3:9] = 1
    return maps


def test_deletion_by_a_naive_loop() -> None:
    draw = torch.Generator().manual_seed(3)
    x, maps = torch.rand(2, 3, 9, 14, generator=draw), torch.rand(2, 9, 14, generator=draw)
    curve = deletion(Window(), x, maps, 1, steps=6, batch=5)
    for image in range(2):
        places = sorted(((float(maps[image, r, c]), r, c) for r in range(9) for c in range(14)), reverse=True)
        for step in range(7):
            changed = x[image].clone()
            for _, row, column in places[: round(step / 6 * 9 * 14)]:
                for channel in range(3):
                    changed[channel, row, column] = x[image, channel].mean()
            expected = Window()(changed[None]).softmax(1)[0, 1]
            assert float(curve.scores[image, step]) == pytest.approx(float(expected), abs=1e-5)
        heights = curve.scores[image].tolist()
        area = sum((one + other) / 2 / 6 for one, other in zip(heights, heights[1:], strict=False))
        assert float(curve.areas[image]) == pytest.approx(area, abs=1e-5)
    assert curve.shares.tolist() == pytest.approx([step / 6 for step in range(7)]) and curve.baseline == "mean"


@pytest.mark.parametrize("baseline", BASELINES)
def test_the_right_map_beats_random_order_and_that_beats_the_wrong_map(baseline: str) -> None:
    x = torch.zeros(2, 3, 9, 14)
    x[:, :, 2:6, 3:9] = 1
    right, wrong = window_maps(), 1 - window_maps()
    random = torch.rand(2, 9, 14, generator=torch.Generator().manual_seed(0))
    areas = [deletion(Window(), x, one, 1, baseline=baseline).areas for one in (right, random, wrong)]
    assert (areas[0] < areas[1]).all() and (areas[1] < areas[2]).all()
    areas = [insertion(Window(), x, one, 1, baseline=baseline).areas for one in (right, random, wrong)]
    assert (areas[0] > areas[1]).all() and (areas[1] > areas[2]).all()


def test_insertion_is_deletion_backwards_and_a_function_is_taken_as_it_is() -> None:
    x, maps = images(2), torch.rand(2, 3, 5)
    model = Tiny().train()
    gone = deletion(model, x, maps, lambda outputs: outputs[:, 2], baseline="zero", steps=4)
    come = insertion(model, x, maps, lambda outputs: outputs[:, 2], baseline="zero", steps=4)
    torch.testing.assert_close(gone.scores[:, 0], come.scores[:, -1])
    torch.testing.assert_close(gone.scores[:, -1], come.scores[:, 0])
    assert (gone.scores < 0).any() or (gone.scores > 1).any(), "no probabilities"
    assert model.training
    model.eval()
    predicted = deletion(model, x, maps, steps=2)
    assert torch.equal(predicted.scores, deletion(model, x, maps, model(x).argmax(1), steps=2).scores)
    one_by_one = [deletion(model, x[i : i + 1], maps[i : i + 1], steps=2).areas for i in range(2)]
    torch.testing.assert_close(predicted.areas, torch.cat(one_by_one))


def test_the_blur_is_a_gaussian_of_a_tenth_of_the_shorter_side() -> None:
    x = torch.rand(1, 3, 20, 30)
    expected = ndimage.gaussian_filter(x[0, 1].numpy(), 2.0, mode="nearest")
    torch.testing.assert_close(BASELINES["blur"](x)[0, 1], torch.from_numpy(expected))


def test_equal_places_are_taken_in_no_order_of_their_own() -> None:
    """A map that is 0 everywhere must not be read row by row: a thing at the top would then be found by it."""
    x = torch.zeros(1, 3, 9, 14)
    x[:, :, 2:6, 3:9] = 1
    areas = [float(deletion(Window(), x, torch.zeros(1, 9, 14), 1, steps=40, seed=seed).areas) for seed in range(6)]
    assert len(set(areas)) == 6
    random = [float(deletion(Window(), x, torch.rand(1, 9, 14), 1, steps=40).areas) for _ in range(6)]
    assert min(random) - 0.1 < min(areas) and max(areas) < max(random) + 0.1


def test_equal_places_are_taken_as_coarsely_as_the_map_is() -> None:
    """Single pixels here and there make a score fall sooner than patches: a map of zeros must not gain by it."""

    class Edges(nn.Module):
        """Class 1 is the likelier, the more two neighbours are alike: one grey pixel between them costs most."""

        def forward(self, x: Tensor) -> Tensor:
            score = 20 * (x[..., 1:] * x[..., :-1]).mean((1, 2, 3)) - 10
            return torch.stack([torch.zeros_like(score), score], 1)

    x = (torch.arange(24) // 12 % 2).expand(1, 3, 24, 24).float() * 2 - 1
    draw = torch.Generator().manual_seed(0)
    equal = [float(deletion(Edges(), x, torch.zeros(1, 3, 4), 1, seed=seed).areas) for seed in range(8)]
    coarse = [float(deletion(Edges(), x, torch.rand(1, 3, 4, generator=draw), 1).areas) for _ in range(8)]
    fine = [float(deletion(Edges(), x, torch.rand(1, 24, 24, generator=draw), 1).areas) for _ in range(8)]
    assert max(fine) < min(equal) and min(coarse) - 0.03 < min(equal) and max(equal) < max(coarse) + 0.03


@pytest.mark.parametrize(
    ("maps", "options", "said"),
    [
        (torch.ones(1, 9, 14), {}, "one map .* for each"),
        (torch.ones(2, 1, 9, 14), {}, r"\(2, 1, 9, 14\)"),
        (window_maps(), {"baseline": "black"}, "no baseline 'black'; there are: mean, zero, blur"),
        (window_maps(), {"steps": 0}, "steps=0"),
        (window_maps(), {"batch": 0}, "batch=0"),
        (window_maps(), {"target": 2}, "2 classes, 0 to 1; the target is 2"),
    ],
)
def test_curves_name_what_does_not_fit(maps: Tensor, options: dict[str, object], said: str) -> None:
    for curve in (deletion, insertion):
        with pytest.raises(ExplainError, match=said):
            curve(Window(), images(2), maps, **options)  # type: ignore[arg-type]


def test_pointing_game_by_hand() -> None:
    maps = torch.zeros(4, 4, 6)
    maps[0, 1, 2] = maps[1, 0, 0] = 1
    maps[2, 1, 2] = maps[2, 3, 5] = 1  # two highest places, one of them inside
    masks = torch.zeros(4, 4, 6, dtype=torch.bool)
    masks[:, 1:3, 1:4] = True
    game = pointing_game(maps, masks)
    assert game.hits.tolist() == [1, 0, 0.5, 0.25] and game.chance.tolist() == [0.25] * 4
    assert game.rate == 0.4375 and game.chance_rate == 0.25
    low, high = game.interval
    assert low < game.rate < high and "of 4 maps" in str(game) and "chance 25%" in str(game)
    assert pointing_game(maps, masks, tolerance=1).hits.tolist()[:2] == [1, 1]
    assert pointing_game(maps, masks, tolerance=1).chance.tolist() == pytest.approx([20 / 24] * 4)
    assert share_inside(maps, masks).tolist() == pytest.approx([1, 0, 0.5, 0.25])
    with pytest.raises(ExplainError, match="at least 0; got -1"):
        pointing_game(maps, masks, tolerance=-1)
    for wrong in (masks[:3], masks.float(), masks & False):
        with pytest.raises(ExplainError, match="mask"):
            pointing_game(maps, wrong)


def test_planted_patterns_stand_where_the_masks_say() -> None:
    found = planted(20, (40, 60), patch=12, seed=5)
    assert found.images.shape == (20, 3, 40, 60) and found.masks.sum((2, 3)).unique().tolist() == [144]
    assert found.images.min() >= 0 and found.images.max() <= 1 and found.chance == pytest.approx(144 / 2400)
    assert not (found.masks[:, 0] & found.masks[:, 1]).any()
    assert (found.classes[:, 0] != found.classes[:, 1]).all() and len(found.classes.unique()) == len(found.names) == 4
    for image, masks in zip(found.images[:, 0], found.masks, strict=True):
        assert image[masks.any(0)].std() > 5 * image[~masks.any(0)].std()
    assert torch.equal(found.images, planted(20, (40, 60), patch=12, seed=5).images)
    assert not torch.equal(found.images, planted(20, (40, 60), patch=12, seed=6).images)
    # Places are even: both patterns in all quarters of the image.
    rows = found.masks.any(3).float().argmax(2)
    assert rows.min() < 6 and rows.max() > 22
    for count, size, patch in ((0, (40, 60), 12), (1, (12, 20), 12), (1, (40, 60), 3)):
        with pytest.raises(ExplainError, match="side by side"):
            planted(count, size, patch)


def test_a_network_that_knows_the_patterns_points_at_the_one_that_is_asked_for() -> None:
    found, model = planted(24, seed=1), Matched()
    with CAM(model, "relu", "layer_cam") as cam:
        for which in (0, 1):
            maps = cam(found.images, found.classes[:, which])
            right = pointing_game(maps, found.masks[:, which], tolerance=2)
            wrong = pointing_game(maps, found.masks[:, 1 - which], tolerance=2)
            assert right.rate > 0.9 and right.interval[0] > 3 * right.chance_rate
            assert wrong.rate < wrong.chance_rate, "the other pattern is left alone"
            assert (share_inside(maps, found.masks[:, which]) > share_inside(maps, found.masks[:, 1 - which])).all()
    random = torch.rand(24, 7, 9, generator=torch.Generator().manual_seed(0))
    low, high = pointing_game(random, found.masks[:, 0]).interval
    assert low < found.chance < high
    saliency = found.images[:, 0].sub(0.5).abs()  # striking, whatever the class: half right at best
    assert abs(pointing_game(saliency, found.masks[:, 0]).rate - 0.5) < 0.3


class Gated(nn.Module):
    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x).square().mean((2, 3))


class Half(nn.Module):
    """Leaves the left half alone and shuts the right one."""

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.ones(x.shape[3])
        gate[x.shape[3] // 2 :] = 0.01
        return x * gate


def test_around_an_identity_nothing_changes_and_around_a_gate_it_does() -> None:
    x = torch.rand(2, 3, 9, 14)
    same = around(Gated(nn.Identity()), "block", x, 1)
    assert torch.equal(same.before, same.after) and same.correlations.tolist() == pytest.approx([1, 1])
    assert same.moved.tolist() == [0, 0]
    model = Gated(Half())
    gated = around(model, model.block, x, 1)
    assert gated.after[:, :, 7:].max() < 0.05 * gated.after[:, :, :7].max()
    assert (gated.correlations < 0.95).all() and (gated.moved > 0.1).all()


@pytest.mark.parametrize("attention", ["cbam", "coordinate"])
def test_around_the_attention_of_a_host(attention: str) -> None:
    torch.manual_seed(0)
    model = hosts.build("small", attention, classes=4)
    found = around(model, "stages.2.0.attention", torch.rand(2, 3, 48, 64))
    assert found.before.shape == found.after.shape == (2, 6, 8) and found.correlations.isfinite().all()
    empty = around(hosts.build("small", classes=4), "stages.2.0.attention", torch.rand(2, 3, 48, 64))
    assert torch.equal(empty.before, empty.after)
