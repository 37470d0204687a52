#!/usr/bin/env python3
"""tools/bench/picture.py [bench.json [picture.svg]]: what a delivery costs against how many hear it, and against how many frames
go out at once (row s). Both axes are logarithmic; no background, and colours that are legible on white and on black."""
import json
import math
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1000, 400
TOP, BOTTOM = 56, 340
LEFTS, PANEL = (70, 560), 360  # where the two panels begin, and how wide they are
LOWEST, HIGHEST = 0.1, 10_000  # ns
FRAMES, MOST_RECEIVERS = (1, 32), 10_000
COLOURS = {1: "#2f81f7", 32: "#d9730d"}
INK = "#808080"
TARGETS = {1: 15, 32: 1}


def points(rows):
    """(receivers, frames) -> (low, median, high), from the names of row s."""
    found = {}
    for row in rows:
        if row["name"].startswith("s: "):
            words = row["name"].split()
            found[int(words[1]), int(words[3])] = row["detail"]["low"], row["value"], row["detail"]["high"]
    return found


class Panel:
    def __init__(self, left, title, label, ticks):
        self.left, self.ticks = left, ticks
        self.parts = [text(left + PANEL / 2, 24, title, "middle", 15), text(left + PANEL / 2, HEIGHT - 14, label, "middle")]
        for tick in ticks:
            at = self.x(tick)
            self.parts += [line(at, TOP, at, BOTTOM, opacity=0.2), text(at, BOTTOM + 18, f"{tick:,}", "middle")]
        for exponent in range(round(math.log10(LOWEST)), round(math.log10(HIGHEST)) + 1):
            at = self.y(10**exponent)
            self.parts += [line(left, at, left + PANEL, at, opacity=0.2), text(left - 8, at + 4, f"{10**exponent:,g}", "end")]

    def x(self, value):
        first, last = math.log(self.ticks[0]), math.log(self.ticks[-1])
        return self.left + 12 + (PANEL - 24) * (math.log(value) - first) / (last - first)

    def y(self, value):
        share = (math.log(value) - math.log(LOWEST)) / (math.log(HIGHEST) - math.log(LOWEST))
        return BOTTOM - (BOTTOM - TOP) * min(max(share, 0), 1)

    def curve(self, values, colour, label):
        """values: [(x, (low, median, high))]"""
        path = " ".join(f"{self.x(at):.1f},{self.y(mid):.1f}" for at, (_, mid, _) in values)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for at, (low, mid, high) in values:
            self.parts += [line(self.x(at), self.y(low), self.x(at), self.y(high), colour, 2),
                           f'<circle cx="{self.x(at):.1f}" cy="{self.y(mid):.1f}" r="4" fill="{colour}"/>',
                           text(self.x(at), self.y(mid) + (20 if mid < 1 or not label else -9), readable(mid), "middle", 11, colour)]
        if label:
            second, (_, mid, _) = values[1]
            self.parts.append(text(self.x(second) + 18, self.y(mid) - 8, label, "start", 12, colour))

    def target(self, frames, begin, end):
        at = self.y(TARGETS[frames])
        words = f"target {TARGETS[frames]} ns"
        self.parts += [line(begin, at, end, at, COLOURS[frames], 1.5, dashes="6 4"),
                       text(self.left + PANEL + 4, at + 4, words, "start", 11, COLOURS[frames])]


def readable(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def line(x1, y1, x2, y2, colour=INK, width=1.0, opacity=1.0, dashes="none"):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}" '
            f'opacity="{opacity}" stroke-dasharray="{dashes}"/>')


def text(x, y, words, anchor, size=12, colour=INK):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{words}</text>'


def draw(rows):
    """The SVG's text; None without the rows it needs."""
    found = points(rows)
    if (MOST_RECEIVERS, 1) not in found:
        return None
    receivers = sorted({each for each, _ in found})
    across = Panel(LEFTS[0], "ns of CPU per delivery, by subscribers", "subscribers of the channel", receivers)
    for frames in FRAMES:
        label = "1 frame per flush" if frames == 1 else f"{frames} per flush"
        across.curve([(each, found[each, frames]) for each in receivers if (each, frames) in found], COLOURS[frames], label)
        across.target(frames, across.x(1_000), LEFTS[0] + PANEL)
    per_flush = sorted(frames for each, frames in found if each == MOST_RECEIVERS)
    along = Panel(LEFTS[1], f"the same, by frames per flush ({MOST_RECEIVERS:,} subscribers)", "frames per flush", per_flush)
    along.curve([(frames, found[MOST_RECEIVERS, frames]) for frames in per_flush], COLOURS[1], "")
    along.target(1, LEFTS[1], LEFTS[1] + PANEL)
    along.target(32, along.x(16), LEFTS[1] + PANEL)
    parts = "\n".join([*across.parts, *along.parts])
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" role="img" '
            f'aria-label="CPU time per delivery">\n{parts}\n</svg>\n')


def main():
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench.json"
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "benchmarks" / "delivery.svg"
    svg = draw(json.loads(source.read_text()))
    if svg is None:
        sys.exit(f"picture: {source} has no row s")
    target.parent.mkdir(exist_ok=True)
    target.write_text(svg)


if __name__ == "__main__":
    main()
