"""Value = register value * scale + offset, in decimal numbers, as people calculate.

0.1 has no exact binary fraction, so a product of floats often has digits at its end that nobody
wrote: 3 * 0.1 is 0.30000000000000004. Here a float is the decimal number that it is written as, the
shortest that gives this float. Sums and products are of whole numbers over a common denominator, so
they are exact, and what comes out at the end is the float nearest to the true result.
"""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple, Self

from aoba.document.digits import shortest_float32

_EXACT: Final = 2**53
"""Up to here, a float holds every integer."""


class Scaling(NamedTuple):
    """All three are whole numbers: (register value * scale + offset) / denominator."""

    scale: int
    offset: int
    denominator: int

    @classmethod
    def of(cls, scale: float, offset: float) -> Self:
        """Both are finite."""
        scale_over, under_scale = _ratio(scale)
        offset_over, under_offset = _ratio(offset)
        common = math.lcm(under_scale, under_offset)
        return cls(
            scale_over * (common // under_scale), offset_over * (common // under_offset), common
        )

    def of_integer(self, raw: int) -> float:
        """An integer where scale and offset are, and where a float could not hold all its digits.

        Infinite where that is beyond any float.
        """
        over = raw * self.scale + self.offset
        if self.denominator == 1:
            return over
        value = _divided(over, self.denominator)
        if abs(value) > _EXACT and not over % self.denominator:
            return over // self.denominator
        return value

    def of_float32(self, raw: float) -> float:
        """Of a float as it comes out of two registers: of 2.1, which stands there as 2.09999990."""
        return self.of_float(shortest_float32(raw))

    def of_float(self, raw: float) -> float:
        """Of what is not finite, that."""
        if not math.isfinite(raw):
            return raw if self.scale > 0 else -raw
        over, under = _ratio(raw)
        return _divided(over * self.scale + self.offset * under, under * self.denominator)

    def to_integer(self, value: float) -> int:
        """The register value nearest to where `value` comes from, of two the even one.

        Raises OverflowError and ValueError where `value` is not finite, TypeError where it is no
        number.
        """
        over, under = _ratio(value)
        return round(Fraction(over * self.denominator - self.offset * under, under * self.scale))


def _ratio(number: float) -> tuple[int, int]:
    """A fraction, as of the digits that Python shows. Raises as `Scaling.to_integer` does."""
    if isinstance(number, int):
        return number, 1
    if not isinstance(number, float):
        raise TypeError("no number")
    return Decimal(repr(number)).as_integer_ratio()


def _divided(over: int, under: int) -> float:
    """The nearest float: Python rounds the quotient of integers once, however large they are."""
    try:
        return over / under
    except OverflowError:
        return math.inf if over > 0 else -math.inf
