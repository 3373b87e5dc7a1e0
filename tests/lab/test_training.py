"""The loop: compared with a plain one, and what it does with seeds, budgets and numbers that are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from attncourse.lab.data.dataset import Dataset
from attncourse.lab.display import Display
from attncourse.lab.errors import LabError
from attncourse.lab.recipe import Recipe
from attncourse.lab.training import Training, right

CPU = torch.device("cpu")
Tiny = Callable[..., Dataset]


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full precision, whatever this processor is quick at."""
    monkeypatch.setattr("attncourse.lab.training.precision", lambda device: torch.float32)


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(80, 2))


def trained(data: Dataset, recipe: Recipe, *, seed: int = 0, network: nn.Module | None = None) -> Training:
    training = Training(network or model(), data, recipe, seed=seed, device=CPU)
    training.run(lambda training: None, Display())
    return training


def weights(training: Training) -> Tensor:
    return torch.cat([tensor.flatten().double() for tensor in training.model.state_dict().values()])


def plain_loop(data: Dataset, recipe: Recipe) -> tuple[nn.Module, list[float]]:
    """The same training without attncourse and without torch.optim: float64, one picture and one weight at a time."""
    images = data.train_images.double()
    mean, deviation = images.mean((0, 2, 3)), images.std((0, 2, 3))
    network = model().double()
    velocity = [torch.zeros_like(p) for p in network.parameters()]
    steps, losses = 0, []
    total = recipe.epochs * (len(images) // recipe.batch_size)
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed((5 << 20) + epoch)).tolist()
        sums = 0.0
        while len(order) >= recipe.batch_size:
            batch, order = order[: recipe.batch_size], order[recipe.batch_size :]
            x = torch.stack([(images[i] - mean[:, None, None]) / deviation[:, None, None] for i in batch])
            logs = network(x).log_softmax(1)
            wanted = torch.full((len(batch), 2), recipe.label_smoothing / 2, dtype=torch.float64)
            for row, i in enumerate(batch):
                wanted[row, data.train_labels[i]] += 1 - recipe.label_smoothing
            loss = -(wanted * logs).sum() / len(batch)
            sums += loss.item() * len(batch)
            done = steps / total
            rate = recipe.learning_rate * min(done / recipe.warm_up, (1 - done) / (1 - recipe.warm_up))
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            with torch.no_grad():
                for p, v, g in zip(network.parameters(), velocity, gradients, strict=True):
                    g = g + recipe.weight_decay * p if p.ndim > 1 else g
                    v.mul_(recipe.momentum).add_(g)
                    p.sub_(rate * (g + recipe.momentum * v))
            steps += 1
        losses.append(sums / (len(images) // recipe.batch_size * recipe.batch_size))
    return network, losses


@pytest.mark.usefixtures("float32")
def test_it_trains_as_a_plain_loop_does(tiny: Tiny) -> None:
    data = tiny(train=36, mirrored=False)
    recipe = Recipe(epochs=2, batch_size=8, learning_rate=0.1, weight_decay=0.01, warm_up=0.3)
    training = trained(data, recipe, seed=5)
    network, losses = plain_loop(data, recipe)
    expected = torch.cat([tensor.flatten().double() for tensor in network.state_dict().values()])
    assert torch.allclose(weights(training), expected, atol=1e-4)
    assert [row["train_loss"] for row in training.history] == pytest.approx(losses, abs=1e-4)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("mirror", [True, False])
def test_accuracy_is_that_of_each_picture_alone_or_with_its_mirror_image(tiny: Tiny, mirror: bool) -> None:
    data = tiny(test=41)
    training = trained(data, Recipe(epochs=1, batch_size=8, mirror=mirror))
    images = data.train_images.double()
    correct = 0
    for image, label in zip(data.test_images, data.test_labels, strict=True):
        x = ((image - images.mean((0, 2, 3))[:, None, None]) / images.std((0, 2, 3))[:, None, None]).float()[None]
        logits = training.model(x) + training.model(x.flip(3)) if mirror else training.model(x)
        correct += int(logits.argmax()) == int(label)
    assert training.accuracy() == pytest.approx(correct / 41)


def test_it_learns(tiny: Tiny) -> None:
    training = trained(tiny(), Recipe(epochs=8, batch_size=10, learning_rate=0.05))
    assert training.history[-1]["test_accuracy"] > 0.9
    assert [row["epoch"] for row in training.history] == list(range(1, 9))
    assert training.history[-1]["train_loss"] < training.history[0]["train_loss"]


def test_it_shows_after_each_step_how_much_is_done(tiny: Tiny) -> None:
    shown: list[float] = []

    class Watching(Display):
        def step(self, done: float) -> None:
            shown.append(done)

    training = Training(model(), tiny(), Recipe(epochs=2, batch_size=32), seed=0, device=CPU)
    training.run(lambda training: None, Watching())
    assert shown == [0.25, 0.5, 0.75, 1.0]


def test_a_seed_decides_all(tiny: Tiny) -> None:
    recipe = Recipe(epochs=2, batch_size=16)
    one, again, other = (trained(tiny(), recipe, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(weights(one), weights(again))
    assert not torch.equal(weights(one), weights(other))


def test_what_the_model_draws_comes_from_the_seed_too(tiny: Tiny) -> None:
    def dropping() -> nn.Module:
        return nn.Sequential(nn.Dropout(0.5), model())

    recipe = Recipe(epochs=2, batch_size=16)
    one = trained(tiny(), recipe, network=dropping())
    torch.manual_seed(99)
    again = dropping()
    torch.rand(7)
    assert torch.equal(weights(one), weights(trained(tiny(), recipe, network=again)))


@pytest.mark.parametrize("batch_size", [32, 500])
def test_a_last_batch_that_is_not_full_is_left_out_unless_it_is_the_only_one(tiny: Tiny, batch_size: int) -> None:
    sizes: list[int] = []

    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model()

        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                sizes.append(len(x))
            return self.inner(x)

    trained(tiny(), Recipe(epochs=1, batch_size=batch_size), network=Counting())
    assert sizes == ([32, 32] if batch_size == 32 else [70])


def test_pictures_of_tasks_where_place_matters_are_left_as_they_are(tiny: Tiny) -> None:
    assert (training := Training(model(), tiny(mirrored=False), Recipe(), seed=0, device=CPU)).shift == 0
    assert not training.flip and not training.mirror


class Ticking:
    """A clock that goes on by a hundredth whenever it is looked at."""

    def __init__(self) -> None:
        self.seconds = self.now = 0.0

    @property
    def cpu_seconds(self) -> float:
        self.now += 0.01
        return self.now


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attncourse.lab.training.Clock", Ticking)


def budgeted(data: Dataset, budget: float) -> tuple[Training, list[float]]:
    rates: list[float] = []
    training = Training(model(), data, Recipe(batch_size=16, learning_rate=0.1), seed=0, device=CPU, budget=budget)

    class Watching(Display):
        def step(self, done: float) -> None:
            rates.append(training.optimiser.param_groups[0]["lr"])

    training.run(lambda training: None, Watching())
    return training, rates


@pytest.mark.usefixtures("ticking")
def test_with_a_budget_the_schedule_fits_the_clock_and_ends_at_zero(tiny: Tiny) -> None:
    training, rates = budgeted(tiny(), 4.0)
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.1, rel=0.1)
    assert 0.1 < peak / len(rates) < 0.35
    assert rates[-1] < 0.005
    *before, last = training.history
    assert before and all(row["test_accuracy"] is None for row in before)
    assert last["test_accuracy"] is not None
    assert last["cpu_seconds"] <= 4.0


@pytest.mark.usefixtures("ticking")
def test_the_smallest_budget_is_one_step_and_one_evaluation(tiny: Tiny) -> None:
    training, rates = budgeted(tiny(), 0.001)
    assert len(rates) == training.steps == 1
    assert training.history[-1]["test_accuracy"] is not None


class Scaling(nn.Module):
    """Multiplies by a number: in training, in evaluation, or never."""

    def __init__(self, number: float, *, in_training: bool) -> None:
        super().__init__()
        self.inner, self.number, self.in_training = model(), number, in_training

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) * (self.number if self.training == self.in_training else 1.0)


@pytest.mark.parametrize(("in_training", "said"), [(True, r"loss is no finite number in epoch 1"), (False, "outputs")])
def test_what_is_no_number_stops_it(tiny: Tiny, in_training: bool, said: str) -> None:
    network = Scaling(float("nan"), in_training=in_training)
    with pytest.raises(LabError, match=said + r".* Lower the learning rate"):
        trained(tiny(), Recipe(epochs=2, batch_size=16), network=network)


def test_right_counts_the_largest() -> None:
    assert right(torch.tensor([[0.1, 0.2], [3.0, 1.0], [0.0, -1.0]]), torch.tensor([1, 1, 0])) == 2


def test_weights_and_loss_stay_in_float32(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 is asked for here on every processor: slower on some, but the same on all."""
    monkeypatch.setattr("attncourse.lab.training.precision", lambda device: torch.bfloat16)
    seen: list[Any] = []

    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model()

        def forward(self, x: Tensor) -> Tensor:
            seen.append(self.inner(x))
            return seen[-1]

    training = trained(tiny(), Recipe(epochs=4, batch_size=10, learning_rate=0.05), network=Watching())
    assert {logits.dtype for logits in seen} == {torch.bfloat16}
    assert {p.dtype for p in training.model.parameters()} == {torch.float32}
    assert training.history[-1]["test_accuracy"] > 0.8


@pytest.mark.gpu
@pytest.mark.parametrize("compiled", [False, True])
def test_on_a_gpu_it_learns_too_and_a_seed_decides_all(tiny: Tiny, compiled: bool) -> None:
    runs = []
    for _ in range(2):
        recipe = Recipe(epochs=8, batch_size=10, learning_rate=0.05, compile=compiled)
        with torch.backends.cudnn.flags(deterministic=True, benchmark=False):
            training = Training(model(), tiny(), recipe, seed=0, device=torch.device("cuda"))
            training.run(lambda training: None, Display())
        runs.append(weights(training))
        assert training.history[-1]["test_accuracy"] > 0.9
    assert torch.equal(*runs)
