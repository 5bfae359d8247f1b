"""Values beside their addresses, as many in a row as fit.

A value of one address is found by counting, so that rows hold ten of them or sixteen bits; a value
of several has a row of its own.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from aoba.cli.typed import Typed
from aoba.client.blocks import Block
from aoba.logs.printable import printable

GAP: Final = "  "
BIT_ROWS: Final = (16, 8, 4, 2, 1)
REGISTER_ROWS: Final = (10, 5, 2, 1)


def fitting(rows: Sequence[int], cell: int, width: int | None) -> int:
    """The first of `rows`, numbers of cells, that goes into `width` columns; else the last."""
    return next((n for n in rows if width is None or n * (cell + 1) - 1 <= width), rows[-1])


def grid(
    block: Block,
    typed: Typed,
    values: Sequence[Any],
    *,
    changed: Collection[int] = (),
    width: int | None = None,
) -> Iterator[Text]:
    """Lines of text, no longer than `width` where that is possible.

    `changed` are indices of values that are to be marked.
    """
    texts = [_shown(value) for value in values]
    cell = max(map(len, texts))
    last = typed.where(block, len(texts) - 1, len(texts)).rpartition("..")[2]
    left = len(block.table.label) + len(f"{last}..{last}") + 2 * len(GAP)
    is_wide = typed.step > 1 or typed.is_text
    rows = (1,) if is_wide else BIT_ROWS if typed.form is None else REGISTER_ROWS
    per_row = fitting(rows, cell, width and width - left)
    starts = range(0, len(texts), per_row)
    where = [typed.where(block, at, min(at + per_row, len(texts))) for at in starts]
    label = block.table.label
    for first, addresses in zip(starts, where, strict=True):
        row = Text.assemble(
            (label, "cyan"), GAP, (addresses.rjust(max(map(len, where))), "dim"), GAP[1:]
        )
        for index in range(first, min(first + per_row, len(texts))):
            row.append(" ")
            row.append(texts[index].rjust(cell), "bold reverse" if index in changed else "")
        yield row
        label = " " * len(label)


def _shown(value: Any) -> str:
    return f'"{printable(value)}"' if isinstance(value, str) else str(value)
