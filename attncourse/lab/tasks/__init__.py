"""The offline tasks: questions that none, SE, CBAM, BAM and coordinate attention answer differently, drawn by code.

What training the host "bag" comes to, test accuracy in %, where 50 is a guess. Each file says why; what was measured
stands in benchmarks/records/cpu-tasks.md.

                 xor   near  row
    none          50    50    50
    SE           100    50    50
    CBAM         100    75    50
    BAM          100   100    50
    coordinate    50    50   100
"""

from __future__ import annotations

from attncourse.lab.tasks.near import NEAR
from attncourse.lab.tasks.row import ROW
from attncourse.lab.tasks.task import Task
from attncourse.lab.tasks.xor import XOR

TASKS: dict[str, Task] = {task.name: task for task in (XOR, NEAR, ROW)}

__all__ = ["TASKS", "Task"]
