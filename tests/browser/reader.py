"""Reads every text of the page that a visitor can see or hear, and finds those outside ⟦brackets⟧."""

from __future__ import annotations

import re
from functools import cache
from inspect import signature

from playwright.sync_api import Locator, Page
from torch import nn, optim
from torchvision.transforms import v2

from data import fashion, patterns
from training.patterns import CONV_CLASSES

DATA = {*fashion.CLASSES, *patterns.CLASSES, *CONV_CLASSES, "kind"}
"""Names of classes, as their data sets give them, and of a column that a test uploads."""
NAMES = {
    "PyTorch", "Python", "Torch Playground", "Tensor", "DataLoader", "Dataset", "Nesterov", "SimpleGD", "CPU",
    "cpu", "GPU", "CSV", "PIL", "MSE", "Fashion-MNIST", "Grad-CAM", "MLP", "LeNet-5", "Inception CNN", "tanh",
    "None", "True", "False", "mod", "Branches", "weight", "output", "amax", "torch.amax", "same", "valid",
    "PIL.Image", "tv_tensors.Image",
    *signature(nn.Conv2d).parameters,
    *(name for module in (nn, optim, v2) for name in dir(module) if name[0].isupper()),
}  # fmt: skip
"""Names that are the same in every language."""
KNOWN = re.compile(
    r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(DATA | NAMES, key=len, reverse=True))) + r")(?!\w)"
)
UNITS = {"px", "kB", "KB", "MB", "GB", "ms", "min", "KiB", "MiB", "GiB"}
CODE = re.compile(
    r"\w*_\w+"  # batch_size
    r"|\w+(?:\.\w+)+(?:\([^)]*\))?"  # torch.Size([32]), picture.png
    r"|\w+\([^)]*\)"  # print()
    r"|\w+\[[^]]*\]"  # dataset[i]
    r"|\b\d\w*"  # 3x3, 1e-3
)
WORD = re.compile(r"[^\W\d_]{2,}")
OF_GRADIO = (
    "footer, .icon-button, .toast-title, .toast-close, .reset-button, .copy_code_button, .clear-status, "
    ".wrap.hide, [id^=range_id], .tab-like-container > input, .upload-container, .file-preview, "
    "#batch-own .sr-only"
)
"""Texts of Gradio in its components: they follow the browser's language, and cannot be set."""

READ = """
(ofGradio) => {
  const skipped = `code, pre, script, style, noscript, svg title, .cm-editor, [translate=no], ${ofGradio}`;
  const containers = 'div, section, form, fieldset, figure, header, footer, dialog, button, label, table';
  const attributes = ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext', 'aria-description'];
  const texts = [];
  const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
  const nameOf = (element) => {
    if (element.id) return `${element.tagName.toLowerCase()}#${element.id}`;
    const classes = [...element.classList].filter((name) => !name.startsWith('svelte'));
    return [element.tagName.toLowerCase(), ...classes].join('.');
  };
  const place = (element) => {
    const names = [];
    for (let at = element; at && at !== document.body && names.length < 5; at = at.parentElement) {
      if (at.dataset.control) { names.unshift(`[${at.dataset.control}]`); break; }
      names.unshift(nameOf(at));
      if (at.id) break;
    }
    return names.join(' > ');
  };
  const add = (element, text, kind) => {
    if (/\\p{L}{2}/u.test(text)) texts.push([place(element) + kind, text]);
  };
  const outside = (text) => {
    const less = text.replace(/⟦[^⟦⟧]*⟧/gs, ' ');
    return less === text ? text : outside(less);
  };
  let depth = 0;
  const walk = (element) => {
    if (element.matches(skipped) || getComputedStyle(element).display === 'none') return;
    const visible = isVisible(element);
    if (visible) {
      for (const name of attributes) {
        const text = element.getAttribute(name);
        if (text) add(element, outside(text), ` [${name}]`);
      }
      const isField = element.matches('textarea, input:not([type=radio], [type=checkbox], [type=file])');
      if (isField) add(element, outside(element.value), ' (value)');
    }
    if (element.tagName === 'SELECT') {
      for (const option of element.options) if (visible) add(element, outside(option.label), ' (option)');
      return;
    }
    const before = depth;
    for (const node of element.childNodes) {
      if (node.nodeType === Node.ELEMENT_NODE) walk(node);
      if (node.nodeType !== Node.TEXT_NODE) continue;
      let rest = '';
      for (const letter of node.data) {
        if (letter === '⟦') depth += 1;
        if (depth === 0) rest += letter;
        if (letter === '⟧') depth = Math.max(0, depth - 1);
      }
      if (visible) add(element, rest.trim(), '');
    }
    // a text may go over several paragraphs, but a bracket without an end must not hide the rest of the page
    if (element.matches(containers)) depth = before;
  };
  walk(document.body);
  return texts;
}
"""

