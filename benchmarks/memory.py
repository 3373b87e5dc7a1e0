"""The peak of memory that a step holds above what was there before it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.timing import Step


def peak(run: Step, device: torch.device) -> int:
    """Bytes. On a GPU what the caching allocator counted; on a CPU what torch's allocator gave out, by its profiler.

    A library's own workspace, which does not come from torch's allocator, is in neither.
    """
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        run()
    held = highest = 0
    for change in _changes(watched):
        held += change
        highest = max(highest, held)
    return highest


def _changes(watched: profile) -> list[int]:
    """Bytes given out (above 0) and taken back (below 0), in the order of time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        watched.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    changes = [event for event in events if event.get("name") == "[memory]"]
    return [event["args"]["Bytes"] for event in sorted(changes, key=lambda event: event["ts"])]
