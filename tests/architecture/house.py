"""The rules of the house that import-linter cannot say, each a function from a tree to violations.

They read source only, so that a test can plant a violation in a copy and see the rule find it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES, TEST_LINES, FUNCTION_LINES = 300, 400, 50
PUBLIC_NAMES, OWN_IMPORTS = 20, 12
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "core"}
# The outermost loops: the request, the job and the command.  A check that fails in a way nobody
# foresaw is itself a result ("broken"), and one of several members must not stop the others.
OUTERMOST = {"cli.py", "web/middleware.py", "kernel/jobs/worker.py", "kernel/clauses/runner.py"}
CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
    "time.time_ns", "time.monotonic", "time.perf_counter", "timezone.now", "uuid.uuid1",
    "uuid.uuid4", "os.urandom", "os.getrandom",
}  # fmt: skip
VARIABLES = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
CHANCE_AND_NETWORK = {
    "random", "secrets", "socket", "smtplib", "ftplib", "http.client", "urllib.request",
    "requests", "httpx", "ssl",
}  # fmt: skip
# The one module that knows the process's variables.  `web/command` lies below it and reads the
# token itself; `environment` names and checks it.
READS_VARIABLES = {"config/environment.py", "web/command.py"}
WRITES = {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
MANAGER_WRITES = {"create", "update", "delete", "acreate", "aupdate", "adelete"}
# How a room opens values, and which argument says how each field is shown.
SHOWN = {"open_fields": 2, "Ready": 1}
WRITERS = {"actions", "migrations", "models"}


def modules(root: Path) -> Iterator[tuple[str, ast.Module, str]]:
    """Every module below root: its path from there, its tree and its text."""
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        yield path.relative_to(root).as_posix(), ast.parse(text), text


def modules_too_long(root: Path, cap: int = MODULE_LINES) -> list[str]:
    return [
        f"{name}: {len(text.splitlines())} lines"
        for name, _, text in modules(root)
        if len(text.splitlines()) > cap and "/migrations/" not in name
    ]


def functions_too_long(root: Path) -> list[str]:
    return [
        f"{name}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for name, tree, _ in modules(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]


def too_many_public_names(root: Path) -> list[str]:
    found = []
    for name, tree, _ in modules(root):
        public = {
            target
            for node in tree.body
            for target in _defined(node)
            if not target.startswith("_")
        }  # fmt: skip
        if len(public) > PUBLIC_NAMES:
            found.append(f"{name}: {len(public)} public names")
    return found


def too_many_own_imports(root: Path) -> list[str]:
    """`config` is exempt: to know everybody is its work.

    `base` is not counted: actor, errors and clock are the words everybody speaks.
    """
    found = []
    for name, tree, _ in modules(root):
        own = {
            module
            for module in _imported(tree)
            if module.startswith("trustkeep.") and not module.startswith("trustkeep.base")
        }
        if len(own) > OWN_IMPORTS and not name.startswith("config/"):
            found.append(f"{name}: imports {len(own)} of our modules")
    return found


def forbidden_names(root: Path) -> list[str]:
    return [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*"))
        if path.stem in FORBIDDEN_NAMES and (path.suffix == ".py" or path.is_dir())
    ]


def ways_around_the_world(root: Path) -> list[str]:
    """Clocks, chance and the network outside base/world and the outbound adapters."""
    found = []
    for name, tree, _ in modules(root):
        if name == "base/world.py" or name.startswith("kernel/jobs/outbound/"):
            continue
        found += [f"{name}: imports {each}" for each in _imported(tree) if _outside(each)]
        found += [
            f"{name}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and _dotted(node) in CLOCKS
        ]
        found += [
            f"{name}: from {node.module} import {alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if f"{node.module}.{alias.name}" in CLOCKS
        ]
    return found


def ways_around_the_settings(root: Path) -> list[str]:
    """The process's variables are read in one place, so that each has a name, a type and a help."""
    return [
        f"{name}: {ast.unparse(node)}"
        for name, tree, _ in modules(root)
        if name not in READS_VARIABLES
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and _dotted(node) in VARIABLES)
        or (
            isinstance(node, ast.ImportFrom)
            and any(f"{node.module}.{alias.name}" in VARIABLES for alias in node.names)
        )
    ]


def writes_outside_actions(root: Path) -> list[str]:
    """In a room only actions write rows; models and migrations shape them."""
    found = []
    for name, tree, _ in modules(root / "rooms") if (root / "rooms").is_dir() else ():
        if WRITERS & set(Path(name).with_suffix("").parts):
            continue
        found += [
            f"rooms/{name}: {ast.unparse(node.func)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _is_write(node.func)
        ]
    return found


def plaintext_without_its_name(root: Path) -> list[str]:
    """What `opening` returns is called `opened...`, so that a review can look for it."""
    found = []
    for name, tree, _ in modules(root):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
                continue
            if not _dotted(node.value.func).startswith(("opening.open", "open_sealed")):
                continue
            found += [
                f"{name}: {target.id}"
                for target in node.targets
                if isinstance(target, ast.Name) and not target.id.startswith("opened")
            ]
    return found


def openings_past_the_masks(root: Path) -> list[str]:
    """A room opens what a decision released, each field as it shows it, and no other way."""
    found = []
    for name, tree, _ in modules(root / "rooms") if (root / "rooms").is_dir() else ():
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        shown_by = {
            id(node.func): node.args[SHOWN[node.func.attr]]
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and len(node.args) > SHOWN.get(node.func.attr, len(node.args))
        }
        found += [
            f"rooms/{name}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if _dotted(node).startswith("opening.")
            and not (node.attr in SHOWN and id(node) not in called)  # names a type
            and ".released" not in ast.unparse(shown_by.get(id(node), node))
        ]
        found += [
            f"rooms/{name}: from {node.module}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).endswith("vault.opening")
        ]
    return found


def broad_excepts(root: Path) -> list[str]:
    found = []
    for name, tree, _ in modules(root):
        if name in OUTERMOST:
            continue
        found += [
            f"{name}: line {node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and _is_broad(node)
        ]
    return found


def missing_docstrings(root: Path) -> list[str]:
    return [
        name for name, tree, text in modules(root)
        if text.strip() and not ast.get_docstring(tree) and "/migrations/" not in name
    ]  # fmt: skip


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Naming everything, and not raising it again at the end."""
    caught = "BaseException" if handler.type is None else ast.unparse(handler.type)
    raised_again = isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None
    return caught in {"Exception", "BaseException"} and not raised_again


def _is_write(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return False
    through_manager = "objects" in _dotted(function).split(".")
    chained = isinstance(function.value, ast.Call) and "objects" in ast.unparse(function.value)
    return function.attr in WRITES or (
        function.attr in MANAGER_WRITES and (through_manager or chained)
    )


def _outside(module: str) -> bool:
    return any(module == each or module.startswith(each + ".") for each in CHANCE_AND_NETWORK)


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names
                      if node.module in {"trustkeep", "http", "urllib"}}  # fmt: skip
    return found


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))
