"""The course as a learner sees it: JupyterLab in a real browser, a wrong answer, its diagnosis, a right one.

Needs Chromium (Debian: ``apt-get install chromium``). Set SCREENSHOTS to a folder to keep what the browser showed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WRONG = "def squeeze(x):\n    return x.mean(dim=1)\n"
RIGHT = "def squeeze(x):\n    return x.mean(dim=(2, 3))\n"
PATIENCE = 90_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """``attncourse start`` on an empty folder; the address that it prints."""
    environment = {**os.environ, "NO_BROWSER": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "attncourse.cli", "start", str(tmp_path / "work")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=tmp_path,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        seen = []
        for line in server.stdout:
            seen.append(line)
            found = re.search(r"http://\S+token=\S+", line)
            if found:
                yield found[0]
                break
        else:
            pytest.fail("no address was printed:\n" + "".join(seen))
        os.killpg(server.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.communicate(timeout=20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 960})
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def test_a_wrong_answer_is_diagnosed_and_a_right_one_passes(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    assert page.locator("li.jp-TabBar-tab, .lm-TabBar-tab", has_text="00_feature_maps").count() >= 1
    keep(page, "first_lesson")
    assert page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").count() == 0

    page.goto(re.sub(r"00_feature_maps", "01_squeeze_excitation", address))
    # JupyterLab may have restored the first lesson's tab as well, and may show either of the two.
    page.locator("li.lm-TabBar-tab", has_text="01_squeeze_excitation.ipynb").first.click()
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
    notebook = page.locator(".jp-NotebookPanel:visible")
    notebook.locator(".jp-CodeCell", has_text="import attncourse").first.locator(".cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    answer(notebook, WRONG)
    report = report_below(notebook)
    report.get_by_text("not yet").wait_for()
    assert "averages-over-channels" in report.inner_text()
    for words in ("expected", "yours", "Next step"):
        assert words in report.inner_text()
    keep(page, "wrong_answer")

    answer(notebook, RIGHT)
    report_below(notebook).get_by_text("correct").wait_for()
    keep(page, "right_answer")
    progress = list((tmp_path / "work").rglob("se-squeeze.json"))
    assert len(progress) == 1 and "correct" in progress[0].read_text()


def answer(notebook: Locator, source: str) -> None:
    """Replace the answer cell's text, run it, and run the check below it."""
    cell = notebook.locator(".jp-CodeCell", has_text=re.compile(r"def squeeze\(x")).first
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").first.click()
    keyboard = notebook.page.keyboard
    keyboard.press("Control+A")
    keyboard.insert_text(source)
    keyboard.press("Shift+Enter")
    keyboard.press("Shift+Enter")


def report_below(notebook: Locator) -> Locator:
    check = notebook.locator(".jp-CodeCell", has_text='attncourse.check("se-squeeze"').first
    report = check.locator(".attncourse-report")
    report.wait_for()
    return report


def keep(page: Page, name: str) -> None:
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=str(Path(os.environ["SCREENSHOTS"]) / f"{name}.png"))
