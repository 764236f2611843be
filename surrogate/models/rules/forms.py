"""Rules as text, tables, Markdown, HTML and SQL."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from surrogate.models.rules.condition import sql_value
from surrogate.models.rules.rule import Rule, answer_text

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.models.rules.rule_set import RuleSet

#: What Markdown would read as its own.
_MARKS = "\\`*_{}[]<>#|"


def text(rules: RuleSet, digits: int, evidence: bool) -> str:
    """Return a line a rule."""
    lines = []
    for rule in rules:
        found = rule.evidence if evidence else None
        lines.append(_sentence(rules, rule, digits) + (f"  [{found.to_text()}]" if found is not None else ""))
    return "\n".join([*lines, *_otherwise(rules, digits)])


def _sentence(rules: RuleSet, rule: Rule, digits: int) -> str:
    return rule.to_text(rules.columns.unit_of, digits, rules.missing, _said(rules, rule.answer, digits))


def _said(rules: RuleSet, answer: Any, digits: int) -> str:
    if rules.output and isinstance(answer, bool):  # a case: it holds or not
        return rules.output if answer else f"not ({rules.output})"
    said = answer_text(answer, digits) + (f" {rules.unit}" if rules.unit else "")
    return f"{rules.output} = {said}" if rules.output else said


def _otherwise(rules: RuleSet, digits: int) -> list[str]:
    return [] if rules.default is None else [f"otherwise {_said(rules, rules.default, digits)}"]


def dataframe(rules: RuleSet) -> pd.DataFrame:
    """Return a row a rule."""
    import pandas as pd

    rows = []
    for rule in rules:
        row: dict[str, Any] = {"rule": _sentence(rules, rule, 6), "answer": rule.answer}
        row["n_conditions"] = len(rule.conditions)
        if rule.evidence is not None:
            row |= {"rows": rule.evidence.rows, "share": rule.evidence.share}
            for name in ("precision", "fidelity"):
                found = getattr(rule.evidence, name)
                if found is not None:
                    row |= {name: found[0], f"{name}_low": found[1], f"{name}_high": found[2]}
            for name in ("rmse", "teacher_rmse"):
                if getattr(rule.evidence, name) is not None:
                    row[name] = getattr(rule.evidence, name)
        rows.append(row)
    return pd.DataFrame(rows)


def _cells(rules: RuleSet, digits: int) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a table."""
    units = rules.columns.unit_of
    measured = any(rule.evidence is not None for rule in rules)
    rows = []
    for rule in rules:
        tests = " and ".join(test.to_text(units, digits, rules.missing) for test in rule.conditions) or "always"
        found = [rule.evidence.to_text() if rule.evidence is not None else ""] if measured else []
        rows.append([tests, _said(rules, rule.answer, digits), *found])
    if rules.default is not None:
        rows.append(["otherwise", _said(rules, rules.default, digits), *([""] if measured else [])])
    return ["if", "then", *(["on rows not learned from"] if measured else [])], rows


def markdown(rules: RuleSet, digits: int) -> str:
    """Return a table in Markdown."""

    def safe(cell: str) -> str:
        return "".join("\\" + c if c in _MARKS else c for c in cell).replace("\n", " ")

    head, rows = _cells(rules, digits)
    lines = [head, ["---"] * len(head), *([safe(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def html(rules: RuleSet, digits: int) -> str:
    """Return a table in HTML."""
    head, rows = _cells(rules, digits)
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="rules"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


def sql(rules: RuleSet) -> str:
    """Return a CASE expression."""
    whens = [
        f"WHEN {' AND '.join(test.to_sql() for test in rule.conditions) or '1 = 1'} THEN {sql_value(rule.answer)}"
        for rule in rules
    ]
    rest = "NULL" if rules.default is None else sql_value(rules.default)
    return "\n".join(["CASE", *whens, f"ELSE {rest}", "END"]) if whens else rest
