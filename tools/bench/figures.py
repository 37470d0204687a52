"""From rounds to a figure: median, interval, verdict. Standard library only."""
from math import comb
from statistics import median

__all__ = ["histogram_text", "interval", "median", "number", "row", "table"]


def interval(values):
    """The order-statistic interval that holds the true median with at least 95 %; of fewer than six values, all of them."""
    ordered = sorted(values)
    count = len(ordered)
    for rank in range(count // 2, 0, -1):
        outside = 2 * sum(comb(count, i) for i in range(rank)) / 2**count
        if outside <= 0.05:
            return ordered[rank - 1], ordered[-rank]
    return ordered[0], ordered[-1]


def verdict_of(low, high, target, at_least=False):
    """
    >>> [verdict_of(low, high, 5) for low, high in ((4.0, 5), (5.5, 6), (4, 6.0))]
    ['met', 'not met', 'not resolved']
    >>> [verdict_of(low, high, 5, True) for low, high in ((4.0, 4.5), (5, 6.0), (4, 6.0))]
    ['not met', 'met', 'not resolved']
    """
    if at_least:
        low, high, target = -high, -low, -target
    if high <= target:
        return "met"
    return "not met" if low > target else "not resolved"


def row(name, values, unit, target, detail, resolved=True, at_least=False):
    """One line of bench.json. `met` is true, false, or null: not resolved, or nothing was promised (target null). A target is
    what the value may be at most, or (`at_least`) must be."""
    low, high = interval(values)
    resolved = resolved and len(values) >= 6
    verdict = "" if target is None else verdict_of(low, high, target, at_least) if resolved else "not resolved"
    return {
        "name": name,
        "value": median(values),
        "unit": unit,
        "target": target,
        "met": {"met": True, "not met": False}.get(verdict),
        "detail": {"verdict": verdict, "at_least": at_least, "low": low, "high": high, "rounds": values, **detail},
    }


def number(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def table(rows):
    lines = [("figure", "median", "95 % interval", "unit", "target", "")]
    for each in rows:
        detail = each["detail"]
        target = "" if each["target"] is None else f"{'>=' if detail['at_least'] else '<='} {each['target']}"
        verdict = detail["verdict"] + (" (load tool at its limit)" if detail.get("bottleneck") else "")
        spread = f"{number(detail['low'])} .. {number(detail['high'])}"
        lines.append((each["name"], number(each["value"]), spread, each["unit"], target, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def histogram_text(name, histogram):
    """Bars by the share of all deliveries; one that is not empty is seen."""
    seen = [at for at, (_, count) in enumerate(histogram) if count]
    most = max(count for _, count in histogram)
    lines = [f"{name}: {sum(count for _, count in histogram)} deliveries"]
    for bound, count in histogram[seen[0]:seen[-1] + 1]:
        label = f"<= {bound / 1e3:g} ms" if bound else "more"
        lines.append(f"  {label:>11}  {'#' * -(-50 * count // most):50}  {count}")
    return "\n".join(lines)
