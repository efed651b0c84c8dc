"""What Jinja in content may use: read as a syntax tree, never run.

Lookups and filters are an allow-list. Effects of a lookup happen on this machine while planning; a filter that reads
the controller's files, clock or chance would make a plan depend on something that is not sealed.
"""

from __future__ import annotations

from collections.abc import Iterator

import jinja2
from jinja2 import nodes
from jinja2.filters import FILTERS as JINJA_FILTERS

from sopti_runner.adapters.ansible.rules import words

LOOKUPS = words("dict indexed_items inventory_hostnames items list nested sequence subelements together vars varnames")
FILE_LOOKUPS = frozenset(("file", "template"))
_ANSIBLE_FILTERS = words("""
    b64decode b64encode basename bool checksum combinations combine comment commonpath dict2items difference dirname
    extract flatten from_json from_yaml from_yaml_all hash human_readable human_to_bytes intersect items2dict log
    mandatory md5 normpath path_join permutations pow product quote regex_escape regex_findall regex_replace
    regex_search rekey_on_member relpath root sha1 split splitext subelements symmetric_difference ternary to_json
    to_nice_json to_nice_yaml to_uuid to_yaml type_debug union unique urldecode urlsplit zip zip_longest
""")
FILTERS = (frozenset(JINJA_FILTERS) - {"random"}) | _ANSIBLE_FILTERS
REFUSED_TESTS = words("""directory is_dir file is_file link is_link exists link_exists is_link_exists mount is_mount
    same_file is_same_file""")
_ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=False)  # noqa: S701  it only parses, nothing is rendered
_HEADER_KEYS = ("trim_blocks", "lstrip_blocks", "newline_sequence")


def check_text(text: str) -> Iterator[tuple[int, str, str]]:
    """Give (line from 1, rule, what was found) for each rule that a template's text breaks."""
    first = text.split("\n", 1)[0]
    if first.startswith("#jinja2:"):
        for setting in first[len("#jinja2:") :].split(","):
            if setting.split(":")[0].strip() not in _HEADER_KEYS:
                yield 1, "template", first
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return
    try:
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        yield error.lineno, "template", error.message or "syntax error"
        return
    except RecursionError:
        yield 1, "template", "nested too deeply"
        return
    yield from _check_tree(tree)


def check_expression(text: str) -> Iterator[tuple[int, str, str]]:
    """Check a bare expression, as in ``when``; one within marks could stand for an expression that nobody reads."""
    if text.strip().startswith(("{{", "{%")):
        yield 1, "template", text.strip()
    else:
        yield from check_text("{{ (" + text + "\n) }}")


def _check_tree(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            yield from _check_call(call, call.node.name)
    for name in tree.find_all(nodes.Name):
        if name.name == "ansible_check_mode":
            yield name.lineno, "hidden", name.name
        elif name.name in ("lookup", "query", "q") and id(name) not in called:
            yield name.lineno, "lookup", name.name
        elif name.name == "now" and id(name) not in called:
            yield name.lineno, "clock", name.name
        elif name.name == "lipsum":
            yield name.lineno, "filter", name.name
    for const in tree.find_all(nodes.Const):
        if const.value == "ansible_check_mode":
            yield const.lineno, "hidden", const.value
    yield from _check_filters(tree)
    for include in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        template = getattr(include, "template", None)
        if not isinstance(template, nodes.Const) or not _is_template(template.value):
            yield include.lineno, "outside", "include of a templated or outside name"


def _check_filters(tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    for item in tree.find_all(nodes.Filter):
        if _short(item.name) not in FILTERS:
            yield item.lineno, "filter", item.name
        for argument in item.args[:1] if item.name in ("map", "select", "reject") else ():
            yield from _check_named_filter(item, argument)
    for test in tree.find_all(nodes.Test):
        if _short(test.name) in REFUSED_TESTS:
            yield test.lineno, "filter", f"is {test.name}"


def _check_call(call: nodes.Call, function: str) -> Iterator[tuple[int, str, str]]:
    if function == "now":
        yield call.lineno, "clock", "now()"
    if function not in ("lookup", "query", "q"):
        return
    first = call.args[0] if call.args else None
    plugin = _short(first.value) if isinstance(first, nodes.Const) and isinstance(first.value, str) else ""
    if plugin in FILE_LOOKUPS:
        named = call.args[1:]
        judged = _is_template if plugin == "template" else is_inside
        literal = all(isinstance(each, nodes.Const) and judged(each.value) for each in named)
        marks = any(each.key.endswith("_string") for each in call.kwargs)
        if not named or not literal or marks or call.dyn_args is not None or call.dyn_kwargs is not None:
            yield call.lineno, "outside", f"{function}('{plugin}', …) of a templated or outside name"
    elif plugin not in LOOKUPS:
        yield call.lineno, "lookup", plugin or "a templated lookup name"


def _check_named_filter(item: nodes.Filter, argument: nodes.Expr) -> Iterator[tuple[int, str, str]]:
    """Check ``map('name')``, ``select('test')``: a name handed over must be literal and allowed too."""
    if not isinstance(argument, nodes.Const) or not isinstance(argument.value, str):
        yield item.lineno, "filter", f"{item.name}(templated name)"
    elif item.name == "map":
        if _short(argument.value) not in FILTERS:
            yield item.lineno, "filter", argument.value
    elif _short(argument.value) in REFUSED_TESTS:
        yield item.lineno, "filter", argument.value


def _short(name: str) -> str:
    return name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")


def _is_template(name: object) -> bool:
    """True when a name is that of a template inside the content, all of which have been read by these rules."""
    return is_inside(name) and str(name).endswith(".j2")


def is_inside(name: object) -> bool:
    """True when a file name is relative text without a step upwards."""
    return isinstance(name, str) and not name.startswith(("/", "~")) and ".." not in name.split("/")
