#!/usr/bin/env python3
"""Writes src/api-coverage.md: what the headers under crates/kmem-modules/include declare, by header and era.

Run it after a change to the headers: `python3 docs/api-coverage.py`. It reads text, not C; the headers keep to a form
that it understands. With --check it lists declared functions that nothing defines.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
MODULES = HERE.parent / "crates/kmem-modules"
INCLUDE = MODULES / "include"
OURS = re.compile(r"^_*kmem|^_*KMEM|^CONFIG_")


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def era_of(condition):
    """The era that an #if condition selects: '2.6', 'modern' or None."""
    if re.fullmatch(r"\s*KMEM_ERA\s*(>=\s*60|>\s*26|!=\s*26|==\s*60)\s*", condition):
        return "modern"
    if re.fullmatch(r"\s*KMEM_ERA\s*(==\s*26|<\s*60|<=\s*26|!=\s*60)\s*", condition):
        return "2.6"
    return None


def logical_lines(text):
    """Lines with continuations joined, each with the era it is under."""
    stack = []
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        directive = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)", line)
        if not directive:
            yield line, next((era for era in stack if era), None)
            continue
        word, rest = directive[1], directive[2]
        if word == "endif":
            if stack:
                stack.pop()
        elif word == "else":
            if stack:
                stack[-1] = {"modern": "2.6", "2.6": "modern"}.get(stack[-1])
        elif word == "elif":
            if stack:
                stack[-1] = era_of(rest)
        else:
            stack.append(era_of(rest) if word == "if" else None)


KEYWORDS = {"if", "while", "for", "switch", "return", "sizeof", "typeof", "__typeof__", "defined", "__attribute__",
            "_Static_assert", "BUILD_BUG_ON", "do", "else", "__printf", "__scanf", "__acquires", "__releases", "DEFINE_GUARD",
            "DEFINE_FREE", "DEFINE_LOCK_GUARD_0", "DEFINE_LOCK_GUARD_1"}


def names(path):
    """What a header offers: {name: (kind, eras)}."""
    found = {}

    def add(name, kind, era):
        if OURS.match(name) or name in KEYWORDS:
            return
        eras = found.setdefault(name, (kind, set()))[1]
        eras.update([era] if era else ["2.6", "modern"])

    depth = 0
    statement, era_at = "", None
    for line, era in logical_lines(without_comments(path.read_text())):
        macro = re.match(r"\s*#\s*define\s+(\w+)(\()?(?:[^)]*\))?\s*(.*)", line)
        if macro:
            if macro[2] or re.match(r"^[a-z_]", macro[1]):
                add(macro[1], "macro", era)
            elif macro[3]:
                add(macro[1], "constant", era)
            continue
        if line.lstrip().startswith("#"):
            continue
        if depth == 0:
            if not statement.strip():
                era_at = era
            statement += " " + line
            head = re.split(r"[{;]", statement, maxsplit=1)
            if len(head) == 2:
                text = head[0].strip()
                function = re.match(r"(?:[\w\s\*]|__printf\(\d+,\s*\d+\))*?\b(\w+)\s*\(", text)
                if function and "=" not in text.split("(")[0] and not text.startswith(("typedef", "_Static_assert")):
                    kind = "inline" if "inline" in text or "{" in statement else "function"
                    add(function[1], kind, era_at)
                variable = re.match(r"extern\s[\w\s\*]*?\b(\w+)\s*(\[[^\]]*\])?$", text)
                if variable:
                    add(variable[1], "variable", era_at)
                depth = statement.count("{") - statement.count("}")
                if depth <= 0:
                    depth, statement = 0, ""
        else:
            depth += line.count("{") - line.count("}")
            if depth <= 0:
                depth, statement = 0, ""
    return found


def defined():
    """Names that the runtime or the host defines."""
    text = "".join(path.read_text() for path in (MODULES / "rt").glob("*.c"))
    have = set(re.findall(r"^[A-Za-z_][\w\s\*]*?\b(\w+)\([^;]*?\)\s*\n?\{", without_comments(text), flags=re.M))
    have |= set(re.findall(r"\b(\w+)\s*\(", text)) & set(re.findall(r"^[^\s#].*?\b(\w+)\(", text, flags=re.M))
    have |= set(re.findall(r'\("(\w+)",', (MODULES / "src/host/mod.rs").read_text()))
    return have


def main():
    headers = sorted(INCLUDE.rglob("*.h"), key=lambda path: path.relative_to(INCLUDE).as_posix())
    headers = [path for path in headers if path.parts[-2] not in ("kmem", "generated")]
    offered = {path.relative_to(INCLUDE).as_posix(): names(path) for path in headers}
    if "--check" in sys.argv:
        have = defined()
        for header, found in offered.items():
            for name, (kind, _) in sorted(found.items()):
                if kind == "function" and name not in have:
                    print(f"{header}: {name}")
        return
    functions = {name for found in offered.values() for name, (kind, _) in found.items() if kind not in ("constant",)}
    out = [
        "# API coverage",
        "",
        "<!-- Written by docs/api-coverage.py from the headers. Do not edit. -->",
        "",
        f"What kernel C finds: {len(offered)} headers with {len(functions)} functions, macros and variables, constants and",
        "types aside. Names that only one era of the API has are marked: ² for 2.6, ⁶ for modern.",
        "",
        "A name that is not here does not compile, or is named as an unknown symbol when the module is loaded. To see what a",
        "function does beyond its prototype, and what is only a stand-in, read the header and",
        "[Limits](limits.md).",
        "",
    ]
    bare = []
    mark = {("2.6",): "²", ("modern",): "⁶"}
    for header, found in offered.items():
        shown = [
            f"`{name}`" + mark.get(tuple(sorted(eras)), "")
            for name, (kind, eras) in sorted(found.items(), key=lambda item: item[0].lstrip("_").lower())
            if kind != "constant" and not name.startswith("___")
        ]
        if shown:
            out += [f"**`<{header}>`** " + ", ".join(shown), ""]
        else:
            bare.append(f"`<{header}>`")
    out += ["**Headers that only include others or hold types and constants:** " + ", ".join(bare), ""]
    (HERE / "src/api-coverage.md").write_text("\n".join(out))


main()
