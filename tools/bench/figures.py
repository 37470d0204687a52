"""From rounds to a figure: median, interval, verdict. Standard library only."""
from math import comb
from statistics import median

__all__ = ["interval", "median", "row", "table"]


def interval(values):
    """The order-statistic interval that holds the true median with at least 95 %; of fewer than six values, all of them."""
    ordered = sorted(values)
    count = len(ordered)
    for rank in range(count // 2, 0, -1):
        outside = 2 * sum(comb(count, i) for i in range(rank)) / 2**count
        if outside <= 0.05:
            return ordered[rank - 1], ordered[-rank]
    return ordered[0], ordered[-1]


def verdict_of(low, high, target):
    if high <= target:
        return "met"
    return "not met" if low > target else "not resolved"


def row(name, values, unit, target, detail, resolved=True):
    """One line of bench.json. `met` is true, false, or null: not resolved, or nothing was promised (target null)."""
    low, high = interval(values)
    resolved = resolved and len(values) >= 6
    verdict = "" if target is None else verdict_of(low, high, target) if resolved else "not resolved"
    return {
        "name": name,
        "value": median(values),
        "unit": unit,
        "target": target,
        "met": {"met": True, "not met": False}.get(verdict),
        "detail": {"verdict": verdict, "low": low, "high": high, "rounds": values, **detail},
    }


def number(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def table(rows):
    lines = [("figure", "median", "95 % interval", "unit", "target", "")]
    for each in rows:
        detail = each["detail"]
        target = "" if each["target"] is None else f"<= {each['target']}"
        verdict = detail["verdict"] + (" (load tool at its limit)" if detail.get("bottleneck") else "")
        spread = f"{number(detail['low'])} .. {number(detail['high'])}"
        lines.append((each["name"], number(each["value"]), spread, each["unit"], target, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
