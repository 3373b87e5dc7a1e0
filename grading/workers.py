"""Grades many submissions, one after the other or in several processes; whatever fails costs one row."""

from __future__ import annotations

import io
import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import torch

from grading import states
from grading.handed_in import Submission
from grading.results import Graded
from grading.sandbox.process import Limits
from grading.submission import Grader, points_of


def each_graded(found: Sequence[Submission], seed: int, limits: Limits, jobs: int) -> Iterator[tuple[int, Graded]]:
    """Index and result of each submission, as soon as it is there; the order may be any."""
    left = list(range(len(found)))
    workers = min(jobs, len(found))
    if workers == 1:
        Worker.prepare(seed, limits)
        for index in left:
            yield index, Worker.attempt(found[index])
        return
    while left:
        for index, graded in _pool(found, left.copy(), seed, limits, workers):
            left.remove(index)
            yield index, graded
        if left and workers == 1:
            culprit = left.pop(0)
            yield culprit, our_fault(found[culprit], seed, "the grading process died")
        # A worker died and took the pool along. A pool of one takes them in order, so that it is known which one.
        workers = 1


def our_fault(submission: Submission, seed: int, words: str) -> Graded:
    """The row of a submission on which the grader failed."""
    note = f"The grader failed, not the student: {words}. Grade by hand, and report it."
    stem = submission.path.stem
    return Graded(submission.student, stem, states.OUR_FAULT, 0.0, points_of(stem), note, seed)


class Worker:
    """Grades submissions in one process, and never raises for one."""

    grader: Grader | None = None

    @classmethod
    def prepare(cls, seed: int, limits: Limits) -> None:
        """Set up this process."""
        torch.set_num_threads(1)
        cls.grader = Grader(seed, limits)

    @classmethod
    def attempt(cls, submission: Submission) -> Graded:
        """Grade one; a failure of ours becomes its row, with the place for whoever mends it."""
        assert cls.grader is not None
        seed = cls.grader.seed
        if submission.state:
            stem = submission.path.stem if submission.path.suffix else ""
            return Graded(submission.student, stem, submission.state, note=submission.note, seed=seed)
        try:
            return cls.grader.grade(submission.path, submission.student)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(last.filename).name}, line {last.lineno}"
            return our_fault(submission, seed, f"{type(error).__name__}: {error} ({where})")

    @classmethod
    def work(cls, submission: Submission) -> bytes:
        """``attempt`` as bytes: the pool's own pickling would pass tensors by open files, and lose the whole pool
        over one result that cannot be read. Plain pickle cannot read every dtype back."""
        written = io.BytesIO()
        torch.save(cls.attempt(submission), written)
        return written.getvalue()


def _pool(
    found: Sequence[Submission], indices: Sequence[int], seed: int, limits: Limits, jobs: int
) -> Iterator[tuple[int, Graded]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=Worker.prepare, initargs=(seed, limits)) as pool:
        waiting: dict[Future[bytes], int] = {}
        try:
            for index in indices:
                waiting[pool.submit(Worker.work, found[index])] = index
        except BrokenProcessPool:
            # Some were sent; what became of them is seen below.
            pass
        try:
            for future in as_completed(waiting):
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield waiting[future], _received(future, found[waiting[future]], seed)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _received(future: Future[bytes], submission: Submission, seed: int) -> Graded:
    try:
        graded = torch.load(io.BytesIO(future.result()), weights_only=False)
        assert isinstance(graded, Graded)
        return graded
    except Exception as error:
        return our_fault(submission, seed, f"{type(error).__name__}: {error}")
