"""Grades many submissions, one after the other or in several processes; whatever fails costs one row."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from grading import states
from grading.handed_in import Submission
from grading.results import Graded
from grading.sandbox.process import Limits
from grading.submission import Grader


class Worker:
    """Grades submissions in one process, and never raises for one."""

    grader: Grader | None = None

    @classmethod
    def prepare(cls, seed: int, limits: Limits) -> None:
        """Set up this process."""
        import torch

        torch.set_num_threads(1)
        cls.grader = Grader(seed, limits)

    @classmethod
    def work(cls, submission: Submission) -> Graded:
        """Grade one; a failure of ours becomes its row."""
        assert cls.grader is not None
        return attempt(cls.grader, submission)


def attempt(grader: Grader, submission: Submission) -> Graded:
    """Grade one submission; a failure of ours becomes its row, with the traceback for whoever mends it."""
    if submission.state:
        stem = submission.path.stem if submission.path.suffix else ""
        return Graded(submission.student, stem, submission.state, note=submission.note, seed=grader.seed)
    try:
        return grader.grade(submission.path, submission.student)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return _our_fault(submission, grader.seed, f"{type(error).__name__}: {error} ({where})")


def _our_fault(submission: Submission, seed: int, words: str) -> Graded:
    note = f"The grader failed, not the student: {words}. Grade by hand, and report it."
    return Graded(submission.student, submission.path.stem, states.OUR_FAULT, note=note, seed=seed)


def each_graded(found: Sequence[Submission], seed: int, limits: Limits, jobs: int) -> Iterator[tuple[int, Graded]]:
    if jobs == 1:
        grader = Grader(seed, limits)
        for index, submission in enumerate(found):
            yield index, attempt(grader, submission)
        return
    left = list(range(len(found)))
    workers = min(jobs, len(found))
    while left:
        for index, graded in _pool(found, left.copy(), seed, limits, workers):
            left.remove(index)
            yield index, graded
        if left and workers == 1:
            culprit = left.pop(0)
            yield culprit, _our_fault(found[culprit], seed, "the grading process died")
        # A worker died and took the pool along. A pool of one takes them in order, so that it is known which one.
        workers = 1


def _pool(
    found: Sequence[Submission], indices: Sequence[int], seed: int, limits: Limits, jobs: int
) -> Iterator[tuple[int, Graded]]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=Worker.prepare, initargs=(seed, limits)) as pool:
        waiting: dict[Future[Graded], int] = {}
        try:
            for index in indices:
                waiting[pool.submit(Worker.work, found[index])] = index
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
