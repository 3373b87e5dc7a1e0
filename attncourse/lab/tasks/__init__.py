"""The offline tasks: questions that none, SE, CBAM, BAM and coordinate attention answer differently, drawn by code."""

from __future__ import annotations

from attncourse.lab.tasks.near import NEAR
from attncourse.lab.tasks.row import ROW
from attncourse.lab.tasks.task import Task
from attncourse.lab.tasks.xor import XOR

TASKS: dict[str, Task] = {task.name: task for task in (XOR, NEAR, ROW)}

__all__ = ["TASKS", "Task"]
