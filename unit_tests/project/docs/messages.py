"""Every failure that the code can tell a user, as templates: what a message leaves open is `<>`."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import source_lms_reports
from source_lms_reports.errors import ReportError
from source_lms_reports.platforms.model import load_platform, platform_names

PACKAGE = Path(source_lms_reports.__file__).parent
OPEN = "<>"

#: Functions that build a message for somebody else to raise: all their sentences count.
BUILDERS = {
    ("api/refusal.py", "_by_status"),
    ("api/transport.py", "connection_fault"),
    ("api/trust.py", "certificate_words"),
    ("api/trust.py", "proxy_words"),
    ("jobs/messages.py", "gave_up"),
    ("jobs/messages.py", "refused"),
    ("spec/validation.py", "_words"),
    ("spec/validation.py", "_rule"),
}
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\w+\}", re.DOTALL)


@dataclass(frozen=True)
class Message:
    """A failure's words and where they come from.

    Attributes:
        text: The words, with `<>` for what differs from case to case.
        kind: `config_error`, `transient_error`, or empty where the caller decides.
        source: The file, and the line or the platform's rule.
    """

    text: str
    kind: str
    source: str


def all_messages() -> list[Message]:
    """Every message of the code and of the platform files."""
    return [*_of_code(), *_of_platforms()]


def normal(text: str) -> str:
    """A message for comparing: one space between words, and nothing said about what is left open."""
    text = re.sub(r"<[^<>]*>", OPEN, " ".join(text.split()))
    return re.sub(r"(\s*<>)+", OPEN, text).strip()


def all_texts() -> str:
    """Every text in the code, one a line; what an f-string leaves open is `<>`."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.Constant))]
        found += [text for node in nodes for text in _templates(node, tree)]
    return "\n".join(dict.fromkeys(found))


def warnings() -> list[Message]:
    """The warnings that the code writes to the log or counts while it reads a file."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and _is_warning(call):
                source = f"{path.relative_to(PACKAGE).as_posix()}:{call.lineno}"
                texts = _templates(call.args[0], tree)
                found += [Message(text, "", source) for text in texts if len(re.findall("[a-z]{2}", text)) > 4]
    return found


def _is_warning(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return bool(call.args) and (
        name in ("LOGGER.warning", "self._warn_once", "warnings.append") or name.endswith("notes.add")
    )


def _of_platforms() -> Iterator[Message]:
    for name in platform_names():
        for number, rule in enumerate(load_platform(name).errors, start=1):
            kind = "config_error" if rule.kind == "config" else "transient_error"
            yield Message(_PLACEHOLDER.sub(OPEN, rule.message), kind, f"platforms/{name}.yaml, error rule {number}")


def _of_code() -> Iterator[Message]:
    kinds = _error_kinds()
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if (module, function.name) in BUILDERS:
                yield from _sentences(function, module)
            yield from _raised(function, module, kinds)


def _error_kinds() -> dict[str, str]:
    """The names of all error classes of the connector with what they count as."""
    for module in pkgutil.walk_packages([str(PACKAGE)], "source_lms_reports."):
        importlib.import_module(module.name)
    found: dict[str, str] = {}
    todo: list[type[ReportError]] = [ReportError]
    while todo:
        one = todo.pop()
        found[one.__name__] = one.failure_type
        todo += one.__subclasses__()
    return found


def _raised(function: ast.FunctionDef | ast.AsyncFunctionDef, module: str, kinds: dict[str, str]) -> Iterator[Message]:
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds and call.args:
            for text in _templates(call.args[0], function):
                if _says_something(text):
                    yield Message(text, kinds[call.func.id], f"{module}:{call.lineno}")


def _sentences(function: ast.FunctionDef | ast.AsyncFunctionDef, module: str) -> Iterator[Message]:
    """All texts of a function that read like words."""
    inner = {id(part) for one in ast.walk(function) if isinstance(one, ast.JoinedStr) for part in ast.walk(one)}
    docstring = ast.get_docstring(function, clean=False)
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and id(node) not in inner):
            for text in _templates(node, function):
                if text != docstring and _says_something(text) and text.strip()[-1:] in (".", ">"):
                    yield Message(text, "", f"{module}:{node.lineno}")


def _says_something(text: str) -> bool:
    return len(text.replace(OPEN, "").split()) > 1


def _templates(node: ast.expr, function: ast.AST) -> list[str]:
    """What an expression may come out as."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else OPEN for part in node.values)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        pairs = itertools.product(_templates(node.left, function), _templates(node.right, function))
        return [left + right for left, right in pairs]
    if isinstance(node, ast.IfExp):
        return [*_templates(node.body, function), *_templates(node.orelse, function)]
    if isinstance(node, ast.Name):
        value = _assigned(node, function)
        return _templates(value, function) if value is not None else [OPEN]
    return [OPEN]


def _assigned(name: ast.Name, function: ast.AST) -> ast.expr | None:
    """What a name stands for: the last thing that was put into it above."""
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and node.lineno < name.lineno
        and any(isinstance(to, ast.Name) and to.id == name.id for to in node.targets)
    ]
    return max(found, key=lambda node: node.lineno).value if found else None
