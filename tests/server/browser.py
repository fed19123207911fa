"""A real browser, Debian's Chromium, driven through the pipe that it opens for that (Chrome DevTools Protocol)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """One tab, steered as a reader steers it: by what is shown and what has the focus."""

    def __init__(self, to: IO[bytes], back: IO[bytes]) -> None:
        self._to, self._back = to, back
        self._number, self._session = 0, ""
        self._seen: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        """Give a command of the protocol and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def size(self, width: int, height: int = 900, dark: bool = False) -> None:
        """Give the page a window of some pixels, and its reader a liking for dark colours."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._loaded(lambda: self.send("Page.navigate", url=url))

    def script(self, expression: str) -> Any:
        """Return what a line of JavaScript says of the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def text(self, selector: str = "body") -> str:
        """Return the text that a reader sees in the first element of a selector; "" without one."""
        return str(self.script(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def type(self, selector: str, text: str) -> None:
        """Type into a field in place of what it holds."""
        self.script(f"(e => {{ e.focus(); e.select() }})(document.querySelector({json.dumps(selector)}))")
        self.send("Input.insertText", text=text)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in a field; a folder in one for folders."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def click(self, selector: str) -> None:
        """Click on what leads to another page, and wait for it."""
        self._loaded(lambda: self.script(f"document.querySelector({json.dumps(selector)}).click()"))

    def key(self, name: str) -> None:
        """Press a key, such as Tab."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=9)

    def picture(self, path: Path) -> None:
        """Save the whole page as a PNG."""
        taken = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _loaded(self, act: Any) -> None:
        self._seen.clear()
        act()
        while not self._arrived():
            self._next()

    def _arrived(self) -> bool:
        """Whether another page came and was loaded: the load of the empty one before may be told late."""
        came = "Page.frameNavigated"
        return came in self._seen and "Page.loadEventFired" in self._seen[self._seen.index(came) :]

    def _next(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            assert byte, "the browser ended"
            text += byte
        message: dict[str, Any] = json.loads(text)
        self._seen.append(message.get("method", ""))
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Run the browser with its profile in a folder, and end it."""
    assert CHROMIUM
    here, to = os.pipe()
    back, there = os.pipe()

    def connect() -> None:
        # The browser reads 3 and writes 4, and both may be taken by the other pipe's ends.
        one, two = os.dup(here), os.dup(there)
        os.dup2(one, 3)
        os.dup2(two, 4)

    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    log = (folder.parent / f"{folder.name}.log").open("w")
    process = subprocess.Popen(command, stdout=log, stderr=log, close_fds=False, preexec_fn=connect)
    os.close(here)
    os.close(there)
    with log, os.fdopen(to, "wb", buffering=0) as commands, os.fdopen(back, "rb") as answers:
        try:
            yield Browser(commands, answers)
        finally:
            process.kill()
            process.wait()
