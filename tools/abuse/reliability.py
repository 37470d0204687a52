"""Writes what was seen into the table of docs/reliability.md."""
from attacks import RATED
from faults import FAULTS
from processes import BenchError

BEGIN, END = "<!-- figures: tools/abuse/run --page -->", "<!-- end of figures -->"
HEAD = "| attack | what happens | counter | test | last run |\n| --- | --- | --- | --- | --- |"


def rows():
    for attack in RATED:
        yield attack.name, f"{attack.name}: {attack.what}", f"{attack.happens}; memory: {attack.bound}", attack.counter, attack.test
    for name, fault in FAULTS.items():
        yield name, f"{name}: {fault.what}", fault.happens, fault.counter, fault.test


def last_run(verdict):
    return ("; ".join(["**wrong**: " + text for text in verdict.faults] + [verdict.figures()])).replace("\n", " ").replace("|", "/")


def write_page(path, verdicts):
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise BenchError(f"no place for figures in {path}")
    before, rest = text.split(BEGIN)
    old, after = rest.split(END)
    kept = {line.split("|")[1].split(":")[0].strip(): line.rsplit("|", 2)[1].strip() for line in old.splitlines() if line.startswith("| ")}
    lines = [HEAD]
    for name, *cells in rows():
        counter, test = (f"`{cell}`" if cell else "–" for cell in cells[2:])
        figures = last_run(verdicts[name]) if name in verdicts else kept.get(name, "")
        lines.append(f"| {cells[0]} | {cells[1]} | {counter} | {test} | {figures} |")
    path.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after, encoding="utf-8")
