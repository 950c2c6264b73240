"""`course doctor`: what works on this machine and what to do about the rest."""

HELP = "say what works on this machine and what to do about the rest"


def configure(parser):
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments) -> int:
    """Print every finding with its remedy.

    Returns:
        0 when the course works here, with or without warnings; 1 when something that it needs is broken.
    """
    import json
    from dataclasses import asdict

    from course_utils.tools.doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not arguments.json:
            print(f"{finding.state:<9} {finding.name:<18} {finding.detail}", flush=True)
            if finding.remedy:
                print(f"{'':<28} -> {finding.remedy}", flush=True)
    problems = sum(finding.state == "problem" for finding in findings)
    warnings = sum(finding.state == "warning" for finding in findings)
    if arguments.json:
        usable = not problems
        print(json.dumps({"usable": usable, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        verdict = "The course does not work here yet" if problems else "The course works here"
        print(f"\n{verdict}: {_counted(problems, 'problem')}, {_counted(warnings, 'warning')}.")
    return 1 if problems else 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
