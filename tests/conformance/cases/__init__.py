"""Every case, in the order of the function codes as far as that goes."""

from conformance.cases import (
    diagnostics,
    files,
    identification,
    others,
    reads,
    registers,
    writes,
)

CASES = [
    case
    for module in (reads, writes, diagnostics, files, registers, identification, others)
    for case in module.CASES
]
