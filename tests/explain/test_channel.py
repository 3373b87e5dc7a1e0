"""One channel: each number beside a plain loop, each picture of where beside a network whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from attncourse.attention import SqueezeExcitation
from attncourse.explain import (
    ExplainError,
    InputOf,
    answers,
    area_difference,
    equal_mistakes,
    mistakes,
    occlusion,
    ranking,
    share_inside,
    strongest,
    switched_off,
)
from tests.explain.networks import Tiny, images


def summing(stride: int = 1, padding: int = 0, then: nn.Module | None = None) -> nn.Sequential:
    """Channel 0 adds up windows of 3x3, channel 1 is silent."""
    layer = nn.Conv2d(1, 2, 3, stride, padding)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 0.0])[:, None, None, None].expand(2, 1, 3, 3))
        assert layer.bias is not None
        layer.bias.copy_(torch.tensor([0.0, -1.0]))
    return nn.Sequential(layer, nn.ReLU() if then is None else then)


def spots(places: list[tuple[int, int, float]], size: tuple[int, int] = (9, 14)) -> Tensor:
    """One image for each spot of one pixel: ``(n, 1, H, W)``."""
    x = torch.zeros(len(places), 1, *size)
    for image, (row, column, value) in zip(x, places, strict=True):
        image[0, row, column] = value
    return x


def left_behind(model: nn.Module) -> tuple[int, bool, list[bool]]:
    hooks = sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())
    return hooks, torch.is_grad_enabled(), [part.training for part in model.modules()]


def test_answers_are_the_largest_and_the_mean_over_places() -> None:
    model, x = Tiny(), images(5)
    features = model.eval().features(x).detach()
    for by, one in (("largest", max), ("mean", lambda values: sum(values) / len(values))):
        naive = [[one(sheet.flatten().tolist()) for sheet in image] for image in features]
        torch.testing.assert_close(answers(model, "relu", x, by, batch=2), torch.tensor(naive))
    before = answers(model, InputOf("relu"), x, "mean")
    assert before.shape == (5, 6) and bool((before < answers(model, model.relu, x, "mean")).all())


def test_what_works_in_place_behind_the_layer_is_not_read() -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(inplace=True))
    torch.testing.assert_close(answers(model, "0", images(), "mean"), model[0](images()).mean((2, 3)).detach())


def test_the_strongest_come_first_with_their_place() -> None:
    x = spots([(4, 6, 1.0), (5, 9, 3.0), (2, 3, 2.0), (6, 6, 0.5), (3, 4, 2.0)])
    found = strongest(summing(), "1", 0, x, count=3, batch=2)
    assert found.images.tolist() == [1, 2, 4] and found.values.tolist() == [3, 2, 2]
    # A spot is in nine windows; the first of them ends with it, and its middle lies one up and one left.
    assert found.places.tolist() == [[4, 8], [1, 2], [2, 3]]
    assert found.boxes.tolist() == [[3, 7, 6, 10], [0, 1, 3, 4], [1, 2, 4, 5]]


def test_places_are_traced_through_strides_and_clipped_at_the_border() -> None:
    x = spots([(0, 0, 1.0), (8, 12, 1.0)])
    found = strongest(summing(stride=2, padding=1), "1", 0, x, count=2)
    assert found.boxes.tolist() == [[0, 0, 2, 2], [7, 11, 9, 14]]  # windows around (0, 0) and (8, 12)


def test_a_gate_does_not_make_every_box_the_whole_image() -> None:
    gate = SqueezeExcitation(2)
    with torch.no_grad():
        for parameter in gate.parameters():
            parameter.fill_(0.02)
    model = summing(then=gate)
    x = torch.rand(1, 1, 9, 14, generator=torch.Generator().manual_seed(0))
    x[0, 0, 4, 6] = 9.0
    top, left, bottom, right = strongest(model, "1", 0, x, count=1).boxes[0].tolist()
    assert bottom - top == right - left == 3 and top <= 4 < bottom and left <= 6 < right
    x.requires_grad_()
    model(x)[0, 0].max().backward()
    assert x.grad is not None and int((x.grad != 0).sum()) == 9 * 14  # and yet it hangs on every pixel


def test_a_channel_may_come_from_argmax() -> None:
    model, x = Tiny(), images()
    found = answers(model, "relu", x)[0].argmax()
    assert torch.equal(strongest(model, "relu", found, x).images, strongest(model, "relu", int(found), x).images)
    assert torch.equal(occlusion(model, "relu", found, x).maps, occlusion(model, "relu", found.numpy()[()], x).maps)
    with torch.no_grad(), switched_off(model, "relu", found):
        model(x)


def test_a_silent_channel_has_no_place() -> None:
    found = strongest(summing(), "1", 1, spots([(4, 6, 1.0)]), count=5)
    assert found.values.tolist() == [0] and found.boxes.tolist() == [[0, 0, 9, 14]]


@pytest.mark.parametrize("by", ["largest", "mean"])
@pytest.mark.parametrize("baseline", ["mean", "zero"])
def test_occlusion_is_a_loop_over_squares(by: str, baseline: str) -> None:
    model, x = Tiny(), images(2)
    found = occlusion(model, "relu", 4, x, square=4, stride=3, by=by, baseline=baseline, batch=5)
    whole = answers(model, "relu", x, by)[:, 4]
    sums, counts = torch.zeros(2, 9, 14), torch.zeros(9, 14)
    for row, top in enumerate([0, 3, 5]):  # the last ends with the image
        for column, left in enumerate([0, 3, 6, 9, 10]):
            hidden = x.clone()
            for number in range(2):
                for channel in range(3):
                    grey = float(x[number, channel].mean()) if baseline == "mean" else 0.0
                    hidden[number, channel, top : top + 4, left : left + 4] = grey
            change = answers(model, "relu", hidden, by)[:, 4] - whole
            torch.testing.assert_close(found.changes[:, row, column], change)
            sums[:, top : top + 4, left : left + 4] += change[:, None, None]
            counts[top : top + 4, left : left + 4] += 1
    assert found.changes.shape == (2, 3, 5) and float(found.changes.abs().max()) > 0
    torch.testing.assert_close(found.maps, sums / counts)
    torch.testing.assert_close(found.whole, whole)


def test_occlusion_tells_the_thing_from_the_rest() -> None:
    x = spots([(4, 6, 5.0)])
    found = occlusion(summing(), "1", 0, x, square=3, stride=1, baseline="zero")
    mask = torch.zeros(1, 9, 14, dtype=torch.bool)
    mask[0, 2:7, 4:9] = True  # all that a square over the spot covers
    assert found.whole.tolist() == [5.0]
    assert share_inside((-found.maps).relu(), mask).tolist() == [1.0]
    assert int((found.changes == -5).sum()) == 9 and int((found.changes == 0).sum()) == 7 * 12 - 9


def test_with_the_largest_answer_one_ear_steps_in_for_the_other() -> None:
    x = spots([(2, 2, 1.0)]) + spots([(2, 11, 1.0)])
    largest, mean = (
        occlusion(summing(), "1", 0, x, square=4, stride=1, by=by, baseline="zero") for by in ("largest", "mean")
    )
    assert float(largest.changes.abs().max()) == 0
    assert float(mean.changes.min()) < 0


def test_switched_off_is_the_network_without_that_channel() -> None:
    model, x = Tiny().eval(), images()
    features = model.features(x)
    features[:, 2] = 0
    expected = model.head(features.square().mean((2, 3)))
    with switched_off(model, "relu", 2):
        torch.testing.assert_close(model(x), expected)
    assert not torch.allclose(model(x), expected)
    earlier = model.first(x)
    earlier[:, 2] = 0
    features = model.relu(model.second(torch.relu(model.norm(earlier))))
    with switched_off(model, InputOf(model.norm), 2):
        torch.testing.assert_close(model(x), model.head(features.square().mean((2, 3))))


@pytest.mark.parametrize(
    "use",
    [
        lambda model, x: answers(model, "relu", x),
        lambda model, x: strongest(model, "relu", 7, x),
        lambda model, x: occlusion(model, "relu", 7, x, square=3, stride=3),
        lambda model, x: answers(model, "relu", x[:, :2]),
    ],
    ids=["answers", "strongest fails", "occlusion fails", "the network fails"],
)
def test_nothing_is_left_behind(use: Callable[[nn.Module, Tensor], Any]) -> None:
    model = Tiny().train()
    model.norm.eval()
    before = left_behind(model)
    kept: BaseException | None = None
    try:
        use(model, images())
    except (ExplainError, RuntimeError) as error:
        kept = error  # as a notebook keeps it, and with it the frames that it came through
    assert left_behind(model) == before, kept
    assert all(parameter.grad is None for parameter in model.parameters())


def test_switched_off_ends_with_an_exception() -> None:
    model = Tiny().eval()
    before, expected = left_behind(model), model(images())
    with pytest.raises(KeyError), switched_off(model, "relu", 2):
        raise KeyError
    assert left_behind(model) == before and torch.equal(model(images()), expected)


def test_frozen_parameters_and_inference_mode() -> None:
    model, x = Tiny().requires_grad_(False), images()
    expected = strongest(model, "relu", 1, x, count=2)
    with torch.inference_mode():
        found = strongest(model, "relu", 1, x.clone(), count=2)
        torch.testing.assert_close(answers(model, "relu", x.clone()), answers(model, "relu", x))
        occlusion(model, "relu", 1, x.clone(), square=9)
    assert torch.equal(found.boxes, expected.boxes) and torch.equal(found.images, expected.images)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda model, x: answers(model, "rellu", x), "near it: relu"),
        (lambda model, x: answers(model, "relu", x, by="median"), "there are: largest, mean"),
        (lambda model, x: answers(model, "head", x), r"gives torch.float32 \(3, 4\)"),
        (
            lambda model, x: answers(model, "relu", x[0]),
            r"images \(B, 3, H, W\), got \(3, 9, 14\); one image is images.uns",
        ),
        (lambda model, x: answers(model, "relu", x[:0]), r"at least one image, got \(0, 3, 9, 14\)"),
        (lambda model, x: strongest(model, "relu", 6, x), "has 6 channels, 0 to 5; got 6"),
        (lambda model, x: strongest(model, "relu", -1, x), "0 to 5; got -1"),
        (lambda model, x: strongest(model, "relu", True, x), "0 to 5; got True"),
        (lambda model, x: strongest(model, "relu", 1, x / 0), "not finite"),
        (lambda model, x: occlusion(model, "relu", 1, x / 0), "not finite"),
        (lambda model, x: strongest(model, "relu", 1, x, count=0), "at least 1, got 0"),
        (lambda model, x: occlusion(model, "relu", 1, x, square=10), "a square of 1 to 9 pixels"),
        (lambda model, x: occlusion(model, "relu", 1, x, square=4, stride=5), "square=4, stride=5"),
        (lambda model, x: occlusion(model, "relu", 1, x, baseline="grey"), "there are: mean, zero, blur"),
    ],
)
def test_errors_say_what_was_expected(use: Callable[[nn.Module, Tensor], Any], said: str) -> None:
    with pytest.raises(ExplainError, match=said):
        use(Tiny(), images())


def test_a_channel_that_is_not_there_cannot_be_switched_off() -> None:
    model = Tiny()
    with pytest.raises(ExplainError, match="0 to 5; got 6"), switched_off(model, "relu", 6):
        model(images())
    with pytest.raises(ExplainError, match="near it: relu"), switched_off(model, "rellu", 2):
        pass


ANSWERS = torch.tensor([3.0, 1.0, 2.0, 2.0, 5.0, 0.0, 2.0, 4.0, -1.0])
CATS = torch.tensor([1, 0, 1, 0, 1, 0, 0, 0, 1], dtype=torch.bool)


def test_both_kinds_of_mistake_are_counted() -> None:
    found = mistakes(ANSWERS, CATS, threshold=2.0)
    assert (found.missed, found.positives, found.fired, found.others) == (2, 4, 1, 5)  # an answer of 2 is not above 2
    assert found.misses == 0.5 and found.false_alarms == 0.2
    low, high = found.misses_interval
    z2 = 1.959964**2  # Wilson's: (p + z2 / 2n +- z sqrt(p (1 - p) / n + z2 / 4n2)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (0.25 / 4 + z2 / 64)) / (1 + z2 / 4)
    assert (low, high) == pytest.approx((0.5 - reach, 0.5 + reach), abs=1e-6)
    assert str(found) == (
        "above 2: misses 50% of 4 (95% interval 15% to 85%), fires at 20% of the 5 others (95% interval 4% to 62%)"
    )


def test_the_area_counts_pairs_and_its_interval_is_delongs() -> None:
    inside, outside = ANSWERS[CATS].tolist(), ANSWERS[~CATS].tolist()
    wins = [[1.0 if cat > other else 0.5 if cat == other else 0.0 for other in outside] for cat in inside]
    area = sum(map(sum, wins)) / 20
    found = ranking(ANSWERS, CATS)
    assert found.area == pytest.approx(area)
    rows, columns = [sum(row) / 5 for row in wins], [sum(column) / 4 for column in zip(*wins, strict=True)]
    variance = (
        sum((value - area) ** 2 for value in rows) / 3 / 4 + sum((value - area) ** 2 for value in columns) / 4 / 5
    )
    reach = 1.959964 * math.sqrt(variance)
    assert found.interval == pytest.approx((max(0, area - reach), min(1, area + reach)), abs=1e-6)
    assert "4 against 5; chance 0.5" in str(found)


def test_a_channel_that_parts_all_has_no_interval() -> None:
    found = ranking(CATS.float(), CATS)
    assert found.area == 1 and found.interval is None
    assert ranking(-CATS.float(), CATS).area == 0
    assert ranking(torch.zeros(9), CATS).area == 0.5


def test_the_difference_of_two_areas_pairs_the_images() -> None:
    draw = torch.Generator().manual_seed(0)
    positive = torch.arange(300) < 120
    before = torch.randn(300, generator=draw) + positive.float()
    after = before + 0.05 * torch.randn(300, generator=draw)
    change, interval = area_difference(before, after, positive)
    assert change == pytest.approx(ranking(after, positive).area - ranking(before, positive).area)
    assert interval is not None and interval[0] < change < interval[1]
    apart = ranking(before, positive).interval
    assert apart is not None and interval[1] - interval[0] < (apart[1] - apart[0]) / 5  # they rise and fall together
    assert area_difference(before, 2 * before + 1, positive) == (0.0, None)


@pytest.mark.parametrize("seed", range(3))
def test_the_threshold_of_equal_mistakes_is_the_best_of_all(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    positive = torch.arange(40) < 11
    values = (torch.randn(40, generator=draw) + positive.float()).round(decimals=1)
    threshold = equal_mistakes(values, positive)

    def apart(at: float) -> float:
        made = mistakes(values, positive, at)
        return abs(made.misses - made.false_alarms)

    assert apart(threshold) == pytest.approx(min(apart(float(one)) for one in values))


@pytest.mark.parametrize(
    ("values", "positive", "said"),
    [
        (ANSWERS[None], CATS, r"got \(1, 9\)"),
        (ANSWERS, CATS.float(), "torch.float32"),
        (ANSWERS, torch.zeros(9, dtype=torch.bool), "0 of 9 images are positive"),
        (ANSWERS, torch.ones(9, dtype=torch.bool), "9 of 9 images are positive"),
        (ANSWERS / 0, CATS, "not finite"),
    ],
)
def test_what_cannot_be_counted(values: Tensor, positive: Tensor, said: str) -> None:
    counts: list[Callable[[Tensor, Tensor], Any]] = [ranking, equal_mistakes, partial(mistakes, threshold=0.0)]
    for count in counts:
        with pytest.raises(ExplainError, match=said):
            count(values, positive)


def test_what_runs_past_the_hooks_is_named() -> None:
    parallel = nn.DataParallel(Tiny())
    with pytest.raises(ExplainError, match="give the network itself, model.module"):
        answers(parallel, "module.relu", images(2))
    with pytest.raises(ExplainError, match="give the network itself, model.module"), switched_off(parallel, "relu", 0):
        pass
