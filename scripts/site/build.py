"""Builds the documentation site: `make docs`.

The pages of the repository are copied as they lie there, the reference is written from the program, and Zensical makes
the site, with warnings as errors. What a page would load from another server is an error, too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parents[1]
# Run as a file, Python's path begins with this folder.
sys.path[:0] = [str(SCRIPTS), str(ROOT)]

import reference  # noqa: E402

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_PAGE = re.compile(r'"([^"]+\.md)"')
_CODE = re.compile(r"(?ms)^(```|~~~).*?^\1|`[^`\n]*`")
_TABLE_CODE = re.compile(r"(?m)(?<=[|` ])`[^`\n]*\\\|[^`\n]*`(?=.*\|$)")
# What a browser fetches by itself, and not when somebody follows a link.
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*?\bsrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b[^>]*?rel=["']?(?:stylesheet|preload|preconnect|icon)[^>]*?href=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')\s]+|url\(["']?(?:https?:)?//[^"')\s]+"""
)


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures, those to other sites left out."""
    found = _LINK.findall(_CODE.sub("", text))
    return [target for target in found if not re.match(r"[a-z]+:|//", target)]


def linked_files(root: Path) -> list[Path]:
    """Return README, the pages of docs/, and all files that relative links lead to from there, as paths below `root`.

    Raises:
        SystemExit: A link leads to no file, or out of `root`; the line names page and link.
    """
    waiting = [Path("README.md"), *(page.relative_to(root) for page in (root / "docs").rglob("*.md"))]
    found: list[Path] = []
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.append(page)
        if page.suffix != ".md":
            continue
        for target in links((root / page).read_text("utf-8")):
            name = target.partition("#")[0]
            file = (root / page.parent / name).resolve()
            if name and not (file.is_file() and file.is_relative_to(root)):
                sys.exit(f"error: the link {target} of {page} leads to no file of the project; correct it")
            if name:
                waiting.append(file.relative_to(root))
    return sorted(found)


def not_in_both(navigation: str, source: Path) -> list[str]:
    """Return the pages that the navigation names and `source` has not, and those of docs/ that it does not name."""
    named = set(_PAGE.findall(navigation))
    there = {page.relative_to(source).as_posix() for page in source.rglob("*.md")}
    return sorted((named - there) | {page for page in there - named if page.startswith("docs/")})


def for_the_site(text: str) -> str:
    r"""Return a page in the site's Markdown: where code in a table has `\|`, it would show the backslash."""
    return _TABLE_CODE.sub(lambda code: code[0].replace("\\|", "|"), text)


def stage(root: Path, out: Path) -> None:
    """Copy the pages and what they link to below `out`, and write the reference beside them."""
    shutil.rmtree(out, ignore_errors=True)
    for file in linked_files(root):
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            (out / file).write_text(for_the_site((root / file).read_text("utf-8")), "utf-8")
        else:
            shutil.copyfile(root / file, out / file)
    pages = {"commands": reference.commands_page, "api": reference.api_page, "errors": reference.errors_page}
    (out / "reference").mkdir()
    for name, page in pages.items():
        (out / "reference" / f"{name}.md").write_text(for_the_site(page()), "utf-8")


def loaded_from_elsewhere(html: Path) -> list[str]:
    """Return what pages and style sheets would load from other servers, with the file's name."""
    files = sorted([*html.rglob("*.html"), *html.rglob("*.css")])
    return [
        f"{file.relative_to(html)}: {found}" for file in files for found in _LOADED.findall(file.read_text("utf-8"))
    ]


def main(zensical: str, out: Path = ROOT / "site") -> None:
    """Build the site into `out`/html.

    Args:
        zensical: The program that builds it.
        out: A folder that is made anew, but for the cache.
    """
    out.mkdir(exist_ok=True)
    stage(ROOT, out / "source")
    shutil.copyfile(SCRIPTS / "zensical.toml", out / "zensical.toml")
    if pages := not_in_both((out / "zensical.toml").read_text("utf-8"), out / "source"):
        sys.exit(f"error: each page must be in the navigation of scripts/site/zensical.toml; not in both: {pages}")
    shutil.rmtree(out / "html", ignore_errors=True)
    done = subprocess.run([zensical, "build", "--strict"], cwd=out, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}error: the site was not built; see above")
    if loads := loaded_from_elsewhere(out / "html"):
        sys.exit("error: pages must load nothing from other servers:\n" + "\n".join(loads))
    pages = len(list((out / "html").rglob("*.html")))
    print(f"the site is complete: {pages} pages; open {out}/html/index.html")


if __name__ == "__main__":
    # It is run in another folder.
    main(str(Path(sys.argv[1]).absolute()))