UNFOLD = """
async () => {
  for (const part of document.querySelectorAll('details:not([open])')) part.open = true;
  const buttons = [...document.querySelectorAll('button.label-wrap:not(.open)')];
  const closed = buttons.filter((button) => button.checkVisibility());
  for (const button of closed) button.click();
  await new Promise(requestAnimationFrame);
  return closed.length;
}
"""
"""Opens every disclosure; true if some had to be opened, and may hold others."""


@cache
def english(text: str) -> str:
    """What is left of a text without code, data and names; "" where no word is."""
    words = [word for word in WORD.findall(CODE.sub(" ", KNOWN.sub(" ", text))) if word not in UNITS]
    return " ".join(words)


class Reader:
    """Reads what is visible, panel by panel."""

    def __init__(self, page: Page):
        self.page = page
        self.untranslated: dict[str, str] = {}
        """Where each text was seen first, and the text; the key leaves numbers out."""

    def read(self, panel: str) -> None:
        """What is visible now, with every disclosure open."""
        self.unfold()
        self.settle()
        self._collect(panel)
        for field in self.page.locator("input[role=listbox]:visible").all():
            field.click()
            self.page.locator("[role=option]:visible").first.wait_for()
            self._collect(f"{panel}, list of choices")
            self.page.keyboard.press("Escape")

    def _collect(self, panel: str) -> None:
        for place, text in self.page.evaluate(READ, OF_GRADIO):
            if english(text):
                text = " ".join(text.split())
                line = f"{panel}: {place}: {text[:160]!r}"
                self.untranslated.setdefault(re.sub(r"[\d.,]+", "0", text), line)

    def unfold(self) -> None:
        # Playwright would wait for a button that is hidden at this moment, as its section closes
        while self.page.evaluate(UNFOLD):
            pass

    def settle(self) -> None:
        """Wait until nothing has changed for a moment."""
        self.page.evaluate(
            """() => new Promise((resolve) => {
                let timer;
                const end = () => { observer.disconnect(); resolve(); };
                const wait = () => { clearTimeout(timer); timer = setTimeout(end, 150); };
                const observer = new MutationObserver(wait);
                observer.observe(document.body, { childList: true, subtree: true, characterData: true });
                setTimeout(end, 4000);
                wait();
            })"""
        )

    def press_each(self, buttons: Locator, panel: str, most: int = 12) -> None:
        """Press the buttons that can be pressed, of many about `most`, and read what each shows."""
        count = buttons.count()
        for i in range(0, count, max(1, count // most)):
            button = buttons.nth(i)
            if button.is_visible() and button.is_enabled():
                button.click()
                self.read(f"{panel}, {i + 1}")

    def choose_each(self, select: Locator, panel: str, most: int = 12) -> None:
        """Choose the options of a field, of many about `most`, and read what each shows."""
        count = select.locator("option").count()
        for i in range(0, count, max(1, count // most)):
            select.select_option(index=i)
            self.read(f"{panel}, {i + 1}")

    def report(self) -> str:
        lines = self.untranslated.values()
        return f"{len(lines)} texts are not translated:\n" + "\n".join(lines)
