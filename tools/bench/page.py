#!/usr/bin/env python3
"""tools/bench/page.py [bench.json]: writes what was measured into docs/benchmarks.md, between its two markers, and draws the
picture. The rest of that page is written by hand and stays as it is."""
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from figures import histogram_text, number
from picture import ROOT, draw

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "benchmarks" / "delivery.svg"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def facts_of(rows):
    facts = rows[0]["detail"]["machine"]
    words = [facts["cpu"], f"{facts['cores']} cores", f"Linux {facts['kernel']}"]
    words.append(f"load average {facts['load_average']:.2f} before the first row")
    return f"{facts['date']}, {', '.join(words)}. `{facts['command']}`" + (f" at {facts['revision']}" if facts["revision"] else "") + "\n"


def table_of(rows):
    lines = ["| figure | median | 95 % interval | unit | target | |", "| --- | ---: | ---: | --- | ---: | --- |"]
    for each in rows:
        detail = each["detail"]
        target = "" if each["target"] is None else f"{'≥' if detail['at_least'] else '≤'} {each['target']:g}"
        verdict = {"not met": "**not met**"}.get(detail["verdict"], detail["verdict"])
        verdict += ", load tool at its limit" if detail.get("bottleneck") else ""
        spread = f"{number(detail['low'])} – {number(detail['high'])}"
        lines.append(f"| {each['name']} | {number(each['value'])} | {spread} | {each['unit']} | {target} | {verdict.lstrip(', ')} |")
    return "\n".join(lines) + "\n"


def histograms_of(rows):
    texts = [histogram_text(each["name"].rsplit(",", 1)[0], each["detail"]["histogram_us"])
             for each in rows if "histogram_us" in each["detail"]]
    head = "From publish to receive, every delivery of all rounds (row n):\n\n```text\n"
    return head + "\n\n".join(texts) + "\n```\n" if texts else ""


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench.json"
    rows = json.loads(source.read_text())
    if not rows:
        sys.exit(f"page: {source} has no rows")
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        sys.exit(f"page: {PAGE} has lost its markers")
    parts = [facts_of(rows), table_of(rows)]
    svg = draw(rows)
    if svg is not None:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(svg)
        parts.append(f"![CPU time per delivery]({PICTURE.relative_to(PAGE.parent)})\n")
    parts.append(histograms_of(rows))
    head, rest = page.split(BEGIN, 1)
    _, tail = rest.split(END, 1)
    PAGE.write_text(head + BEGIN + "\n" + "\n".join(part for part in parts if part) + "\n" + END + tail)


if __name__ == "__main__":
    main()
